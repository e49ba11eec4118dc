import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AdapterFailure } from '../../src/adapter/failure.ts'
import { windowOf } from '../../src/pacing/permits.ts'
import { mostWithin, pacedApp } from '../support/pacing.ts'

const times = (count: number, work: (index: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))

const failureOf = async (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: AdapterFailure) => error,
  )

describe('a rate', () => {
  test('is kept by all isolates together, whatever comes, and whoever dies', async () => {
    const call = fc.record({
      isolate: fc.nat({ max: 3 }),
      inMs: fc.nat({ max: 4_000 }),
      takesMs: fc.nat({ max: 400 }),
      isJob: fc.boolean(),
    })
    const property = fc.asyncProperty(
      fc.record({
        perSecond: fc.constantFrom(0.5, 1, 2.5, 5, 20),
        hopMs: fc.constantFrom(0, 6, 60),
        diesAt: fc.option(fc.nat({ max: 4_000 }), { nil: undefined }),
        pausesAt: fc.option(fc.nat({ max: 4_000 }), { nil: undefined }),
        calls: fc.array(call, { minLength: 5, maxLength: 60 }),
      }),
      async ({ perSecond, hopMs, diesAt, pausesAt, calls }) => {
        const app = pacedApp({ perSecond }, { hopMs })
        const isolates = Array.from({ length: 4 }, () => app.open())
        const begun = app.time.now()
        if (diesAt !== undefined) app.time.after(diesAt, () => isolates[0]?.die())
        if (pausesAt !== undefined) {
          app.time.after(pausesAt, () => app.ledger.pause(begun + pausesAt + 1_000))
        }
        const living = calls.map(async ({ isolate, inMs, takesMs, isJob }) => {
          await app.time.wait(inMs)
          const made = isolates[isolate]?.call({ takesMs, ...(isJob && { kind: 'job' }) })
          // Of whoever dies nothing more is heard.
          if (isolate !== 0 || diesAt === undefined) await made?.catch(() => undefined)
        })
        await app.time.pass(Promise.all(living))
        const { permits, ms } = windowOf(perSecond)
        const arrivals = app.arrivals.map(({ at }) => at)
        expect(mostWithin(arrivals, ms)).toBeLessThanOrEqual(permits)
        const jobs = app.arrivals.filter(({ kind }) => kind === 'job').map(({ at }) => at)
        const share = windowOf(perSecond / 2)
        expect(mostWithin(jobs, share.ms)).toBeLessThanOrEqual(share.permits)
      },
    )
    await fc.assert(property, { numRuns: 100 })
  })

  test('500 calls at 50 a second cost 40 hops at most, and ten seconds', async () => {
    for (const hopMs of [0, 20]) {
      const app = pacedApp({ perSecond: 50 }, { hopMs })
      const isolate = app.open()
      const begun = app.time.now()
      await app.time.pass(times(500, () => isolate.call({ takesMs: 80 })))
      expect(app.hops()).toBeLessThanOrEqual(40)
      const last = app.arrivals.at(-1)?.at ?? 0
      expect(last - begun).toBeLessThan(11_500)
    }
  })

  test('calls one after the other share a hop as well', async () => {
    const app = pacedApp({ perSecond: 50 }, { hopMs: 10 })
    const isolate = app.open()
    const inTurn = async () => {
      for (let i = 0; i < 200; i++) await isolate.call({ takesMs: 30 })
    }
    await app.time.pass(inTurn())
    expect(app.hops()).toBeLessThanOrEqual(25)
  })

  test('whoever comes to an app that is at rest waits for nothing but the hop', async () => {
    const app = pacedApp({ perSecond: 5 }, { hopMs: 10 })
    const begun = app.time.now()
    await app.time.pass(app.open().call())
    expect(app.arrivals[0]?.at).toBe(begun + 10)
  })

  test('of two isolates that want all of it, each has its part', async () => {
    const app = pacedApp({ perSecond: 20 }, { hopMs: 4 })
    const [first, second] = [app.open(), app.open()]
    await app.time.pass(
      Promise.all([times(100, () => first.call()), times(100, () => second.call())]),
    )
    const begun = app.arrivals[0]?.at ?? 0
    const early = app.arrivals.filter(({ at }) => at < begun + 5_000)
    const part = early.filter(({ isolate }) => isolate === 0).length / early.length
    expect(part).toBeGreaterThan(0.35)
    expect(part).toBeLessThan(0.65)
    // Most of what the app takes is used.
    expect(early.length).toBeGreaterThan(80)
  })

  test('permits that nobody uses are free for others within two seconds', async () => {
    const app = pacedApp({ perSecond: 10 })
    const [first, second] = [app.open(), app.open()]
    await app.time.pass(times(5, () => first.call()))
    const begun = app.time.now()
    await app.time.pass(times(10, () => second.call()))
    expect(app.time.now() - begun).toBeLessThanOrEqual(2_000)
  })

  test('jobs leave half of it to requests, and have the other half even beside many', async () => {
    const app = pacedApp({ perSecond: 20 })
    const isolate = app.open()
    const jobs = times(100, () => isolate.call({ kind: 'job' }))
    const asked = async () => {
      await app.time.wait(1_000)
      const begun = app.time.now()
      await times(5, () => isolate.call())
      return app.time.now() - begun
    }
    // Nobody waits behind the jobs.
    expect(await app.time.pass(asked())).toBeLessThan(600)
    const busy = times(100, () => isolate.call())
    await app.time.pass(Promise.all([jobs, busy]))
    const late = app.arrivals.filter(({ at }) => at > (app.arrivals[0]?.at ?? 0) + 2_000)
    expect(late.filter(({ kind }) => kind === 'job').length).toBeGreaterThan(20)
  })
})

