/**
 * Ten failures as they are met in practice: each leads from the console's first page, and from the doctor,
 * to its cause and to what has to be done.
 */
import { describe, expect, test } from 'vitest'
import type { ConditionView } from '../../src/admin/conditions.ts'
import { adminApi } from '../support/admin-api.ts'
import type { Isolate } from '../support/isolate.ts'
import { openPages } from '../support/pages.ts'
import { adminOf } from '../support/reconcile.ts'
import {
  brownfield,
  CYCLE_MS,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'ada.lund@example.com'
const OTHER = 'jon.falk@example.com'

/** One isolate for the client, the API and the console: what it has heard it writes before it tells. */
interface Scene {
  readonly world: World
  readonly ask: (method: string, path: string, body?: unknown) => ReturnType<Isolate['scim']>
  readonly isolate: Isolate
}

async function open(options: WorldOptions = {}): Promise<Scene> {
  const world = await openWorld(options)
  const isolate = world.open()
  const ask: Scene['ask'] = (method, path, body) => isolate.scim(world.scim, method, path, body)
  return { world, isolate, ask }
}

/** A token of somebody who sees these connections alone: other tests have theirs in the same database. */
async function administratorOf(
  { isolate }: Scene,
  role: string,
  ...scenes: readonly Scene[]
): Promise<string> {
  const call = adminApi(isolate, '/administrators')
  const send = async (path: string, body: object): Promise<Record<'id' | 'token', string>> => {
    const answer = await call('POST', path, body)
    expect(answer.status).toBe(201)
    return answer.body
  }
  const connections = scenes.map(({ world }) => world.scim.name)
  const { id } = await send('', { name: crypto.randomUUID(), role, connections })
  return (await send(`/${id}/tokens`, {})).token
}

async function api({ isolate, world }: Scene, route: string) {
  const { status, body } = await adminOf(isolate, world.scim)('GET', route)
  expect(status, route).toBe(200)
  return body
}

async function pageOf(scene: Scene, path: string): Promise<string> {
  const token = await administratorOf(scene, 'operator', scene)
  const pages = await openPages(scene.isolate.fetch, token)
  const { status, html } = await pages.get(path.replace(/^\/admin/, ''))
  expect(status, path).toBe(200)
  return html
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')

/** Words that the page, the doctor and the API have to say of it. */
interface Told {
  readonly kind: ConditionView['kind']
  readonly subject?: string
  readonly severity: ConditionView['severity']
  readonly happened: RegExp
  readonly todo: RegExp
  /** Who is named; `everybody`. */
  readonly hits: string | readonly string[]
  /** What stands where the item leads. */
  readonly cause: RegExp
  /** Of the doctor, and what it advises where that is not the same. */
  readonly check: string
  readonly advice?: RegExp
}

async function expectTold(scene: Scene, told: Told): Promise<void> {
  const { name } = scene.world.scim
  const { items } = await api(scene, '/conditions')
  const found: ConditionView = items.find(
    (one: ConditionView) => one.kind === told.kind && (told.subject ?? one.subject) === one.subject,
  )
  expect(found, JSON.stringify(items)).toMatchObject({
    connection: name,
    severity: told.severity,
    happened: expect.stringMatching(told.happened),
    todo: expect.stringMatching(told.todo),
  })
  const { hits, since } = found
  if (typeof told.hits === 'string') expect(hits.everybody).toBe(told.hits === 'everybody')
  else expect(hits.some.map((one) => one.name).sort()).toEqual([...told.hits].sort())
  if (since !== null) {
    expect(Date.parse(since)).toBeLessThanOrEqual(scene.world.clock.now)
    expect(Date.parse(since)).toBeGreaterThan(scene.world.clock.now - 2 * CYCLE_MS)
  }

  const first = await pageOf(scene, '/admin')
  expect(first).toContain('Needs attention')
  expect(first).toContain(`href="${escaped(found.page)}"`)
  expect(first).toContain(escaped(found.happened))
  expect(first).toContain(escaped(found.todo))
  expect(await pageOf(scene, found.page)).toMatch(told.cause)

  const { checks } = await api(scene, '/doctor')
  const check = checks.find((one: { check: string }) => one.check === told.check)
  expect(check, JSON.stringify(checks)).toMatchObject({
    result: told.severity === 'critical' ? 'fail' : 'warn',
  })
  expect(check.advice).toMatch(told.advice ?? told.todo)
}

describe('each of ten failures leads from the first page, and from the doctor, to its cause', () => {
  test('a credential that the app refuses', async () => {
    const scene = await open()
    await scene.world.admin('PATCH', '', { secrets: { apiKey: 'planted-wrong-key' } })
    expect((await scene.ask('GET', match('userName', LOGIN))).status).toBe(503)
    await expectTold(scene, {
      kind: 'app-credential',
      severity: 'critical',
      happened: /refuses the credential/,
      todo: /Enter a credential that the app accepts/,
      hits: 'everybody',
      cause: /The app refuses our credentials/,
      check: 'app-credential',
    })
  })

  test('a rename to a name that somebody has', async () => {
    const scene = await open()
    const { ask } = scene
    await ask('POST', '/Users', person(OTHER))
    const id = idOf(await ask('POST', '/Users', person(LOGIN)))
    const renamed = patch({ op: 'Replace', path: 'userName', value: OTHER })
    expect((await ask('PATCH', `/Users/${id}`, renamed)).status).toBe(409)
    await expectTold(scene, {
      kind: 'refused',
      subject: 'taken',
      severity: 'warning',
      happened: /Another User has this userName already/,
      todo: /give one of them another name in the source directory/,
      hits: [LOGIN],
      cause: /somebody else has this key already|Another User has this userName|same unique value/,
      check: 'refused-taken',
    })
  })

  test('a person who matches several accounts', async () => {
    const scene = await open({ faults: { uniqueness: 'off' } })
    brownfield(scene.world, LOGIN)
    brownfield(scene.world, LOGIN)
    await scene.ask('GET', match('userName', LOGIN))
    await scene.ask('POST', '/Users', person(LOGIN))
    await expectTold(scene, {
      kind: 'ambiguous',
      severity: 'warning',
      happened: /1 person matches several accounts/,
      todo: /Decide in each finding/,
      hits: [LOGIN, LOGIN],
      cause: /Link this account/,
      check: 'ambiguous',
    })
  })

  test('a wave of disables that trips the guard', async () => {
    const scene = await open({ policy: { guard: { maxCount: 1 } } })
    const { ask } = scene
    const off = patch({ op: 'Replace', path: 'active', value: 'False' })
    for (const login of [LOGIN, OTHER]) {
      const id = idOf(await ask('POST', '/Users', person(login)))
      await ask('PATCH', `/Users/${id}`, off)
    }
    await expectTold(scene, {
      kind: 'guard',
      severity: 'critical',
      happened: /More people were to be disabled or deleted than the guard lets through/,
      todo: /scope of the client first\. Then decide/,
      hits: [OTHER],
      cause: /Allow all of them/,
      check: 'guard',
    })
  })

  test('an app that is slow', async () => {
    const scene = await open()
    const { desk, clock } = scene.world
    const { fetch } = desk
    Object.assign(desk, {
      fetch: async (...call: Parameters<typeof fetch>) => {
        clock.now += 4_000
        return fetch(...call)
      },
    })
    for (let n = 0; n < 4; n++) await scene.ask('GET', match('userName', `p${n}@example.com`))
    await expectTold(scene, {
      kind: 'app-slow',
      severity: 'warning',
      happened: /took over 2 seconds/,
      todo: /Whoever runs the app has to find out why/,
      hits: 'everybody',
      cause: /4000 ms/,
      check: 'app-slow',
    })
  })

  test('an attribute that the app requires and nobody maps', async () => {
    const scene = await open()
    const { name: _, ...nameless } = person(LOGIN)
    expect((await scene.ask('POST', '/Users', nameless)).status).toBe(400)
    await expectTold(scene, {
      kind: 'refused',
      subject: 'value',
      severity: 'warning',
      happened: /name\.familyName/,
      todo: /Map the named attribute in the client/,
      hits: [],
      cause: /does not take a value/,
      check: 'refused-value',
    })
  })

  test('a token that has expired', async () => {
    const scene = await open()
    const { world } = scene
    const expiresAt = new Date(world.clock.now + MINUTE_MS).toISOString()
    const made = await world.admin('POST', '/tokens', { label: 'Entra', expiresAt })
    const client = { ...world.scim, token: made.body.token }
    const asked = () => scene.isolate.scim(client, 'GET', match('userName', LOGIN))
    expect((await asked()).status).toBe(200)
    world.clock.now += CYCLE_MS
    expect((await asked()).status).toBe(401)
    await expectTold(scene, {
      kind: 'token-expiring',
      severity: 'critical',
      happened: /The token Entra expired on/,
      todo: /Make a new token/,
      hits: 'everybody',
      cause: /Make the token/,
      check: 'credentials',
      advice: /postern tokens new/,
    })
    // An hour later nothing was heard but refusals.
    world.clock.now += CYCLE_MS
    expect((await asked()).status).toBe(401)
    await expectTold(scene, {
      kind: 'client-refused',
      severity: 'critical',
      happened: /the token of the client has expired \(Entra\)/,
      todo: /enter it at the client/,
      hits: 'everybody',
      cause: /Make the token/,
      check: 'client-refused',
    })
  })

  test('a base URL of the app that leads elsewhere', async () => {
    const scene = await open()
    // The portal's sign-in page, and not the API.
    Object.assign(scene.world.desk, {
      fetch: async () =>
        new Response('<!doctype html><title>Sign in</title>', {
          headers: { 'content-type': 'text/html' },
        }),
    })
    expect((await scene.ask('GET', match('userName', LOGIN))).status).toBe(503)
    await expectTold(scene, {
      kind: 'app-failing',
      severity: 'critical',
      happened: /is not the API that the adapter knows/,
      todo: /Check the base URL in the settings/,
      hits: 'everybody',
      cause: /protocol/,
      check: 'app-failing',
    })
  })

  test('a base URL that the client has wrong', async () => {
    const scene = await open()
    const { baseUrl, token } = scene.world.scim
    const wrong = { baseUrl: baseUrl.replace(/\/v2$/, ''), token }
    expect((await scene.isolate.scim(wrong, 'GET', match('userName', LOGIN))).status).toBe(404)
    await expectTold(scene, {
      kind: 'client-misdirected',
      severity: 'warning',
      happened: /1 request was sent below the name of the connection/,
      todo: /Copy the Tenant URL/,
      hits: 'everybody',
      cause: /\/scim\/[\w-]+\/v2/,
      check: 'client-misdirected',
    })
  })

  test('a protected account', async () => {
    const scene = await open({ policy: { protected: [LOGIN] } })
    brownfield(scene.world, LOGIN)
    const found = await scene.ask('GET', match('userName', LOGIN))
    const { id } = found.body.Resources[0]
    const off = patch({ op: 'Replace', path: 'active', value: 'False' })
    expect((await scene.ask('PATCH', `/Users/${id}`, off)).status).toBe(400)
    await expectTold(scene, {
      kind: 'protected',
      severity: 'warning',
      happened: /1 protected account was to be changed, and nothing was/,
      todo: /out of the scope of the client/,
      hits: [LOGIN],
      cause: /A protected account was to be changed/,
      check: 'protected',
    })
  })

  test('attributes that no schema of the connection has', async () => {
    const scene = await open()
    const id = idOf(await scene.ask('POST', '/Users', person(LOGIN)))
    const path = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User:badge'
    await scene.ask('PATCH', `/Users/${id}`, patch({ op: 'Add', path, value: '7' }))
    await expectTold(scene, {
      kind: 'unknown-attributes',
      severity: 'warning',
      happened: /1 request of the last day named attributes that no schema of the connection has/,
      todo: /declare them as an extension/,
      hits: [LOGIN],
      cause: /asked to change a User/,
      check: 'unknown-attributes',
    })
  })

  test('a matching attribute that no schema of the connection has', async () => {
    const scene = await open()
    expect((await scene.ask('GET', match('staffNumber', '7'))).status).toBe(400)
    await expectTold(scene, {
      kind: 'refused',
      subject: 'schema',
      severity: 'warning',
      happened: /staffNumber/,
      todo: /Compare the attribute mapping of the client/,
      hits: 'everybody',
      cause: /the filter is not valid/,
      check: 'refused-schema',
    })
  })
})

describe('what is over', () => {
  const kinds = async (scene: Scene) =>
    (await api(scene, '/conditions')).items.map((one: ConditionView) => one.kind)

  test('a refusal is told no more when the same request has gone through', async () => {
    const scene = await open()
    const { name: _, ...nameless } = person(LOGIN)
    await scene.ask('POST', '/Users', nameless)
    expect(await kinds(scene)).toEqual(['refused'])
    scene.world.clock.now += CYCLE_MS
    expect((await scene.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    expect(await kinds(scene)).toEqual([])
  })

  test('a refusal is told no more when a part of a Bulk request has done it', async () => {
    const scene = await open()
    const id = idOf(await scene.ask('POST', '/Users', person(LOGIN)))
    const title = (value: unknown) => patch({ op: 'replace', path: 'active', value })
    expect((await scene.ask('PATCH', `/Users/${id}`, title('perhaps'))).status).toBe(400)
    const bulk = (value: unknown) => ({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [{ method: 'PATCH', path: `/Users/${id}`, data: title(value) }],
    })
    scene.world.clock.now += CYCLE_MS
    await scene.ask('POST', '/Bulk', bulk('no'))
    expect(await kinds(scene)).toEqual(['refused'])
    scene.world.clock.now += CYCLE_MS
    await scene.ask('POST', '/Bulk', bulk(false))
    expect(await kinds(scene)).toEqual([])
  })

  test('a refusal of a day ago is told no more', async () => {
    const scene = await open()
    const { name: _, ...nameless } = person(LOGIN)
    await scene.ask('POST', '/Users', nameless)
    scene.world.clock.now += 37 * CYCLE_MS
    await scene.ask('GET', match('userName', OTHER))
    expect(await kinds(scene)).toEqual([])
  })

  test('a connection that is well has nothing, and its pages do not speak of attention', async () => {
    const scene = await open()
    await scene.ask('POST', '/Users', person(LOGIN))
    expect(await kinds(scene)).toEqual([])
    const html = await pageOf(scene, `/admin/connections/${scene.world.scim.name}`)
    expect(html).not.toContain('Needs attention')
  })
})

test('of several connections the worst comes first, and nobody sees another one’s', async () => {
  const [mild, bad] = [await open(), await open()]
  await mild.ask('GET', match('staffNumber', '7'))
  await bad.world.admin('PATCH', '', { secrets: { apiKey: 'planted-wrong-key' } })
  await bad.ask('GET', match('userName', LOGIN))
  await api(mild, '/conditions')
  const token = await administratorOf(bad, 'auditor', mild, bad)
  const all = await adminApi(bad.isolate, '', token)('GET', '/conditions')
  const items: ConditionView[] = all.body.items
  expect(items.map(({ connection, kind }) => [connection, kind])).toEqual([
    [bad.world.scim.name, 'app-credential'],
    [mild.world.scim.name, 'refused'],
  ])
  const html = await pageOf(mild, '/admin')
  expect(html).toContain('does not fit the schema')
  expect(html).not.toContain(bad.world.scim.name)
})
