/** How a connection does: numbers from bounded reads. */
import { describe, expect, test } from 'vitest'
import { BOUNDS_MS } from '../../src/db/traffic.ts'
import { quantile, quarantineOf, windowOf } from '../../src/govern/health.ts'
import { adminOf } from '../support/reconcile.ts'
import { MINUTE_MS, match, openWorld, person } from '../support/world.ts'

describe('the health of a connection', () => {
  test('counts what was heard in the last hour and day', async () => {
    const world = await openWorld()
    await world.ask('POST', '/Users', person('ada.lund@example.com'))
    world.clock.now += 3 * 60 * MINUTE_MS
    await world.ask('GET', match('userName', 'ada.lund@example.com'))
    await world.ask('GET', '/Users?filter=nonsense')
    const heard = new Date(world.clock.now).toISOString()
    world.desk.failNext({ match: 'GET /api/accounts', how: 'reset', times: 9 })
    await world.ask('GET', match('userName', 'ada.lund@example.com'))
    const { body } = await world.admin('GET', '/health')
    expect(body).toMatchObject({
      lastHeard: heard,
      mode: { now: 'live' },
      hour: { requests: 3, writes: 0, refused: 1, failed: 1, denied: 0, auditLost: 0 },
      day: { requests: 4, writes: 1 },
      quarantine: { risk: 'none', failures: 2, operations: 4, share: 0.5 },
      findings: { open: 1, byKind: { 'app-failing': 1 } },
      guard: { left: 0, parked: 0, isTripped: false },
      lastScan: null,
    })
    expect(body.hour.successRate).toBeCloseTo(1 / 3)
    const { calls, failed } = body.hour.app
    // One that went well, and one that was tried again.
    expect(calls - failed).toBe(1)
    expect(failed).toBeGreaterThan(1)
  })

  test('sums what several isolates have heard', async () => {
    const world = await openWorld()
    const other = world.open()
    await world.ask('GET', '/Users')
    await other.scim(world.scim, 'GET', '/Users')
    // Who asks for it has written what the isolate holds.
    await adminOf(other, world.scim)('GET', '/health')
    expect((await world.admin('GET', '/health')).body.hour).toMatchObject({ requests: 2, p50Ms: 3 })
  })

  test('counts those who were not let in, and says that Entra stops for them', async () => {
    const world = await openWorld()
    const wrong = { baseUrl: world.scim.baseUrl, token: 'no such token' }
    const isolate = world.open()
    await isolate.scim(wrong, 'GET', '/Users')
    await isolate.scim(wrong, 'GET', '/Users')
    expect((await adminOf(isolate, world.scim)('GET', '/health')).body).toMatchObject({
      lastHeard: null,
      hour: { denied: 2, requests: 0, successRate: null, p50Ms: null },
      quarantine: { risk: 'denied' },
    })
  })
})

test('a quantile lies within its class, and above the last bound it is that bound', () => {
  const none = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0)
  expect(quantile(none, 0.5)).toBe(null)
  expect(quantile(none.with(2, 10), 0.5)).toBe(15)
  expect(quantile(none.with(2, 99).with(5, 1), 0.5)).toBe(15)
  expect(quantile(none.with(2, 90).with(5, 10), 0.95)).toBe(150)
  expect(quantile(none.with(BOUNDS_MS.length, 1), 0.95)).toBe(20_000)
})

test('a quarantine is near at half of its bounds, and likely past both', () => {
  const day = (requests: number, failed: number) => ({ ...windowOf([]), requests, failed })
  const risk = (requests: number, failed: number) =>
    quarantineOf(day(requests, failed), day(1, 0)).risk
  expect(risk(10_000, 100)).toBe('none')
  expect(risk(100, 90)).toBe('none')
  expect(risk(10_000, 2_600)).toBe('near')
  expect(risk(10_000, 5_000)).toBe('likely')
  expect(risk(1_000_000, 41_000)).toBe('likely')
})
