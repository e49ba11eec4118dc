import { expect, test } from 'vitest'
import { Deadline } from '../../src/calls/deadline.ts'

function deadline(totalMs: number, longestMs = totalMs) {
  const clock = { now: 1_000 }
  return { clock, deadline: new Deadline(() => clock.now, 1_000 + totalMs, longestMs) }
}

test('a call is given what is left', () => {
  const { clock, deadline: it } = deadline(25_000)
  expect(it.leftMs()).toBe(25_000)
  clock.now += 10_000
  expect(it.leftMs()).toBe(15_000)
})

test('no call is given more than one call may take', () => {
  const { clock, deadline: it } = deadline(30_000, 10_000)
  expect(it.leftMs()).toBe(10_000)
  clock.now += 25_000
  expect(it.leftMs()).toBe(5_000)
})

test.each([
  [25_000, 1_000],
  [100, 10],
])('of %d ms, less than %d ms is too little for a call', (totalMs, leastMs) => {
  const { clock, deadline: it } = deadline(totalMs)
  clock.now += totalMs - leastMs
  expect(it.leftMs()).toBe(leastMs)
  clock.now += 1
  expect(it.leftMs()).toBe(0)
  clock.now += totalMs
  expect(it.leftMs()).toBe(0)
})

test('a wait ends with the deadline at the latest', () => {
  const { clock, deadline: it } = deadline(1_000)
  expect(it.cut(400)).toBe(400)
  clock.now += 900
  expect(it.cut(400)).toBe(100)
  clock.now += 900
  expect(it.cut(400)).toBe(0)
})
