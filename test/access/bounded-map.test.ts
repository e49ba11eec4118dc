import { expect, test } from 'vitest'
import { BoundedMap } from '../../src/access/bounded-map.ts'

test('a full map loses the entry that was asked for or written longest ago', () => {
  const map = new BoundedMap<number>(3)
  for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) map.set(key, value)
  map.set('a', 4)
  map.get('b')
  map.set('d', 5)
  expect([map.get('a'), map.get('b'), map.get('c'), map.get('d')]).toEqual([4, 2, undefined, 5])
  expect(map.size).toBe(3)
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

test('what is still needed stays, however long nobody asks for it', () => {
  const map = new BoundedMap<{ isOpen: boolean }>(2, ({ isOpen }) => isOpen)
  map.set('needed', { isOpen: true })
  for (let i = 0; i < 10; i++) map.set(`other ${i}`, { isOpen: false })
  expect([map.get('needed'), map.get('other 8'), map.size]).toEqual([
    { isOpen: true },
    undefined,
    2,
  ])
})

test('where all are needed, the one asked for longest ago goes all the same', () => {
  const map = new BoundedMap<number>(2, () => true)
  map.set('a', 1)
  map.set('b', 2)
  map.get('a')
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
})
