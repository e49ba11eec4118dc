/** What strict clients check about every answer: media type, headers, and no undeclared member. */
import { exports } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { ERROR, LIST_RESPONSE, PATCH_OP, USER } from '../../src/scim/urn.ts'
import { call, connect, ORIGIN, type Scim } from '../support/gateway.ts'

const person = (userName: string) => ({ schemas: [USER], userName })

/** RFC 7644 §3.12: these members and no others. */
function expectError(answer: Awaited<ReturnType<Scim>>, status: number): void {
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toBe('application/scim+json')
  const { schemas, status: stated, detail, scimType, ...others } = answer.body
  expect(others).toEqual({})
  expect(schemas).toEqual([ERROR])
  expect(stated).toBe(String(status))
  expect(typeof detail).toBe('string')
  expect(['string', 'undefined']).toContain(typeof scimType)
}

describe('media type', () => {
  test('every body is application/scim+json without parameters, errors too', async () => {
    const scim = await connect()
    const created = await scim('POST', '/Users', person('a'))
    const answers = [
      created,
      await scim('GET', '/Users'),
      await scim('GET', `/Users/${created.body.id}`),
      await scim('GET', '/Schemas'),
      await scim('GET', '/Users/nobody'),
      await scim('GET', '/nothing'),
      await scim('POST', '/Users', '{'),
      await scim('PATCH', '/Users'),
    ]
    for (const { headers } of answers) {
      expect(headers.get('content-type')).toBe('application/scim+json')
    }
  })

  test('an answer without a body names no media type', async () => {
    const scim = await connect()
    const { body } = await scim('POST', '/Users', person('a'))
    const deleted = await scim('DELETE', `/Users/${body.id}`)
    expect(deleted.status).toBe(204)
    expect(deleted.headers.get('content-type')).toBeNull()
  })

  test('a body without a media type is read as SCIM', async () => {
    const scim = await connect()
    const body = new TextEncoder().encode(JSON.stringify(person('a')))
    const headers = { authorization: `Bearer ${scim.token}` }
    const init = { method: 'POST', headers, body }
    expect((await exports.default.fetch(`${scim.baseUrl}/Users`, init)).status).toBe(201)
  })
})

