import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScimError } from '../../src/scim/error.ts'
import {
  checkImmutable,
  checkRequired,
  parseResource,
  renderResource,
} from '../../src/scim/resource.ts'
import type { Json, Profile, Resource } from '../../src/scim/schema.ts'
import { defineResources } from '../../src/scim/schemas.ts'
import { ENTERPRISE_USER, GROUP, USER } from '../../src/scim/urn.ts'

const NORDLICHT = 'urn:ietf:params:scim:schemas:extension:nordlicht:2.0:User'

function definition(name: string, attributes: unknown[] = [{ name: 'badgeId', type: 'string' }]) {
  const schema = { id: NORDLICHT, attributes }
  const found = defineResources([{ resourceType: 'User', schema }], []).get(name)
  if (!found) throw new Error(`no ${name}`)
  return found
}

const user = definition('User')
const group = definition('Group')

const body = (more: object = {}) => ({ schemas: [USER], userName: 'ilse', ...more })

function parsed(more: object, profile: Profile = 'tolerant'): Resource {
  return parseResource(user, body(more), profile).resource
}

function refusal(run: () => unknown) {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

const refused = (scimType: string, detail: RegExp) =>
  expect.objectContaining({ scimType, message: expect.stringMatching(detail) })

describe('parseResource', () => {
  it.each([[[]], ['text'], [null], [42]])('refuses the body %j', (given) => {
    expect(refusal(() => parseResource(user, given, 'tolerant'))).toEqual(
      refused('invalidSyntax', /JSON object/),
    )
  })

  it('reads what Entra documents, explicit nulls and empty arrays included', () => {
    const given = {
      schemas: [USER, `${ENTERPRISE_USER.slice(0, -5)}User`],
      externalId: 'c2a7',
      userName: 'tomas',
      active: true,
      emails: [{ primary: true, type: 'work', value: 't@x.example' }],
      meta: { resourceType: 'User', created: '2026-01-01T00:00:00.0000000Z' },
      name: { formatted: 'Tomas', familyName: null },
      roles: [],
      addresses: null,
      title: null,
      department: null,
      manager: null,
    }
    for (const profile of ['tolerant', 'strict'] as const) {
      expect(parseResource(user, given, profile).resource).toEqual({
        externalId: 'c2a7',
        userName: 'tomas',
        active: true,
        emails: [{ primary: true, type: 'work', value: 't@x.example' }],
        name: { formatted: 'Tomas' },
      })
    }
  })

  it("takes names in any letter case and stores them in the schema's", () => {
    const block = { Department: 'Calibration', EmployeeNumber: 'NR-2041' }
    const given = { UserName: 'ilse', schemas: [USER], [ENTERPRISE_USER.toUpperCase()]: block }
    expect(parseResource(user, given, 'strict').resource).toEqual({
      userName: 'ilse',
      [ENTERPRISE_USER]: { department: 'Calibration', employeeNumber: 'NR-2041' },
    })
  })

  it('refuses one attribute under two letter cases', () => {
    expect(refusal(() => parsed({ USERNAME: 'other' }))).toEqual(
      refused('invalidSyntax', /userName.*more than once/),
    )
  })

  it('ignores readOnly attributes without complaint', () => {
    const readOnly = { id: 'my-own-id', meta: 'x', groups: [{ value: 'g1' }] }
    const { resource, ignored } = parseResource(user, body(readOnly), 'strict')
    expect(resource).toEqual({ userName: 'ilse' })
    expect(ignored).toEqual([])
  })

  it.each([{}, { userName: null }, { userName: '' }, { userName: '  ' }])(
    'refuses a user without a name: %j',
    (given) => {
      for (const profile of ['tolerant', 'strict'] as const) {
        const error = refusal(() => parseResource(user, { schemas: [USER], ...given }, profile))
        expect(error).toEqual(refused('invalidValue', /"userName" is required/))
      }
    },
  )

  it('lists unknown attributes when tolerant and refuses them when strict', () => {
    const { ignored } = parseResource(user, body({ shoeSize: 43, 'a.b.c': 1 }), 'tolerant')
    expect(ignored).toEqual(['shoeSize', 'a.b.c'])
    const strict = refusal(() => parseResource(user, body({ shoeSize: 43 }), 'strict'))
    expect(strict).toEqual(refused('invalidSyntax', /"shoeSize"/))
    const inside = refusal(() => parsed({ [ENTERPRISE_USER]: { shoeSize: 43 } }, 'strict'))
    expect(inside).toEqual(refused('invalidSyntax', /shoeSize/))
  })

  it('ignores unknown sub-attributes in both profiles', () => {
    const roles = [{ value: 'audit', displayName: 'Auditor' }]
    const { resource, ignored } = parseResource(user, body({ roles }), 'strict')
    expect(resource).toMatchObject({ roles: [{ value: 'audit' }] })
    expect(ignored).toEqual(['roles.displayName'])
  })

  it('wants its own schema listed when strict, and nothing when tolerant', () => {
    for (const schemas of [undefined, null, USER, [], [GROUP], [42]]) {
      const given = { userName: 'x', ...(schemas !== undefined && { schemas }) }
      const error = refusal(() => parseResource(user, given, 'strict'))
      expect(error).toEqual(refused('invalidSyntax', /schemas/))
      expect(parseResource(user, given, 'tolerant').resource).toEqual({ userName: 'x' })
    }
    const legacy = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'
    const given = { schemas: [GROUP, legacy], displayName: 'Line 4' }
    expect(parseResource(group, given, 'strict').resource).toEqual({ displayName: 'Line 4' })
  })

  it.each([
    ['unqualified', { department: 'C', manager: 'u1' }],
    [
      'behind the URN and a colon',
      {
        [`${ENTERPRISE_USER}:department`]: 'C',
        [`${ENTERPRISE_USER}:manager.value`]: 'u1',
      },
    ],
    [
      'behind the URN and a dot',
      {
        [`${ENTERPRISE_USER}.department`]: 'C',
        [`${ENTERPRISE_USER}.Manager`]: { value: 'u1' },
      },
    ],
  ])('moves extension attributes %s into their extension', (_, given) => {
    expect(parsed(given)[ENTERPRISE_USER]).toEqual({ department: 'C', manager: { value: 'u1' } })
    expect(refusal(() => parsed(given, 'strict'))).toBeInstanceOf(ScimError)
  })

  it("lets an attribute's own name win over another form of it", () => {
    const given = {
      department: 'wrong',
      [ENTERPRISE_USER]: { department: 'right' },
      'name.givenName': 'Wrong',
      'name.familyName': 'Berg',
      name: { givenName: 'Ilse' },
    }
    const { resource, ignored } = parseResource(user, body(given), 'tolerant')
    expect(resource[ENTERPRISE_USER]).toEqual({ department: 'right' })
    expect(resource['name']).toEqual({ givenName: 'Ilse', familyName: 'Berg' })
    expect(ignored).toEqual(['department', 'name.givenName'])
  })

  it('reads attributes behind the core URN, and a block under it', () => {
    expect(parsed({ [`${USER}:title`]: 'Welder' })).toMatchObject({ title: 'Welder' })
    expect(parsed({ [USER]: { title: 'Welder' } })).toMatchObject({ title: 'Welder' })
  })

  it('refuses an extension that is no object', () => {
    expect(refusal(() => parsed({ [NORDLICHT]: 'x' }))).toEqual(
      refused('invalidValue', /nordlicht.*JSON object/),
    )
    expect(parsed({ [NORDLICHT]: null })).toEqual({ userName: 'ilse' })
  })

  it("names an extension's attribute by its URN in errors", () => {
    expect(refusal(() => parsed({ [NORDLICHT]: { badgeId: {}, x: 1 } }))).toBeUndefined()
    expect(refusal(() => parsed({ [NORDLICHT]: { badgeId: true } }))).toEqual(
      refused('invalidValue', /nordlicht:2.0:User:badgeId/),
    )
  })

  it("insists on an extension's required attributes once it has data", () => {
    const strict = definition('User', [
      { name: 'badgeId', type: 'string', required: true },
      { name: 'hall', type: 'string' },
    ])
    const without = () => parseResource(strict, body(), 'tolerant')
    expect(without().resource).toEqual({ userName: 'ilse' })
    const partial = () => parseResource(strict, body({ [NORDLICHT]: { hall: 'B' } }), 'tolerant')
    expect(refusal(partial)).toEqual(refused('invalidValue', /badgeId" is required/))
  })

  it('treats names of the prototype as unknown', () => {
    const given = JSON.parse(
      `{"userName":"x","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},
        "name":{"__proto__":{"admin":true},"givenName":"I"}}`,
    )
    const { resource, ignored } = parseResource(user, given, 'tolerant')
    expect(resource).toEqual({ userName: 'x', name: { givenName: 'I' } })
    expect(ignored).toEqual(['name.__proto__', '__proto__', 'constructor'].sort())
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined()
  })

  it('survives bodies nested to exhaust the stack', () => {
    const deep = JSON.parse(`${'[{"a":'.repeat(20_000)}1${'}]'.repeat(20_000)}`)
    expect(parsed({ unknown: deep })).toEqual({ userName: 'ilse' })
    expect(refusal(() => parsed({ emails: deep }))).toBeUndefined()
  })

  it('any JSON body is read or refused with a SCIM error, and pollutes nothing', () => {
    const names = [...user.attributes].map(({ name }) => name)
    const key = fc.oneof(
      fc.constantFrom(...names, NORDLICHT, ENTERPRISE_USER, USER, '__proto__', 'constructor'),
      fc.constantFrom('department', 'name.givenName', `${ENTERPRISE_USER}:manager`, 'Value'),
      fc.string(),
    )
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(key, fc.constantFrom('value', 'type', 'primary', '$ref')),
          tie('value'),
        ),
      ),
    })).value
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { maxKeys: 8 }),
        fc.constantFrom<Profile>('tolerant', 'strict'),
        (given, profile) => {
          const sent = JSON.parse(
            JSON.stringify({ schemas: [USER], ...given, userName: 'x' }),
          ) as Json
          let resource: Resource
          try {
            resource = parseResource(user, sent, profile).resource
          } catch (error) {
            expect(error).toBeInstanceOf(ScimError)
            return
          }
          expect(Object.getPrototypeOf(resource)).toBe(Object.prototype)
          expect(Object.keys(Object.prototype)).toEqual([])
          // Canonical form is a fixed point
          const again = parseResource(user, { schemas: [USER], ...resource }, profile)
          expect(again.resource).toEqual(resource)
        },
      ),
      { numRuns: 500 },
    )
  })
})

