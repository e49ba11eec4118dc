import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { manifestJsonSchema } from '../../src/adapter/manifest/kinds.ts'

const FILE = path.join(import.meta.dirname, '../../docs/manifest.schema.json')

test('the schema that editors read is the one that is enforced: npm run schema writes it', () => {
  expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(manifestJsonSchema())),
  )
})
