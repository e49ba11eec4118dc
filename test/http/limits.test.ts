/** Each limit of a request is refused by its own status, in words that say who must do what. */
import { describe, expect, test } from 'vitest'
import {
  MAX_ADMIN_PAYLOAD,
  MAX_HEADERS_LENGTH,
  MAX_PAYLOAD,
  MAX_TOKEN_PAYLOAD,
  MAX_URL_LENGTH,
} from '../../src/access/limits.ts'
import {
  MAX_DEPTH,
  MAX_FILTER_CONDITIONS,
  MAX_FILTER_DEPTH,
  MAX_FILTER_LENGTH,
  MAX_NAMES,
  MAX_OPERATIONS,
  MAX_PATCH_CHANGES,
  MAX_PROJECTED,
  MAX_RESOURCE,
  MAX_VALUES,
} from '../../src/scim/limits.ts'
import { BULK_REQUEST, ERROR, PATCH_OP, SEARCH_REQUEST, USER } from '../../src/scim/urn.ts'
import { admin, call, connect, ORIGIN } from '../support/gateway.ts'

const person = (userName: string) => ({ schemas: [USER], userName })
const form = { 'content-type': 'application/x-www-form-urlencoded' }

function refusedBy(answer: Awaited<ReturnType<typeof call>>, status: number): string {
  expect([answer.status, answer.body]).toMatchObject([
    status,
    { schemas: [ERROR], status: String(status) },
  ])
  expect(answer.headers.get('content-type')).toBe('application/scim+json')
  expect(answer.headers.get('x-request-id')).toBeTruthy()
  return answer.body.detail
}

describe('a body', () => {
  test('of more bytes than may be is a 413, with and without a Content-Length', async () => {
    const scim = await connect()
    const long = JSON.stringify({ ...person('a'), nickName: 'x'.repeat(MAX_PAYLOAD) })
    expect(refusedBy(await scim('POST', '/Users', long), 413)).toContain(String(MAX_PAYLOAD))
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    void writer.write(new TextEncoder().encode(long)).catch(() => undefined)
    void writer.close().catch(() => undefined)
    const { exports } = await import('cloudflare:workers')
    const streamed = await exports.default.fetch(`${scim.baseUrl}/Users`, {
      method: 'POST',
      headers: { authorization: `Bearer ${scim.token}`, 'content-type': 'application/scim+json' },
      body: readable,
    })
    expect(streamed.status).toBe(413)
  })

  test('that is compressed is a 415', async () => {
    const scim = await connect()
    const answer = await scim('POST', '/Users', person('a'), { 'content-encoding': 'gzip' })
    expect(refusedBy(answer, 415)).toContain('Content-Encoding')
    const same = await scim('POST', '/Users', person('a'), { 'content-encoding': 'identity' })
    expect(same.status).toBe(201)
  })

  test('that nests too deep, or holds too much, is refused', async () => {
    const scim = await connect()
    const deep = `${'['.repeat(MAX_DEPTH + 1)}${']'.repeat(MAX_DEPTH + 1)}`
    expect(refusedBy(await scim('POST', '/Users', deep), 400)).toContain(String(MAX_DEPTH))
    const many = `[${'0,'.repeat(MAX_VALUES)}0]`
    expect(refusedBy(await scim('POST', '/Users', many), 413)).toContain(String(MAX_VALUES))
    const names = Array.from({ length: MAX_NAMES + 1 }, (_, i) => [`x${i}`, null] as const)
    const wide = { ...person('a'), ...Object.fromEntries(names) }
    expect(refusedBy(await scim('POST', '/Users', wide), 413)).toContain(String(MAX_NAMES))
  })

  test.each([
    ['gives a name twice', '{"userName":"a","userName":"b"}'],
    ['gives a name twice, once in escapes', '{"userName":"a","userN\\u0061me":"b"}'],
    ['holds NUL', '{"userName":"a\\u0000b"}'],
    ['holds half of a surrogate pair', '{"userName":"\\ud800"}'],
    ['holds half of a surrogate pair as a name', '{"userName":"a","\\udc00":1}'],
    ['ends early', '{"userName":"a"'],
    ['is no object', '["a"]'],
    ['is a number beyond all numbers', '1e999'],
  ])('that %s is a 400', async (_, body) => {
    const scim = await connect()
    const answer = await scim('POST', '/Users', body)
    refusedBy(answer, 400)
    expect(answer.body.scimType).toBe('invalidSyntax')
  })

  test('whose bytes are no UTF-8 is a 400, and a byte order mark is read over', async () => {
    const scim = await connect()
    const send = async (bytes: Uint8Array) => {
      const { exports } = await import('cloudflare:workers')
      return exports.default.fetch(`${scim.baseUrl}/Users`, {
        method: 'POST',
        headers: { authorization: `Bearer ${scim.token}`, 'content-type': 'application/scim+json' },
        body: bytes,
      })
    }
    const text = new TextEncoder().encode('{"userName":"bom"}')
    expect((await send(new Uint8Array([0xef, 0xbb, 0xbf, ...text]))).status).toBe(201)
    expect(
      (await send(new Uint8Array([...text.slice(0, 13), 0xff, ...text.slice(13)]))).status,
    ).toBe(400)
  })

  test('with the names of every object there is pollutes none', async () => {
    const scim = await connect()
    const body =
      '{"userName":"p","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},' +
      '"name":{"__proto__":{"admin":true},"givenName":"P"},"emails":[{"__proto__":[],"value":"p@x.example"}],' +
      '"urn:x:__proto__":{"a":1},"toString":"x","hasOwnProperty":1}'
    const created = await scim('POST', '/Users', body)
    expect(created.status).toBe(201)
    expect(Object.keys(created.body)).not.toContain('__proto__')
    const value = { op: 'add', value: JSON.parse('{"__proto__":{"admin":true},"nickName":"N"}') }
    const patched = await scim('PATCH', `/Users/${created.body.id}`, {
      schemas: [PATCH_OP],
      Operations: [value],
    })
    expect(patched.body.nickName).toBe('N')
    for (const path of ['__proto__.admin', 'constructor.prototype.admin', 'name.__proto__']) {
      const Operations = [{ op: 'replace', path, value: true }]
      const message = { schemas: [PATCH_OP], Operations }
      const { status } = await scim('PATCH', `/Users/${created.body.id}`, message)
      expect([200, 400]).toContain(status)
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const filter = new URLSearchParams({ filter: `${name} eq "x"`, attributes: name })
      expect([200, 400]).toContain((await scim('GET', `/Users?${filter}`)).status)
      expect((await scim('GET', `/${name}`)).status).toBe(404)
      expect((await scim('GET', `/Users/${name}`)).status).toBe(404)
    }
  })

  test('with a number too large for its attribute is a 400', async () => {
    const scim = await connect()
    const answer = await scim('POST', '/Users', '{"userName":"n","active":1e999}')
    expect(answer.status).toBe(400)
  })
})

