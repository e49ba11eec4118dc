import { expect, test } from 'vitest'
import { checkClock, checkMigrations } from '../../../cli/doctor/inside.ts'

const OWN = ['0001_a.sql', '0002_b.sql']

test.each([
  ['all are applied', OWN, 'ok'],
  ['one is missing', ['0001_a.sql'], 'fail'],
  ['the database is ahead', [...OWN, '0003_c.sql'], 'warn'],
  ['nobody has kept a list', null, 'warn'],
] as const)('migrations, where %s', (_, applied, result) => {
  expect(checkMigrations(applied, OWN).result).toBe(result)
})

test.each([
  ['between the question and its answer', 1_500, 'ok'],
  ['a minute and more ahead', 62_001, 'warn'],
  ['a minute and more behind', 1_000 - 60_001, 'warn'],
])('a clock that is %s', (_, theirs, result) => {
  expect(checkClock(theirs, 1_000, 2_000).result).toBe(result)
})
