/** Whatever a client sends, the answer is well-formed SCIM, in time, and never a 500. */
import { exports } from 'cloudflare:workers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/scim/schema.ts'
import {
  BULK_REQUEST,
  ENTERPRISE_USER,
  ERROR,
  LIST_RESPONSE,
  PATCH_OP,
  SEARCH_REQUEST,
  USER,
} from '../../src/scim/urn.ts'
import { NORDLICHT } from '../idp/nordlicht.ts'
import { connect, type Scim } from '../support/gateway.ts'

const RUNS = { numRuns: 200, endOnFailure: true }
const LONGEST_MS = 5_000

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

async function send(scim: Scim, { method, path, headers, body }: Sent): Promise<void> {
  const startedAt = Date.now()
  const response = await exports.default.fetch(`${scim.baseUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${scim.token}`,
      ...(body !== undefined && { 'content-type': 'application/scim+json' }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  const { status } = response
  const said = `${status} ${text.slice(0, 500)}`
  expect(Date.now() - startedAt).toBeLessThan(LONGEST_MS)
  expect([200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 412, 413, 415, 501], said).toContain(
    status,
  )
  if (text === '') {
    expect(method === 'HEAD' || [200, 204, 304].includes(status), said).toBe(true)
    return
  }
  expect(response.headers.get('content-type')).toBe('application/scim+json')
  expectWellFormed(status, JSON.parse(text), said)
}

function expectWellFormed(status: number, body: JsonObject, said: string): void {
  expect(Array.isArray(body['schemas']), said).toBe(true)
  const schemas = body['schemas'] as string[]
  expect(schemas.length, said).toBeGreaterThan(0)
  expect(text(body), said).not.toContain('null')
  if (status >= 400) {
    expect(schemas).toEqual([ERROR])
    expect(body['status']).toBe(String(status))
    expect(body['detail']).toBeTypeOf('string')
  } else if (schemas.includes(LIST_RESPONSE)) {
    expect(Number.isInteger(body['totalResults']), said).toBe(true)
    expect((body['Resources'] as unknown[]).length).toBe(body['itemsPerPage'])
  }
}

/** The JSON with the insides of strings taken out: nulls that clients name do not count. */
function text(body: JsonObject): string {
  return JSON.stringify(body).replace(/"(?:[^"\\]|\\.)*"/g, '""')
}

async function prepared(): Promise<{ scim: Scim; id: string; group: string }> {
  const scim = await connect({ extensions: [NORDLICHT] })
  const emails = [{ value: 'a@x.example', type: 'work', primary: true }]
  const person = { schemas: [USER], userName: 'a', emails, name: { givenName: 'A' } }
  const { id } = (await scim('POST', '/Users', person)).body
  const members = [{ value: id }]
  const { body } = await scim('POST', '/Groups', { displayName: 'G', members })
  return { scim, id, group: body.id }
}

// ---- what clients may send ---------------------------------------------------------------------

const NAMES = [
  'userName',
  'USERNAME',
  'active',
  'name',
  'name.givenName',
  'emails',
  'roles',
  'members',
  'groups',
  'schemas',
  'id',
  'meta',
  'externalId',
  'displayName',
  'password',
  'x509Certificates',
  'manager',
  ENTERPRISE_USER,
  `${ENTERPRISE_USER}:manager`,
  `${NORDLICHT.schema.id}:seats`,
  `${NORDLICHT.schema.id}:costPools`,
  NORDLICHT.schema.id,
  USER,
  '__proto__',
  'constructor',
  'emails[type eq "work"].value',
  'emails[type eq "home"]',
  'members[value eq "x"]',
  'addresses[not (type pr) or primary eq true].locality',
  '',
]
const name = fc.oneof(fc.constantFrom(...NAMES), fc.string())
const simple = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom<unknown>('True', 'false', '', null, true, 0, -1.5, 1e300, '{"value":"x"}', 'x'),
)
const { value: anyValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    simple,
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .array(
        fc.tuple(
          fc.oneof(name, fc.constantFrom('value', 'type', 'primary', 'display', '$ref')),
          tie('value'),
        ),
        { maxLength: 4 },
      )
      .map((pairs) => Object.fromEntries(pairs)),
  ),
}))
const json = fc.oneof(
  fc.json(),
  anyValue.map((value) => JSON.stringify(value) ?? 'null'),
  fc.string(),
)
const resource = fc
  .array(fc.tuple(name, anyValue), { maxLength: 5 })
  .map((pairs) => JSON.stringify({ schemas: [USER], userName: 'b', ...Object.fromEntries(pairs) }))
