/** What a request claims about where it was sent is never believed, and no answer is a page. */
import { env, exports } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { parseEnv } from '../../src/env.ts'
import { ERROR, USER } from '../../src/scim/urn.ts'
import { admin, call, connect, ORIGIN } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'

const FORGED = {
  host: 'evil.example',
  origin: 'https://evil.example',
  forwarded: 'host=evil.example;proto=https',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'https',
  'x-forwarded-prefix': '/evil.example',
  'x-original-url': '/evil.example',
  'x-rewrite-url': '/evil.example',
}
const nobody = async (): Promise<Response> => {
  throw new Error('no app is asked here')
}

describe('the address of the gateway', () => {
  test('is what is configured, whatever a request claims', async () => {
    const { name, token } = await connect()
    const ask = async (method: string, path: string, credential: string, body?: object) => {
      const response = await exports.default.fetch(`https://evil.example${path}`, {
        method,
        headers: {
          ...FORGED,
          authorization: `Bearer ${credential}`,
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      const said = `${await response.text()}\n${[...response.headers].join('\n')}`
      expect(said).not.toContain('evil.example')
      return { status: response.status, said }
    }
    const person = { schemas: [USER], userName: 'forged' }
    const made = await ask('POST', `/scim/${name}/v2/Users`, token, person)
    expect([made.status, made.said.includes(`${ORIGIN}/scim/${name}/v2/Users/`)]).toEqual([
      201,
      true,
    ])
    for (const path of [
      '/Users',
      '/ServiceProviderConfig',
      '/Schemas',
      '/ResourceTypes',
      '/none',
    ]) {
      await ask('GET', `/scim/${name}/v2${path}`, token)
    }
    await ask('GET', `/scim/${name}/v2/Users`, 'wrong')
    await ask('POST', `/scim/${name}/oauth/token`, 'wrong')
    await ask('GET', '/scim/nothing/at/all', 'wrong')
    await ask('GET', '/nothing', 'wrong')
    const api = '/admin/api/connections'
    const other = { name: `t-${crypto.randomUUID()}`, adapter: 'sandbox' }
    const created = await ask('POST', api, env.POSTERN_ADMIN_TOKEN, other)
    expect(created.said).toContain(`${ORIGIN}/scim/${other.name}/v2`)
    const client = await ask('POST', `${api}/${name}/clients`, env.POSTERN_ADMIN_TOKEN, {
      kind: 'secret',
    })
    expect([client.status, client.said.includes(`${ORIGIN}/scim/${name}/oauth/token`)]).toEqual([
      201,
      true,
    ])
  })

  test('that is not configured is a 503 which says so, and stands in the log', async () => {
    const { name, token } = await connect()
    const log: object[] = []
    const clock = { now: Date.now() }
    for (const [dev, origin, status] of [
      ['', 'https://scim.example', 503],
      ['', 'https://postern.acme.workers.dev', 200],
      ['', 'http://127.0.0.1:8787', 503],
      ['', 'https://workers.dev.evil.example', 503],
      ['1', 'http://localhost:8787', 200],
      ['1', 'https://postern.acme.workers.dev', 503],
      ['1', 'http://localhost.evil.example', 503],
    ] as const) {
      const isolate = openIsolate(clock, nobody, {
        env: { BASE_URL: '', POSTERN_DEV: dev },
        log: (line) => log.push(line),
      })
      const request = (path: string, credential: string) =>
        new Request(`${origin}${path}`, { headers: { authorization: `Bearer ${credential}` } })
      const scim = await isolate.fetch(request(`/scim/${name}/v2/ServiceProviderConfig`, token))
      const api = await isolate.fetch(request('/admin/api/connections', env.POSTERN_ADMIN_TOKEN))
      expect([origin, scim.status, api.status]).toEqual([origin, status, status])
      const said = await scim.text()
      if (status === 200) {
        expect(JSON.parse(said).meta.location).toContain(`${origin}/scim/${name}/v2`)
        continue
      }
      expect(JSON.parse(said)).toMatchObject({ schemas: [ERROR], status: '503' })
      expect(said).toContain('BASE_URL')
      expect(await api.text()).toContain('BASE_URL')
      expect(log).toContainEqual(expect.objectContaining({ error: 'BaseUrlMissing' }))
    }
  })

  test.each([
    ['https://scim.example.com', 'https://scim.example.com'],
    ['https://scim.example.com/', 'https://scim.example.com'],
  ])('is an origin: %s', (given, taken) => {
    expect(parseEnv({ ...env, BASE_URL: given }).BASE_URL).toBe(taken)
  })

  test.each([
    'https://scim.example.com/scim',
    'https://x.example/?a=b',
    'scim.example.com',
    'ftp://x',
  ])('may not be %s', (given) => {
    expect(() => parseEnv({ ...env, BASE_URL: given })).toThrow('BASE_URL')
  })
})

describe('every answer', () => {
  test('is made for no browser: JSON, not stored, not framed, not sniffed', async () => {
    const { name, token } = await connect()
    for (const [method, path, credential] of [
      ['GET', `/scim/${name}/v2/Users`, token],
      ['GET', `/scim/${name}/v2/Users`, 'wrong'],
      ['GET', `/scim/${name}/v2/none`, token],
      ['POST', `/scim/${name}/v2/Users`, token],
      ['GET', `/scim/${name}`, token],
      ['GET', '/scim', token],
      ['POST', `/scim/${name}/oauth/token`, token],
      ['GET', `/scim/${name}/oauth/token`, token],
      ['GET', '/admin/api/connections', env.POSTERN_ADMIN_TOKEN],
      ['GET', '/admin/api/connections', 'wrong'],
      ['GET', '/admin/api/none', env.POSTERN_ADMIN_TOKEN],
      ['GET', '/healthz', token],
      ['POST', '/healthz', token],
      ['GET', '/', token],
      ['GET', '/%3Cscript%3E', token],
      ['GET', `/?x=${'x'.repeat(40_000)}`, token],
    ] as const) {
      const response = await exports.default.fetch(`${ORIGIN}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${credential}`,
          origin: 'https://evil.example',
          accept: 'text/html',
        },
      })
      const { headers } = response
      const where = `${method} ${path.slice(0, 80)}`
      expect([where, headers.get('content-type')?.split(';')[0]]).toEqual([
        where,
        expect.stringMatching(/^application\/(?:scim\+|problem\+)?json$/),
      ])
      expect(Object.fromEntries(headers), where).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': expect.stringContaining('max-age='),
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      })
      // No page of another origin may read anything here.
      expect([...headers.keys()].filter((key) => key.startsWith('access-control'))).toEqual([])
      const text = await response.text()
      expect(() => JSON.parse(text), where).not.toThrow()
    }
  })

  test('over plain http promises no https', async () => {
    const response = await exports.default.fetch('http://gw.example/healthz')
    expect(response.headers.get('strict-transport-security')).toBeNull()
  })
})

