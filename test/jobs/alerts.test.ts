/** Alerts, from what happens to what receivers are sent. */
import { env } from 'cloudflare:workers'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { type AlertWorld, openAlertWorld, type Received, rowsOf } from '../support/alerts.ts'
import { ORIGIN } from '../support/gateway.ts'
import { connectionId } from '../support/tables.ts'
import { brownfield, cutsOf, MINUTE_MS, match, person } from '../support/world.ts'

const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const HOOK = 'http://one.hook.test/alerts'

/** Somebody who matches two accounts: an ambiguous finding. */
async function twins(world: AlertWorld, login: string): Promise<void> {
  brownfield(world, login)
  brownfield(world, login)
  expect((await world.ask('GET', match('userName', login))).status).toBe(200)
}

async function decideAll(world: AlertWorld): Promise<void> {
  const { items } = (await world.admin('GET', '/findings')).body
  for (const { id } of items) {
    await world.admin('POST', `/findings/${id}/decide`, { decision: 'ignore' })
  }
}

async function hooked(): Promise<{ world: AlertWorld; secret: string }> {
  const world = await openAlertWorld()
  const made = await world.channel('ops', { kind: 'webhook', url: HOOK })
  expect(made.status).toBe(201)
  return { world, secret: made.body.secret }
}

const one = (world: AlertWorld, at = -1): Received => {
  const found = world.received.at(at)
  if (!found) throw new Error('nothing was received')
  return found
}

describe('an alert', () => {
  test('is told once, again after a day, and when it is over', async () => {
    const { world } = await hooked()
    await twins(world, 'twin@example.com')
    await world.cron()
    expect(world.told()).toEqual(['alert.opened ambiguous'])
    await world.cron()
    expect(world.told()).toHaveLength(1)
    world.clock.now += DAY_MS
    await world.cron()
    expect(world.told().slice(1)).toContain('alert.reminder ambiguous')
    const before = world.received.length
    await decideAll(world)
    await world.cron()
    world.clock.now += 9 * MINUTE_MS
    await world.cron()
    expect(world.received).toHaveLength(before)
    world.clock.now += 2 * MINUTE_MS
    await world.cron()
    expect(world.told().slice(before)).toEqual(['alert.ended ambiguous'])
    await world.cron()
    expect(world.received).toHaveLength(before + 1)
    const ids = world.received
      .map(({ body }) => JSON.parse(body).data)
      .filter(({ kind }) => kind === 'ambiguous')
    expect(new Set(ids.map(({ alert }) => alert)).size).toBe(1)
  })

  test('counts a burst, and is one notice', async () => {
    const { world } = await hooked()
    for (let n = 0; n < 5; n++) await twins(world, `burst-${n}@example.com`)
    await world.cron()
    expect(world.received).toHaveLength(1)
    const { data } = JSON.parse(one(world).body)
    expect(data).toMatchObject({ kind: 'ambiguous', count: 5, severity: 'warning' })
    expect(data.connection).toBe(world.scim.name)
    const { items } = (await world.admin('GET', '/alerts')).body
    expect(items).toMatchObject([{ kind: 'ambiguous', count: 5 }])
  })

  test('that comes back within ten minutes is the same one', async () => {
    const { world } = await hooked()
    await twins(world, 'flaps@example.com')
    await world.cron()
    await decideAll(world)
    world.clock.now += 5 * MINUTE_MS
    await world.cron()
    await twins(world, 'flaps-again@example.com')
    world.clock.now += 5 * MINUTE_MS
    await world.cron()
    world.clock.now += 30 * MINUTE_MS
    await world.cron()
    expect(world.told()).toEqual(['alert.opened ambiguous'])
  })

  test('names nobody, and leads to the finding', async () => {
    const { world } = await hooked()
    await twins(world, 'secret.person@example.com')
    await world.cron()
    const { body } = one(world)
    expect(body).not.toContain('secret.person')
    const { id } = (await world.admin('GET', '/findings')).body.items[0]
    expect(JSON.parse(body).data.url).toBe(
      `${ORIGIN}/admin/connections/${world.scim.name}/findings#finding-${id}`,
    )
  })
})

