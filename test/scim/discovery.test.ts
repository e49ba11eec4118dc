import { describe, expect, it } from 'vitest'
import { resourceTypes, schemas, serviceProviderConfig } from '../../src/scim/discovery.ts'
import type { Json, JsonObject } from '../../src/scim/schema.ts'
import { defineResources } from '../../src/scim/schemas.ts'
import { ENTERPRISE_USER, GROUP, USER } from '../../src/scim/urn.ts'

const baseUrl = 'https://x.example/scim/demo/v2'
const NORDLICHT = 'urn:ietf:params:scim:schemas:extension:nordlicht:2.0:User'
const extension = {
  resourceType: 'User',
  schema: { id: NORDLICHT, attributes: [{ name: 'badgeId', type: 'string' }] },
}
const definitions = [...defineResources([extension], []).values()]

function everyValue(value: Json): Json[] {
  const parts = typeof value === 'object' && value !== null ? Object.values(value) : []
  return [value, ...parts.flatMap(everyValue)]
}

function everyName(attributes: Json | undefined): string {
  return (attributes as JsonObject[]).map(({ name }) => name).join(' ')
}

describe('schemas', () => {
  const listed = schemas(definitions, baseUrl)

  it('lists each schema once, with meta', () => {
    expect(listed.map(({ id }) => id)).toEqual([USER, GROUP, ENTERPRISE_USER, NORDLICHT])
    expect(listed[2]).toMatchObject({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
      name: 'EnterpriseUser',
      meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${ENTERPRISE_USER}` },
    })
  })

  it('holds no null, which Entra cannot read', () => {
    expect(everyValue(listed)).not.toContain(null)
  })

  it('states every characteristic of every attribute', () => {
    const attributes = everyValue(listed).filter(
      (value): value is JsonObject =>
        typeof value === 'object' && value !== null && 'type' in value,
    )
    expect(attributes.length).toBeGreaterThan(80)
    for (const attribute of attributes) {
      const characteristics = ['multiValued', 'required', 'caseExact', 'mutability', 'returned']
      for (const name of ['name', 'type', ...characteristics, 'uniqueness']) {
        expect(attribute).toHaveProperty(name)
      }
      expect(attribute['type'] === 'complex').toBe('subAttributes' in attribute)
      expect(attribute['type'] === 'reference').toBe('referenceTypes' in attribute)
    }
  })

  it('describes the attributes of RFC 7643 §8.7.1', () => {
    const names = (at: number) => everyName(listed[at]?.['attributes'])
    expect(names(0)).toBe(
      'userName name displayName nickName profileUrl title userType preferredLanguage locale ' +
        'timezone active password emails phoneNumbers ims photos addresses groups entitlements ' +
        'roles x509Certificates',
    )
    expect(names(1)).toBe('displayName members')
    expect(names(2)).toBe('employeeNumber costCenter organization division department manager')
  })
})

it('resourceTypes names endpoint, schema and extensions', () => {
  expect(resourceTypes(definitions, baseUrl)).toEqual([
    {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
      id: 'User',
      name: 'User',
      description: 'User Account',
      endpoint: '/Users',
      schema: USER,
      schemaExtensions: [
        { schema: ENTERPRISE_USER, required: false },
        { schema: NORDLICHT, required: false },
      ],
      meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/User` },
    },
    expect.objectContaining({ id: 'Group', endpoint: '/Groups', schemaExtensions: [] }),
  ])
})

it('serviceProviderConfig has the members of RFC 7643 §5 and RFC 9865 and no others', () => {
  const config = serviceProviderConfig({
    baseUrl,
    patch: true,
    bulk: { supported: true, maxOperations: 100, maxPayloadSize: 1_000_000 },
    filter: { supported: true, maxResults: 100 },
    changePassword: false,
    sort: true,
    etag: true,
    pagination: { cursor: true, index: true, defaultPageSize: 100, maxPageSize: 100 },
  })
  expect(Object.keys(config).join(' ')).toBe(
    'schemas patch bulk filter changePassword sort etag pagination authenticationSchemes meta',
  )
  expect(config).toMatchObject({
    bulk: { supported: true, maxOperations: 100, maxPayloadSize: 1_000_000 },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: 100,
      maxPageSize: 100,
    },
    authenticationSchemes: [{ type: 'oauthbearertoken', primary: true }],
    meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
  })
  expect(everyValue(config)).not.toContain(null)
})
