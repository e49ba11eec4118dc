import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { pacersIn } from '../../src/pacing/binding.ts'
import { Ledger } from '../../src/pacing/ledger.ts'
import type { Ask, Lessor } from '../../src/pacing/lessor.ts'
import { openIsolate } from '../support/isolate.ts'
import { mostWithin } from '../support/pacing.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import { match, openWorld, person } from '../support/world.ts'

interface Options {
  readonly limits?: Readonly<Record<string, number>>
  readonly pacer?: Lessor | 'real'
  readonly behindBinding?: boolean
}

/** Two isolates of one connection, one app, and what passes between them. */
async function openPaced({ limits = {}, pacer, behindBinding = false }: Options) {
  const world = await openWorld({ seed: true, policy: { limits } })
  const { clock, desk, scim } = world
  const calls: number[] = []
  const answers: ((made: Response) => Response)[] = []
  const asks: Ask[] = []
  const logged: unknown[] = []
  const ledger = new Ledger(() => crypto.randomUUID())
  const shared: Lessor = {
    async lease(ask) {
      asks.push(ask)
      return ledger.lease(ask, clock.now)
    },
    async pause(ms) {
      ledger.pause(clock.now + ms)
    },
  }
  const fetch = async (input: string, init: RequestInit) => {
    calls.push(clock.now)
    const made = await desk.fetch(input, init)
    return answers.shift()?.(made) ?? made
  }
  const pacerOf = pacer === 'real' ? pacersIn(env) : () => pacer ?? shared
  const isolate = () => {
    const open = openIsolate(clock, fetch, {
      pacerOf,
      log: (line) => logged.push(line),
      ...(behindBinding && { behindBinding: ['example'] }),
    })
    return {
      ask: (method: string, path: string, body?: unknown) => open.scim(scim, method, path, body),
      admin: adminOf(open, scim),
    }
  }
  return { world, clock, calls, answers, asks, logged, isolates: [isolate(), isolate()] as const }
}

const nobody = match('userName', 'nobody@x.test')
/** What the app said, with more headers, or as a refusal. */
const used =
  (headers: Readonly<Record<string, string>>, status?: number) =>
  (made: Response): Response =>
    status === undefined
      ? new Response(made.body, { headers })
      : new Response(null, { status, headers })

describe('an app that takes five calls a second', () => {
  test('gets no more of them from two isolates, and few hops are made for it', async () => {
    const paced = await openPaced({ limits: { appCallsPerSecond: 5 } })
    for (let i = 0; i < 20; i++) {
      const answer = await paced.isolates[i % 2 === 0 ? 0 : 1].ask('GET', nobody)
      expect(answer.status).toBe(200)
    }
    expect(paced.calls.length).toBeGreaterThanOrEqual(20)
    expect(mostWithin(paced.calls, 1_000)).toBeLessThanOrEqual(5)
    expect(paced.asks.length).toBeLessThanOrEqual(paced.calls.length)
    expect(paced.asks.every(({ kind }) => kind === 'request')).toBe(true)
  })

  test('is told apart by work that nobody waits for: it asks as a job', async () => {
    const paced = await openPaced({ limits: { appCallsPerSecond: 5 } })
    expect(await reconcile(paced.isolates[0].admin)).toMatchObject({ state: 'done' })
    expect(new Set(paced.asks.map(({ kind }) => kind))).toEqual(new Set(['job']))
    expect(mostWithin(paced.calls, 1_000)).toBeLessThanOrEqual(5)
  })

  test('is paced by the call of a method where its adapter is a Worker of its own', async () => {
    const limits = { appCallsPerSecond: 5 }
    const paced = await openPaced({ limits, behindBinding: true })
    for (let i = 0; i < 10; i++) await paced.isolates[0].ask('GET', nobody)
    expect(paced.asks.length).toBeGreaterThan(0)
    expect(mostWithin(paced.calls, 1_000)).toBeLessThanOrEqual(5)
  })
})

