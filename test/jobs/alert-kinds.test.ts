/** What is told of, each from its cause; test/jobs/alerts.test.ts has the others. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { type AlertWorld, openAlertWorld } from '../support/alerts.ts'
import { randomKey } from '../support/keyed-gateway.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import { brownfield, idOf, MINUTE_MS, match, patch, person } from '../support/world.ts'

const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const HOOK = { kind: 'webhook', url: 'http://one.hook.test/alerts' }

async function hooked(policy: Readonly<Record<string, unknown>> = {}): Promise<AlertWorld> {
  const world = await openAlertWorld({ policy })
  expect((await world.channel('ops', HOOK)).status).toBe(201)
  return world
}

const lastOf = (world: AlertWorld) => JSON.parse(world.received.at(-1)?.body ?? '{}')

test('a client that is refused for its token is told of, where it was let in before', async () => {
  const world = await hooked()
  const isolate = world.isolate()
  const { baseUrl, token } = world.scim
  const ask = (as: string) =>
    isolate.scim({ baseUrl, token: as }, 'GET', match('userName', 'a@example.com'))
  const flush = () => health(world, isolate)
  expect((await ask('wrong')).status).toBe(401)
  await flush()
  await world.cron()
  // Anybody on the internet may be refused: nobody was let in before.
  expect(world.told()).toEqual([])
  expect((await ask(token)).status).toBe(200)
  await flush()
  world.clock.now += 2 * HOUR_MS
  for (let n = 0; n < 3; n++) await ask('wrong')
  await flush()
  await world.cron()
  expect(lastOf(world)).toMatchObject({
    type: 'alert.opened',
    data: { kind: 'client-refused', severity: 'critical', detail: { denied: 3 } },
  })
  // Let in again.
  await ask(token)
  await flush()
  await world.cron()
  world.clock.now += 11 * MINUTE_MS
  await world.cron()
  expect(lastOf(world)).toMatchObject({
    type: 'alert.ended',
    data: { kind: 'client-refused', happened: 'The client is let in again.' },
  })
})

test('an app is told of that fails so often that its calls are paused', async () => {
  const world = await hooked()
  const isolate = world.isolate()
  world.desk.failNext({ match: '*', how: 'status', status: 500, times: 1_000 })
  const ask = () => isolate.scim(world.scim, 'GET', match('userName', 'a@example.com'))
  for (let n = 0; n < 4; n++) await ask()
  world.clock.now += MINUTE_MS
  await ask()
  await ask()
  await world.cron()
  const { kind, severity, detail } = lastOf(world).data
  expect([kind, severity]).toEqual(['circuit-open', 'critical'])
  const { items } = (await world.admin('GET', '/findings')).body
  expect(detail.finding).toBe(items[0].id)
})

test('people whom the guard holds back are told of, until somebody decides', async () => {
  const world = await hooked({ guard: { maxCount: 1 } })
  const off = patch({ op: 'Replace', path: 'active', value: 'False' })
  for (const login of ['a@example.com', 'b@example.com', 'c@example.com']) {
    const id = idOf(await world.ask('POST', '/Users', person(login)))
    await world.ask('PATCH', `/Users/${id}`, off)
  }
  await world.cron()
  expect(lastOf(world).data).toMatchObject({ kind: 'guard', severity: 'critical', count: 1 })
  const { items } = (await world.admin('GET', '/findings?kind=guard')).body
  await world.admin('POST', `/findings/${items[0].id}/decide`, { decision: 'reject' })
  await world.cron()
  world.clock.now += 11 * MINUTE_MS
  await world.cron()
  expect(world.told()).toEqual(['alert.opened guard', 'alert.ended guard'])
})

test('accounts that no client manages are told of where they grow within a day, and not those that there were', async () => {
  const world = await hooked()
  const name = (n: number) => `orphan-${n}@example.com`
  await world.ask('POST', '/Users', person('managed@example.com'))
  for (let n = 0; n < 10; n++) brownfield(world, name(n))
  await reconcile(world.admin)
  await world.cron()
  world.clock.now += DAY_MS + HOUR_MS
  for (let n = 10; n < 14; n++) brownfield(world, name(n))
  await reconcile(world.admin)
  await world.cron()
  expect(world.told()).toEqual([])
  world.clock.now += HOUR_MS
  for (let n = 14; n < 16; n++) brownfield(world, name(n))
  await reconcile(world.admin)
  await world.cron()
  expect(lastOf(world).data).toMatchObject({
    kind: 'orphans',
    severity: 'warning',
    count: 6,
    detail: { before: 10 },
  })
  world.clock.now += DAY_MS + HOUR_MS
  await world.cron()
  world.clock.now += 11 * MINUTE_MS
  await world.cron()
  expect(world.told()).toEqual(['alert.opened orphans', 'alert.ended orphans'])
})

test('a token that has ended is told of by its id: what an administrator has called it stays here', async () => {
  const world = await hooked()
  const expiresAt = new Date(world.clock.now + HOUR_MS).toISOString()
  const made = await world.admin('POST', '/tokens', { label: 'Entra of Ann', expiresAt })
  world.clock.now += 2 * HOUR_MS
  await world.cron()
  expect(lastOf(world).data).toMatchObject({
    kind: 'token-expiring',
    happened: expect.stringContaining(`The token ${made.body.id} expired`),
  })
  expect(world.received.at(-1)?.body).not.toContain('Ann')
})

test('the secret of an OAuth client is told of before it ends', async () => {
  const world = await hooked()
  const expiresAt = new Date(world.clock.now + 10 * DAY_MS).toISOString()
  const made = await world.admin('POST', '/clients', { kind: 'secret', expiresAt })
  expect(made.status).toBe(201)
  await world.cron()
  expect(lastOf(world).data).toMatchObject({
    kind: 'client-secret-expiring',
    severity: 'warning',
    detail: { days: 10, expiresAt },
  })
  world.clock.now += 9.5 * DAY_MS
  await world.cron()
  expect(lastOf(world).data).toMatchObject({
    kind: 'client-secret-expiring',
    severity: 'critical',
    detail: { days: 1 },
  })
})

test('a sealing key that is lost is told of by e-mail alone: it seals the addresses of the others', async () => {
  const world = await hooked()
  const mail = { kind: 'email', from: 'postern@example.com', to: 'ops@example.com' }
  expect((await world.channel('mail', mail)).status).toBe(201)
  const mails: { subject: string; text: string }[] = []
  const send = async (message: (typeof mails)[number]) => void mails.push(message)
  const lost = { POSTERN_SEALING_KEY: randomKey(), ALERT_EMAIL: { send } as never }
  await world.cron(world.isolate(undefined, { env: lost }))
  expect(world.received).toEqual([])
  expect(mails).toMatchObject([
    { subject: expect.stringContaining('Critical: The sealing key is lost') },
  ])
  // The former key is put beside the new one.
  const found = { ...lost, POSTERN_SEALING_KEYS_PREVIOUS: env.POSTERN_SEALING_KEY }
  world.clock.now += MINUTE_MS
  await world.cron(world.isolate(undefined, { env: found }))
  world.clock.now += 11 * MINUTE_MS
  await world.cron(world.isolate(undefined, { env: found }))
  expect(mails.at(-1)?.text).toContain('All secrets open.')
})

test('a client is silent after as many hours as the policy has it', async () => {
  const world = await hooked({ alerts: { silentHours: 3 } })
  const isolate = world.isolate()
  await isolate.scim(world.scim, 'GET', match('userName', 'a@example.com'))
  await health(world, isolate)
  world.clock.now += 2 * HOUR_MS
  await world.cron()
  expect(world.told()).toEqual([])
  world.clock.now += 2 * HOUR_MS
  await world.cron()
  expect(lastOf(world).data).toMatchObject({ kind: 'client-silent', detail: { hours: 4 } })
})

/** Who asks for it has written what the isolate holds. */
async function health(world: AlertWorld, isolate: ReturnType<AlertWorld['isolate']>) {
  expect((await adminOf(isolate, world.scim)('GET', '/health')).status).toBe(200)
}
