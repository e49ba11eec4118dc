/**
 * A gateway and Workers with private adapters, bound as in production: what clients and administrators see of
 * them, when all is well and when it is not.
 */
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { build } from '../../cli/start/build.ts'
import { applyMigrations } from '../../cli/start/migrate.ts'
import { type DeskProcess, KEY, startDesk } from '../examples/desk.ts'
import { bundle, bundleExample, PROJECT } from '../support/private-worker.ts'

const TIMEOUT_MS = 120_000
const DATE = '2026-10-20'
const ADMIN = 'test-admin-token'
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
  readonly body: any
}

describe('a private adapter', { timeout: TIMEOUT_MS }, () => {
  let desk: DeskProcess
  let miniflare: Miniflare
  let serial = 0

  beforeAll(async () => {
    const [{ config, modules }, oakDesk, tested] = await Promise.all([
      build(PROJECT),
      bundleExample(),
      bundle(`${PROJECT}/test/support/private`),
    ])
    const bound = (entrypoint: string) => ({ name: 'private', entrypoint })
    miniflare = new Miniflare(
      convertV4MiniflareOptions({
        workers: [
          {
            ...config.workerOptions,
            name: config.name,
            modules: modules.map((module) => ({ ...module })),
            bindings: {
              POSTERN_ADMIN_TOKEN: ADMIN,
              BASE_URL: 'http://gateway.test',
              POSTERN_SEALING_KEY: 'dGVzdC1zZWFsaW5nLWtleS10aGF0LWlzLTMyLWJ5dGU=',
              POSTERN_DEV: '1',
            },
            serviceBindings: {
              ADAPTER_OAK_DESK: { name: 'oak-desk-adapter' },
              ADAPTER_EXAMPLE_ASYNC: bound('DeskLater'),
              ADAPTER_SHAKY: bound('Shaky'),
              ADAPTER_OTHER_CONTRACT: bound('OtherContract'),
              ADAPTER_OTHER_NAME: bound('Desk'),
              ADAPTER_NO_ADAPTER: bound('NoAdapter'),
            },
          },
          { name: 'oak-desk-adapter', modules: true, script: oakDesk, compatibilityDate: DATE },
          { name: 'private', modules: true, script: tested, compatibilityDate: DATE },
        ],
      }),
    )
    const [database] = config.databases
    if (!database) throw new Error('wrangler.toml names no database')
    await applyMigrations(await miniflare.getD1Database(database.binding), database.migrations)
    desk = await startDesk()
  }, TIMEOUT_MS)
  afterAll(() => Promise.all([miniflare?.dispose(), desk?.stop()]))
  beforeEach(() => {
    serial += 1
  })

  async function call(method: string, url: string, token: string, body?: unknown): Promise<Answer> {
    const response = await miniflare.dispatchFetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  const admin = (method: string, route: string, body?: unknown) =>
    call(method, `http://gateway.test/admin/api${route}`, ADMIN, body)

  async function connect(adapter: string, more: object = {}) {
    const name = `c-${serial}`
    const { status, body } = await admin('POST', '/connections', {
      ...{ name, adapter, settings: { url: desk.url }, secrets: { apiKey: KEY } },
      ...more,
    })
    if (status !== 201) throw new Error(JSON.stringify(body))
    const scim = (method: string, path: string, sent?: unknown) =>
      call(method, `${body.scimBaseUrl}${path}`, body.token, sent)
    return { name, scim }
  }
  const person = (familyName: string) => ({
    schemas: [USER],
    userName: `p.${serial}@fernhollow.example`,
    name: { givenName: 'P', familyName },
    active: true,
  })
  const matching = (userName: string) =>
    `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`
  const accounts = async () =>
    ((await desk.call('GET', '/control/accounts')).json as { login: string }[]).filter(
      ({ login }) => login === `p.${serial}@fernhollow.example`,
    )

  const posts = async () =>
    ((await desk.call('GET', '/control/stats')).json as { calls: Record<string, number> }).calls[
      'POST /api/accounts'
    ] ?? 0

  describe('that is copied from the example', () => {
    test('finds, creates, changes, switches and removes people', async () => {
      const { scim } = await connect('oak-desk')
      const found = await scim('GET', matching('ada.quill@fernhollow.example'))
      expect(found.body.totalResults).toBe(1)
      const created = await scim('POST', '/Users', person('Oak'))
      expect([created.status, created.body.name]).toEqual([
        201,
        { givenName: 'P', familyName: 'Oak' },
      ])
      const at = `/Users/${created.body.id}`
      const change = (value: object) => ({
        schemas: [PATCH_OP],
        Operations: [{ op: 'replace', value }],
      })
      const changed = await scim('PATCH', at, change({ name: { familyName: 'Elm' } }))
      expect([changed.status, changed.body?.name.familyName]).toEqual([200, 'Elm'])
      await scim('PATCH', at, change({ active: false }))
      expect(await accounts()).toMatchObject([{ last_name: 'Elm', state: 'suspended' }])
      expect((await scim('DELETE', at)).status).toBe(204)
      expect(await accounts()).toEqual([])
      const list = await scim('GET', '/Users?count=100')
      expect(list.body.totalResults).toBeGreaterThanOrEqual(40)
    })

    test('a taken login is adopted as by any other adapter', async () => {
      const { scim } = await connect('oak-desk')
      const login = 'okonkwo@fernhollow.example'
      const adopted = await scim('POST', '/Users', { ...person('Okonkwo'), userName: login })
      expect(adopted.status).toBe(201)
      expect((await scim('GET', matching(login))).body.totalResults).toBe(1)
    })

    test('settings are checked where the adapter is, and secrets are kept here', async () => {
      const draft = { name: `c-${serial}`, adapter: 'oak-desk', secrets: { apiKey: KEY } }
      const refused = async (settings: object) =>
        (await admin('POST', '/connections', { ...draft, settings })).body.errors
      expect(await refused({})).toMatchObject([{ path: 'settings.url' }])
      expect(await refused({ url: desk.url, region: 'eu' })).toEqual([
        { path: 'settings.region', message: 'unknown key' },
      ])
      expect(await refused({ url: 'https://user:pw@desk.example' })).toEqual([
        { path: 'settings.url', message: 'it must not carry credentials' },
      ])
      const settings = { url: desk.url }
      const bare = { name: draft.name, adapter: 'oak-desk', settings }
      const { status, body } = await admin('POST', '/connections', bare)
      expect([status, body.errors]).toEqual([
        422,
        [{ path: 'secrets.apiKey', message: 'is required' }],
      ])
    })

    test('its name is taken: no manifest can be stored under it', async () => {
      const { status, body } = await admin('PUT', '/manifests/oak-desk', { name: 'oak-desk' })
      expect([status, body.detail]).toEqual([409, expect.stringContaining('built in')])
    })
  })

  describe('that meets an accident', () => {
    test.each(['Throws', 'Hangs', 'Garbles'])(
      'a create that %s after its effect is sent once, and its account is found',
      async (accident) => {
        const policy = { limits: { requestTimeoutMs: 2_000 } }
        const { scim } = await connect('shaky', { policy })
        const started = Date.now()
        const before = await posts()
        const sent = person(accident)
        let { status, body } = await scim('POST', '/Users', sent)
        if (accident === 'Hangs') {
          // The time is over with the call: the client is told to come back, and finds the account made.
          expect(status).toBe(503)
          ;({ status, body } = await scim('POST', '/Users', sent))
        }
        expect(status).toBe(201)
        expect(Date.now() - started).toBeLessThan(15_000)
        expect(await posts()).toBe(before + 1)
        const found = await scim('GET', matching(body.userName))
        expect(found.body.Resources).toMatchObject([{ id: body.id }])
        expect(await accounts()).toMatchObject([{ last_name: accident }])
      },
    )

    test('an exception in a read is 503, never "no such person", and a finding', async () => {
      const { name, scim } = await connect('shaky')
      const { body } = await scim('POST', '/Users', person('Unreadable'))
      expect((await scim('GET', `/Users/${body.id}`)).status).toBe(503)
      const { items } = (await admin('GET', `/connections/${name}/findings`)).body
      expect(items).toMatchObject([{ kind: 'app-failing' }])
    })

    test.each([
      ['no-adapter', 'the private adapter failed, or is not there'],
      ['other-contract', expect.stringMatching(/speaks contract 2, and this Postern speaks 1/)],
      ['other-name', expect.stringMatching(/has another name than its binding/)],
    ])('%s cannot be connected, and says why', async (adapter, message) => {
      const { status, body } = await admin('POST', '/connections', {
        ...{ name: `c-${serial}`, adapter, settings: { url: desk.url }, secrets: {} },
      })
      expect([status, body.errors]).toEqual([422, [{ path: 'adapter', message }]])
    })

    test('a connection whose adapter has gone is 503 with what to do, and can be paused', async () => {
      const { name, scim } = await connect('oak-desk')
      const database = await miniflare.getD1Database('DB')
      const rebind = (adapter: string) =>
        database
          .prepare('UPDATE connection SET adapter = ?, version = version + 1 WHERE name = ?')
          .bind(adapter, name)
      await rebind('no-adapter').run()
      const lost = await scim('POST', '/Users', person('Lost'))
      expect([lost.status, lost.body.detail]).toEqual([503, expect.stringMatching(/not available/)])
      await rebind('other-contract').run()
      const other = await scim('POST', '/Users', person('Lost'))
      expect([other.status, other.body.detail]).toEqual([
        503,
        expect.stringMatching(/speaks contract 2/),
      ])
      expect(await accounts()).toEqual([])
      const paused = await admin('PATCH', `/connections/${name}`, { mode: 'paused' })
      expect([paused.status, paused.body.mode]).toEqual([200, 'paused'])
    })
  })

  test('an app that makes people by a job can be asked whether they are there', async () => {
    await desk.call('POST', '/control/faults', { creates: 'async' })
    const { scim } = await connect('example-async')
    const { status, body } = await scim('POST', '/Users', person('Later'))
    expect([status, body.active]).toEqual([201, true])
    await desk.call('DELETE', '/control/faults')
  })
})