const operation = fc.record(
  {
    op: fc.oneof(fc.constantFrom('add', 'Replace', 'remove'), anyValue),
    path: fc.oneof(name, anyValue),
    value: anyValue,
  },
  { requiredKeys: ['op'] },
)
const patch = fc
  .array(operation, { maxLength: 4 })
  .map((Operations) => JSON.stringify({ schemas: [PATCH_OP], Operations }))

// ---- the properties ----------------------------------------------------------------------------

test('any JSON in a POST', async () => {
  const { scim } = await prepared()
  const body = fc.oneof(json, resource)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/Users', '/Groups'), body, async (path, sent) => {
      await send(scim, { method: 'POST', path, body: sent })
    }),
    RUNS,
  )
}, 120_000)

test('any JSON in a PUT', async () => {
  const { scim, id, group } = await prepared()
  const paths = fc.constantFrom(`/Users/${id}`, `/Groups/${group}`)
  await fc.assert(
    fc.asyncProperty(paths, fc.oneof(json, resource), async (path, sent) => {
      await send(scim, { method: 'PUT', path, body: sent })
    }),
    RUNS,
  )
}, 120_000)

test.each(['tolerant', 'strict'])(
  'any JSON in a PATCH, in the %s profile',
  async (profile) => {
    const scim = await connect({ extensions: [NORDLICHT], policy: { profile } })
    const { id } = (await scim('POST', '/Users', { schemas: [USER], userName: 'a' })).body
    const sent = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'G' }
    const { body } = await scim('POST', '/Groups', sent)
    const paths = fc.constantFrom(`/Users/${id}`, `/Groups/${body.id}`)
    await fc.assert(
      fc.asyncProperty(paths, fc.oneof(json, patch, patch), async (path, message) => {
        await send(scim, { method: 'PATCH', path, body: message })
      }),
      RUNS,
    )
  },
  120_000,
)

