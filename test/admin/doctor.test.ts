/** What `postern doctor` hears of the gateway, with each thing that can be wrong made wrong once. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { type Answer, admin } from '../support/gateway.ts'
import { openKeyed, randomKey } from '../support/keyed-gateway.ts'
import { CYCLE_MS, MINUTE_MS, openWorld, type WorldOptions } from '../support/world.ts'

const DAY_MS = 24 * 60 * MINUTE_MS

const told = ({ status, body }: Answer, check: string) => {
  expect(status).toBe(200)
  const found = body.checks.find((one: { check: string }) => one.check === check)
  // Whoever is warned is told what to do.
  expect(found.advice === undefined).toBe(found.result === 'ok')
  return found
}

async function ofGateway(changed: Parameters<typeof openAdministration>[0], check: string) {
  const api = openAdministration(changed)
  const bootstrap = changed?.env?.POSTERN_ADMIN_TOKEN ?? env.POSTERN_ADMIN_TOKEN
  return told(await api.ask('GET', '/doctor', { token: String(bootstrap) }), check)
}

test.each([
  ['base-url', 'ok', { POSTERN_DEV: '' }],
  ['base-url', 'ok', { POSTERN_DEV: '1', BASE_URL: 'http://127.0.0.1:8787' }],
  ['base-url', 'fail', { POSTERN_DEV: '1' }],
  ['base-url', 'fail', { POSTERN_DEV: '', BASE_URL: 'http://gw.example' }],
  ['admin-token', 'ok', {}],
  ['admin-token', 'fail', { POSTERN_ADMIN_TOKEN: 'short-but-otherwise-it-is-right' }],
  ['admin-token', 'fail', { POSTERN_ADMIN_TOKEN: 'abcabcabcabcabcabcabcabcabcabcabcabc' }],
  ['pacer', 'warn', {}],
] as const)('%s is %s where the gateway is set up with %o', async (check, result, changed) => {
  expect(await ofGateway({ env: changed }, check)).toMatchObject({ result })
})

test('secrets under a key that is gone are a failure, which says how many they are', async () => {
  const before = openKeyed({ current: randomKey() })
  await before.connect()
  const after = openKeyed({ current: randomKey() })
  const found = told(await after.admin('GET', '/doctor'), 'sealing-key')
  expect(found).toMatchObject({ result: 'fail' })
  expect(found.says).toMatch(/^[1-9]\d* secrets/)
})

test('a sealing key that is none is a failure, and its value is told to nobody', async () => {
  const keyed = openKeyed({ current: 'not-a-key' })
  const answer = await keyed.admin('GET', '/doctor')
  expect(told(answer, 'sealing-key')).toMatchObject({ result: 'fail' })
  expect(JSON.stringify(answer.body)).not.toContain('not-a-key')
})

test('a cron that does not run is a failure', async () => {
  const world = await openWorld()
  await world.nightlyTick()
  const api = openAdministration()
  api.clock.now = world.clock.now
  const ask = async () =>
    told(await api.ask('GET', '/doctor', { token: env.POSTERN_ADMIN_TOKEN }), 'cron').result
  expect(await ask()).toBe('ok')
  await world.admin('PATCH', '', { policy: { maxPage: 50 } })
  api.clock.now += 31 * MINUTE_MS
  expect(await ask()).toBe('fail')
})

test('the migrations that were applied are named', async () => {
  const api = openAdministration()
  const { body } = await api.ask('GET', '/doctor', { token: env.POSTERN_ADMIN_TOKEN })
  expect(body.migrations).toContain('0001_control.sql')
})

async function ofConnection(check: string, options: WorldOptions = {}) {
  const world = await openWorld(options)
  return { world, look: async () => told(await world.admin('GET', '/doctor'), check) }
}

/** All tokens, or those with this label. */
async function revokeAll(name: string, ...labels: (string | null)[]) {
  const tokens = `/connections/${name}/tokens`
  for (const { id, label } of (await admin('GET', tokens)).body.items) {
    if (labels.length === 0 || labels.includes(label)) await admin('DELETE', `${tokens}/${id}`)
  }
}

test('an app that answers is well, and is asked once, and not changed', async () => {
  const { world, look } = await ofConnection('app', { seed: true })
  expect(await look()).toMatchObject({ result: 'ok' })
  expect(world.changes()).toBe(0)
})