describe('a webhook', () => {
  test('is verified by the library of Standard Webhooks, and not when it was changed', async () => {
    const { world, secret } = await hooked()
    await twins(world, 'signed@example.com')
    // The library goes by the real clock.
    world.clock.now = Date.now()
    await world.cron()
    const { headers, body } = one(world)
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body))
    expect(() => new Webhook(secret).verify(body.replace('ambiguous', 'x'), headers)).toThrow()
    const other = { ...headers, 'webhook-id': 'msg_other' }
    expect(() => new Webhook(secret).verify(body, other)).toThrow()
  })

  test('of an old time is refused', async () => {
    const { world, secret } = await hooked()
    await twins(world, 'old@example.com')
    world.clock.now = Date.now() - HOUR_MS
    await world.cron()
    const { headers, body } = one(world)
    expect(() => new Webhook(secret).verify(body, headers)).toThrow(/too old/)
  })

  test('is signed by each of its secrets, and no more by one that was dropped', async () => {
    const { world, secret } = await hooked()
    const next = await world.admin('POST', '/alerts/channels/ops/secrets')
    expect(next.status).toBe(201)
    world.clock.now = Date.now()
    expect((await world.admin('POST', '/alerts/channels/ops/test')).body).toEqual({
      delivered: true,
    })
    for (const key of [secret, next.body.secret]) {
      const { headers, body } = one(world)
      expect(new Webhook(key).verify(body, headers)).toMatchObject({ type: 'alert.test' })
    }
    const { secrets } = (await world.admin('GET', '/alerts/channels/ops')).body
    const former = secrets.find((id: string) => id !== next.body.id)
    const dropped = await world.admin('DELETE', `/alerts/channels/ops/secrets/${former}`)
    expect(dropped.status).toBe(204)
    await world.admin('POST', '/alerts/channels/ops/test')
    const { headers, body } = one(world)
    expect(() => new Webhook(secret).verify(body, headers)).toThrow()
    expect(new Webhook(next.body.secret).verify(body, headers)).toBeTruthy()
    const last = await world.admin('DELETE', `/alerts/channels/ops/secrets/${next.body.id}`)
    expect(last.status).toBe(409)
  })
})

