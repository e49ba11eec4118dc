import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PERSONAL_COLUMNS } from '../secrecy/personal-columns.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const migrations = globSync('migrations/*.sql', { cwd: ROOT }).sort()
const sql = migrations.map((file) => readFileSync(path.join(ROOT, file), 'utf8')).join('\n')
const page = readFileSync(path.join(ROOT, 'docs/storage.md'), 'utf8')

test('docs/storage.md names every table and every index', () => {
  const names = new Set<string>()
  const changes = /^(CREATE (?:UNIQUE )?|DROP |ALTER )(?:TABLE|INDEX) (\w+)(?: RENAME TO (\w+))?/gm
  for (const [, verb, name = '', renamed] of sql.matchAll(changes)) {
    if (verb?.startsWith('CREATE')) names.add(name)
    else if (verb === 'DROP ' || renamed !== undefined) names.delete(name)
    if (renamed !== undefined) names.add(renamed)
  }
  const missing = [...names].filter((name) => !page.includes(`\`${name}\``))
  expect(missing).toEqual([])
})

test('docs/storage.md names every column that may hold personal data', () => {
  expect(PERSONAL_COLUMNS.filter((column) => !page.includes(`\`${column}\``))).toEqual([])
})
