import { describe, expect, test } from 'vitest'
import { AdapterFailure, type FailureCode } from '../../src/adapter/failure.ts'
import { type Attempt, MAX_RETRIES, RetryBudget, retryAfter } from '../../src/calls/retry.ts'

const failure = (code: FailureCode, info: { seconds?: number; effect?: 'unknown' } = {}) =>
  new AdapterFailure(code, 'no', {
    effect: info.effect ?? 'none',
    retryAfterSeconds: info.seconds,
  })
const READ: Attempt = { number: 0, isRead: true, leftMs: 25_000, random: () => 0.5 }
const WRITE: Attempt = { ...READ, isRead: false }

describe('a read', () => {
  test.each(['unavailable', 'timeout'] as const)('that fails as %s is tried again', (code) => {
    expect(retryAfter(failure(code), READ)).toBe(100)
    expect(retryAfter(failure(code), { ...READ, number: 1 })).toBe(200)
  })

  test.each([
    ...(['auth', 'forbidden', 'invalid', 'conflict', 'limit', 'blocked'] as const),
    'protocol' as const,
  ])('that fails as %s is not', (code) => {
    expect(retryAfter(failure(code, { seconds: 1 }), READ)).toBeUndefined()
  })

  test('is tried again a few times and no more', () => {
    expect(retryAfter(failure('unavailable'), { ...READ, number: MAX_RETRIES })).toBeUndefined()
  })

  test('waits anything between nothing and twice the mean', () => {
    expect(retryAfter(failure('unavailable'), { ...READ, random: () => 0 })).toBe(0)
    expect(retryAfter(failure('unavailable'), { ...READ, random: () => 0.999 })).toBe(200)
  })

  test('waits for as long as the app says, and not where that is long', () => {
    expect(retryAfter(failure('unavailable', { seconds: 2 }), READ)).toBe(2_100)
    expect(retryAfter(failure('unavailable', { seconds: 6 }), READ)).toBeUndefined()
  })

  test('is not tried again past the time of its request', () => {
    expect(retryAfter(failure('unavailable', { seconds: 2 }), { ...READ, leftMs: 2_000 })).toBe(
      undefined,
    )
    expect(retryAfter(failure('unavailable'), { ...READ, leftMs: 0 })).toBeUndefined()
  })

  test('beyond the rate of the app is tried again only where the app says when', () => {
    expect(retryAfter(failure('rate'), READ)).toBeUndefined()
    expect(retryAfter(failure('rate', { seconds: 1 }), READ)).toBe(1_100)
  })
})

describe('a write', () => {
  test('is sent again where the app has done nothing, and says when', () => {
    expect(retryAfter(failure('rate', { seconds: 1 }), WRITE)).toBe(1_100)
    expect(retryAfter(failure('unavailable', { seconds: 1 }), WRITE)).toBe(1_100)
  })

  test('is not sent again on a word less', () => {
    expect(retryAfter(failure('unavailable'), WRITE)).toBeUndefined()
    expect(retryAfter(failure('rate'), WRITE)).toBeUndefined()
    expect(retryAfter(failure('invalid', { seconds: 1 }), WRITE)).toBeUndefined()
  })

  test('of which nobody knows the effect is never sent again', () => {
    for (const code of ['unavailable', 'timeout', 'rate', 'protocol'] as const) {
      const unknown = failure(code, { effect: 'unknown', seconds: 1 })
      expect(retryAfter(unknown, WRITE)).toBeUndefined()
    }
  })
})

test('of many calls a tenth may be made again', () => {
  const budget = new RetryBudget()
  let retries = 0
  for (let call = 0; call < 1_000; call++) {
    budget.called()
    while (budget.take()) retries += 1
  }
  expect(retries).toBeGreaterThanOrEqual(100)
  expect(retries).toBeLessThanOrEqual(106)
})

test('the first calls of an isolate may be made again, and a quiet day saves up no more', () => {
  const budget = new RetryBudget()
  for (let call = 0; call < 10_000; call++) budget.called()
  const taken = Array.from({ length: 10 }, () => budget.take())
  expect(taken.filter(Boolean)).toHaveLength(5)
})
