/** A connection whose data is in a database of its own, and what the cron and the console do for it. */
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { accept } from '../../examples/legacy-app/later.ts'
import { adminApi } from '../support/admin-api.ts'
import { openAdministration } from '../support/administrators.ts'
import { openAlertWorld } from '../support/alerts.ts'
import { awayDatabase } from '../support/database.ts'
import { openFilled } from '../support/filled-world.ts'
import { ORIGIN } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { openPages } from '../support/pages.ts'
import { connectionId, dataTables, rowsById } from '../support/tables.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

vi.setConfig({ testTimeout: 60_000 })

const LOGIN = 'ole.dahl@example.com'
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const elsewhere = { isElsewhere: true } as const

async function count(table: string, { scim }: World, where = 'TRUE'): Promise<number> {
  const row = await env.SECOND_D1.prepare(
    `SELECT count(*) AS n FROM ${table} WHERE connection = ? AND ${where}`,
  )
    .bind(await connectionId(scim.name))
    .first<{ n: number }>()
  return row?.n ?? 0
}

/** Of the whole gateway. */
async function ask(world: World, path: string, token = env.POSTERN_ADMIN_TOKEN) {
  const headers = { authorization: `Bearer ${token}` }
  const response = await world.open().fetch(new Request(`${ORIGIN}${path}`, { headers }))
  const text = await response.text()
  return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : {} }
}

interface Overview {
  readonly items: readonly {
    readonly name: string
    readonly health: { readonly findings: unknown }
  }[]
  readonly nextCursor?: string
}

