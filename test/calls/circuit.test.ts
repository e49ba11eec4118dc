import { describe, expect, test } from 'vitest'
import { type CallOutcome, Circuit } from '../../src/calls/circuit.ts'

const random = () => 0
const LEFT_MS = 25_000

/** A circuit, and a clock that only the test moves. */
function open() {
  const circuit = new Circuit()
  const clock = { now: 1_000_000 }
  const admit = (isRead = true) => circuit.admit(isRead, clock.now, LEFT_MS)
  const settle = (outcome: CallOutcome, retryAfterSeconds?: number, isProbe = false) =>
    circuit.settle({ isProbe, outcome, retryAfterSeconds, random }, clock.now)
  const call = (outcome: CallOutcome, retryAfterSeconds?: number) => {
    const admission = admit()
    if (admission.kind === 'paused') return admission
    return settle(outcome, retryAfterSeconds, admission.isProbe)
  }
  const times = (n: number, outcome: CallOutcome) => {
    for (let i = 0; i < n; i++) call(outcome)
  }
  return { clock, admit, settle, call, times }
}

describe('closed', () => {
  test('it lets everything through, writes as well', () => {
    const { admit } = open()
    expect(admit(false)).toEqual({ kind: 'call', isProbe: false })
  })

  test('six failures in a row open it', () => {
    const { times, call, admit } = open()
    times(5, 'failed')
    expect(admit()).toMatchObject({ kind: 'call' })
    expect(call('failed')).toMatchObject({ opened: { cause: 'unavailable' } })
    expect(admit()).toMatchObject({ kind: 'paused', cause: 'unavailable', waitMs: 5_000 })
    expect(admit(false)).toMatchObject({ kind: 'paused' })
  })

  test('an answer between failures begins the count anew', () => {
    const { times, admit } = open()
    for (let i = 0; i < 10; i++) {
      times(5, 'failed')
      times(1, 'answered')
    }
    expect(admit()).toMatchObject({ kind: 'call' })
  })

  test('what says nothing of the app neither counts nor begins anew', () => {
    const { times, admit } = open()
    times(5, 'failed')
    times(20, 'unclear')
    expect(admit()).toMatchObject({ kind: 'call' })
    times(1, 'failed')
    expect(admit()).toMatchObject({ kind: 'paused' })
  })

  test('three refused credentials in a row open it for minutes', () => {
    const { times, admit } = open()
    times(3, 'refused')
    expect(admit()).toEqual({ kind: 'paused', cause: 'auth', waitMs: 300_000 })
  })

  test('it stays open for as long as the app asks, within reason', () => {
    const { times, call, admit } = open()
    times(5, 'failed')
    call('failed', 90)
    expect(admit()).toMatchObject({ waitMs: 90_000 })
    const other = open()
    other.times(5, 'failed')
    other.call('failed', 86_400)
    expect(other.admit()).toMatchObject({ waitMs: 300_000 })
  })
})

describe('half open', () => {
  function halfOpen() {
    const it = open()
    it.times(6, 'failed')
    it.clock.now += 5_000
    return it
  }

  test('one call goes through at a time, and it only reads', () => {
    const { admit } = halfOpen()
    expect(admit(false)).toMatchObject({ kind: 'paused' })
    expect(admit()).toEqual({ kind: 'call', isProbe: true })
    expect(admit()).toMatchObject({ kind: 'paused' })
    expect(admit(false)).toMatchObject({ kind: 'paused' })
  })

  test('a write tries where for ten seconds nothing has read', () => {
    const { clock, admit, settle, times } = open()
    times(6, 'failed')
    clock.now += 5_000
    expect(admit(false)).toMatchObject({ kind: 'paused' })
    clock.now += 10_000
    expect(admit(false)).toEqual({ kind: 'call', isProbe: true })
    expect(admit()).toMatchObject({ kind: 'paused' })
    expect(settle('answered', undefined, true)).toBe('closed')
  })

  test('its success closes it', () => {
    const { admit, settle } = halfOpen()
    admit()
    expect(settle('answered', undefined, true)).toBe('closed')
    expect(admit(false)).toEqual({ kind: 'call', isProbe: false })
  })

  test('each failure doubles the pause, up to a minute', () => {
    const { clock, call, admit } = halfOpen()
    const waits: number[] = []
    for (let i = 0; i < 6; i++) {
      call('failed')
      const admission = admit()
      if (admission.kind === 'paused') waits.push(admission.waitMs)
      clock.now += waits.at(-1) ?? 0
    }
    expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
  })

  test('a probe that says nothing leaves its turn to the next one', () => {
    const { admit, settle } = halfOpen()
    admit()
    expect(settle('unclear', undefined, true)).toBeUndefined()
    expect(admit()).toEqual({ kind: 'call', isProbe: true })
  })

  test('a probe that was cut off with its request holds its turn no longer than its time', () => {
    const { clock, admit } = halfOpen()
    admit()
    clock.now += LEFT_MS - 1
    expect(admit()).toMatchObject({ kind: 'paused' })
    clock.now += 1
    expect(admit()).toEqual({ kind: 'call', isProbe: true })
  })

  test('calls that were under way when it opened decide nothing', () => {
    const { admit, settle } = halfOpen()
    expect(settle('answered')).toBeUndefined()
    expect(settle('failed')).toBeUndefined()
    expect(admit()).toEqual({ kind: 'call', isProbe: true })
  })

  test('an app that is back and refuses the credentials is paused for that', () => {
    const { call, admit } = halfOpen()
    call('refused')
    expect(admit()).toEqual({ kind: 'paused', cause: 'auth', waitMs: 300_000 })
  })
})

test('isolates that open together do not all try at once', () => {
  const pauses = [0, 0.5, 1].map((chance) => {
    const circuit = new Circuit()
    for (let i = 0; i < 6; i++) {
      circuit.settle({ isProbe: false, outcome: 'failed', random: () => chance }, 0)
    }
    return circuit.admit(true, 0, LEFT_MS)
  })
  expect(pauses).toMatchObject([{ waitMs: 5_000 }, { waitMs: 5_500 }, { waitMs: 6_000 }])
})