describe('the head of a request', () => {
  test('with a URL too long is a 414', async () => {
    const scim = await connect()
    const answer = await scim('GET', `/Users?x=${'x'.repeat(MAX_URL_LENGTH)}`)
    expect(refusedBy(answer, 414)).toContain('/.search')
  })

  test('with too many headers, or too long ones, is a 431', async () => {
    const scim = await connect()
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, 'y']))
    refusedBy(await scim('GET', '/Users', undefined, many), 431)
    const long = { 'x-long': 'y'.repeat(MAX_HEADERS_LENGTH) }
    refusedBy(await scim('GET', '/Users', undefined, long), 431)
  })

  test('with too many parameters is a 400, and a path too long leads nowhere', async () => {
    const scim = await connect()
    refusedBy(await scim('GET', `/Users?${'a=1&'.repeat(101)}`), 400)
    refusedBy(await scim('GET', '/Users/a/b/c/d/e/f/g/h/i'), 404)
  })

  test('is refused in the words of each interface', async () => {
    const long = `x=${'x'.repeat(MAX_URL_LENGTH)}`
    const api = await admin('GET', `/connections?${long}`)
    expect(api.status).toBe(414)
    expect(api.headers.get('content-type')).toBe('application/problem+json')
    const token = await call('POST', `${ORIGIN}/scim/x/oauth/token?${long}`, form, 'a=b')
    expect([token.status, token.body.error]).toEqual([414, 'invalid_request'])
  })
})

