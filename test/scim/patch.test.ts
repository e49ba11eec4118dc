import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyPatch, type PatchOperation, parsePatchOp } from '../../src/scim/patch.ts'
import type { Json, JsonObject, Profile, Resource } from '../../src/scim/schema.ts'
import { ENTERPRISE_USER, PATCH_OP, USER } from '../../src/scim/urn.ts'
import { BADGE, frozen, group, outcome, user } from './definitions.ts'

type Given = { op: string; path?: string; value?: Json }

function patch(resource: Resource, operations: Given[], profile: Profile = 'tolerant') {
  const body = frozen({ schemas: [PATCH_OP], Operations: operations as JsonObject[] })
  return applyPatch(user, frozen(resource), parsePatchOp(body, profile), profile)
}

/** The resource after the operations. */
const patched = (resource: Resource, operations: Given[], profile?: Profile) =>
  patch({ userName: 'ilse', ...resource }, operations, profile).resource

const refused = (resource: Resource, operations: Given[], profile?: Profile) =>
  outcome(() => patched(resource, operations, profile))

const manager = `${ENTERPRISE_USER}:manager`
const WORK = { type: 'work', value: 'w@x.example', primary: true }
const HOME = { type: 'home', value: 'h@x.example' }
const PROFILES: Profile[] = ['tolerant', 'strict']

describe('parsePatchOp', () => {
  const parse = (body: unknown, profile: Profile = 'tolerant') =>
    outcome(() => parsePatchOp(body, profile))

  it.each([
    [null, 'invalidSyntax'],
    [[], 'invalidSyntax'],
    [{ schemas: [PATCH_OP] }, 'invalidSyntax'],
    [{ schemas: [PATCH_OP], Operations: {} }, 'invalidSyntax'],
    [{ schemas: [PATCH_OP], Operations: ['add'] }, 'invalidSyntax'],
    [{ schemas: [PATCH_OP], Operations: [{ path: 'title', value: 'x' }] }, 'invalidSyntax'],
    [
      { schemas: [PATCH_OP], Operations: [{ op: 'upsert', path: 'title', value: 'x' }] },
      'invalidSyntax',
    ],
    [{ schemas: [PATCH_OP], Operations: [{ op: 'add', path: 'title' }] }, 'invalidValue'],
    [{ schemas: [PATCH_OP], Operations: [{ op: 'replace', value: 'oops' }] }, 'invalidValue'],
    [{ schemas: [PATCH_OP], Operations: [{ op: 'replace', path: 7, value: 'x' }] }, 'invalidPath'],
    [{ schemas: [PATCH_OP], Operations: [{ op: 'remove' }] }, 'noTarget'],
  ])('refuses %j with %s', (body, scimType) => {
    for (const profile of PROFILES) expect(parse(body, profile)).toBe(scimType)
  })

  it('takes op and member names in any letter case, and other members besides', () => {
    const body = {
      schemas: [PATCH_OP],
      operations: [{ Op: 'ReMove', PATH: 'title', name: 'x' }],
    }
    for (const profile of PROFILES) {
      expect(parsePatchOp(body, profile)).toEqual([
        { op: 'remove', path: 'title', value: undefined },
      ])
    }
  })

  it('takes no operations, and no schemas, in the tolerant profile alone', () => {
    expect(parse({ schemas: [PATCH_OP], Operations: [] })).toBe('works')
    expect(parse({ schemas: [PATCH_OP], Operations: [] }, 'strict')).toBe('invalidSyntax')
    const bare = { Operations: [{ op: 'remove', path: 'title' }] }
    expect(parse(bare)).toBe('works')
    expect(parse(bare, 'strict')).toBe('invalidSyntax')
  })
})

