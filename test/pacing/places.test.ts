import { expect, test } from 'vitest'
import { Places } from '../../src/pacing/places.ts'

test('whoever does not look again is in nobody’s way', () => {
  const places = new Places()
  const gone = places.join(0, 25_000)
  const mine = places.join(100, 25_000)
  expect([places.ahead(mine, 200), places.waiting(200)]).toEqual([1, 2])
  gone.looksAt = 200
  mine.looksAt = 500
  expect([places.ahead(mine, 500), places.waiting(500)]).toEqual([0, 1])
})

test('requests that were cut off leave no places behind when their time is over', () => {
  const places = new Places()
  for (let now = 0; now < 100_000; now += 10) places.join(now, now + 2_000)
  expect(places.size).toBeLessThanOrEqual(300)
})