test('a connection may be called as the version is', async () => {
  const created = await admin('POST', '/connections', { name: 'v2', adapter: 'sandbox' })
  const headers = { authorization: `Bearer ${created.body.token}` }
  expect((await call('GET', `${created.body.scimBaseUrl}/Users`, headers)).status).toBe(200)
  await admin('DELETE', '/connections/v2')
})

describe('a method', () => {
  test.each(['OPTIONS', 'PROPFIND', 'DELETE', 'PURGE'])(
    'that an endpoint does not know, %s, is a 405 that names those it does',
    async (method) => {
      const { name, token } = await connect()
      for (const [path, allow] of [
        [`/scim/${name}/v2/Users`, 'GET, HEAD, POST'],
        [`/scim/${name}/v2/Schemas`, 'GET, HEAD'],
        [`/scim/${name}/v2/Bulk`, 'POST'],
        [`/scim/${name}/oauth/token`, 'POST'],
        ['/admin/api/connections', 'GET, HEAD, POST'],
        ['/healthz', 'GET, HEAD'],
      ] as const) {
        const credential = path.startsWith('/admin') ? env.POSTERN_ADMIN_TOKEN : token
        const response = await exports.default.fetch(`${ORIGIN}${path}`, {
          method,
          headers: { authorization: `Bearer ${credential}` },
        })
        expect([path, response.status, response.headers.get('allow')]).toEqual([path, 405, allow])
        await response.text()
      }
    },
  )

  test('is what the request line says, whatever a header says', async () => {
    const scim = await connect()
    const { body } = await scim('POST', '/Users', { schemas: [USER], userName: 'kept' })
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      const got = await scim('GET', `/Users/${body.id}`, undefined, { [name]: 'DELETE' })
      expect(got.status).toBe(200)
      const posted = await scim('POST', `/Users/${body.id}`, {}, { [name]: 'DELETE' })
      expect(posted.status).toBe(405)
    }
    expect((await scim('GET', `/Users/${body.id}`)).status).toBe(200)
  })

  test('HEAD is GET without its body', async () => {
    const scim = await connect()
    const { body } = await scim('POST', '/Users', { schemas: [USER], userName: 'head' })
    for (const path of [`/Users/${body.id}`, '/Users', '/Schemas', '/none']) {
      const [head, get] = [await scim('HEAD', path), await scim('GET', path)]
      expect([path, head.status, head.body]).toEqual([path, get.status, {}])
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
      expect(head.headers.get('etag')).toBe(get.headers.get('etag'))
    }
  })
})
