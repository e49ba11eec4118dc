import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { pacersIn } from '../../src/pacing/binding.ts'
import type { Ask } from '../../src/pacing/lessor.ts'

const ask = (more: Partial<Ask> = {}): Ask => ({
  lessee: 'one request',
  kind: 'request',
  terms: { perSecond: 10 },
  waiting: 1,
  want: 100,
  withinMs: 100_000,
  busy: 0,
  hopMs: 10,
  ...more,
})

test('isolates that ask for one connection share its permits, and no other’s', async () => {
  const pacerOf = pacersIn(env)
  if (!pacerOf) throw new Error('PACER is not bound')
  const [mine, other] = [crypto.randomUUID(), crypto.randomUUID()]
  const leases = await Promise.all(
    Array.from({ length: 8 }, (_, i) => pacerOf(mine).lease(ask({ lessee: `${i} request` }))),
  )
  const atOnce = leases.filter(({ inMs }) => inMs === 0).map(({ permits }) => permits)
  expect(atOnce.reduce((sum, permits) => sum + permits, 0)).toBeLessThanOrEqual(10)
  expect(leases.every(({ permits }) => permits > 0)).toBe(true)
  expect(await pacerOf(other).lease(ask())).toMatchObject({ permits: 5, inMs: 0 })
})

test('a long pause outlives the object, and leaves nothing behind when it is over', async () => {
  const stub = env.PACER.getByName(crypto.randomUUID())
  await stub.pause(60_000)
  const kept = () =>
    runInDurableObject(stub, (_, state) => state.storage.kv.get<number>('pausedUntil'))
  expect(await kept()).toBeGreaterThan(Date.now() + 50_000)
  const { pausedMs, inMs } = await stub.lease(ask())
  expect(pausedMs).toBeGreaterThan(50_000)
  expect(inMs).toBeGreaterThan(50_000)
  expect(await runDurableObjectAlarm(stub)).toBe(true)
  expect(await kept()).toBeUndefined()
})

test('a short pause is not worth a write', async () => {
  const stub = env.PACER.getByName(crypto.randomUUID())
  await stub.pause(1_000)
  expect((await stub.lease(ask())).pausedMs).toBeGreaterThan(0)
  const rows = await runInDurableObject(stub, (_, state) => [...state.storage.kv.list()])
  expect(rows).toEqual([])
})

test('a binding of another kind is refused by its name', () => {
  expect(() => pacersIn({ PACER: 'text' })).toThrow('PACER: must be a Durable Object namespace')
  expect(pacersIn({})).toBeUndefined()
})
