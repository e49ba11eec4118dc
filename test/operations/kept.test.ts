/** What an app hands out for later: refresh tokens that rotate, and certificates it is shown. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Sealing } from '../../src/access/seal.ts'
import { Connections } from '../../src/db/connections.ts'
import { openDatabase } from '../../src/db/database.ts'
import { reseal } from '../../src/db/sealed-secrets.ts'
import { keptFor } from '../../src/operations/kept.ts'
import { adminApi } from '../support/admin-api.ts'
import { admin } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { match } from '../support/world.ts'

const CONFIG = {
  url: { label: 'URL', kind: 'url' },
  first: { label: 'Refresh token', secret: true },
}
const manifest = (name: string, more: object) => ({
  contract: 1,
  name,
  version: '1.0.0',
  base: '{config.url}',
  config: CONFIG,
  auth: {
    kind: 'oauth2',
    grant: 'refresh_token',
    tokenUrl: '{config.url}/token',
    clientId: 'gate',
    place: 'none',
    refresh: 'first',
  },
  resources: {
    User: {
      id: '/id',
      idsReused: false,
      attributes: { login: { required: true, unique: true } },
      naming: 'login',
      mapping: { userName: 'login' },
      get: { method: 'GET', path: '/users/{id}' },
      list: { method: 'GET', path: '/users' },
      lookups: [
        {
          method: 'GET',
          path: '/users',
          attribute: 'login',
          exact: true,
          caseExact: false,
          includesInactive: true,
          lagMs: 0,
        },
      ],
    },
  },
  ...more,
})

/** An authorization server that hands out another refresh token each time, and takes the last alone. */
function openServer(ttlSeconds: number) {
  const state = {
    ...{ last: 'r0', access: '', granted: 0, reused: 0, refuses: false },
    onGrant: async (): Promise<void> => {},
  }
  const answer = async (url: URL, init: RequestInit): Promise<Response> => {
    if (url.pathname === '/token') {
      const form = new URLSearchParams(String(init.body))
      if (state.refuses || form.get('refresh_token') !== state.last) {
        state.reused += 1
        return Response.json({ error: 'invalid_grant' }, { status: 400 })
      }
      state.granted += 1
      state.last = `r${crypto.randomUUID()}`
      state.access = `a${crypto.randomUUID()}`
      await state.onGrant()
      return Response.json({
        access_token: state.access,
        refresh_token: state.last,
        expires_in: ttlSeconds,
      })
    }
    const shown = new Headers(init.headers).get('authorization')
    if (shown !== `Bearer ${state.access}`) return new Response(null, { status: 401 })
    return Response.json([{ id: 7, login: 'ann' }])
  }
  return { state, answer }
}

async function connected(more: object = {}, ttlSeconds = 600) {
  const name = `kept-${crypto.randomUUID()}`
  const put = await admin('PUT', `/manifests/${name}`, manifest(name, more))
  expect(put.body.errors ?? []).toEqual([])
  const url = `https://${name}.example`
  const server = openServer(ttlSeconds)
  const clock = { now: Date.now() }
  const fetch = (input: string, init: RequestInit) => server.answer(new URL(input), init)
  const created = await admin('POST', '/connections', {
    name,
    adapter: name,
    settings: { url },
    secrets: { first: 'r0' },
  })
  expect(created.status).toBe(201)
  const scim = { baseUrl: created.body.scimBaseUrl, token: created.body.token }
  const ask = (isolate: ReturnType<typeof openIsolate>) =>
    isolate.scim(scim, 'GET', match('userName', 'ann'))
  const open = () => openIsolate(clock, fetch)
  const rows = async () => {
    const { results } = await env.DB.prepare(
      `SELECT s.name, s.sealed FROM connection_secret s JOIN connection c ON c.id = s.connection_id
        WHERE c.name = ?`,
    )
      .bind(name)
      .all<{ name: string; sealed: string }>()
    return results
  }
  return { name, url, clock, server, open, ask, rows }
}

