/** A mapping as rows and back again. */
import { describe, expect, test } from 'vitest'
import type { AppAttribute } from '../../src/admin/connection-adapter.ts'
import { EMPTY_ROW, readRows, rowAt, rowsOf } from '../../src/console/forms/mapping-rows.ts'
import type { JsonObject } from '../../src/scim/schema.ts'

const of = (name: string, type: string, isMultiValued = false): AppAttribute => ({
  ...{ name, type, isMultiValued, write: 'always', isRequired: false },
})
const ATTRIBUTES = [of('login', 'string'), of('level', 'number'), of('tags', 'string', true)]

test.each<[string, JsonObject]>([
  ['a pair', { userName: 'login' }],
  [
    'a pair with all of it',
    {
      userType: {
        app: 'level',
        values: { 1: 'Employee' },
        default: 2,
        apply: 'create',
        clear: 'keep',
      },
    },
  ],
  ['a constant that is no text', { '=level': { value: 7 } }],
  ['a constant text that looks like a number', { '=login': { value: '007' } }],
  ['a constant text for what is no text', { '=level': { value: '5' } }],
  ['a constant text that reads like a list', { '=tags': { value: '["a"]' } }],
  ['a constant for an attribute that nobody knows', { '=other': { value: 'true' } }],
  ['a constant text with quotes', { '=other': { value: '"5"' } }],
  ['a list', { '=tags': { value: ['a, b', 'c'], clear: 'empty' } }],
  ['an expression', { '=login': { from: '$Left(userName, 4)' } }],
  ['an expression at a path', { 'name.givenName': { app: 'login', from: 'title' } }],
])('%s comes back as it was', (_, entries) => {
  expect(readRows(rowsOf(entries, ATTRIBUTES), ATTRIBUTES)).toMatchObject({ entries, faults: [] })
})

test('an empty row is no entry', () => {
  expect(readRows([EMPTY_ROW], [])).toEqual({ entries: {}, keys: [undefined], faults: [] })
})

describe('a row that cannot be read is told', () => {
  const pair = { ...EMPTY_ROW, scim: 'title', app: 'login' }
  test.each([
    ['without an attribute of the app', [{ ...pair, app: '' }], 0],
    ['a pair without a path', [{ ...pair, scim: '' }], 0],
    ['a path that stands twice', [pair, pair], 1],
    ['a table that is no JSON', [{ ...pair, values: '{a' }], 0],
  ])('%s', (_, rows, row) => {
    expect(readRows(rows, ATTRIBUTES).faults).toMatchObject([{ row }])
  })
})

test('an error leads to the row whose key is the longest that fits', () => {
  const keys = ['name', undefined, 'name.givenName', 'emails[type eq "work"].value']
  expect(rowAt('mapping.User.name.givenName.clear', 'User', keys)).toBe(2)
  expect(rowAt('mapping.User.name.values', 'User', keys)).toBe(0)
  expect(rowAt('mapping.User.emails[type eq "work"].value.clear', 'User', keys)).toBe(3)
  expect(rowAt('mapping.Group.name', 'User', keys)).toBe(-1)
  expect(rowAt('settings.url', 'User', keys)).toBe(-1)
})
