import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { manifestJsonSchema } from '../../src/adapter/manifest/kinds.ts'
import { PAGER_PLACES } from '../../src/adapter/manifest/request-schema.ts'

const DOCS = path.join(import.meta.dirname, '../../docs')
const FILE = path.join(DOCS, 'manifest.schema.json')

test('the schema that editors read is the one that is enforced: npm run schema writes it', () => {
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(manifestJsonSchema())),
  )
})

test('docs/manifest.md names every pager', () => {
  const page = readFileSync(path.join(DOCS, 'manifest.md'), 'utf8')
  const row = page.split('\n').find((line) => line.startsWith('| `pager` |')) ?? ''
  expect(Object.keys(PAGER_PLACES).filter((kind) => !row.includes(`\`${kind}\``))).toEqual([])
})
