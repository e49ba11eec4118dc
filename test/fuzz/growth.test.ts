import { expect, test } from 'vitest'
import { growthOf, MOST_MB_PER_MINUTE } from './growth.ts'

/** A sample every five seconds. */
const run = (minutes: number, mbAt: (minute: number) => number) =>
  Array.from({ length: minutes * 12 }, (_, i) => ({ atMs: i * 5_000, mb: mbAt(i / 12) }))

test('memory that grows with the cases is found in nine minutes', () => {
  const leak = run(9, (minute) => 300 + 2 * MOST_MB_PER_MINUTE * minute)
  expect(growthOf(leak)).toBeCloseTo(2 * MOST_MB_PER_MINUTE)
})

test('memory that fills once does not grow, however much of it there is', () => {
  const filling = run(9, (minute) => 300 + 600 * (1 - Math.exp(-minute)))
  expect(growthOf(filling)).toBeLessThan(MOST_MB_PER_MINUTE / 3)
})

test('a collection at one moment decides nothing', () => {
  const collected = run(9, (minute) => (minute > 8.8 ? 900 : 500))
  expect(growthOf(collected)).toBe(0)
})

test('of the minutes in which everything is used for the first time nothing is said', () => {
  expect(growthOf(run(2, (minute) => 300 + 200 * minute))).toBeUndefined()
  expect(growthOf([])).toBeUndefined()
})