describe('a notice that is not taken', () => {
  test('is sent again under the same id, later and later, and in the end is a finding', async () => {
    const { world } = await hooked()
    world.statuses.set('one.hook.test', 500)
    await twins(world, 'retry@example.com')
    const waits: number[] = []
    for (let n = 0; n < 20 && (await stateOf(world)) !== 'failed'; n++) {
      await world.cron()
      const [next = 0] = (await rowsOf('alert_delivery', world.scim.name))
        .filter(({ state }) => state === 'due')
        .map(({ next_at }) => Number(next_at))
      if (next > 0) waits.push((next - world.clock.now) / MINUTE_MS)
      world.clock.now = Math.max(next, world.clock.now)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240])
    const ambiguous = world.received.filter(
      ({ body }) => JSON.parse(body).data.kind === 'ambiguous',
    )
    expect(ambiguous).toHaveLength(12)
    expect(new Set(ambiguous.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    const found = await world.admin('GET', '/findings?kind=alert-undelivered')
    expect(found.body.items).toMatchObject([{ detail: { channel: 'ops', reason: 'answered 500' } }])

    // A channel that takes notices again needs nobody.
    world.statuses.clear()
    await world.ask('GET', match('userName', 'nobody@example.com'))
    world.clock.now += DAY_MS
    await world.cron()
    const after = await world.admin('GET', '/findings?kind=alert-undelivered')
    expect(after.body.items).toEqual([])
  }, 30_000)

  test('holds up no other channel', async () => {
    const { world } = await hooked()
    await world.channel('chat', { kind: 'webhook', url: 'http://two.hook.test/x' })
    world.statuses.set('one.hook.test', 'never')
    await twins(world, 'dead@example.com')
    // Timers end at once.
    await world.cron(
      world.isolate(undefined, {
        after: (_, then) => {
          queueMicrotask(() => setTimeout(then, 5))
          return () => {}
        },
      }),
    )
    expect(world.received.map(({ url }) => url)).toEqual(['http://two.hook.test/x'])
    const rows = await rowsOf('alert_delivery', world.scim.name)
    expect(rows.map(({ state, reason }) => [state, reason]).sort()).toEqual([
      ['due', 'no answer within 5 s'],
      ['sent', null],
    ])
  })

  test('is told by nobody where its channel is off, or gone', async () => {
    const { world } = await hooked()
    world.statuses.set('one.hook.test', 500)
    await twins(world, 'off@example.com')
    await world.cron()
    expect(world.received).toHaveLength(1)
    await world.channel('ops', { kind: 'webhook', enabled: false })
    world.clock.now += HOUR_MS
    await world.cron()
    expect(world.received).toHaveLength(1)
    expect(await stateOf(world)).toBe('dropped')
  })
})

async function stateOf(world: AlertWorld) {
  const rows = await rowsOf('alert_delivery', world.scim.name)
  return rows.find(({ notice }) => JSON.parse(String(notice)).data.kind === 'ambiguous')?.['state']
}

test('a run of the cron that is cut anywhere leaves one alert, told at least once', async () => {
  const first = await hooked()
  await twins(first.world, 'whole@example.com')
  const whole = first.world.isolate()
  await first.world.cron(whole)
  expect(first.world.received).toHaveLength(1)
  for (const cut of cutsOf(whole.steps())) {
    const { world } = await hooked()
    await twins(world, 'cut@example.com')
    await world.cron(world.isolate(cut)).catch(() => {})
    world.clock.now += 5 * MINUTE_MS
    await world.cron()
    const alerts = await rowsOf('alert', world.scim.name)
    expect(alerts.map(({ kind }) => kind)).toEqual(['ambiguous'])
    const ids = world.received.map(({ headers }) => headers['webhook-id'])
    expect(ids.length, JSON.stringify(cut)).toBeGreaterThan(0)
    expect(new Set(ids).size).toBe(1)
    expect(await stateOf(world)).toBe('sent')
  }
}, 60_000)

describe('what is told of', () => {
  test('is a token that ends, 14 days, 7 days and a day before, and when it has', async () => {
    const { world } = await hooked()
    const expiresAt = new Date(world.clock.now + 20 * DAY_MS).toISOString()
    const { id } = (await world.admin('POST', '/tokens', { expiresAt })).body
    const told: [number, string, string][] = []
    let today = 0
    for (const day of [0, 5, 6, 7, 12, 13, 14, 18, 19, 20, 21]) {
      world.clock.now += (day - today) * DAY_MS
      today = day
      const before = world.received.length
      await world.cron()
      for (const { body } of world.received.slice(before)) {
        const { type, data } = JSON.parse(body)
        if (data.kind === 'token-expiring') told.push([day, type, data.severity])
      }
    }
    expect(told).toEqual([
      [6, 'alert.opened', 'warning'],
      [13, 'alert.reminder', 'warning'],
      [19, 'alert.reminder', 'critical'],
      [20, 'alert.reminder', 'critical'],
    ])
    await world.admin('DELETE', `/tokens/${id}`)
    await world.cron()
    world.clock.now += HOUR_MS
    await world.cron()
    expect(world.told()).toContain('alert.ended token-expiring')
  })

  test('is an app that refuses the credential', async () => {
    const { world } = await hooked()
    await env.DB.prepare(
      `INSERT INTO finding (id, connection, kind, subject, detail, first_seen, last_seen)
       VALUES (?, ?, 'app-credential', 'x', '{"code":"auth"}', ?, 9000000000000000)`,
    )
      .bind(crypto.randomUUID(), await connectionId(world.scim.name), world.clock.now)
      .run()
    await world.cron()
    expect(JSON.parse(one(world).body).data).toMatchObject({
      kind: 'app-credential',
      severity: 'critical',
    })
  })

  test('is a client that was heard of and is silent', async () => {
    const { world } = await hooked()
    await world.ask('POST', '/Users', person('heard@example.com'))
    await traffic(world, { reads: 10 })
    await world.cron()
    expect(world.received).toEqual([])
    world.clock.now += DAY_MS + HOUR_MS
    await world.cron()
    expect(world.told()).toEqual(['alert.opened client-silent'])
    await traffic(world, { reads: 1 })
    await world.cron()
    world.clock.now += 11 * MINUTE_MS
    await world.cron()
    expect(world.told().at(-1)).toBe('alert.ended client-silent')
  })

  test('is a client that nears quarantine, and one that is past its bounds', async () => {
    const { world } = await hooked()
    await traffic(world, { writes: 10_000, failed: 2_600 })
    await world.cron()
    expect(JSON.parse(one(world).body).data).toMatchObject({
      kind: 'client-quarantine',
      severity: 'warning',
      detail: { failures: 2600, operations: 10_000, percent: 26 },
    })
    await traffic(world, { writes: 5_000, failed: 5_000 })
    await world.cron()
    expect(JSON.parse(one(world).body)).toMatchObject({
      type: 'alert.reminder',
      data: { kind: 'client-quarantine', severity: 'critical' },
    })
  })
})

async function traffic(world: AlertWorld, sums: Readonly<Record<string, number>>): Promise<void> {
  const classes = JSON.stringify(Array(15).fill(0))
  const { reads = 0, writes = 0, failed = 0, denied = 0 } = sums
  await env.DB.prepare(
    `INSERT INTO traffic (connection, at, heard_at, reads, writes, failed, denied, request_ms, call_ms)
     VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
     ON CONFLICT DO UPDATE SET writes = writes + ?4, failed = failed + ?5`,
  )
    .bind(
      await connectionId(world.scim.name),
      world.clock.now,
      reads,
      writes,
      failed,
      denied,
      classes,
    )
    .run()
}