describe('the cron, in another database', () => {
  test('commits the account that appeared late', async () => {
    const world = await openWorld({ ...elsewhere, faults: { uniqueness: 'off' } })
    world.desk.failNext({ match: 'POST /api/accounts', when: 'before', how: 'reset' })
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(503)
    brownfield(world, LOGIN)
    world.clock.now += 15 * MINUTE_MS
    await world.tick()
    expect(await count('link', world, "state = 'linked'")).toBe(1)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('links who has accepted an invitation', async () => {
    const world = await openWorld({ ...elsewhere, adapter: 'example-invite' })
    idOf(await world.ask('POST', '/Users', person(LOGIN)))
    accept(world.desk.store, 5001)
    world.clock.now += 2 * HOUR_MS
    await world.tick()
    expect(await count('link', world, "state = 'linked'")).toBe(1)
  })

  test('finishes what a request began with members', async () => {
    const world = await openWorld(elsewhere)
    const value = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk' }
    const id = idOf(await world.ask('POST', '/Groups', group))
    const route = 'PUT /api/teams/{no}/people/{account_no}'
    world.desk.failNext({ match: route, how: 'status', status: 503, times: 9 })
    const join = patch({ op: 'add', path: 'members', value: [{ value }] })
    expect((await world.ask('PATCH', `/Groups/${id}`, join)).status).toBe(503)
    world.desk.faults.reset()
    world.clock.now += HOUR_MS
    await world.tick()
    expect([...world.desk.store.teams()].map(({ people }) => people.size)).toEqual([1])
  })

  test('begins the scans of the night, and ends them', async () => {
    const world = await openWorld({ ...elsewhere, policy: { reconcile: { everyHours: 1 } } })
    brownfield(world, LOGIN)
    for (let n = 0; n < 4; n++) {
      world.clock.now += HOUR_MS
      await world.nightlyTick()
    }
    expect(await count('scan', world, "state = 'done'")).toBeGreaterThan(1)
    expect(await count('link', world, "state = 'discovered'")).toBe(1)
  })

  test('closes the finding about an app that answers again', async () => {
    const world = await openWorld(elsewhere)
    world.desk.failNext({ match: 'GET /api/accounts', how: 'reset', times: 3 })
    expect((await world.ask('GET', match('userName', LOGIN))).status).toBe(503)
    expect(await count('finding', world, "state = 'open'")).toBe(1)
    world.desk.faults.reset()
    world.clock.now += HOUR_MS
    await world.tick()
    expect(await count('finding', world, "state = 'open'")).toBe(0)
  })

  test('tells of an alert', async () => {
    const world = await openAlertWorld(elsewhere)
    const hook = { kind: 'webhook', url: 'https://ops.hook.test/alerts' }
    expect((await world.channel('ops', hook)).status).toBe(201)
    for (let n = 0; n < 2; n++) brownfield(world, LOGIN)
    await world.ask('GET', match('userName', LOGIN))
    await world.cron()
    expect(world.told()).toEqual(['alert.opened ambiguous'])
    expect(await count('alert_delivery', world, "state = 'sent'")).toBe(1)
  })

  test('writes down an update that was cut off, and lets old rows go', async () => {
    const world = await openWorld({ ...elsewhere, policy: { audit: { retentionDays: 2 } } })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const title = patch({ op: 'replace', path: 'title', value: 'Chef' })
    // Token; link, and that it begins; account; change.
    const cut = world.open({ step: 4, how: 'dies' })
    expect((await cut.scim(world.scim, 'PATCH', `/Users/${id}`, title)).status).toBe(503)
    expect(await count('sending', world)).toBe(1)
    world.clock.now += 11 * MINUTE_MS
    await world.tick()
    expect(await count('sending', world)).toBe(0)
    expect(await count('audit', world, "decision = 'cut-off'")).toBe(1)
    await world.admin('GET', '/audit')
    expect(await count('traffic', world)).toBeGreaterThan(0)
    world.clock.now += 32 * DAY_MS
    await env.DB.prepare('UPDATE connection SET audit_at = 9000000000000000 WHERE name <> ?')
      .bind(world.scim.name)
      .run()
    await world.tick()
    expect(await count('traffic', world)).toBe(0)
    expect(await count('audit', world)).toBe(0)
  })

  test('makes fewer than 25 trips for it where there is nothing to do', async () => {
    const world = await openWorld(elsewhere)
    const both = world.databases
    const trips = async (databases: ReadonlyMap<string, D1Database>) => {
      await world.holdOthers()
      const isolate = openIsolate(world.clock, world.desk.fetch, { databases })
      await isolate.tick()
      return isolate.counts().trips
    }
    await trips(both)
    const [one, two] = [await trips(new Map()), await trips(both)]
    expect(two - one).toBeGreaterThan(0)
    expect(two - one).toBeLessThan(25)
  })

  test('erases all of an off-boarded connection', async () => {
    const world = await openFilled(true)
    const rows = async () => {
      const all = (await dataTables()).map(async (table) => {
        const { length } = await rowsById(table, world.connection, env.SECOND_D1)
        return [table.name, length] as const
      })
      return (await Promise.all(all)).filter(([, n]) => n > 0).map(([name]) => name)
    }
    expect(await rows()).toEqual((await dataTables()).map(({ name }) => name))
    expect((await world.call('DELETE', '')).status).toBe(202)
    for (let n = 0; n < 4; n++) await world.tick()
    expect(await rows()).toEqual([])
    const row = env.DB.prepare('SELECT 1 FROM connection WHERE id = ?').bind(world.connection)
    expect(await row.first()).toBeNull()
  })
})

test('the console, the doctor and the metrics show a connection wherever its data is', async () => {
  const world = await openFilled(true)
  const { name } = world.scim
  const pages = await openPages(world.open().fetch, env.POSTERN_ADMIN_TOKEN)
  const links = ['', '/people', '/groups', '/findings', '/audit', '/guard', '/alerts', '/reconcile']
  for (const link of links) {
    const page = await pages.get(`/connections/${name}${link}`)
    expect([link, page.status]).toEqual([link, 200])
  }
  const { text } = await pages.get(`/connections/${name}/people`)
  expect(text).toContain('ada.lund@example.com')

  const overview = (await world.call('GET', '/overview')).body
  expect(overview.linked).toMatchObject({ User: 3 })
  const conditions = (await world.call('GET', '/conditions')).body.items
  expect(conditions.map(({ kind }: { kind: string }) => kind)).toContain('ambiguous')
  // Of this connection alone: other tests have left hundreds.
  const auditor = await openAdministration().administrator('auditor', [name])
  const metrics = (await ask(world, '/metrics', auditor.token)).text
  expect(metrics).toContain(`postern_links{connection="${name}",type="User",state="linked"} 3`)
  const { checks } = (await ask(world, '/admin/api/doctor')).body
  const databases = checks.filter(({ check }: { check: string }) => check.startsWith('database-'))
  expect(databases).toMatchObject([
    { check: 'database-DB', result: 'ok' },
    { check: 'database-DB_2', result: 'ok' },
  ])
})

describe('a database that is not bound', () => {
  /** One connection that is fine, and one whose binding is gone from one deployment to the next. */
  async function unbound() {
    const [lost, fine] = [await openWorld(elsewhere), await openWorld()]
    const id = idOf(await lost.ask('POST', '/Users', person(LOGIN)))
    const lines: Readonly<Record<string, string | number>>[] = []
    const open = () =>
      openIsolate(lost.clock, lost.desk.fetch, {
        ...(lost.adapters && { adapters: lost.adapters }),
        log: (line) => lines.push(line),
      })
    return { lost, fine, id, lines, open, isolate: open() }
  }

  test('answers clients 503, and says who does what', async () => {
    const { lost, id, isolate } = await unbound()
    const title = patch({ op: 'replace', path: 'title', value: 'Chef' })
    const answers = [
      await isolate.scim(lost.scim, 'GET', `/Users/${id}`),
      await isolate.scim(lost.scim, 'PATCH', `/Users/${id}`, title),
      await isolate.scim(lost.scim, 'POST', '/Users', person('new@example.com')),
      await isolate.scim(lost.scim, 'DELETE', `/Users/${id}`),
    ]
    for (const { status, body, headers } of answers) {
      expect(status).toBe(503)
      expect(headers.get('retry-after')).toBe('60')
      expect(body.detail).toMatch(/not bound to the Worker as DB_2\. Its operator/)
    }
    expect(lost.logins('new@example.com')).toEqual([])
  })

  test('leaves the mode of its connection as it is, for nobody could note the change', async () => {
    const { lost, isolate } = await unbound()
    const headers = {
      authorization: `Bearer ${env.POSTERN_ADMIN_TOKEN}`,
      'content-type': 'application/json',
    }
    const url = `${ORIGIN}/admin/api/connections/${lost.scim.name}`
    const body = JSON.stringify({ mode: 'paused' })
    const refused = await isolate.fetch(new Request(url, { method: 'PATCH', headers, body }))
    expect(refused.status).toBe(503)
    const view = await isolate.fetch(new Request(url, { headers }))
    expect(await view.json()).toMatchObject({ mode: 'live' })
  })

  test('is no reason to read or write anything in another one', async () => {
    const { lost, id, isolate } = await unbound()
    await isolate.scim(lost.scim, 'PATCH', `/Users/${id}`, patch())
    await isolate.scim(lost.scim, 'POST', '/Users', person('new@example.com'))
    const connection = await connectionId(lost.scim.name)
    for (const table of await dataTables()) {
      expect(await rowsById(table, connection)).toEqual([])
    }
  })

  test('is told in the conditions and by the doctor', async () => {
    const { lost, fine, isolate } = await unbound()
    const call = adminApi(isolate)
    const get = (path: string) => call('GET', path)
    const { items } = (await get(`/connections/${lost.scim.name}/conditions`)).body
    expect(items).toMatchObject([{ kind: 'database-unbound', severity: 'critical' }])
    const page = await get('/overview')
    expect(page.status).toBe(200)
    const { checks } = (await get('/doctor')).body
    const told = checks.find(({ check }: { check: string }) => check === 'database-DB_2')
    expect(told).toMatchObject({ result: 'fail', says: expect.stringMatching(/^\d+ connections/) })
    expect(await get(`/connections/${lost.scim.name}/findings`)).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining('DB_2') },
    })
    expect((await get(`/connections/${fine.scim.name}/findings`)).status).toBe(200)
  })

  test('keeps its connection’s erasure waiting, and no other job', async () => {
    const { lost, lines, open } = await unbound()
    const id = await connectionId(lost.scim.name)
    await lost.admin('DELETE', '')
    await open().tick()
    const left = env.DB.prepare('SELECT state FROM connection WHERE id = ?').bind(id)
    expect(await left.first()).toEqual({ state: 'offboarding' })
    expect(lines.filter(({ event }) => event === 'job.failed')).toEqual([])
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'erase.failed', error: 'DatabaseUnbound' }),
    )
    for (let n = 0; n < 2; n++) await lost.tick()
    expect(await left.first()).toBeNull()
  })

  test('stands before no other erasure, however many of its connections are deleted', async () => {
    const { lost, fine, open } = await unbound()
    const [lostId, fineId] = [
      await connectionId(lost.scim.name),
      await connectionId(fine.scim.name),
    ]
    await lost.admin('DELETE', '')
    const copies = Array.from({ length: 25 }, () => crypto.randomUUID())
    const { results } = await env.DB.prepare(
      "SELECT name FROM pragma_table_info('connection')",
    ).all<{ name: string }>()
    const columns = results.map(({ name }) => name).filter((name) => name !== 'id')
    await env.DB.prepare(
      `INSERT INTO connection (id, ${columns}) SELECT value, ${columns.map((name) => `connection.${name}`)} FROM connection, json_each(?)
        WHERE connection.id = ?`,
    )
      .bind(JSON.stringify(copies), lostId)
      .run()
    lost.clock.now += MINUTE_MS
    await fine.admin('DELETE', '')
    const isolate = open()
    for (let n = 0; n < 5; n++) {
      lost.clock.now += MINUTE_MS
      await isolate.tick()
    }
    const left = await env.DB.prepare('SELECT id FROM connection WHERE id = ?').bind(fineId).first()
    expect(left).toBeNull()
    await env.DB.prepare('DELETE FROM connection WHERE id IN (SELECT value FROM json_each(?))')
      .bind(JSON.stringify([...copies, lostId]))
      .run()
  })
})