test('an app that is slow is a warning', async () => {
  const { world, look } = await ofConnection('app', {
    port: {
      find: async () => {
        world.clock.now += 4_000
        return []
      },
    },
  })
  expect(await look()).toMatchObject({ result: 'warn' })
})

test('an app that finds somebody whom nobody has is a failure', async () => {
  const { look } = await ofConnection('app', {
    port: { find: async () => [{ id: '1', attributes: {} }] },
  })
  expect(await look()).toMatchObject({ result: 'fail' })
})

test('an app that cannot be searched is asked for a page', async () => {
  const { look } = await ofConnection('app', { capabilities: { lookups: [] } })
  expect((await look()).says).toContain('list')
})

test('an app that refuses the credential is a failure, which says whose secret to renew', async () => {
  const { world, look } = await ofConnection('app')
  await world.admin('PATCH', '', { secrets: { apiKey: 'planted-wrong-key' } })
  const found = await look()
  expect(found).toMatchObject({ result: 'fail' })
  expect(found.advice).toContain(world.scim.name)
  expect(JSON.stringify(found)).not.toContain('planted-wrong-key')
})

test('a mode that refuses writes is a warning, and one that has ended is a failure', async () => {
  const { world, look } = await ofConnection('mode')
  expect(await look()).toMatchObject({ result: 'ok' })
  await world.admin('PATCH', '', { mode: 'gate' })
  expect(await look()).toMatchObject({ result: 'warn' })
  world.clock.now += 2 * DAY_MS
  expect(await look()).toMatchObject({ result: 'fail' })
  await world.admin('PATCH', '', { mode: 'paused' })
  expect(await look()).toMatchObject({ result: 'warn' })
})

test('tokens that expire are a warning a month before, and a failure when they have', async () => {
  const { world, look } = await ofConnection('credentials')
  expect(await look()).toMatchObject({ result: 'ok' })
  const expiresAt = new Date(world.clock.now + 10 * DAY_MS).toISOString()
  await world.admin('POST', '/tokens', { label: 'Entra', expiresAt })
  await revokeAll(world.scim.name, null)
  expect(await look()).toMatchObject({ result: 'warn', says: expect.stringContaining('10 days') })
  world.clock.now += 11 * DAY_MS
  expect(await look()).toMatchObject({ result: 'fail' })
})

test('a connection that nobody can sign in to is a failure', async () => {
  const { world, look } = await ofConnection('credentials')
  await revokeAll(world.scim.name)
  expect(await look()).toMatchObject({ result: 'fail' })
})

test('the secret of a client counts as a token does', async () => {
  const { world, look } = await ofConnection('credentials')
  await revokeAll(world.scim.name)
  const expiresAt = new Date(world.clock.now + 10 * DAY_MS).toISOString()
  const made = await world.admin('POST', '/clients', { kind: 'secret', expiresAt })
  expect(made.status).toBe(201)
  expect(await look()).toMatchObject({ result: 'warn' })
})

test('a client that never came, or comes no more, is a warning', async () => {
  const { world, look } = await ofConnection('last-heard')
  expect(await look()).toMatchObject({ result: 'warn' })
  const at = world.clock.now
  await env.DB.prepare(
    `UPDATE token SET last_used_at = max(created_at, ?)
      WHERE connection_id = (SELECT id FROM connection WHERE name = ?)`,
  )
    .bind(at, world.scim.name)
    .run()
  expect(await look()).toMatchObject({ result: 'ok' })
  world.clock.now += 3 * CYCLE_MS + MINUTE_MS
  expect(await look()).toMatchObject({ result: 'warn' })
})

test('a finding that waits is a warning, and one that stops provisioning is a failure of its own', async () => {
  const { world, look } = await ofConnection('findings', { seed: true })
  expect(await look()).toMatchObject({ result: 'ok' })
  const report = (kind: string) =>
    env.DB.prepare(
      `INSERT INTO finding (id, connection, kind, subject, detail, first_seen, last_seen)
       SELECT ?, id, ?, id, '{}', 1, 1 FROM connection WHERE name = ?`,
    )
      .bind(crypto.randomUUID(), kind, world.scim.name)
      .run()
  await report('orphan')
  expect(await look()).toMatchObject({ result: 'warn', says: 'open: 1 orphan' })
  await report('guard')
  expect(await look()).toMatchObject({ result: 'warn', says: 'open: 1 orphan' })
  expect(told(await world.admin('GET', '/doctor'), 'guard')).toMatchObject({ result: 'fail' })
})
