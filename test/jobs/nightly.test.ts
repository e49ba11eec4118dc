/** Scans that nobody asks for: the cron starts them, in a night of the connection's own. */
import { describe, expect, test } from 'vitest'
import { lastSlot } from '../../src/jobs/nightly.ts'
import { adminOf } from '../support/reconcile.ts'
import { brownfield, MINUTE_MS, openWorld, type World } from '../support/world.ts'

const HOUR = 60 * MINUTE_MS
const DAY = 24 * HOUR

const adminFor = (world: World) => adminOf(world.open(), world.scim)
async function scans(world: World): Promise<{ type: string; state: string; dryRun: boolean }[]> {
  return (await adminFor(world)('GET', '/reconcile')).body.items
}

/** The cron every three hours, as often as a test can afford; it drives what it has started. */
async function pass(world: World, ms: number): Promise<void> {
  for (const until = world.clock.now + ms; world.clock.now < until; ) {
    world.clock.now += 3 * HOUR - MINUTE_MS
    await world.nightlyTick()
    world.clock.now += MINUTE_MS
    await world.nightlyTick()
  }
}

describe('the cron', () => {
  test('scans each resource type once a night, a new connection from its second day on', async () => {
    const world = await openWorld()
    brownfield(world, 'a@x.io')
    await pass(world, DAY - 3 * HOUR)
    expect(await scans(world)).toEqual([])
    await pass(world, DAY + 3 * HOUR)
    const first = await scans(world)
    expect(first.map(({ type }) => type).sort()).toEqual(['Group', 'User'])
    expect(first.map(({ state, dryRun }) => [state, dryRun])).toEqual([
      ['done', false],
      ['done', false],
    ])
    await pass(world, DAY)
    expect(await scans(world)).toHaveLength(4)
  }, 30_000)

  test('scans as often as policy says, and never where it says 0', async () => {
    const often = await openWorld({ policy: { reconcile: { everyHours: 6 } } })
    await pass(often, DAY)
    const count = (await scans(often)).filter(({ type }) => type === 'User').length
    expect(count).toBeGreaterThanOrEqual(2)
    expect(count).toBeLessThanOrEqual(3)
    const never = await openWorld({ policy: { reconcile: { everyHours: 0 } } })
    await pass(never, 3 * DAY)
    expect(await scans(never)).toEqual([])
  }, 30_000)

  test('only looks where the connection writes nothing yet, and not even that where it is paused', async () => {
    for (const mode of ['observe', 'gate', 'paused']) {
      const world = await openWorld({ policy: { reconcile: { everyHours: 6 } } })
      await adminFor(world)('PATCH', '', { mode })
      await pass(world, 15 * HOUR)
      const found = await scans(world)
      expect(found.every(({ dryRun }) => dryRun)).toBe(true)
      expect(found.length > 0).toBe(mode !== 'paused')
    }
  }, 30_000)

  test('starts none while one runs, nor again after one that somebody asked for', async () => {
    const world = await openWorld({ policy: { reconcile: { everyHours: 6 } } })
    const ask = adminFor(world)
    await pass(world, 15 * HOUR)
    const before = (await scans(world)).length
    // One that the app keeps from its end.
    const { id } = (await ask('POST', '/reconcile', { dryRun: true })).body
    world.clock.now += 6 * HOUR
    world.desk.failNext({ match: '*', when: 'before', how: 'status', status: 503, times: 50 })
    await world.nightlyTick()
    const users = (await scans(world)).filter(({ type }) => type === 'User')
    expect(users.filter(({ state }) => state === 'running')).toHaveLength(1)
    expect((await ask('GET', `/reconcile/${id}`)).body.state).toBe('running')
    expect((await scans(world)).length).toBeLessThanOrEqual(before + 2)
  }, 30_000)

  test('finds what was changed in the app, with nobody asking', async () => {
    const world = await openWorld({ policy: { reconcile: { everyHours: 6 } } })
    const body = { schemas: [], userName: 'a@x.io', name: { familyName: 'B' }, title: 'Chef' }
    await world.ask('POST', '/Users', {
      ...body,
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    })
    const account = world.desk.store.account(world.logins('a@x.io')[0] ?? 0)
    if (account) world.desk.store.updateAccount(account, { job_title: 'Boss' })
    await pass(world, 15 * HOUR)
    expect((await adminFor(world)('GET', '/findings?kind=drift')).body.items).toHaveLength(1)
  }, 30_000)
})

describe('the turns of connections', () => {
  test('are spread over the interval, and each keeps its own', () => {
    const now = Date.UTC(2026, 0, 15, 12)
    const hours = new Map<number, number>()
    for (let i = 0; i < 2_400; i++) {
      const id = `00000000-0000-4000-8000-${String(i * 7919).padStart(12, '0')}`
      const slot = lastSlot(id, DAY, now)
      expect(slot).toBeLessThanOrEqual(now)
      expect(slot).toBeGreaterThan(now - DAY)
      expect(lastSlot(id, DAY, now + DAY)).toBe(slot + DAY)
      const hour = new Date(slot).getUTCHours()
      hours.set(hour, (hours.get(hour) ?? 0) + 1)
    }
    expect(hours.size).toBe(24)
    expect(Math.max(...hours.values())).toBeLessThan(200)
  })
})
