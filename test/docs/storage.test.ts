import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')
const migrations = globSync('migrations/*.sql', { cwd: ROOT }).sort()
const sql = migrations.map((file) => readFileSync(path.join(ROOT, file), 'utf8')).join('\n')
const page = readFileSync(path.join(ROOT, 'docs/storage.md'), 'utf8')

test('docs/storage.md names every table and every index', () => {
  const made = [...sql.matchAll(/^CREATE (?:UNIQUE )?(?:TABLE|INDEX) (\w+)/gm)].map(
    ([, name]) => name,
  )
  const dropped = new Set(
    [...sql.matchAll(/^DROP (?:TABLE|INDEX) (\w+)/gm)].map(([, name]) => name),
  )
  const missing = made.filter((name) => name && !dropped.has(name) && !page.includes(`\`${name}\``))
  expect(missing).toEqual([])
})