test('a database that fails is told of, hides no connection of another one, and ends no alert', async () => {
  const world = await openAlertWorld(elsewhere)
  const fine = await openWorld()
  expect(
    (await world.channel('ops', { kind: 'webhook', url: 'https://ops.hook.test/a' })).status,
  ).toBe(201)
  for (let n = 0; n < 2; n++) brownfield(world, LOGIN)
  await world.ask('GET', match('userName', LOGIN))
  await world.cron()
  const lines: Readonly<Record<string, string | number>>[] = []
  const isolate = openIsolate(world.clock, world.desk.fetch, {
    databases: new Map([['DB_2', awayDatabase()]]),
    log: (line) => lines.push(line),
  })
  const headers = { authorization: `Bearer ${env.POSTERN_ADMIN_TOKEN}` }
  const get = async (path: string, status = 200) => {
    const response = await isolate.fetch(new Request(`${ORIGIN}${path}`, { headers }))
    expect(response.status).toBe(status)
    return response
  }
  const conditionsOf = async ({ scim: { name } }: Pick<World, 'scim'>) =>
    await (await get(`/admin/api/connections/${name}/conditions`)).json()
  expect(await conditionsOf(world)).toMatchObject({
    items: [{ kind: 'database-silent', severity: 'critical' }],
  })
  expect(await conditionsOf(fine)).toMatchObject({ items: [] })
  // Once for each time that somebody looks, however much is asked of it.
  expect(lines.filter(({ event }) => event === 'database.failed')).toEqual([
    { event: 'database.failed', database: 'DB_2', error: 'DrizzleQueryError' },
  ])
  const health = new Map<string, unknown>()
  for (let cursor = ''; ; ) {
    const page = await (await get(`/admin/api/overview${cursor}`)).json<Overview>()
    for (const one of page.items) health.set(one.name, one.health.findings)
    if (!page.nextCursor) break
    cursor = `?cursor=${page.nextCursor}`
  }
  expect(health.get(world.scim.name)).toBe(null)
  expect(health.get(fine.scim.name)).toEqual({})
  const lost = `/admin/api/connections/${world.scim.name}`
  const { checks } = await (await get(`${lost}/doctor`)).json<{ checks: { check: string }[] }>()
  expect(checks.map(({ check }) => check)).toContain('database-silent')
  expect(await (await get(`${lost}/findings`, 503)).json()).toMatchObject({
    detail: expect.stringContaining('postern doctor'),
  })
  const metrics = await (await get('/metrics')).text()
  expect(metrics).toContain('postern_database_up{database="DB_2"} 0')
  expect(metrics).toContain('postern_database_up{database="DB"} 1')
  expect(metrics).toContain(`postern_connection_info{connection="${fine.scim.name}"`)
  for (let n = 0; n < 3; n++) {
    world.clock.now += HOUR_MS
    await expect(isolate.alerts()).rejects.toThrow()
  }
  expect(await count('alert', world, 'ended_at IS NULL')).toBe(1)
})