test('a request whose time does not suffice is 503 with Retry-After, and nothing is sent', async () => {
  const limits = { appCallsPerSecond: 0.02, requestTimeoutMs: 5_000 }
  const paced = await openPaced({ limits })
  expect((await paced.isolates[0].ask('GET', nobody)).status).toBe(200)
  const before = paced.clock.now
  const { length } = paced.calls
  for (const isolate of paced.isolates) {
    const answer = await isolate.ask('POST', '/Users', person('new.one@x.test'))
    expect(answer.status).toBe(503)
    const seconds = Number(answer.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(5)
    // Whoever is refused takes nothing from whoever comes next.
    expect(seconds).toBeLessThanOrEqual(51)
  }
  expect(paced.calls).toHaveLength(length)
  expect(paced.clock.now - before).toBeLessThan(1_000)
  expect(paced.world.logins('new.one@x.test')).toEqual([])
  paced.clock.now += 200_000
  const again = await paced.isolates[0].ask('GET', nobody)
  expect(again.status).toBe(200)
})

describe('a pause that the app asks for', () => {
  test.each([
    ['a 429', used({ 'Retry-After': '60' }, 429), 503],
    ['the last call of its quota', used({ RateLimit: '"day";r=0;t=60' }), 200],
  ])('%s holds back all isolates until it is over', async (_, said, status) => {
    const paced = await openPaced({ limits: { appCallsPerSecond: 50 } })
    // Both hold permits when it comes.
    for (const isolate of paced.isolates) await isolate.ask('GET', nobody)
    paced.answers.push(said)
    const [first, second] = paced.isolates
    expect((await first.ask('GET', nobody)).status).toBe(status)
    const { length } = paced.calls
    paced.clock.now += 800
    for (const isolate of [first, second]) {
      const refused = await isolate.ask('GET', nobody)
      expect(refused.status).toBe(503)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(58)
    }
    expect(paced.calls).toHaveLength(length)
    paced.clock.now += 60_000
    expect((await second.ask('GET', nobody)).status).toBe(200)
    expect((await first.ask('GET', nobody)).status).toBe(200)
  })

  test('is kept within the isolate where no rate is declared, and nobody else is asked', async () => {
    const paced = await openPaced({})
    const [first, second] = paced.isolates
    paced.answers.push(used({ 'Retry-After': '60' }, 429))
    expect((await first.ask('GET', nobody)).status).toBe(503)
    const { length } = paced.calls
    expect((await first.ask('GET', nobody)).status).toBe(503)
    expect(paced.calls).toHaveLength(length)
    expect((await second.ask('GET', nobody)).status).toBe(200)
    expect(paced.asks).toEqual([])
  })

  test('that is short is waited for', async () => {
    const paced = await openPaced({ limits: { appCallsPerSecond: 50 } })
    paced.answers.push(used({ 'Retry-After': '8' }, 429))
    const [first] = paced.isolates
    await first.ask('GET', nobody)
    const begun = paced.clock.now
    expect((await first.ask('GET', nobody)).status).toBe(200)
    expect(paced.calls.at(-1)).toBeGreaterThanOrEqual(begun + 7_900)
  })
})

test('no call fails for the sake of a Durable Object that does; its loss is logged', async () => {
  const broken: Lessor = {
    lease: async () => Promise.reject(new Error('Durable Object is overloaded.')),
    pause: async () => Promise.reject(new Error('Durable Object is overloaded.')),
  }
  const paced = await openPaced({ limits: { appCallsPerSecond: 5 }, pacer: broken })
  for (let i = 0; i < 12; i++) {
    expect((await paced.isolates[0].ask('GET', nobody)).status).toBe(200)
  }
  // The isolate goes on by itself.
  expect(mostWithin(paced.calls, 1_000)).toBeLessThanOrEqual(5)
  const lost = paced.logged.filter((line) => (line as { event: string }).event === 'pacer.lost')
  expect(lost).toEqual([{ event: 'pacer.lost', connection: expect.any(String) }])
})

test('the Durable Object of the connection paces its isolates', async () => {
  const limits = { appCallsPerSecond: 1_000, appCallsAtOnce: 8 }
  const paced = await openPaced({ limits, pacer: 'real' })
  for (const isolate of paced.isolates) {
    expect((await isolate.ask('GET', nobody)).status).toBe(200)
  }
  expect(paced.logged.filter((line) => (line as { event: string }).event === 'pacer.lost')).toEqual(
    [],
  )
})