describe('a refresh token that rotates', () => {
  test('is handed on from isolate to isolate, and its access token with it', async () => {
    const { server, open, ask, clock } = await connected()
    expect((await ask(open())).body.totalResults).toBe(1)
    expect((await ask(open())).body.totalResults).toBe(1)
    expect(server.state.granted).toBe(1)
    clock.now += 600_000
    expect((await ask(open())).status).toBe(200)
    clock.now += 600_000
    expect((await ask(open())).status).toBe(200)
    expect(server.state).toMatchObject({ granted: 3, reused: 0 })
  })

  test('is never used by two at once: the one who comes later is told to come again', async () => {
    const { open, ask, server, clock } = await connected()
    await ask(open())
    clock.now += 600_000
    const answers = await Promise.all([open(), open(), open()].map(ask))
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toContain(200)
    for (const { status, headers } of answers) {
      if (status !== 200) expect([status, headers.get('retry-after')]).toEqual([503, '2'])
    }
    expect(server.state).toMatchObject({ granted: 2, reused: 0 })
    expect((await ask(open())).status).toBe(200)
  })

  test('is used where the app refuses an access token before its time', async () => {
    const { open, ask, server } = await connected()
    const isolate = open()
    await ask(isolate)
    server.state.access = 'withdrawn'
    expect((await ask(isolate)).status).toBe(200)
    server.state.access = 'withdrawn'
    // An isolate that has held none yet takes the one that is kept, and finds out.
    expect((await ask(open())).status).toBe(200)
    expect(server.state).toMatchObject({ granted: 3, reused: 0 })
  })

  test('that is refused is a finding, until an administrator gives another first one', async () => {
    const { open, ask, server, name, clock } = await connected()
    await ask(open())
    clock.now += 600_000
    server.state.refuses = true
    expect((await ask(open())).status).toBe(503)
    const { body } = await admin('GET', `/connections/${name}/findings`)
    expect(JSON.stringify(body)).toContain('app-credential')
    server.state.refuses = false
    server.state.last = 'anew'
    await admin('PATCH', `/connections/${name}`, { secrets: { first: 'anew' } })
    expect((await ask(open())).status).toBe(200)
  })

  test('is sealed, seen by nobody, and gone with the connection', async () => {
    const { open, ask, server, name, rows } = await connected()
    await ask(open())
    const kept = (await rows()).find((row) => row.name === '*')
    expect(kept?.sealed).not.toContain(server.state.last)
    for (const path of ['', '/export']) {
      const { status, body } = await admin('GET', `/connections/${name}${path}`)
      expect(status).toBe(200)
      expect(JSON.stringify(body)).not.toMatch(/"r0"|sealed/)
      if (path !== '') expect(body.secretNames).toEqual(['first'])
    }
    // A change of the connection is not stopped by it.
    const patched = await admin('PATCH', `/connections/${name}`, { secrets: { first: 'r1' } })
    expect(patched.status).toBe(200)
    const before = await rows()
    expect(before.map((row) => row.name).sort()).toEqual(['*', 'first'])
    await admin('DELETE', `/connections/${name}`)
    expect(await rows()).toEqual([])
  })

  test('that the cron seals anew while it is renewed is not lost for that', async () => {
    const { name, server, open, ask, clock } = await connected()
    await ask(open())
    clock.now += 600_000
    const db = openDatabase(env.DB)
    const sealing = new Sealing(env.POSTERN_SEALING_KEY)
    const id = (await new Connections(env.DB).named(name))?.id ?? ''
    // Between what the app hands out and what is written down of it.
    server.state.onGrant = async () => {
      const kept = await new Connections(env.DB).kept(id)
      if (!kept) throw new Error('nothing is kept')
      const from = { ...kept, connectionId: id, name: '*', channel: null }
      const to = await sealing.seal(await sealing.open(from, from), from)
      expect(await reseal(db, [{ from, to }])).toBe(1)
    }
    expect((await ask(open())).status).toBe(200)
    server.state.onGrant = async () => {}
    clock.now += 600_000
    expect((await ask(open())).status).toBe(200)
    expect(server.state).toMatchObject({ granted: 3, reused: 0 })
  })

  test('that a lost key has sealed is dropped when an administrator enters the first one again', async () => {
    const { name, server, open, ask } = await connected()
    await ask(open())
    await env.DB.prepare(
      `UPDATE connection_secret SET key_id = '0123456789abcdef' WHERE name = '*'
        AND connection_id = (SELECT id FROM connection WHERE name = ?)`,
    )
      .bind(name)
      .run()
    const { status, body } = await ask(open())
    expect([status, body.detail]).toEqual([503, expect.stringContaining('POSTERN_SEALING_KEY')])
    server.state.last = 'anew'
    await admin('PATCH', `/connections/${name}`, { secrets: { first: 'anew' } })
    expect((await ask(open())).status).toBe(200)
  })

  test('is replaced only by who has read the last one, and never after the end', async () => {
    const { name } = await connected()
    const connections = new Connections(env.DB)
    const row = await connections.named(name)
    const open = () => keptFor(row?.id ?? '', connections, new Sealing(env.POSTERN_SEALING_KEY))
    const [one, two] = [open(), open()]
    expect(await one.read()).toBeUndefined()
    expect(await one.replace(undefined, 'a')).toBe(true)
    expect(await two.replace(undefined, 'b')).toBe(false)
    expect(await two.read()).toBe('a')
    expect(await one.replace('a', 'c')).toBe(true)
    expect(await two.replace('a', 'd')).toBe(false)
    expect(await two.read()).toBe('c')
    await admin('DELETE', `/connections/${name}`)
    expect(await one.replace('c', 'e')).toBe(false)
    expect(await open().replace(undefined, 'e')).toBe(false)
  })
})

