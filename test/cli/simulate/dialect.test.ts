import { describe, expect, test } from 'vitest'
import { ENTERPRISE_URN, target } from '../../../cli/simulate/attribute-mapping.ts'
import { DIALECT } from '../../../cli/simulate/dialect.ts'
import { differenceOf } from '../../../cli/simulate/difference.ts'

const MAIL = 'emails[type eq "work"].value'
const changes = [
  { target: target('displayName'), value: 'Ada Berg', op: 'replace' },
  { target: target('name.familyName'), value: 'Berg', op: 'replace' },
  { target: target(MAIL), value: 'ada@b.example', op: 'add' },
  { target: target(`${ENTERPRISE_URN}:department`), value: 'Archive', op: 'replace' },
  { target: target('active'), value: false, op: 'replace' },
] as const

const operations = (body: Record<string, unknown>) => {
  expect(body['schemas']).toEqual(['urn:ietf:params:scim:api:messages:2.0:PatchOp'])
  return body['Operations']
}

describe('the legacy dialect', () => {
  const dialect = DIALECT.default

  test('has one capitalised operation for each attribute, and booleans as strings', () => {
    expect(operations(dialect.update(changes))).toEqual([
      { op: 'Replace', path: 'displayName', value: 'Ada Berg' },
      { op: 'Replace', path: 'name.familyName', value: 'Berg' },
      { op: 'Add', path: MAIL, value: 'ada@b.example' },
      { op: 'Replace', path: `${ENTERPRISE_URN}:department`, value: 'Archive' },
      { op: 'Replace', path: 'active', value: 'False' },
    ])
    expect(operations(dialect.setActive(true))).toEqual([
      { op: 'Replace', path: 'active', value: 'True' },
    ])
  })

  test('names a manager by a bare string, and members with $ref null', () => {
    expect(operations(dialect.setManager('add', 'm1'))).toEqual([
      { op: 'Add', path: `${ENTERPRISE_URN}:manager`, value: 'm1' },
    ])
    expect(operations(dialect.addMembers(['a', 'b']))).toEqual([
      {
        op: 'Add',
        path: 'members',
        value: [
          { $ref: null, value: 'a' },
          { $ref: null, value: 'b' },
        ],
      },
    ])
  })
})

describe('the dialect of aadOptscim062020', () => {
  const dialect = DIALECT.aadOptscim062020

  test('puts several values into one object without a path, multi-valued ones apart', () => {
    expect(operations(dialect.update(changes))).toEqual([
      { op: 'add', path: MAIL, value: 'ada@b.example' },
      {
        op: 'replace',
        value: {
          displayName: 'Ada Berg',
          'name.familyName': 'Berg',
          [`${ENTERPRISE_URN}:department`]: 'Archive',
          active: false,
        },
      },
    ])
  })

  test('writes a single value by its path', () => {
    expect(operations(dialect.update(changes.slice(0, 1)))).toEqual([
      { op: 'replace', path: 'displayName', value: 'Ada Berg' },
    ])
    expect(operations(dialect.setActive(false))).toEqual([
      { op: 'replace', path: 'active', value: false },
    ])
    expect(operations(dialect.addMembers(['a']))).toEqual([
      { op: 'add', path: 'members', value: [{ value: 'a' }] },
    ])
  })
})

describe('the difference between directory and service', () => {
  const difference = (path: string, value: string | boolean, shown: object, exact = false) =>
    differenceOf([{ target: target(path, exact), value }], { ...shown }).map(({ op }) => op)

  test('adds where the service shows nothing and replaces where it shows something else', () => {
    expect(difference('title', 'Clerk', {})).toEqual(['add'])
    expect(difference('title', 'Clerk', { title: null })).toEqual(['add'])
    expect(difference('title', 'Clerk', { title: 'Porter' })).toEqual(['replace'])
    expect(difference('active', false, { active: true })).toEqual(['replace'])
  })

  test('does not see letter case, but where the target is exact', () => {
    expect(difference('userName', 'ada@x', { userName: 'ADA@X' })).toEqual([])
    expect(difference('externalId', 'ada', { externalId: 'ADA' }, true)).toEqual(['replace'])
  })

  test('finds the value of its own type among several', () => {
    const emails = [
      { type: 'home', value: 'a@home' },
      { type: 'Work', value: 'a@work' },
    ]
    expect(difference(MAIL, 'a@work', { emails })).toEqual([])
    expect(difference(MAIL, 'a@new', { emails })).toEqual(['replace'])
    expect(difference('emails[type eq "other"].value', 'a@x', { emails })).toEqual(['add'])
  })
})