it('checkRequired wants required sub-attributes in the strict profile', () => {
  const strict = definition('User', [
    {
      name: 'badge',
      type: 'complex',
      multiValued: true,
      subAttributes: [
        { name: 'value', type: 'string', required: true },
        { name: 'hall', type: 'string' },
      ],
    },
  ])
  const resource = { userName: 'x', [NORDLICHT]: { badge: [{ hall: 'B' }] } }
  expect(() => checkRequired(strict, resource, 'tolerant')).not.toThrow()
  expect(refusal(() => checkRequired(strict, resource, 'strict'))).toEqual(
    refused('invalidValue', /badge.value" is required/),
  )
})

describe('checkImmutable', () => {
  const immutable = definition('User', [
    { name: 'badgeId', type: 'string', mutability: 'immutable' },
    { name: 'hall', type: 'string' },
    {
      name: 'seat',
      type: 'complex',
      subAttributes: [
        { name: 'value', type: 'string', mutability: 'immutable' },
        { name: 'note', type: 'string' },
      ],
    },
  ])
  const before = { userName: 'x', [NORDLICHT]: { badgeId: 'B1', seat: { value: '1', note: 'n' } } }

  it('refuses another value', () => {
    for (const block of [{ badgeId: 'B2' }, { seat: { value: '2' } }]) {
      const run = () => checkImmutable(immutable, before, { userName: 'x', [NORDLICHT]: block })
      expect(refusal(run)).toEqual(refused('mutability', /is immutable/))
    }
  })

  it('keeps what the client leaves out, and takes a first value', () => {
    expect(checkImmutable(immutable, before, { userName: 'y' })).toEqual({
      userName: 'y',
      [NORDLICHT]: { badgeId: 'B1', seat: { value: '1' } },
    })
    const after = { userName: 'x', [NORDLICHT]: { badgeId: 'B1' } }
    expect(checkImmutable(immutable, { userName: 'x' }, after)).toEqual(after)
  })

  it('lets members of a group come and go', () => {
    const [old, now] = [{ members: [{ value: 'u1' }] }, { members: [{ value: 'u2' }] }]
    expect(checkImmutable(group, old, now)).toEqual(now)
  })
})

describe('renderResource', () => {
  const meta = { location: 'https://x.example/Users/1', created: '2026-01-01T00:00:00Z' }

  it('lists the schemas that have data, and states id and meta', () => {
    const resource = {
      title: 'Welder',
      userName: 'ilse',
      password: 'secret',
      [ENTERPRISE_USER]: { manager: { value: 'u1' } },
    }
    expect(renderResource(user, { id: '1', resource, meta })).toEqual({
      schemas: [USER, ENTERPRISE_USER],
      id: '1',
      userName: 'ilse',
      title: 'Welder',
      [ENTERPRISE_USER]: { manager: { value: 'u1' } },
      meta: { resourceType: 'User', ...meta },
    })
  })

  it('leaves out empty extensions', () => {
    const resource = { userName: 'ilse', [ENTERPRISE_USER]: {} }
    expect(renderResource(user, { id: '1', resource, meta })['schemas']).toEqual([USER])
  })
})