describe.each(PROFILES)('applyPatch, %s', (profile) => {
  const does = (resource: Resource, ...operations: Given[]) =>
    patched(resource, operations, profile)
  const fails = (resource: Resource, ...operations: Given[]) =>
    refused(resource, operations, profile)

  it('add and replace mean the same on a single value', () => {
    for (const op of ['add', 'replace']) {
      expect(does({}, { op, path: 'title', value: 'Welder' })).toMatchObject({ title: 'Welder' })
      expect(does({ title: 'a' }, { op, path: 'TITLE', value: 'b' })).toMatchObject({ title: 'b' })
    }
  })

  it('later operations see the effect of earlier ones', () => {
    const operations = [
      { op: 'add', path: 'title', value: 'A' },
      { op: 'remove', path: 'title' },
      { op: 'add', path: 'emails', value: [HOME] },
      { op: 'replace', path: 'emails[type eq "home"].value', value: 'n@x.example' },
    ]
    expect(does({}, ...operations)).toEqual({
      userName: 'ilse',
      emails: [{ type: 'home', value: 'n@x.example' }],
    })
  })

  it('parts of a complex value that are not named stay', () => {
    const name = { givenName: 'Ilse', familyName: 'V' }
    for (const op of ['add', 'replace']) {
      const merged = { name: { givenName: 'Ilsa', familyName: 'V' } }
      expect(does({ name }, { op, path: 'name', value: { GivenName: 'Ilsa' } })).toMatchObject(
        merged,
      )
      expect(does({ name }, { op, value: { name: { givenName: 'Ilsa' } } })).toMatchObject(merged)
    }
  })

  it('a part that is null is removed, and a complex value with nothing left, too', () => {
    const name = { givenName: 'Ilse', familyName: 'V' }
    expect(
      does({ name }, { op: 'replace', path: 'name', value: { givenName: null } }),
    ).toMatchObject({
      name: { familyName: 'V' },
    })
    expect(
      does(
        { name },
        { op: 'remove', path: 'name.givenName' },
        { op: 'remove', path: 'name.familyName' },
      ),
    ).toEqual({ userName: 'ilse' })
  })

  it('add appends to a multi-valued attribute, replace swaps all of it', () => {
    expect(
      does({ emails: [WORK] }, { op: 'add', path: 'emails', value: [HOME] })['emails'],
    ).toEqual([WORK, HOME])
    expect(
      does({ emails: [WORK] }, { op: 'replace', path: 'emails', value: [HOME] })['emails'],
    ).toEqual([HOME])
    expect(does({ emails: [WORK] }, { op: 'add', path: 'emails', value: HOME })['emails']).toEqual([
      WORK,
      HOME,
    ])
  })

  it('an added value that is there changes nothing', () => {
    const emails = [WORK, HOME]
    for (const value of [[WORK], [HOME], [{ value: 'W@X.example' }], []]) {
      const result = does({ emails }, { op: 'add', path: 'emails', value })['emails']
      expect(result).toHaveLength(2)
    }
    expect(
      does(
        { [BADGE]: { costPools: ['P0'] } },
        { op: 'add', path: `${BADGE}:costPools`, value: ['P0', 'P1'] },
      )[BADGE],
    ).toEqual({ costPools: ['P0', 'P1'] })
  })

  it('the same value under another type is another element', () => {
    const value = [{ type: 'home', value: 'w@x.example' }]
    expect(does({ emails: [WORK] }, { op: 'add', path: 'emails', value })['emails']).toHaveLength(2)
  })

  it('a new primary value makes the others not primary', () => {
    const added = does(
      { emails: [WORK] },
      { op: 'add', path: 'emails', value: [{ ...HOME, primary: true }] },
    )
    const set = does(
      { emails: [WORK, HOME] },
      { op: 'replace', path: 'emails[type eq "home"].primary', value: true },
    )
    for (const { emails } of [added, set]) {
      expect(emails).toEqual([
        { ...WORK, primary: false },
        { ...HOME, primary: true },
      ])
    }
  })

  it('a value path touches what it selects and no sibling', () => {
    const emails = [WORK, HOME]
    const path = 'emails[type eq "WORK"]'
    expect(
      does({ emails }, { op: 'replace', path: `${path}.value`, value: 'n' })['emails'],
    ).toEqual([{ ...WORK, value: 'n' }, HOME])
    expect(does({ emails }, { op: 'replace', path, value: { value: 'n' } })['emails']).toEqual([
      { ...WORK, value: 'n' },
      HOME,
    ])
    expect(does({ emails }, { op: 'remove', path })['emails']).toEqual([HOME])
    expect(does({ emails }, { op: 'remove', path: `${path}.primary` })['emails']).toEqual([
      { type: 'work', value: 'w@x.example' },
      HOME,
    ])
  })

  it('a sub-attribute without a filter is that of every element, or of a new one', () => {
    const emails = [WORK, HOME]
    expect(
      does({ emails }, { op: 'replace', path: 'emails.display', value: 'd' })['emails'],
    ).toEqual([
      { ...WORK, display: 'd' },
      { ...HOME, display: 'd' },
    ])
    expect(does({}, { op: 'add', path: 'emails.value', value: 'n' })['emails']).toEqual([
      { value: 'n' },
    ])
  })

  it('remove takes an attribute, an extension, or nothing where nothing is', () => {
    const resource = { title: 'a', [ENTERPRISE_USER]: { department: 'd', costCenter: 'c' } }
    expect(does(resource, { op: 'remove', path: 'title' })).not.toHaveProperty('title')
    expect(does(resource, { op: 'remove', path: ENTERPRISE_USER })).toEqual({
      userName: 'ilse',
      title: 'a',
    })
    expect(
      does(resource, { op: 'remove', path: `${ENTERPRISE_USER}:department` })[ENTERPRISE_USER],
    ).toEqual({ costCenter: 'c' })
    expect(does(resource, { op: 'remove', path: 'nickName' })).toEqual({
      userName: 'ilse',
      ...resource,
    })
    expect(does(resource, { op: 'remove', path: 'emails' })).toEqual({
      userName: 'ilse',
      ...resource,
    })
  })

  it('null and [] leave an attribute without a value', () => {
    expect(
      does(
        { title: 'a', emails: [WORK] },
        { op: 'replace', path: 'title', value: null },
        { op: 'replace', value: { emails: [] } },
      ),
    ).toEqual({ userName: 'ilse' })
    expect(
      does(
        { [ENTERPRISE_USER]: { department: 'd' } },
        { op: 'replace', value: { [ENTERPRISE_USER]: null } },
      ),
    ).toEqual({ userName: 'ilse' })
  })

  it('an extension given as an object keeps what it does not name', () => {
    const resource = { [ENTERPRISE_USER]: { department: 'd', manager: { value: 'u1' } } }
    for (const operation of [
      { op: 'replace', value: { [ENTERPRISE_USER]: { Department: 'e' } } },
      { op: 'add', path: ENTERPRISE_USER.toUpperCase(), value: { department: 'e' } },
    ]) {
      expect(does(resource, operation)[ENTERPRISE_USER]).toEqual({
        department: 'e',
        manager: { value: 'u1' },
      })
    }
  })

  it('another manager does not inherit what was said about the former one', () => {
    const resource = {
      [ENTERPRISE_USER]: { manager: { value: 'u1', $ref: '/Users/u1', displayName: 'One' } },
    }
    const changed = { manager: { value: 'u2' } }
    expect(
      does(resource, { op: 'replace', path: manager, value: { value: 'u2', displayName: 'x' } })[
        ENTERPRISE_USER
      ],
    ).toEqual(changed)
    expect(
      does(resource, { op: 'replace', path: `${manager}.value`, value: 'u2' })[ENTERPRISE_USER],
    ).toEqual(changed)
    expect(does(resource, { op: 'remove', path: `${manager}.value` })).toEqual({ userName: 'ilse' })
  })

  it('a required attribute may be replaced in steps but not be left without a value', () => {
    expect(
      does({}, { op: 'remove', path: 'userName' }, { op: 'add', path: 'userName', value: 'b' }),
    ).toEqual({ userName: 'b' })
    expect(fails({}, { op: 'remove', path: 'userName' })).toBe('mutability')
    expect(fails({}, { op: 'replace', path: 'userName', value: null })).toBe('invalidValue')
    for (const value of ['', '  ', '\u00a0']) {
      expect(fails({}, { op: 'replace', path: 'userName', value })).toBe('invalidValue')
    }
  })

  it('a readOnly attribute is refused by path', () => {
    for (const path of ['id', 'meta.created', 'groups', `${manager}.displayName`]) {
      expect(fails({}, { op: 'add', path, value: 'x' })).toBe('mutability')
    }
  })

  it('id, meta and schemas in an operation without path ask for nothing', () => {
    const value = { id: '1', meta: { created: 'x' }, schemas: [USER], title: 'T' }
    expect(does({}, { op: 'replace', value })).toEqual({ userName: 'ilse', title: 'T' })
  })

  it('an immutable attribute is set once', () => {
    const path = `${BADGE}:payrollId`
    const resource = { [BADGE]: { payrollId: 'p' } }
    expect(does({}, { op: 'add', path, value: 'p' })[BADGE]).toEqual({ payrollId: 'p' })
    expect(does(resource, { op: 'replace', path, value: 'p' })[BADGE]).toEqual({ payrollId: 'p' })
    expect(fails(resource, { op: 'replace', path, value: 'q' })).toBe('mutability')
    expect(fails(resource, { op: 'remove', path })).toBe('mutability')
  })

  it('the parts of a member are immutable, members come and go', () => {
    const resource = { displayName: 'g', members: [{ value: 'a', type: 'User' }] }
    const on = (operation: PatchOperation) =>
      outcome(() => applyPatch(group, resource, [operation], profile))
    expect(on({ op: 'replace', path: 'members[value eq "a"].value', value: 'b' })).toBe(
      'mutability',
    )
    expect(on({ op: 'replace', path: 'members[value eq "a"]', value: { value: 'b' } })).toBe(
      'mutability',
    )
    expect(on({ op: 'remove', path: 'members[value eq "a"].type', value: undefined })).toBe(
      'mutability',
    )
    expect(on({ op: 'replace', path: 'members', value: [{ value: 'b' }] })).toBe('works')
    expect(on({ op: 'remove', path: 'members[value eq "a"]', value: undefined })).toBe('works')
  })

  it('a member that is there is not added again, whatever else the client says of it', () => {
    const resource = { displayName: 'g', members: [{ value: 'a', display: 'Old' }] }
    const value = [{ value: 'a', display: 'New', type: 'User' }]
    const added = applyPatch(group, resource, [{ op: 'add', path: 'members', value }], profile)
    expect(added.resource['members']).toEqual([{ value: 'a', display: 'Old', type: 'User' }])
  })

  it('a value of the wrong type is invalidValue, and names its path', () => {
    expect(fails({}, { op: 'replace', path: 'active', value: 'yes please' })).toBe('invalidValue')
    expect(fails({}, { op: 'replace', path: 'name', value: 7 })).toBe('invalidValue')
    expect(() =>
      patched({}, [{ op: 'add', path: `${BADGE}:seats`, value: 'many' }], profile),
    ).toThrow(`${BADGE}:seats`)
  })

  it('a failed operation leaves the resource as it was', () => {
    const resource = frozen({
      userName: 'ilse',
      emails: [WORK],
      [ENTERPRISE_USER]: { manager: { value: 'a' } },
    })
    const operations = [
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'n' },
      { op: 'replace', path: `${manager}.value`, value: 'b' },
      { op: 'replace', path: 'active', value: 'maybe' },
    ]
    const before = structuredClone(resource)
    expect(outcome(() => patch(resource, operations, profile))).toBe('invalidValue')
    expect(resource).toEqual(before)
  })

  it('a value that merely looks like JSON is kept', () => {
    const value = [{ value: '{not json' }]
    expect(does({}, { op: 'add', path: 'roles', value })['roles']).toEqual(value)
  })
})

