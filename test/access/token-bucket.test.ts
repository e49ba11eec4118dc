import { describe, expect, test } from 'vitest'
import { TokenBuckets } from '../../src/access/token-bucket.ts'

const RATE = { perSecond: 2, burst: 3 }

describe('a token bucket', () => {
  test('gives a burst at once, and then says how long until the next token', () => {
    const buckets = new TokenBuckets(10)
    expect([1, 2, 3, 4].map(() => buckets.take('a', RATE, 0))).toEqual([0, 0, 0, 500])
    expect(buckets.take('a', RATE, 250)).toBe(250)
    expect(buckets.take('a', RATE, 500)).toBe(0)
  })

  test('never holds more than a burst, however long nobody asked', () => {
    const buckets = new TokenBuckets(10)
    buckets.take('a', RATE, 0)
    expect(buckets.peek('a', RATE, 3_600_000)).toBe(3)
  })

  test('of one key says nothing of another', () => {
    const buckets = new TokenBuckets(10)
    for (let i = 0; i < 3; i++) buckets.take('a', RATE, 0)
    expect(buckets.take('a', RATE, 0)).toBeGreaterThan(0)
    expect(buckets.take('b', RATE, 0)).toBe(0)
  })

  test('goes into debt for what is charged, and gives nothing until that is paid back', () => {
    const buckets = new TokenBuckets(10)
    buckets.charge('a', RATE, 0, 9)
    expect(buckets.take('a', RATE, 0)).toBe(3_500)
    expect(buckets.take('a', RATE, 3_500)).toBe(0)
  })

  test('gets back what was given back, and holds no more than a burst', () => {
    const buckets = new TokenBuckets(10)
    for (let i = 0; i < 3; i++) buckets.take('a', RATE, 0)
    buckets.giveBack('a', RATE, 0)
    expect([1, 2].map(() => buckets.take('a', RATE, 0))).toEqual([0, 500])
    for (let i = 0; i < 9; i++) buckets.giveBack('a', RATE, 0)
    expect(buckets.peek('a', RATE, 0)).toBe(3)
  })

  test('fills nothing while the clock goes back, and then by the clock as it is', () => {
    const buckets = new TokenBuckets(10)
    for (let i = 0; i < 3; i++) buckets.take('a', RATE, 3_600_000)
    expect(buckets.take('a', RATE, 0)).toBe(500)
    expect(buckets.take('a', RATE, 250)).toBe(250)
    expect(buckets.take('a', RATE, 500)).toBe(0)
  })

  test('is forgotten where too many others came after it', () => {
    const buckets = new TokenBuckets(2)
    for (let i = 0; i < 3; i++) buckets.take('a', RATE, 0)
    buckets.take('b', RATE, 0)
    buckets.take('c', RATE, 0)
    expect(buckets.take('a', RATE, 0)).toBe(0)
  })
})