test('a database that fails keeps the audit of no other connection from being pruned', async () => {
  const [lost, fine] = [await openWorld(elsewhere), await openWorld()]
  const ids = [await connectionId(lost.scim.name), await connectionId(fine.scim.name)]
  const lines: Readonly<Record<string, string | number>>[] = []
  const failing = {
    prepare(query: string) {
      if (query.includes('DELETE FROM audit')) throw new Error('D1 is away')
      return env.SECOND_D1.prepare(query)
    },
    batch: (all: D1PreparedStatement[]) => env.SECOND_D1.batch(all),
  } as unknown as D1Database
  const isolate = openIsolate(lost.clock, lost.desk.fetch, {
    databases: new Map([['DB_2', failing]]),
    log: (line) => lines.push(line),
  })
  for (const [at, id] of ids.entries()) {
    await env.DB.prepare('UPDATE connection SET audit_at = ? WHERE id = ?').bind(at, id).run()
  }
  await isolate.tick()
  const { results } = await env.DB.prepare(
    'SELECT id FROM connection WHERE audit_at <= ? AND id IN (?, ?)',
  )
    .bind(lost.clock.now, ...ids)
    .all()
  expect(results).toEqual([])
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'audit.not-pruned', connection: lost.scim.name }),
  )
})

test('modes that end in a database that fails hold up no others', async () => {
  const [lost, fine] = [await openWorld(elsewhere), await openWorld()]
  const until = lost.clock.now + MINUTE_MS
  const end = (where: string, ...values: unknown[]) =>
    env.DB.prepare(`UPDATE connection SET mode_until = ?, mode = 'gate' WHERE ${where}`).bind(
      until,
      ...values,
    )
  const row = await env.DB.prepare('SELECT * FROM connection WHERE name = ?')
    .bind(lost.scim.name)
    .first<Record<string, unknown>>()
  const columns = Object.keys(row ?? {})
  const copy = env.DB.prepare(
    `INSERT INTO connection (${columns}) VALUES (${columns.map(() => '?')})`,
  )
  const copies = Array.from({ length: 25 }, (_, n) => {
    const own = { ...row, id: crypto.randomUUID(), name: `${lost.scim.name}-${n}` }
    return copy.bind(...columns.map((column) => own[column as keyof typeof own]))
  })
  await env.DB.batch(copies)
  await env.DB.batch([end("name LIKE ? || '%'", lost.scim.name), end('name = ?', fine.scim.name)])
  const isolate = openIsolate(lost.clock, lost.desk.fetch, {
    databases: new Map([['DB_2', awayDatabase()]]),
  })
  lost.clock.now = until + MINUTE_MS
  await expect(isolate.tick()).rejects.toThrow()
  const modeOf = (name: string) =>
    env.DB.prepare('SELECT mode FROM connection WHERE name = ?').bind(name).first('mode')
  expect(await modeOf(fine.scim.name)).toBe('paused')
  expect(await modeOf(lost.scim.name)).toBe('gate')
  await env.DB.prepare("DELETE FROM connection WHERE name LIKE ? || '-%'")
    .bind(lost.scim.name)
    .run()
})