describe('applyPatch, what Entra sends', () => {
  it.each(['Add', 'replace'])(
    '%s through a filter that matches nothing makes the element',
    (op) => {
      expect(
        patched({ phoneNumbers: [{ type: 'work', value: '1' }] }, [
          { op, path: 'phoneNumbers[type eq "mobile"].value', value: '2' },
        ])['phoneNumbers'],
      ).toEqual([
        { type: 'work', value: '1' },
        { type: 'mobile', value: '2' },
      ])
      expect(
        patched({}, [
          { op, path: 'emails[type eq "work" and primary eq "True"].value', value: 'x' },
        ])['emails'],
      ).toEqual([{ type: 'work', primary: true, value: 'x' }])
      expect(
        patched({}, [{ op, path: 'roles[primary eq "True"].value', value: 'r' }])['roles'],
      ).toEqual([{ primary: true, value: 'r' }])
    },
  )

  it('an element made to be primary makes the others not primary', () => {
    const path = 'emails[type eq "home" and primary eq true].value'
    expect(patched({ emails: [WORK] }, [{ op: 'Add', path, value: 'x' }])['emails']).toEqual([
      { ...WORK, primary: false },
      { type: 'home', primary: true, value: 'x' },
    ])
  })

  it('several operations build one new element', () => {
    const at = 'addresses[type eq "work"]'
    const operations = [
      { op: 'Add', path: `${at}.streetAddress`, value: 'Kai 1' },
      { op: 'Add', path: `${at}.locality`, value: 'Tórshavn' },
      { op: 'Add', path: `${at}.Country`, value: 'FO' },
    ]
    expect(patched({}, operations)['addresses']).toEqual([
      { type: 'work', streetAddress: 'Kai 1', locality: 'Tórshavn', country: 'FO' },
    ])
  })

  it('an element that is emptied and filled again is kept, one left empty is not', () => {
    const empty = { op: 'Replace', path: 'emails[type eq "work"].value', value: '' }
    const fill = { op: 'Replace', path: 'emails[type eq "work"].value', value: 'n' }
    expect(patched({ emails: [WORK, HOME] }, [empty])['emails']).toEqual([HOME])
    expect(patched({ emails: [WORK] }, [empty])).toEqual({ userName: 'ilse' })
    expect(patched({ emails: [WORK, HOME] }, [empty, fill])['emails']).toEqual([
      { ...WORK, value: 'n' },
      HOME,
    ])
  })

  it('a filter that names no value to make the element from is noTarget', () => {
    for (const filter of ['type ne "work"', 'type eq "work" or type eq "home"', 'value pr']) {
      expect(refused({}, [{ op: 'add', path: `emails[${filter}].value`, value: 'x' }])).toBe(
        'noTarget',
      )
    }
  })

  it.each([
    { op: 'Remove', path: 'emails[type eq "fax"]' },
    { op: 'Remove', path: 'emails[type eq "fax"].value' },
    { op: 'Replace', path: 'emails[type eq "fax"].value', value: '' },
    { op: 'Replace', path: 'emails[type eq "fax"].value', value: null },
    { op: 'Remove', path: 'emails', value: [] },
    { op: 'Remove', path: 'emails', value: [{ value: 'absent' }] },
    { op: 'Remove', path: 'roles', value: [{ value: 'absent' }] },
    { op: 'Remove', path: 'title', value: 'another' },
    { op: 'Remove', path: manager, value: 'another' },
    { op: 'Remove', path: `${manager}[value eq "another"]` },
    { op: 'Add', path: 'emails', value: null },
  ])('%j is a success that changes nothing', (operation) => {
    const resource = {
      userName: 'ilse',
      title: 'T',
      emails: [WORK],
      [ENTERPRISE_USER]: { manager: { value: 'u1' } },
    }
    expect(patched(resource, [operation])).toEqual(resource)
  })

  it('a remove with values removes those', () => {
    const roles = [{ value: 'a', type: 'T' }, { value: 'b' }, { value: 'c' }]
    expect(
      patched({ roles }, [{ op: 'Remove', path: 'roles', value: [{ value: 'a' }, 'b'] }])['roles'],
    ).toEqual([{ value: 'c' }])
    expect(
      patched({ emails: [WORK, HOME] }, [
        { op: 'Remove', path: 'emails', value: [{ type: 'home' }] },
      ])['emails'],
    ).toEqual([WORK])
    expect(
      patched({ [BADGE]: { costPools: ['P0', 'P1'] } }, [
        { op: 'Remove', path: `${BADGE}:costPools`, value: [{ value: 'p0' }] },
      ])[BADGE],
    ).toEqual({ costPools: ['P1'] })
  })

  it.each<[string, Json]>([
    ['a bare string', 'u2'],
    ['an object', { value: 'u2' }],
    ['an array', [{ $ref: null, value: 'u2' }]],
  ])('manager may be %s, at any of its paths or keys', (_, value) => {
    for (const path of [manager, 'manager', `${ENTERPRISE_USER}.manager`]) {
      for (const before of [{}, { [ENTERPRISE_USER]: { manager: { value: 'u1' } } }]) {
        expect(patched(before, [{ op: 'Add', path, value }])[ENTERPRISE_USER]).toEqual({
          manager: { value: 'u2' },
        })
        expect(
          patched(before, [{ op: 'replace', value: { [path]: value } }])[ENTERPRISE_USER],
        ).toEqual({ manager: { value: 'u2' } })
      }
    }
  })

  it.each<Given>([
    { op: 'Replace', path: manager, value: '' },
    { op: 'Replace', path: manager, value: null },
    { op: 'Replace', path: manager, value: { value: '' } },
    { op: 'Replace', path: manager, value: [{ $ref: null, value: '' }] },
    { op: 'Replace', path: `${manager}.value`, value: '' },
    { op: 'Add', path: manager, value: '' },
    { op: 'Remove', path: manager },
    { op: 'Remove', path: manager, value: 'u1' },
    { op: 'Remove', path: `${manager}[value eq "u1"]` },
    { op: 'replace', value: { [manager]: '' } },
  ])('%j takes the manager away', (operation) => {
    const block = { manager: { value: 'u1', $ref: '/Users/u1' }, department: 'd' }
    expect(patched({ [ENTERPRISE_USER]: block }, [operation])[ENTERPRISE_USER]).toEqual({
      department: 'd',
    })
  })

  it('keys of an operation without path are paths', () => {
    const value = {
      displayName: 'Ilse Berg',
      'name.givenName': 'Ilsa',
      [`${ENTERPRISE_USER}:employeeNumber`]: 'NR-1',
      'emails[type eq "work"].value': 'n',
      [USER]: { nickName: 'Il' },
      [BADGE]: { BadgeId: 'B' },
      department: 'Paint',
      [`${USER}:title`]: 'T',
    }
    expect(patched({}, [{ op: 'replace', value }])).toEqual({
      userName: 'ilse',
      displayName: 'Ilse Berg',
      nickName: 'Il',
      title: 'T',
      name: { givenName: 'Ilsa' },
      emails: [{ type: 'work', value: 'n' }],
      [ENTERPRISE_USER]: { employeeNumber: 'NR-1', department: 'Paint' },
      [BADGE]: { badgeId: 'B' },
    })
  })

  it('what no schema knows is skipped and reported, the rest is applied', () => {
    const { resource, ignored } = patch({ userName: 'ilse' }, [
      { op: 'Add', path: `${USER}:role`, value: 'x' },
      { op: 'Add', path: 'shoes[type eq "left"].size', value: 1 },
      {
        op: 'Replace',
        value: { 'x y': 1, groups: [], title: 'T', name: { shoe: 1, givenName: 'I' } },
      },
    ])
    expect(resource).toEqual({ userName: 'ilse', title: 'T', name: { givenName: 'I' } })
    expect(ignored).toEqual([`${USER}:role`, 'shoes[].size', 'x y', 'groups', 'name.shoe'])
  })

  it('booleans come as strings, scalars in arrays, roles as JSON in a string', () => {
    const operations = [
      { op: 'Add', path: 'active', value: 'False' },
      { op: 'Replace', path: 'displayName', value: [{ $ref: null, value: 'W' }] },
      { op: 'Add', path: 'roles', value: [{ value: '{"id":"1","value":"r","displayName":"R"}' }] },
    ]
    expect(patched({}, operations)).toEqual({
      userName: 'ilse',
      active: false,
      displayName: 'W',
      roles: [{ value: 'r' }],
    })
  })
})