describe('headers', () => {
  test('Location, Content-Location of meta and ETag of a 201 name the new resource', async () => {
    const scim = await connect()
    const { headers, body } = await scim('POST', '/Users', person('a'))
    expect(headers.get('location')).toBe(`${scim.baseUrl}/Users/${body.id}`)
    expect(body.meta.location).toBe(headers.get('location'))
    expect(body.meta.version).toBe(headers.get('etag'))
    expect(headers.get('etag')).toMatch(/^W\/"[^"]+"$/)
    const read = await scim('GET', `/Users/${body.id}`)
    expect(read.headers.get('etag')).toBe(headers.get('etag'))
    expect(read.body).toEqual(body)
  })

  test('a 401 carries a challenge, also for a connection that does not exist', async () => {
    const scim = await connect()
    for (const url of [scim.baseUrl, `${ORIGIN}/scim/no-such-connection/v2`]) {
      const answer = await call('GET', `${url}/Users`, {})
      expectError(answer, 401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    }
  })

  test.each([
    ['PUT', '/Users', 'GET, HEAD, POST'],
    ['PATCH', '/Groups', 'GET, HEAD, POST'],
    ['DELETE', '/Users', 'GET, HEAD, POST'],
    ['POST', '/Users/x', 'GET, HEAD, PUT, PATCH, DELETE'],
    ['GET', '/Users/.search', 'POST'],
    ['GET', '/.search', 'POST'],
    ['GET', '/Bulk', 'POST'],
    ['DELETE', '/Schemas', 'GET, HEAD'],
    ['POST', '/ServiceProviderConfig', 'GET, HEAD'],
    ['PUT', '/ResourceTypes/User', 'GET, HEAD'],
  ])('%s %s is 405 and allows %s', async (method, path, allow) => {
    const scim = await connect()
    const answer = await scim(method, path)
    expectError(answer, 405)
    expect(answer.headers.get('allow')).toBe(allow)
  })

  test('HEAD has the headers of GET and no body', async () => {
    const scim = await connect()
    const { body } = await scim('POST', '/Users', person('a'))
    for (const path of [`/Users/${body.id}`, '/Users', '/Schemas', '/Users/nobody']) {
      const get = await scim('GET', path)
      const head = await scim('HEAD', path)
      expect(head.status).toBe(get.status)
      expect(head.body).toEqual({})
      for (const name of ['content-type', 'etag']) {
        expect(head.headers.get(name)).toBe(get.headers.get(name))
      }
    }
  })
})

describe('no undeclared member', () => {
  test('in an Error', async () => {
    const scim = await connect()
    expectError(await scim('GET', '/Users/nobody'), 404)
    expectError(await scim('GET', '/Users?filter=x'), 400)
    expectError(await scim('GET', '/Me'), 501)
    expectError(await scim('GET', '/Schemas?filter=id+pr'), 403)
    expectError(await scim('POST', '/Users', `"${'x'.repeat(1_100_000)}"`), 413)
  })

  test('in a ListResponse', async () => {
    const scim = await connect()
    await scim('POST', '/Users', person('a'))
    await scim('POST', '/Users', person('b'))
    const names = async (query: string) => {
      const { body } = await scim('GET', `/Users${query}`)
      expect(body.schemas).toEqual([LIST_RESPONSE])
      for (const name of ['totalResults', 'itemsPerPage']) expect(body[name]).toBeTypeOf('number')
      return Object.keys(body).sort()
    }
    const indexed = ['Resources', 'itemsPerPage', 'schemas', 'startIndex', 'totalResults']
    expect(await names('')).toEqual(indexed)
    expect(await names('?filter=userName+eq+%22nobody%22')).toEqual(indexed)
    expect(await names('?count=0')).toEqual(indexed)
    expect(await names('?cursor&count=1')).toEqual([
      'Resources',
      'itemsPerPage',
      'nextCursor',
      'schemas',
      'totalResults',
    ])
  })

  test('in a ServiceProviderConfig (RFC 7643 §5, RFC 9865 §4)', async () => {
    const scim = await connect()
    const { body } = await scim('GET', '/ServiceProviderConfig')
    expect(Object.keys(body).sort()).toEqual([
      'authenticationSchemes',
      'bulk',
      'changePassword',
      'etag',
      'filter',
      'meta',
      'pagination',
      'patch',
      'schemas',
      'sort',
    ])
    expect(Object.keys(body.bulk).sort()).toEqual(['maxOperations', 'maxPayloadSize', 'supported'])
    expect(Object.keys(body.filter).sort()).toEqual(['maxResults', 'supported'])
  })

  test('no null anywhere in /Schemas and /ResourceTypes', async () => {
    const scim = await connect()
    for (const path of ['/Schemas', '/ResourceTypes', '/ServiceProviderConfig']) {
      expect(JSON.stringify((await scim('GET', path)).body)).not.toContain('null')
    }
  })
})

describe('nothing changed, nothing moved', () => {
  test('a PATCH or PUT that changes nothing keeps lastModified, version and ETag', async () => {
    const scim = await connect()
    const emails = [{ value: 'a@x.example', type: 'work', primary: true }]
    const sent = { ...person('a'), title: 'Guide', emails, name: { givenName: 'A' } }
    const { body } = await scim('POST', '/Users', sent)
    const path = `/Users/${body.id}`
    const operations = [
      { op: 'replace', path: 'title', value: 'Guide' },
      { op: 'add', path: 'emails', value: emails },
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'a@x.example' },
      { op: 'replace', value: { 'name.givenName': 'A', active: true } },
    ]
    const patched = await scim('PATCH', path, { schemas: [PATCH_OP], Operations: operations })
    expect(patched.body).toEqual(body)
    const put = await scim('PUT', path, body)
    expect(put.body).toEqual(body)
    expect(put.headers.get('etag')).toBe(body.meta.version)
  })

  test('a group too, by a member that is there and one that is not', async () => {
    const scim = await connect()
    const { body: user } = await scim('POST', '/Users', person('a'))
    const { body: other } = await scim('POST', '/Users', person('b'))
    const members = [{ value: user.id }]
    const { body: group } = await scim('POST', '/Groups', { displayName: 'G', members })
    await scim('PATCH', `/Groups/${group.id}`, {
      schemas: [PATCH_OP],
      Operations: [
        { op: 'add', path: 'members', value: members },
        { op: 'remove', path: 'members', value: [{ value: other.id }] },
        { op: 'replace', path: 'members', value: members },
      ],
    })
    expect((await scim('GET', `/Groups/${group.id}`)).body).toEqual(group)
    await scim('PUT', `/Groups/${group.id}`, group)
    expect((await scim('GET', `/Groups/${group.id}`)).body).toEqual(group)
  })
})

describe('addresses', () => {
  test.each(['/Users', '/Users/', '/users', '//Users'])('%s is the collection', async (path) => {
    const scim = await connect()
    expect((await scim('GET', path)).body.totalResults).toBe(0)
  })

  test('query parameters are matched without case, unknown ones are ignored', async () => {
    const scim = await connect()
    for (const name of ['a', 'b', 'c']) await scim('POST', '/Users', person(name))
    const query = 'STARTINDEX=2&Count=1&aadOptscim062020&SORTBY=userName&sortorder=Descending'
    const { body } = await scim('GET', `/Users?${query}`)
    expect(body).toMatchObject({ startIndex: 2, itemsPerPage: 1, Resources: [{ userName: 'b' }] })
  })

  test('a path that is not percent-encoded UTF-8 is 400', async () => {
    const scim = await connect()
    expectError(await scim('GET', '/Users/%E0%A4%A'), 400)
  })

  test('a wrong base URL is a SCIM error', async () => {
    expectError(await call('GET', `${ORIGIN}/scim/x/v1/Users`, {}), 404)
  })
})
