/** The manifest in docs/databases.md is one, and its keys are those of the example that the tests run. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import postgres from '../../examples/database-app/postgres.manifest.json' with { type: 'json' }
import { parseAnyManifest } from '../../src/adapter/manifest/kinds.ts'
import { shapeOfTables } from '../../src/adapter/tables/schema.ts'

const page = readFileSync(path.join(import.meta.dirname, '../../docs/databases.md'), 'utf8')

test('the manifest of the page is valid, and says of people what the example says', () => {
  const written = JSON.parse(/^```json$(.*?)^```$/ms.exec(page)?.[1] ?? '')
  expect(parseAnyManifest(written).error?.issues ?? []).toEqual([])
  const { User } = postgres.resources
  for (const key of ['table', 'id', 'active', 'create', 'update', 'remove'] as const) {
    expect(written.resources.User[key]).toEqual(User[key])
  }
})

test('every key of a resource is on the page', () => {
  const { User } = shapeOfTables.shape.resources.shape
  for (const key of Object.keys(User.shape)) expect(page, key).toContain(key)
})
