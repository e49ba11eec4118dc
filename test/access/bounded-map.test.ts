import { expect, test } from 'vitest'
import { BoundedMap } from '../../src/access/bounded-map.ts'

test('a full map loses the entry that was written longest ago', () => {
  const map = new BoundedMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  map.set('c', 4)
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([3, undefined, 4, 2])
})

test('an entry that is written again or deleted takes no second place', () => {
  const map = new BoundedMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('b', 3)
  expect([map.get('a'), map.get('b'), map.size]).toEqual([1, 3, 2])
  map.delete('a')
  map.set('c', 4)
  expect([map.get('b'), map.get('c'), map.size]).toEqual([3, 4, 2])
})