describe('a trial', () => {
  type One = ReturnType<typeof openIsolate>
  const ask = async (isolate: One, path: string, body: object) =>
    (await adminApi(isolate)('POST', path, body)).body
  const SAVE_FIRST = { ok: false, detail: expect.stringContaining('Save it without a trial') }

  test('of what is stored keeps the refresh token that comes of it, for the connection', async () => {
    const { name, open, server, ask: call, clock } = await connected()
    expect(await ask(open(), `/connections/${name}/try`, {})).toMatchObject({ ok: true })
    expect((await call(open())).body.totalResults).toBe(1)
    expect(server.state).toMatchObject({ granted: 1, reused: 0 })
    clock.now += 600_000
    expect(await ask(open(), `/connections/${name}/try`, {})).toMatchObject({ ok: true })
    clock.now += 600_000
    expect((await call(open())).status).toBe(200)
    expect(server.state).toMatchObject({ granted: 3, reused: 0 })
  })

  test('of another refresh token uses up none, and says that it is tried when saved', async () => {
    const { name, open, server, ask: call } = await connected()
    const at = `/connections/${name}/try`
    expect(await ask(open(), at, { secrets: { first: 'r0' } })).toMatchObject(SAVE_FIRST)
    await call(open())
    server.state.last = 'anew'
    expect(await ask(open(), at, { secrets: { first: 'anew' } })).toMatchObject(SAVE_FIRST)
    expect(server.state).toMatchObject({ granted: 1, reused: 0, last: 'anew' })
    await admin('PATCH', `/connections/${name}`, { secrets: { first: 'anew' } })
    expect(await ask(open(), at, {})).toMatchObject({ ok: true })
    const wizard = { settings: { url: 'https://app.example' }, secrets: { first: 'anew' } }
    expect(await ask(open(), `/adapters/${name}/try`, wizard)).toMatchObject(SAVE_FIRST)
  })

  test('of another manifest goes by the token that the connection has, or says so', async () => {
    const { name, open, server, ask: call, clock } = await connected()
    const next = manifest(name, { version: '1.1.0' })
    const at = `/manifests/${name}/try`
    const first = await ask(open(), at, { manifest: next, connection: name })
    expect(first).toMatchObject({ app: SAVE_FIRST })
    await call(open())
    clock.now += 600_000
    const later = await ask(open(), at, { manifest: next, connection: name })
    expect(later).toMatchObject({ app: { ok: true } })
    const { auth } = next
    const other = { ...next, auth: { ...auth, clientId: 'another' } }
    const refused = await ask(open(), at, { manifest: other, connection: name })
    expect(refused).toMatchObject({ app: SAVE_FIRST })
    clock.now += 600_000
    expect((await call(open())).status).toBe(200)
    expect(server.state).toMatchObject({ granted: 3, reused: 0 })
  })

  test('that fails leaves the connection at work, whatever the number of tries', async () => {
    const { name, open, ask: call, server } = await connected()
    const isolate = open()
    await call(isolate)
    server.state.access = 'withdrawn'
    server.state.refuses = true
    for (let n = 0; n < 4; n++) {
      expect(await ask(isolate, `/connections/${name}/try`, {})).toMatchObject({ ok: false })
    }
    server.state.refuses = false
    expect((await call(isolate)).status).toBe(200)
  })

  test('keeps to the pace that is agreed for the connection', async () => {
    const { name, clock, server } = await connected({ limits: { perSecond: 1 } })
    const asked: string[] = []
    const fetch = (input: string, init: RequestInit) => server.answer(new URL(input), init)
    const gone = () => Promise.reject(new Error('the pacer is away'))
    const pacerOf = (id: string) => {
      asked.push(id)
      return { lease: gone, pause: gone }
    }
    const isolate = openIsolate(clock, fetch, { pacerOf })
    await ask(isolate, `/connections/${name}/try`, {})
    expect(new Set(asked)).toEqual(new Set([(await new Connections(env.DB).named(name))?.id]))
  })
})

