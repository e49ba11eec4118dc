/**
 * The gateway dies at any moment: of every write that the app has heard of there is a row in the audit,
 * or something open that ends in one.
 */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { adminOf } from '../support/reconcile.ts'
import { connectionId } from '../support/tables.ts'
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

const LOGIN = 'jon.falk@example.com'

/** What is there for the one write that was cut: rows, and what is open. */
async function evidence(world: World): Promise<{ rows: number; open: number }> {
  const id = await connectionId(world.scim.name)
  const count = async (sql: string) =>
    (await env.DB.prepare(sql).bind(id).first<{ n: number }>())?.n ?? 0
  const open = await Promise.all([
    count(`SELECT count(*) AS n FROM intent WHERE connection = ?
             AND state IN ('ready', 'sending', 'unknown', 'waiting')`),
    count('SELECT count(*) AS n FROM sending WHERE connection = ?'),
    count('SELECT count(*) AS n FROM edge WHERE connection = ? AND next_at IS NOT NULL'),
  ])
  return {
    rows: await count("SELECT count(*) AS n FROM audit WHERE connection = ? AND kind = 'decided'"),
    open: open.reduce((sum, n) => sum + n, 0),
  }
}

interface Write {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

const group = { schemas: [GROUP_SCHEMA], displayName: 'Line 4' }
const added = (world: World) => world.ask('POST', '/Users', person(LOGIN))

const WRITES: Readonly<Record<string, (world: World) => Promise<Write>>> = {
  create: async () => ({ method: 'POST', path: '/Users', body: person(LOGIN) }),
  adoption: async (world) => {
    brownfield(world, LOGIN)
    return { method: 'POST', path: '/Users', body: person(LOGIN) }
  },
  change: async (world) => {
    const body = patch({ op: 'replace', path: 'title', value: 'Chef' })
    return { method: 'PATCH', path: `/Users/${idOf(await added(world))}`, body }
  },
  'first change of an account that a read has met': async (world) => {
    brownfield(world, LOGIN)
    const { body } = await world.ask('GET', match('userName', LOGIN))
    const title = patch({ op: 'replace', path: 'title', value: 'Chef' })
    return { method: 'PATCH', path: `/Users/${body.Resources[0].id}`, body: title }
  },
  rename: async (world) => {
    const body = patch({ op: 'replace', path: 'userName', value: 'jon@example.com' })
    return { method: 'PATCH', path: `/Users/${idOf(await added(world))}`, body }
  },
  disable: async (world) => {
    const body = patch({ op: 'replace', path: 'active', value: false })
    return { method: 'PATCH', path: `/Users/${idOf(await added(world))}`, body }
  },
  replacement: async (world) => {
    const id = idOf(await added(world))
    return { method: 'PUT', path: `/Users/${id}`, body: person(LOGIN, { title: 'Chef' }) }
  },
  delete: async (world) => ({ method: 'DELETE', path: `/Users/${idOf(await added(world))}` }),
  'new member': async (world) => {
    const id = idOf(await added(world))
    const path = `/Groups/${idOf(await world.ask('POST', '/Groups', group))}`
    return {
      method: 'PATCH',
      path,
      body: patch({ op: 'add', path: 'members', value: [{ value: id }] }),
    }
  },
}

test.each(Object.entries(WRITES))('%s: what the app heard of is written down', async (_, set) => {
  const whole = await openWorld()
  const done = await set(whole)
  const isolate = whole.open()
  await isolate.scim(whole.scim, done.method, done.path, done.body)
  const steps = isolate.steps()
  let heard = 0
  for (let step = 1; step <= steps; step++) {
    const world = await openWorld()
    const { method, path, body } = await set(world)
    const before = { ...(await evidence(world)), changes: world.changes() }
    const cut = world.open({ step, how: 'dies' })
    await cut.scim(world.scim, method, path, body)
    if (world.changes() === before.changes) continue
    heard += 1
    const after = await evidence(world)
    const found = after.rows - before.rows + after.open
    expect(found, `cut after step ${step} of ${steps}`).toBeGreaterThan(0)
  }
  expect(heard).toBeGreaterThan(0)
})

test('an update that was cut off is a row of the audit, when nobody can be at it any more', async () => {
  const world = await openWorld()
  const id = idOf(await added(world))
  const title = patch({ op: 'replace', path: 'title', value: 'Chef' })
  // Token and link, account, change.
  const cut = world.open({ step: 3, how: 'dies' })
  expect((await cut.scim(world.scim, 'PATCH', `/Users/${id}`, title)).status).toBe(503)
  expect(world.changes()).toBe(2)
  await world.tick()
  expect((await evidence(world)).open).toBe(1)
  world.clock.now += 11 * MINUTE_MS
  await world.tick()
  expect((await evidence(world)).open).toBe(0)
  const { body } = await world.admin('GET', `/audit?person=${id}&outcome=failed`)
  expect(body.items).toMatchObject([{ kind: 'work', op: 'update', decision: 'cut-off', id }])
})

/** A create that dies when the app has made the account; and its client, which goes on by a match query. */
async function foundAfterACut() {
  const world = await openWorld()
  let step = 0
  while (world.logins(LOGIN).length === 0) {
    step += 1
    const cut = world.open({ step, how: 'dies' })
    await cut.scim(world.scim, 'POST', '/Users', person(LOGIN, { title: 'New' }))
    if (world.logins(LOGIN).length === 0) world.clock.now += 2 * MINUTE_MS
  }
  const { body } = await world.ask('GET', match('userName', LOGIN))
  const id = String(body.Resources[0].id)
  const chef = patch({ op: 'replace', path: 'title', value: 'Chef' })
  const titleInApp = () => world.desk.store.accountsBy('login', LOGIN)[0]?.job_title
  return { world, id, chef, titleInApp }
}

test('a create that was cut off, and whose account a client has changed since, is written down', async () => {
  const { world, id, chef, titleInApp } = await foundAfterACut()
  expect((await world.ask('PATCH', `/Users/${id}`, chef)).status).toBe(200)
  world.clock.now += 2 * MINUTE_MS
  await world.tick()
  expect((await evidence(world)).open).toBe(0)
  const { body } = await world.admin('GET', `/audit?person=${id}&op=create`)
  // Nothing that the app tells of the account says whose create it was.
  expect(body.items).toMatchObject([{ kind: 'work', decision: 'cut-off', id }])
  expect(titleInApp()).toBe('Chef')
  // Its keys are the person's: nobody else gets them.
  const claims = await env.DB.prepare('SELECT link FROM claim WHERE connection = ?')
    .bind(await connectionId(world.scim.name))
    .all<{ link: string }>()
  expect(claims.results.map(({ link }) => link)).toContain(id)
})

test('what a client changed after a create that was cut off is not undone by the cron', async () => {
  const { world, id, chef, titleInApp } = await foundAfterACut()
  let step = 0
  while (titleInApp() !== 'Chef') {
    step += 1
    const cut = world.open({ step, how: 'dies' })
    await cut.scim(world.scim, 'PATCH', `/Users/${id}`, chef)
  }
  // It is there already, so nothing is sent, and nothing is stored.
  expect((await world.ask('PATCH', `/Users/${id}`, chef)).status).toBe(200)
  world.clock.now += 2 * MINUTE_MS
  await world.tick()
  expect(titleInApp()).toBe('Chef')
  const read = await world.ask('GET', `/Users/${id}`)
  expect(read.body.title).toBe('Chef')
})

test('an update that changes nothing, or is refused, leaves nothing open', async () => {
  const world = await openWorld()
  const id = idOf(await added(world))
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: true }))
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 7 }))
  await world.ask('PATCH', `/Users/${crypto.randomUUID()}`, patch())
  await world.admin('GET', '/audit')
  expect((await evidence(world)).open).toBe(0)
})

test('rows that cannot be written are counted, and the count is told', async () => {
  const world = await openWorld()
  const path = match('userName', LOGIN)
  // The token's use is noted once a minute.
  await world.ask('GET', path)
  const probe = world.open()
  await probe.scim(world.scim, 'GET', path)
  // The connection's name, and then the batch.
  const isolate = world.open({ step: probe.steps() + 2, how: 'refused' })
  await isolate.scim(world.scim, 'GET', path)
  const call = adminOf(isolate, world.scim)
  await call('GET', '/audit')
  await call('GET', '/audit')
  const sql = 'SELECT sum(lost) AS lost, sum(reads) AS reads FROM traffic WHERE connection = ?'
  const row = await env.DB.prepare(sql)
    .bind(await connectionId(world.scim.name))
    .first()
  expect(row).toEqual({ lost: 1, reads: 0 })
})
