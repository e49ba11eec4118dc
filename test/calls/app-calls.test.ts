import { describe, expect, test } from 'vitest'
import type { AnyPort } from '../../src/adapter/contract.ts'
import { AdapterFailure, type FailureCode, OutOfTime } from '../../src/adapter/failure.ts'
import { AdapterChanged } from '../../src/adapter/mismatch.ts'
import { guarded } from '../../src/calls/app-calls.ts'
import { AppHealth, AppHealths } from '../../src/calls/app-health.ts'
import { CallsPaused } from '../../src/calls/circuit.ts'
import { Deadline } from '../../src/calls/deadline.ts'

const TIMEOUT_MS = 25_000
const fail = (code: FailureCode) => new AdapterFailure(code, 'no', { effect: 'none' })

/** A port of which each call ends as the script says, then well. */
function open(script: readonly unknown[] = [], more: Partial<AnyPort> = {}) {
  const clock = { now: 1_000_000 }
  const lines: object[] = []
  const left = [...script]
  let calls = 0
  const next = async () => {
    calls += 1
    const error = left.shift()
    if (error !== undefined) throw error
    return []
  }
  const port: AnyPort = {
    get: async () => {
      await next()
      return null
    },
    find: next,
    list: async () => ({ items: await next() }),
    ...more,
  }
  const health = new AppHealth('c1', (line) => lines.push(line))
  const io = {
    now: () => clock.now,
    random: () => 0,
    wait: async (ms: number) => {
      clock.now += ms
    },
  }
  /** As the next request of the same isolate has it. */
  const request = (leftMs = TIMEOUT_MS) =>
    guarded(port, {
      ...{ health, io, timeoutMs: TIMEOUT_MS },
      deadline: new Deadline(io.now, clock.now + leftMs, TIMEOUT_MS),
    })
  return { clock, lines, request, count: () => calls, next }
}

test('a port has the methods that it had, and no others', async () => {
  const { request } = open([], { remove: async () => ({ kind: 'ok' }) })
  const port = request()
  expect(port.create).toBeUndefined()
  expect(port.setActive).toBeUndefined()
  expect(port.members).toBeUndefined()
  expect(await port.remove?.('1')).toEqual({ kind: 'ok' })
})

test('what is asked and what is answered pass as they are', async () => {
  const asked: unknown[] = []
  const { request } = open([], {
    find: async (...args) => {
      asked.push(args)
      return [{ id: '7', attributes: {} }]
    },
  })
  expect(await request().find('mail', 'a@b.c')).toEqual([{ id: '7', attributes: {} }])
  expect(asked).toEqual([['mail', 'a@b.c']])
})

test('a call without a failure is one call, and waits for nothing', async () => {
  const { clock, count, request } = open()
  const before = clock.now
  await request().get('1')
  expect(count()).toBe(1)
  expect(clock.now).toBe(before)
})

test('where no time is left nothing is called', async () => {
  const { count, request } = open()
  await expect(request(0).get('1')).rejects.toBeInstanceOf(OutOfTime)
  expect(count()).toBe(0)
})

describe('what pauses the calls', () => {
  const six = (error: unknown) => Array.from({ length: 6 }, () => error)

  async function requests(script: readonly unknown[], leftMs?: number) {
    const opened = open(script)
    for (let i = 0; i < 6; i++) {
      await opened
        .request(leftMs)
        .get('1')
        .catch(() => undefined)
    }
    const before = opened.count()
    const last = await opened
      .request()
      .get('1')
      .catch((error: unknown) => error)
    return { ...opened, last, calls: opened.count() - before }
  }

  test('failures of the app do, and the log says so once', async () => {
    const { last, calls, lines } = await requests(six(fail('unavailable')))
    expect(last).toBeInstanceOf(CallsPaused)
    expect(last).toMatchObject({ code: 'unavailable', effect: 'none', retryAfterSeconds: 5 })
    expect(calls).toBe(0)
    expect(lines).toEqual([
      { event: 'circuit.opened', connection: 'c1', cause: 'unavailable', seconds: 5 },
    ])
  })

  test('refused credentials do', async () => {
    const { last, lines } = await requests(six(fail('auth')))
    expect(last).toMatchObject({ code: 'auth', retryAfterSeconds: 300 })
    expect(lines).toMatchObject([{ cause: 'auth', seconds: 300 }])
  })

  test.each([
    ...(['forbidden', 'invalid', 'conflict', 'limit', 'blocked', 'rate'] as const).map(fail),
    fail('protocol'),
    new AdapterChanged(),
    new TypeError('a bug of ours'),
  ])('$code $name does not', async (error) => {
    const { last, lines } = await requests([...six(error)])
    expect(last).toBeNull()
    expect(lines).toEqual([])
  })

  test('a time-out does where the call had time, and not where it had little', async () => {
    expect((await requests(six(fail('timeout')))).last).toBeInstanceOf(CallsPaused)
    expect((await requests(six(fail('timeout')), 2_000)).last).toBeNull()
  })
})

test('a circuit that closes again says so', async () => {
  const { clock, lines, request } = open(Array.from({ length: 6 }, () => fail('unavailable')))
  for (let i = 0; i < 3; i++) await expect(request().get('1')).rejects.toThrow()
  clock.now += 5_000
  expect(await request().get('1')).toBeNull()
  expect(lines).toMatchObject([{ event: 'circuit.opened' }, { event: 'circuit.closed' }])
})

test('of an app that is down, few calls are tries again', async () => {
  const { clock, count, request } = open(Array.from({ length: 1_000 }, () => fail('unavailable')))
  let asked = 0
  for (let minute = 0; minute < 60; minute++) {
    for (let i = 0; i < 20; i++) {
      asked += 1
      await request()
        .get('1')
        .catch(() => undefined)
    }
    clock.now += 60_000
  }
  expect(asked).toBe(1_200)
  // Six until it opens, and the probe of each minute.
  expect(count()).toBeLessThan(70)
})

describe('what an isolate knows of its connections', () => {
  test('is kept by connection, and begins anew where one was changed', () => {
    const healths = new AppHealths(() => {})
    const first = healths.of({ id: 'a', name: 'a', version: 1 })
    expect(healths.of({ id: 'a', name: 'a', version: 1 })).toBe(first)
    expect(healths.of({ id: 'b', name: 'b', version: 1 })).not.toBe(first)
    const second = healths.of({ id: 'a', name: 'a', version: 2 })
    expect(second).not.toBe(first)
    // A read that goes by the connection of some seconds ago.
    expect(healths.of({ id: 'a', name: 'a', version: 1 })).toBe(second)
  })

  test('is bounded', () => {
    const healths = new AppHealths(() => {})
    const first = healths.of({ id: 'first', name: 'first', version: 1 })
    for (let n = 0; n < 1_000; n++) healths.of({ id: `c${n}`, name: 'c', version: 1 })
    expect(healths.of({ id: 'first', name: 'first', version: 1 })).not.toBe(first)
  })
})