test('any JSON in a Bulk request', async () => {
  const { scim, id } = await prepared()
  const one = fc.record(
    {
      method: fc.oneof(fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'), simple),
      path: fc.oneof(fc.constantFrom('/Users', `/Users/${id}`, '/Users/bulkId:a'), simple),
      bulkId: fc.oneof(fc.constantFrom('a', 'b'), simple),
      version: simple,
      data: fc.oneof(anyValue, fc.constantFrom({ userName: 'c' }, { members: ['bulkId:b'] })),
    },
    { requiredKeys: [] },
  )
  const bulk = fc
    .record({ Operations: fc.array(one, { maxLength: 4 }), failOnErrors: simple })
    .map((body) => JSON.stringify({ schemas: [BULK_REQUEST], ...body }))
  await fc.assert(
    fc.asyncProperty(fc.oneof(json, bulk, bulk), async (body) => {
      await send(scim, { method: 'POST', path: '/Bulk', body })
    }),
    RUNS,
  )
}, 120_000)

test('any JSON in a search', async () => {
  const { scim } = await prepared()
  const members = ['filter', 'attributes', 'sortBy', 'sortOrder', 'startIndex', 'count', 'cursor']
  const search = fc
    .array(fc.tuple(fc.constantFrom(...members), fc.oneof(anyValue, name)), { maxLength: 4 })
    .map((pairs) => JSON.stringify({ schemas: [SEARCH_REQUEST], ...Object.fromEntries(pairs) }))
  const paths = fc.constantFrom('/.search', '/Users/.search', '/Groups/.search')
  await fc.assert(
    fc.asyncProperty(paths, fc.oneof(json, search, search), async (path, body) => {
      await send(scim, { method: 'POST', path, body })
    }),
    RUNS,
  )
}, 120_000)

test('any filter', async () => {
  const { scim } = await prepared()
  const word = fc.constantFrom('(', ')', '[', ']', 'and', 'or', 'not', 'eq', 'co', 'pr', 'gt', '"')
  const literal = fc.constantFrom('"x"', 'true', 'null', '1', '"2020-01-01T00:00:00Z"', '.value')
  const words = fc.array(fc.oneof(word, literal, name), { maxLength: 12 })
  const filter = fc.oneof(
    fc.string({ unit: 'binary' }),
    words.map((parts) => parts.join(' ')),
  )
  const endpoint = fc.constantFrom('/Users', '/Groups')
  await fc.assert(
    fc.asyncProperty(endpoint, filter, async (path, written) => {
      const query = new URLSearchParams({ filter: written })
      await send(scim, { method: 'GET', path: `${path}?${query}` })
    }),
    RUNS,
  )
}, 120_000)

test('any path and any method', async () => {
  const { scim, id } = await prepared()
  const part = fc.oneof(
    fc.constantFrom('Users', 'Groups', 'Schemas', 'Bulk', '.search', 'Me', 'ResourceTypes', id),
    fc.string({ unit: 'binary' }).map((written) => encodeURIComponent(written.toWellFormed())),
    fc.constantFrom('%00', '%2F', '%E0%A4', '%', '%C0%80', '__proto__', 'x'.repeat(5_000)),
  )
  const path = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
  const method = fc.constantFrom(
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'PROPFIND',
  )
  await fc.assert(
    fc.asyncProperty(method, path, async (verb, written) => {
      fc.pre(
        new URL(`${scim.baseUrl}${written}`).pathname.startsWith(new URL(scim.baseUrl).pathname),
      )
      // What exists is kept: other runs need it.
      fc.pre(verb !== 'DELETE' || !written.includes(id))
      await send(scim, { method: verb, path: written })
    }),
    RUNS,
  )
}, 120_000)

test('any query', async () => {
  const { scim, id } = await prepared()
  const parameter = fc.oneof(
    fc.constantFrom('filter', 'startIndex', 'count', 'cursor', 'sortBy', 'sortOrder', 'attributes'),
    fc.constantFrom('excludedAttributes', 'COUNT', 'aadOptscim062020'),
    fc.string(),
  )
  const value = fc.oneof(name, fc.string({ unit: 'binary' }), fc.integer().map(String))
  const query = fc.array(fc.tuple(parameter, value), { maxLength: 5 })
  const paths = fc.constantFrom('/Users', '/Groups', '/Schemas', `/Users/${id}`)
  await fc.assert(
    fc.asyncProperty(paths, query, async (path, pairs) => {
      await send(scim, { method: 'GET', path: `${path}?${new URLSearchParams(pairs)}` })
    }),
    RUNS,
  )
}, 120_000)

test('any header', async () => {
  const { scim, id } = await prepared()
  const headers = fc.constantFrom('authorization', 'content-type', 'accept', 'if-match')
  const more = fc.constantFrom('if-none-match', 'content-encoding', 'x-forwarded-host', 'range')
  const visible = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)),
  })
  const value = fc.oneof(
    visible,
    fc.constantFrom('*', 'W/"', '"a", W/"b"', 'Bearer ', 'Bearer a b'),
  )
  const method = fc.constantFrom('GET', 'PATCH', 'PUT')
  await fc.assert(
    fc.asyncProperty(method, fc.oneof(headers, more), value, async (verb, header, written) => {
      const message = verb === 'PUT' ? { userName: 'a' } : { Operations: [] }
      await send(scim, {
        method: verb,
        path: `/Users/${id}`,
        headers: { [header]: written },
        ...(verb !== 'GET' && { body: JSON.stringify(message) }),
      })
    }),
    RUNS,
  )
}, 120_000)