describe('applyPatch, strict', () => {
  it.each<[Given, string]>([
    [{ op: 'add', path: 'shoeSize', value: 1 }, 'invalidPath'],
    [{ op: 'add', value: { shoeSize: 1 } }, 'invalidPath'],
    [{ op: 'replace', value: { 'name.givenName': 'x' } }, 'invalidPath'],
    [{ op: 'replace', value: { [`${ENTERPRISE_USER}:department`]: 'x' } }, 'invalidPath'],
    [{ op: 'replace', value: { groups: [{ value: 'x' }] } }, 'mutability'],
    [{ op: 'replace', path: 'emails[type eq "fax"].value', value: 'x' }, 'noTarget'],
    [{ op: 'remove', path: 'emails[type eq "fax"]' }, 'noTarget'],
    [{ op: 'replace', path: 'active', value: 'False' }, 'invalidValue'],
    [{ op: 'add', path: manager, value: 'u2' }, 'invalidValue'],
    [{ op: 'add', path: 'department', value: 'x' }, 'invalidPath'],
  ])('%j is %s', (operation, scimType) => {
    expect(refused({ emails: [WORK] }, [operation], 'strict')).toBe(scimType)
  })
})

describe('applyPatch, any input', () => {
  const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
  const path = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'title',
      'active',
      'name',
      'name.givenName',
      'emails',
      'emails.value',
      'emails[type eq "work"]',
      'emails[type eq "work"].value',
      'emails[not (value pr)]',
      'emails[type eq "x" and primary eq true].value',
      'emails[primary eq true]',
      'emails.primary',
      'roles',
      manager,
      `${manager}.value`,
      `${manager}[value eq "a"]`,
      ENTERPRISE_USER,
      USER,
      `${BADGE}:costPools`,
      `${BADGE}:costPools[value eq "a"]`,
      `${BADGE}:payrollId`,
      'id',
      'groups',
      'schemas',
      '__proto__',
      'constructor',
    ),
  )
  const value = fc.oneof(
    json,
    fc.constantFrom<Json>(
      '',
      'a',
      [],
      [{ value: 'a' }],
      { value: 'a' },
      { type: 'work', primary: true, value: 'b' },
      [{ primary: true }, { primary: true }],
    ),
    fc.dictionary(path, json, { maxKeys: 3 }),
  )
  const operation = fc.record(
    { op: fc.constantFrom('add', 'Replace', 'remove', 'x'), path, value },
    { requiredKeys: ['op'] },
  )
  const body = fc.oneof(
    json,
    fc.record({
      schemas: fc.constant([PATCH_OP]),
      Operations: fc.array(operation, { maxLength: 5 }),
    }),
  )
  const start: Resource = frozen({
    userName: 'ilse',
    name: { givenName: 'I' },
    emails: [WORK, HOME],
    roles: [{ value: 'a' }],
    [ENTERPRISE_USER]: { manager: { value: 'a' } },
    [BADGE]: { costPools: ['a'], payrollId: 'p' },
  })

  it('works or throws a ScimError, changes no input, and leaves canonical form', () => {
    fc.assert(
      fc.property(body, fc.constantFrom(...PROFILES), (given, profile) => {
        outcome(() => {
          const { resource } = applyPatch(user, start, parsePatchOp(given, profile), profile)
          expect(isCanonical(resource)).toBe(true)
          expect(resource['userName']).toBeTruthy()
          const emails = (resource['emails'] ?? []) as JsonObject[]
          expect(emails.filter((email) => email['primary'] === true).length).toBeLessThan(2)
        })
      }),
      { numRuns: 3_000 },
    )
  })

  it('the same PATCH again changes nothing, where nothing in it depends on what was there', () => {
    const simple = fc.record({
      op: fc.constantFrom<'add' | 'replace'>('add', 'replace'),
      path: fc.constantFrom(
        'title',
        'name.givenName',
        'emails[type eq "work"].value',
        'emails',
        manager,
      ),
      value: fc.constantFrom<Json>('', 'a', 'b'),
    })
    fc.assert(
      fc.property(simple, (one) => {
        const once = applyPatch(user, start, [one], 'tolerant').resource
        expect(applyPatch(user, once, [one], 'tolerant').resource).toEqual(once)
      }),
    )
  })

  it('thousands of operations and values take no noticeable time', { timeout: 60_000 }, () => {
    const members = Array.from({ length: 20_000 }, (_, at) => ({ value: `m${at}` }))
    const operations: PatchOperation[] = Array.from({ length: 1_900 }, (_, at) => ({
      op: at % 2 === 0 ? 'add' : 'remove',
      path: 'members',
      value: [{ value: `n${at - (at % 2)}` }],
    }))
    const begun = Date.now()
    const { resource } = applyPatch(
      group,
      { displayName: 'g', members },
      operations.slice(0, 200),
      'tolerant',
    )
    expect(resource['members']).toHaveLength(20_000)
    // A second and a half where nothing else runs.
    expect(Date.now() - begun).toBeLessThan(20_000)
    const many = Array.from(
      { length: 2_001 },
      (): PatchOperation => ({ op: 'add', path: 'title', value: 'x' }),
    )
    expect(outcome(() => applyPatch(user, { userName: 'i' }, many, 'tolerant'))).toBe('413')
  })

  // A model of PATCH on one multi-valued attribute: a map from type to value.
  const type = fc.constantFrom('work', 'home', 'other')
  const mail = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), type, mail }),
    fc.record({ kind: fc.constant('clear' as const), type }),
    fc.record({ kind: fc.constant('drop' as const), type }),
    fc.record({ kind: fc.constant('all' as const), type, mail }),
  )

  it('agrees with a model that keeps one value a type', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const model = new Map<string, string>()
        const operation = (one: (typeof steps)[number]): PatchOperation => {
          const at = `emails[type eq "${one.type}"]`
          switch (one.kind) {
            case 'set':
              model.set(one.type, one.mail)
              return { op: 'add', path: `${at}.value`, value: one.mail }
            case 'clear':
              model.delete(one.type)
              return { op: 'replace', path: `${at}.value`, value: '' }
            case 'drop':
              model.delete(one.type)
              return { op: 'remove', path: at, value: undefined }
            case 'all':
              model.clear()
              model.set(one.type, one.mail)
              return { op: 'replace', path: 'emails', value: [{ type: one.type, value: one.mail }] }
          }
        }
        const operations = steps.map(operation)
        const { resource } = applyPatch(user, { userName: 'i' }, operations, 'tolerant')
        const got = ((resource['emails'] ?? []) as JsonObject[]).map((e) => [e['type'], e['value']])
        expect(got.sort()).toEqual([...model].sort())
      }),
    )
  })
})

/** No null, no empty array, no empty object. */
function isCanonical(value: Json): boolean {
  if (typeof value !== 'object') return true
  return value !== null && Object.keys(value).length > 0 && Object.values(value).every(isCanonical)
}