describe('a query', () => {
  test.each([
    ['long', `userName eq "${'x'.repeat(MAX_FILTER_LENGTH)}"`],
    ['deep', `${'('.repeat(MAX_FILTER_DEPTH + 1)}active pr${')'.repeat(MAX_FILTER_DEPTH + 1)}`],
    ['wide', Array.from({ length: MAX_FILTER_CONDITIONS + 1 }, () => 'active pr').join(' or ')],
    ['full of NUL', 'userName eq "a\\u0000"'],
    ['full of halves of pairs', 'userName eq "\\ud800"'],
  ])('whose filter is too %s is a 400 invalidFilter', async (_, filter) => {
    const scim = await connect()
    const body = { schemas: [SEARCH_REQUEST], filter }
    const answer = await scim('POST', '/Users/.search', body)
    refusedBy(answer, 400)
    // NUL and halves in a body are none of JSON's business either.
    expect(['invalidFilter', 'invalidSyntax']).toContain(answer.body.scimType)
  })

  test('whose filter holds NUL in the URL is a 400', async () => {
    const scim = await connect()
    for (const written of ['userName%20eq%20%22a%00%22', 'userName%20eq%20%22a%5Cu0000%22']) {
      const answer = await scim('GET', `/Users?filter=${written}`)
      refusedBy(answer, 400)
      expect(answer.body.scimType).toBe('invalidFilter')
    }
  })

  test('that names too many attributes is a 400', async () => {
    const scim = await connect()
    const attributes = Array.from({ length: MAX_PROJECTED + 1 }, () => 'userName').join(',')
    for (const name of ['attributes', 'excludedAttributes']) {
      const answer = await scim('POST', '/Users/.search', { [name]: attributes })
      expect(refusedBy(answer, 400)).toContain(String(MAX_PROJECTED))
    }
  })
})

describe('a resource', () => {
  test('that would be larger than its row may be is a 413, also when it grows bit by bit', async () => {
    const scim = await connect()
    const text = 'x'.repeat(MAX_RESOURCE * 0.6)
    const made = await scim('POST', '/Users', { ...person('a'), nickName: text })
    expect(made.status).toBe(201)
    const user = `/Users/${made.body.id}`
    const message = { schemas: [PATCH_OP], Operations: [{ op: 'add', path: 'title', value: text }] }
    expect(refusedBy(await scim('PATCH', user, message), 413)).toContain(String(MAX_RESOURCE))
    const whole = { ...person('a'), nickName: text, title: text }
    refusedBy(await scim('PUT', user, whole), 413)
    refusedBy(await scim('POST', '/Users', { ...whole, userName: 'b' }), 413)
    expect((await scim('GET', user)).body.title).toBeUndefined()
  })
})

describe('one request', () => {
  test('of more operations than may be is a 413', async () => {
    const scim = await connect()
    const { body } = await scim('POST', '/Users', person('a'))
    const Operations = Array.from({ length: MAX_PATCH_CHANGES + 1 }, () => ({
      op: 'replace',
      path: 'nickName',
      value: 'b',
    }))
    const patched = await scim('PATCH', `/Users/${body.id}`, { schemas: [PATCH_OP], Operations })
    expect(refusedBy(patched, 413)).toContain(String(MAX_PATCH_CHANGES))
    const bulk = Array.from({ length: MAX_OPERATIONS + 1 }, () => ({
      method: 'DELETE',
      path: '/Users/x',
    }))
    const answer = await scim('POST', '/Bulk', { schemas: [BULK_REQUEST], Operations: bulk })
    expect(refusedBy(answer, 413)).toContain(String(MAX_OPERATIONS))
  })
})

describe('the admin API', () => {
  const problem = (answer: Awaited<ReturnType<typeof admin>>) => {
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    return answer.status
  }

  test('has the same limits, and answers with problems', async () => {
    const long = JSON.stringify({ name: 'x'.repeat(MAX_ADMIN_PAYLOAD) })
    expect(problem(await admin('POST', '/connections', long))).toBe(413)
    const deep = `${'['.repeat(MAX_DEPTH + 1)}${']'.repeat(MAX_DEPTH + 1)}`
    expect(problem(await admin('POST', '/connections', deep))).toBe(400)
    expect(problem(await admin('POST', '/connections', '{"name":"a","name":"b"}'))).toBe(400)
    expect(problem(await admin('POST', '/connections', '{"name":"\\ud800"}'))).toBe(400)
  })
})

describe('the token endpoint', () => {
  test('has the same limits, and answers as RFC 6749 has it', async () => {
    const { name } = await connect()
    const url = `${ORIGIN}/scim/${name}/oauth/token`
    const long = await call('POST', url, form, `a=${'x'.repeat(MAX_TOKEN_PAYLOAD)}`)
    expect([long.status, long.body.error]).toEqual([413, 'invalid_request'])
    const packed = await call('POST', url, { ...form, 'content-encoding': 'br' }, 'a=b')
    expect([packed.status, packed.body.error]).toEqual([415, 'invalid_request'])
    const twice = 'grant_type=client_credentials&grant_type=x'
    expect((await call('POST', url, form, twice)).body.error).toBe('invalid_request')
  })
})
