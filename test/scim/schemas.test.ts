import { describe, expect, it } from 'vitest'
import { parseResourceType, parseSchema } from '../../src/scim/parse-schema.ts'
import { defineResources, parseResources } from '../../src/scim/schemas.ts'
import { ENTERPRISE_USER } from '../../src/scim/urn.ts'

const NORDLICHT = 'urn:ietf:params:scim:schemas:extension:nordlicht:2.0:User'

const extension = {
  resourceType: 'User',
  required: false,
  schema: {
    id: NORDLICHT,
    name: 'Nordlicht',
    attributes: [
      { name: 'badgeId', type: 'string', description: null },
      { name: 'costPools', type: 'string', multiValued: true },
    ],
  },
}

function faults(attributes: unknown) {
  const parsed = parseSchema({ id: NORDLICHT, attributes })
  return parsed.ok ? [] : parsed.errors.map(({ path }) => path)
}

describe('parseSchema', () => {
  it('fills in the defaults of RFC 7643 §2.2 and reads null as left out', () => {
    const parsed = parseSchema(extension.schema)
    expect(parsed.ok && parsed.value.attributes[0]).toEqual({
      name: 'badgeId',
      type: 'string',
      multiValued: false,
      required: false,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'none',
    })
  })

  it.each(['__proto__', 'constructor', 'toString', '1st', 'a b', 'a.b', '$ref', ''])(
    'refuses the attribute name %j',
    (name) => {
      expect(faults([{ name, type: 'string' }])).toContain('attributes.0.name')
    },
  )

  it('says where every fault is', () => {
    expect(
      faults([
        { name: 'a', type: 'text' },
        { name: 'b', type: 'string', mutability: 'sometimes' },
        { name: 'c', type: 'complex' },
        { name: 'd', type: 'string', subAttributes: [{ name: 'x', type: 'string' }] },
        { name: 'e', type: 'complex', subAttributes: [{ name: 'f', type: 'complex' }] },
      ]),
    ).toEqual(
      expect.arrayContaining([
        'attributes.0.type',
        'attributes.1.mutability',
        'attributes.4.subAttributes.0.type',
      ]),
    )
    expect(faults([{ name: 'c', type: 'complex' }])).toEqual(['attributes.0.subAttributes'])
    expect(
      faults([{ name: 'a', type: 'string', subAttributes: [{ name: 'x', type: 'string' }] }]),
    ).toEqual(['attributes.0.subAttributes'])
    const twice = [
      { name: 'a', type: 'string' },
      { name: 'A', type: 'string' },
    ]
    expect(faults(twice)).toEqual(['attributes.1.name'])
    expect(faults([])).toEqual(['attributes'])
    expect(parseSchema('x')).toMatchObject({ ok: false, errors: [{ path: '' }] })
    expect(parseSchema({ id: 'nordlicht', attributes: twice.slice(1) })).toMatchObject({
      errors: [{ path: 'id' }],
    })
  })

  it('never returns a writeOnly attribute', () => {
    const attributes = [{ name: 'pin', type: 'string', mutability: 'writeOnly' }]
    const parsed = parseSchema({ id: NORDLICHT, attributes })
    expect(parsed.ok && parsed.value.attributes[0]?.returned).toBe('never')
  })
})

describe('parseResourceType', () => {
  const type = { name: 'Device', endpoint: '/Devices', schema: 'urn:example:device' }

  it('completes id and extensions', () => {
    const parsed = parseResourceType(type)
    expect(parsed).toEqual({
      ok: true,
      value: { ...type, id: 'Device', description: '', schemaExtensions: [] },
    })
  })

  it.each(['Devices', '/a/b', '/Schemas', '/bulk', '/'])('refuses the endpoint %j', (endpoint) => {
    expect(parseResourceType({ ...type, endpoint })).toMatchObject({
      errors: [{ path: 'endpoint' }],
    })
  })
})

describe('defineResources', () => {
  it('gives User the enterprise extension and the custom ones', () => {
    const user = defineResources([extension], []).get('User')
    expect(user?.type.schemaExtensions).toEqual([
      { schema: ENTERPRISE_USER, required: false },
      { schema: NORDLICHT, required: false },
    ])
    expect(user?.extensionAttribute(NORDLICHT, 'BADGEID')?.name).toBe('badgeId')
    expect(user?.unqualified('department')?.urn).toBe(ENTERPRISE_USER)
    expect(defineResources().get('Group')?.extensions).toEqual([])
  })

  it('finds the schema of a declared type among the extensions, without common attributes', () => {
    const schema = {
      id: 'urn:example:device',
      attributes: [
        { name: 'id', type: 'string' },
        { name: 'serial', type: 'string', required: true },
      ],
    }
    const types = [{ name: 'Device', endpoint: '/Devices', schema: 'urn:example:Device' }]
    const device = defineResources([{ resourceType: 'Device', schema }], types).get('Device')
    expect(device?.core.attributes.map(({ name }) => name)).toEqual(['serial'])
    expect(device?.extensions).toEqual([])
    expect(device?.type.schema).toBe('urn:example:device')
    expect(device?.coreAttribute('id')?.mutability).toBe('readOnly')
  })

  it.each([
    [
      'an unknown resource type',
      [{ ...extension, resourceType: 'Car' }],
      [],
      'extensions.0.resourceType',
    ],
    ['the same id twice', [extension, extension], [], 'extensions.1.schema.id'],
    [
      'a built-in schema',
      [{ ...extension, schema: { ...extension.schema, id: ENTERPRISE_USER } }],
      [],
      'extensions.0.schema.id',
    ],
    [
      'a fault inside',
      [{ ...extension, schema: { id: NORDLICHT } }],
      [],
      'extensions.0.schema.attributes',
    ],
    ['no array', {}, [], 'extensions'],
    [
      'a missing schema',
      [],
      [{ name: 'Device', endpoint: '/Devices', schema: 'urn:example:device' }],
      'resourceTypes.0.schema',
    ],
    [
      'a built-in name',
      [],
      [{ name: 'User', endpoint: '/People', schema: 'urn:example:device' }],
      'resourceTypes.0.name',
    ],
    [
      'a missing extension',
      [{ ...extension, resourceType: 'Device' }],
      [
        {
          name: 'Device',
          endpoint: '/Devices',
          schema: NORDLICHT,
          schemaExtensions: [{ schema: 'urn:example:more' }],
        },
      ],
      'resourceTypes.0.schemaExtensions',
    ],
  ])('refuses %s', (_, extensions, types, path) => {
    expect(parseResources(extensions, types)).toMatchObject({ ok: false, errors: [{ path }] })
    expect(() => defineResources(extensions, types)).toThrow(path)
  })
})