describe('a call that would wait too long', () => {
  test('is refused at once, with the time after which it makes sense', async () => {
    const app = pacedApp({ perSecond: 1 })
    const isolate = app.open()
    const begun = app.time.now()
    const first = times(10, () => isolate.call())
    const failure = await app.time.pass(
      app.time.wait(1).then(() => failureOf(isolate.call({ leftMs: 3_000 }))),
    )
    expect(failure).toMatchObject({ code: 'rate', effect: 'none', answered: true })
    expect(failure?.retryAfterSeconds).toBeGreaterThanOrEqual(4)
    expect(app.time.now() - begun).toBeLessThan(100)
    await app.time.pass(first)
    expect(app.arrivals).toHaveLength(10)
  })

  test('so is one that another isolate is in the way of', async () => {
    const app = pacedApp({ perSecond: 0.1 })
    await app.time.pass(app.open().call())
    const failure = await app.time.pass(failureOf(app.open().call({ leftMs: 2_000 })))
    expect(failure).toMatchObject({ code: 'rate', effect: 'none' })
    expect(failure?.retryAfterSeconds).toBeGreaterThan(8)
  })

  test('where a request is cut off, those behind it go on', async () => {
    const app = pacedApp({ perSecond: 2 })
    const gone = app.open()
    void times(5, () => gone.call())
    await app.time.pass(app.time.wait(100))
    gone.die()
    const begun = app.time.now()
    await app.time.pass(app.open().call())
    expect(app.time.now() - begun).toBeLessThan(2_500)
  })
})

describe('calls at once', () => {
  test('are no more than agreed over all isolates, and renewed while they last', async () => {
    const call = fc.record({
      isolate: fc.nat({ max: 2 }),
      inMs: fc.nat({ max: 3_000 }),
      takesMs: fc.nat({ max: 2_500 }),
      isJob: fc.boolean(),
    })
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(undefined, 5),
      fc.constantFrom(0, 40),
      fc.array(call, { minLength: 3, maxLength: 25 }),
      async (concurrent, perSecond, hopMs, calls) => {
        const terms = { concurrent, ...(perSecond !== undefined && { perSecond }) }
        const app = pacedApp(terms, { hopMs })
        const isolates = Array.from({ length: 3 }, () => app.open())
        const made = calls.map(async ({ isolate, inMs, takesMs, isJob }) => {
          await app.time.wait(inMs)
          const kind = isJob ? 'job' : 'request'
          await isolates[isolate]?.call({ takesMs, kind, leftMs: 120_000 })
        })
        await app.time.pass(Promise.all(made))
        expect(app.arrivals).toHaveLength(calls.length)
        expect(app.most()).toBeLessThanOrEqual(concurrent)
      },
    )
    await fc.assert(property, { numRuns: 20 })
  })

  test('cost hops by the second, not by the call', async () => {
    const app = pacedApp({ concurrent: 4 }, { hopMs: 10 })
    const isolate = app.open()
    const begun = app.time.now()
    await app.time.pass(times(400, () => isolate.call({ takesMs: 50 })))
    const seconds = (app.time.now() - begun) / 1000
    expect(app.hops()).toBeLessThan(3 * seconds + 5)
    // 400 calls of 50 ms, four at a time, are five seconds.
    expect(seconds).toBeLessThan(8)
  })

  test('an idle isolate keeps a slot from others for a second at most', async () => {
    const app = pacedApp({ concurrent: 1 })
    await app.time.pass(app.open().call())
    const begun = app.time.now()
    await app.time.pass(app.open().call())
    expect(app.time.now() - begun).toBeLessThan(1_200)
  })

  test('one that is busy all the time lets others have a turn', async () => {
    const app = pacedApp({ concurrent: 1 }, { hopMs: 4 })
    const [greedy, modest] = [app.open(), app.open()]
    const all = times(200, () => greedy.call({ takesMs: 50 }))
    const begun = app.time.now()
    const one = async () => {
      await app.time.wait(500)
      await modest.call()
      return app.time.now() - begun
    }
    expect(await app.time.pass(one())).toBeLessThan(4_000)
    await app.time.pass(all)
  })
})

describe('a pause', () => {
  test('that one isolate hears of is kept by all of them, and ends slowly', async () => {
    const app = pacedApp({ perSecond: 20 })
    const [first, second] = [app.open(), app.open()]
    await app.time.pass(Promise.all([first.call(), second.call()]))
    const begun = app.time.now()
    app.ledger.pause(begun + 5_000)
    first.pause.until = begun + 5_000
    await app.time.pass(app.time.wait(700))
    await app.time.pass(
      Promise.all([times(40, () => first.call()), times(40, () => second.call())]),
    )
    const after = app.arrivals.filter(({ at }) => at > begun).map(({ at }) => at - begun)
    expect(Math.min(...after)).toBeGreaterThanOrEqual(5_000)
    expect(after.filter((at) => at < 6_000).length).toBeLessThanOrEqual(7)
    expect(Math.max(...after)).toBeLessThan(20_000)
  })

  test('longer than a request has time refuses its calls, without asking', async () => {
    const app = pacedApp({ perSecond: 20 })
    const isolate = app.open()
    isolate.pause.until = app.time.now() + 60_000
    const failure = await app.time.pass(failureOf(isolate.call({ leftMs: 25_000 })))
    expect(failure).toMatchObject({ code: 'rate', effect: 'none', retryAfterSeconds: 60 })
    expect(app.hops()).toBe(0)
    expect(app.arrivals).toEqual([])
  })
})

test('where nothing is agreed, nobody is asked', async () => {
  const app = pacedApp({})
  await app.time.pass(times(100, () => app.open().call()))
  expect(app.hops()).toBe(0)
  expect(app.arrivals).toHaveLength(100)
})
