/** Administrators, their tokens, and what a limited one can do to a connection that is theirs. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { LIMITED_BURST, LIMITED_PER_SECOND } from '../../src/access/limits.ts'
import { openAdministration } from '../support/administrators.ts'

const MINUTE_MS = 60_000

describe('an administrator', () => {
  const api = openAdministration()

  test('has tokens that are shown once, and is told who they are', async () => {
    const connection = await api.connect()
    const { id, name, token } = await api.administrator('operator', [connection])
    const me = await api.ask('GET', '/me', { token })
    expect(me.body).toMatchObject({
      ...{ id, name, role: 'operator', connections: [connection], signedInBy: 'token' },
    })
    const shown = JSON.stringify([
      await api.must('GET', '/administrators'),
      await api.must('GET', `/administrators/${id}`),
    ])
    expect(shown).toContain(name)
    expect(shown).not.toContain(token.slice(4))
    const bootstrap = await api.must('GET', '/me')
    expect(bootstrap).toMatchObject({ id: 'bootstrap', role: 'owner', connections: null })
  })

  test('is kept with the hash of the token alone', async () => {
    const { id, token } = await api.administrator('auditor')
    const rows = await env.DB.prepare('SELECT * FROM administrator_token').all()
    expect(JSON.stringify(rows.results)).toContain(id)
    expect(JSON.stringify(rows.results)).not.toContain(token.slice(4))
  })

  test('is refused from the moment a token is revoked, and comes in by another one', async () => {
    const { id, token, tokenId } = await api.administrator('auditor')
    const other = await api.must('POST', `/administrators/${id}/tokens`, { label: 'new laptop' })
    expect((await api.ask('GET', '/me', { token })).status).toBe(200)
    await api.must('DELETE', `/administrators/${id}/tokens/${tokenId}`)
    expect((await api.ask('GET', '/me', { token })).status).toBe(401)
    expect((await api.ask('GET', '/me', { token: other.token })).status).toBe(200)
    await api.must('DELETE', `/administrators/${id}`)
    expect((await api.ask('GET', '/me', { token: other.token })).status).toBe(401)
  })

  test('is refused from the moment a token expires', async () => {
    const api = openAdministration()
    const { id } = await api.administrator('auditor')
    const expiresAt = new Date(api.clock.now + MINUTE_MS).toISOString()
    const { token } = await api.must('POST', `/administrators/${id}/tokens`, { expiresAt })
    api.clock.now += MINUTE_MS - 1
    expect((await api.ask('GET', '/me', { token })).status).toBe(200)
    api.clock.now += 1
    expect((await api.ask('GET', '/me', { token })).status).toBe(401)
  })

  test('has at most ten tokens', async () => {
    const { id } = await api.administrator('auditor')
    for (let more = 9; more > 0; more--) await api.must('POST', `/administrators/${id}/tokens`)
    const token = env.POSTERN_ADMIN_TOKEN
    expect((await api.ask('POST', `/administrators/${id}/tokens`, { token })).status).toBe(409)
  })

  test('was last here when they used a token, to the minute', async () => {
    const api = openAdministration()
    const { id, token } = await api.administrator('auditor')
    await api.ask('GET', '/me', { token })
    await api.settled()
    const at = new Date(api.clock.now).toISOString()
    const shown = await api.must('GET', `/administrators/${id}`)
    expect(shown).toMatchObject({ lastUsed: at, tokens: [{ lastUsed: at }] })
  })

  test('bears a name that nobody else bears, in whatever letter case', async () => {
    const token = env.POSTERN_ADMIN_TOKEN
    const name = `Ann-${crypto.randomUUID()}@Example.com`
    const { id } = await api.must('POST', '/administrators', { name, role: 'owner' })
    const again = { name: name.toLowerCase(), role: 'auditor' }
    expect((await api.ask('POST', '/administrators', { token, body: again })).status).toBe(409)
    const { id: other } = await api.administrator('auditor')
    const taken = await api.ask('PATCH', `/administrators/${other}`, { token, body: { name } })
    expect(taken.status).toBe(409)
    // One's own name may be written otherwise.
    await api.must('PATCH', `/administrators/${id}`, { name: name.toLowerCase() })
  })

  test('may do at once what a change of role and limit says', async () => {
    const [own, other] = [await api.connect(), await api.connect()]
    const { id, token } = await api.administrator('auditor', [own])
    const patched = await api.must('PATCH', `/administrators/${id}`, {
      ...{ role: 'operator', connections: [other] },
    })
    expect(patched).toMatchObject({ role: 'operator', connections: [other] })
    expect((await api.ask('GET', `/connections/${own}`, { token })).status).toBe(404)
    const body = { mode: 'paused' }
    expect((await api.ask('PATCH', `/connections/${other}`, { token, body })).status).toBe(200)
    await api.must('PATCH', `/administrators/${id}`, { connections: null })
    expect((await api.ask('GET', `/connections/${own}`, { token })).status).toBe(200)
  })

  test('who is limited to none has none', async () => {
    const { token } = await api.administrator('owner', [])
    expect((await api.ask('GET', '/connections', { token })).body).toEqual({ items: [] })
  })

  test('does not come by a connection that takes the name of one that was theirs', async () => {
    const name = await api.connect()
    const { token } = await api.administrator('operator', [name])
    await api.must('DELETE', `/connections/${name}`)
    await api.must('POST', '/connections', { name, adapter: 'sandbox' })
    expect((await api.ask('GET', `/connections/${name}`, { token })).status).toBe(404)
    expect((await api.ask('GET', '/me', { token })).body.connections).toEqual([])
  })

  test.each([
    [{ role: 'owner' }, 'name'],
    [{ name: 'x', role: 'admin' }, 'role'],
    [{ name: 'x', role: 'auditor', connections: ['t-none'] }, 'connections.0'],
    [{ name: 'x', role: 'auditor', connections: 'all' }, 'connections'],
    [{ name: 'x', role: 'auditor', token: 'mine' }, 'token'],
  ])('made of %j is refused, and it says where', async (body, path) => {
    const token = env.POSTERN_ADMIN_TOKEN
    const answer = await api.ask('POST', '/administrators', { token, body })
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
  })
})

test('the bootstrap token lets in whatever becomes of the administrators', async () => {
  const api = openAdministration()
  const { id, token } = await api.administrator('owner')
  expect((await api.ask('DELETE', `/administrators/${id}`, { token })).status).toBe(204)
  expect(await api.must('GET', '/me')).toMatchObject({ id: 'bootstrap' })
})

test('every change and every refusal is logged: who, which route, what came of it, no value', async () => {
  const api = openAdministration()
  const [connection, other] = [await api.connect(), await api.connect()]
  const { id, token } = await api.administrator('auditor', [connection])
  api.lines.length = 0
  await api.ask('GET', `/connections/${connection}`, { token })
  const refused = await api.ask('PATCH', `/connections/${connection}`, { token, body: {} })
  await api.ask('GET', '/manifests', { token })
  await api.ask('GET', `/connections/${other}`, { token })
  await api.ask('DELETE', `/${connection}`, { token: 'wrong' })
  await api.must('PATCH', `/connections/${connection}`, { mode: 'paused' })
  const line = { event: 'admin.request', administrator: id, request: expect.any(String) }
  expect(api.lines.filter(({ event }) => event === 'admin.request')).toEqual([
    {
      ...line,
      ...{ method: 'PATCH', route: '/connections/:name', status: 403 },
      request: refused.headers.get('x-request-id'),
    },
    { ...line, method: 'GET', route: '/manifests', status: 403 },
    { ...line, method: 'GET', route: '/connections/:name', status: 404 },
    { ...line, administrator: '', method: 'DELETE', route: '', status: 401 },
    {
      ...line,
      ...{ administrator: 'bootstrap', method: 'PATCH', route: '/connections/:name', status: 200 },
    },
  ])
  expect(JSON.stringify(api.lines)).not.toContain(connection)
})

describe('somebody who is limited to a connection', () => {
  const api = openAdministration()

  async function open(settings: object = { url: 'https://desk.example' }) {
    const secrets = { apiKey: 'the-vendors-key' }
    const connection = await api.connect({ adapter: 'example', settings, secrets })
    const { token } = await api.administrator('owner', [connection])
    const patch = (body: object, by: string | undefined = token) =>
      api.ask('PATCH', `/connections/${connection}`, { token: by, body })
    return { connection, patch }
  }

  test('cannot have the stored secrets sent elsewhere', async () => {
    const { patch, connection } = await open()
    const settings = { url: 'https://elsewhere.example' }
    const refused = await patch({ settings })
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toEqual([
      { path: 'secrets.apiKey', message: 'must be given again: the settings say where it is sent' },
    ])
    // Taking it away is not giving it again.
    expect((await patch({ settings, secrets: { apiKey: null } })).status).toBe(422)
    const { settings: still } = await api.must('GET', `/connections/${connection}`)
    expect(still).toEqual({ url: 'https://desk.example' })
    expect((await patch({ settings, secrets: { apiKey: 'their-own-key' } })).status).toBe(200)
  })

  test('may send the settings as they are, and change what stays in the connection', async () => {
    const { patch } = await open()
    expect((await patch({ settings: { url: 'https://desk.example' } })).status).toBe(200)
    expect((await patch({ secrets: { apiKey: 'a-new-key' } })).status).toBe(200)
    expect((await patch({ mode: 'paused', policy: { maxPage: 50 } })).status).toBe(200)
  })

  test('cannot raise what a connection may take of the gateway', async () => {
    const { patch } = await open()
    const refused = await patch({ policy: { limits: { requestsPerSecond: 10_000 } } })
    expect(refused.status).toBe(403)
    expect(refused.body.errors[0].path).toBe('policy.limits')
  })

  test('is under these rules alone: an operator of all changes both', async () => {
    const { patch } = await open()
    const { token } = await api.administrator('operator')
    expect((await patch({ settings: { url: 'https://moved.example' } }, token)).status).toBe(200)
    const limits = { requestsPerSecond: 10 }
    expect((await patch({ policy: { limits } }, token)).status).toBe(200)
  })
})

describe('the rate of an administrator', () => {
  test('is bounded where they are limited to some connections, and not for others', async () => {
    const api = openAdministration()
    const connection = await api.connect()
    const { token } = await api.administrator('auditor', [connection])
    const { token: free } = await api.administrator('auditor')
    const statuses = async (token: string, times: number) => {
      const ask = async () => (await api.ask('GET', '/me', { token })).status
      return new Set(await Promise.all(Array.from({ length: times }, ask)))
    }
    expect(await statuses(token, LIMITED_BURST)).toEqual(new Set([200]))
    const refused = await api.ask('GET', '/me', { token })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await statuses(free, LIMITED_BURST + 10)).toEqual(new Set([200]))
    api.clock.now += 1_000
    expect(await statuses(token, LIMITED_PER_SECOND)).toEqual(new Set([200]))
  })
})