describe('a client certificate', () => {
  const mtls = {
    auth: { kind: 'none' },
    config: { url: CONFIG.url, shown: { label: 'Certificate' } },
    certificate: '{config.shown}',
  }

  test('that the Worker has not is refused with the connection, and says what to do', async () => {
    const name = `mtls-${crypto.randomUUID()}`
    await admin('PUT', `/manifests/${name}`, manifest(name, mtls))
    const { status, body } = await admin('POST', '/connections', {
      name,
      adapter: name,
      settings: { url: 'https://app.example', shown: 'MTLS_NONE' },
    })
    expect(status).toBe(422)
    expect(body.errors).toMatchObject([{ path: 'settings.shown' }])
    expect(body.errors[0].message).toContain('wrangler.toml')
  })

  test('is what the app is called with, and nothing else', async () => {
    const name = `mtls-${crypto.randomUUID()}`
    const calls: string[] = []
    const via = (how: string) => async () => {
      calls.push(how)
      return Response.json([{ id: 7, login: 'ann' }])
    }
    const clock = { now: Date.now() }
    const certificates = new Map([['MTLS_ONE', via('one')]])
    const isolate = openIsolate(clock, via('plain'), { certificates })
    const call = adminApi(isolate)
    await call('PUT', `/manifests/${name}`, manifest(name, mtls))
    const settings = { url: 'https://app.example', shown: 'MTLS_ONE' }
    const { status, body } = await call('POST', '/connections', { name, adapter: name, settings })
    expect(status).toBe(201)
    const scim = { baseUrl: body['scimBaseUrl'] ?? '', token: body['token'] ?? '' }
    const ask = (one: typeof isolate) => one.scim(scim, 'GET', match('userName', 'ann'))
    expect((await ask(isolate)).body.totalResults).toBe(1)
    // Another deployment, without it: the app is not called as somebody else.
    expect((await ask(openIsolate(clock, via('plain')))).status).toBe(503)
    expect(calls).toEqual(['one'])
  })
})
