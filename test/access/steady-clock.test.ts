import { expect, test } from 'vitest'
import { steadyClock } from '../../src/access/steady-clock.ts'

test('a steady clock goes as the machine’s does, and stands still while that one is set back', () => {
  let now = 1_000
  const steady = steadyClock(() => now)
  const told = [0, 500, -3_600_000, 0, 250, -100, 1].map((ms) => {
    now += ms
    return steady()
  })
  expect(told).toEqual([1_000, 1_500, 1_500, 1_500, 1_750, 1_750, 1_751])
})
