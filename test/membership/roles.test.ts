import { expect, test } from 'vitest'
import { roleBy, roleDelta } from '../../src/membership/roles.ts'

const TABLE = {
  rows: [
    { externalId: 'a', app: 'role', value: 'admin' },
    { externalId: 'b', app: 'role', value: 'lead' },
    { externalId: 'c', app: 'seats', value: 'draw' },
    { externalId: 'd', app: 'seats', value: 'draw' },
    { externalId: 'e', app: 'seats', value: 'write' },
  ],
  defaults: { role: 'staff', level: 1 },
}
const one = { type: 'string', write: 'always' } as const
const many = { ...one, multiValued: true } as const
const by = (app: string, spec: typeof one | typeof many, ...groups: string[]) =>
  roleBy(TABLE, app, spec, new Set(groups))

test('the first row that applies wins, whatever the order of the groups', () => {
  expect(by('role', one, 'b', 'a')).toBe('admin')
  expect(by('role', one, 'x', 'b')).toBe('lead')
})

test('where no row applies the default does, or there is none', () => {
  expect(by('role', one)).toBe('staff')
  expect(by('role', many)).toEqual(['staff'])
  expect(by('seats', one)).toBeNull()
  expect(by('seats', many)).toBeNull()
  expect(by('level', one, 'a')).toBe(1)
})

test('of an attribute that the table does not name it says nothing', () => {
  expect(by('title', one, 'a')).toBeUndefined()
})

test('several values are united, each once', () => {
  expect(by('seats', many, 'e', 'd', 'c')).toEqual(['draw', 'write'])
})

test('only what differs is sent', () => {
  const specs = { role: one, seats: many, kept: { ...one, clearable: false } }
  const wanted = new Map<string, string | string[] | null>([
    ['role', 'Admin'],
    ['seats', ['draw', 'write']],
  ])
  expect(roleDelta(wanted, specs, { role: 'admin', seats: ['write', 'draw'] })).toEqual({
    set: {},
    unset: [],
  })
  expect(roleDelta(wanted, specs, { role: 'lead' })).toEqual({
    set: { role: 'Admin', seats: ['draw', 'write'] },
    unset: [],
  })
  const none = new Map([
    ['role', null],
    ['seats', null],
    ['kept', null],
  ])
  expect(roleDelta(none, specs, { seats: [], role: 'lead', kept: 'x' })).toEqual({
    set: {},
    unset: ['role'],
  })
  const exact = { role: { ...one, caseExact: true } }
  expect(roleDelta(wanted, exact, { role: 'admin', seats: ['draw', 'write'] }).set).toEqual({
    role: 'Admin',
  })
})
