import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AdapterFailure, isRefusal } from '../../src/adapter/failure.ts'
import { Budget } from '../../src/membership/budget.ts'
import { chunksOf, halvesOf } from '../../src/membership/chunks.ts'
import { groupsAfter, membersAfter } from '../../src/membership/replacement.ts'
import { isOutage, retryAfterMs } from '../../src/membership/retry.ts'

const user = (id: string) => ({ type: 'User', id })

test('a replaced list keeps, in their order, all whom no change names', () => {
  const held = [user('1'), user('2'), { type: 'Group', id: '2' }]
  const changes = [
    { member: user('2'), wanted: false },
    { member: user('3'), wanted: true },
  ]
  expect(membersAfter(held, changes)).toEqual([user('1'), { type: 'Group', id: '2' }, user('3')])
})

test('a list that is as wanted is not replaced', () => {
  const changes = [
    { member: user('1'), wanted: true },
    { member: user('9'), wanted: false },
  ]
  expect(membersAfter([user('1')], changes)).toBeUndefined()
})

test('a person joins beside other groups, or instead of them where there is room for one', () => {
  expect(groupsAfter(['1'], '2', true, false)).toEqual(['1', '2'])
  expect(groupsAfter(['1'], '2', true, true)).toEqual(['2'])
  expect(groupsAfter(['2'], '2', true, true)).toBeUndefined()
  expect(groupsAfter(['1', '2'], '2', false, false)).toEqual(['1'])
  expect(groupsAfter(['1'], '2', false, true)).toBeUndefined()
})

test('chunks and halves lose nobody', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 7 }), (items, size) => {
      const chunks = chunksOf(items, size)
      expect(chunks.flat()).toEqual(items)
      expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= size)).toBe(true)
      expect(halvesOf(items).flat()).toEqual(items)
    }),
  )
})

test('tries come further and further apart, up to six hours', () => {
  expect([0, 1, 2].map(retryAfterMs)).toEqual([60_000, 120_000, 240_000])
  expect(retryAfterMs(1_000)).toBe(6 * 3_600_000)
})

test('a refusal is the answer to this change; what may pass, or may have happened, is none', () => {
  const failure = (code: 'blocked' | 'rate', effect: 'none' | 'unknown') =>
    new AdapterFailure(code, '', { effect })
  expect(isRefusal(failure('blocked', 'none'))).toBe(true)
  expect(isRefusal(failure('blocked', 'unknown'))).toBe(false)
  expect(isRefusal(failure('rate', 'none'))).toBe(false)
  expect(isOutage(failure('rate', 'none'))).toBe(true)
  expect(isOutage(new Error('ours'))).toBe(false)
})

test('a budget ends by calls or by time', () => {
  let now = 0
  const calls = new Budget(() => now, 100, 2)
  expect([calls.take(), calls.take(), calls.take()]).toEqual([true, true, false])
  const time = new Budget(() => now, 100, 9)
  expect(time.take()).toBe(true)
  now = 100
  expect([time.take(), time.isSpent]).toEqual([false, true])
})
