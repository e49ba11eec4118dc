import { expect, test } from 'vitest'
import { Shares } from '../../src/access/shares.ts'

test('whoever has most makes room: a flood of one owner costs the others nothing', () => {
  const shares = new Shares<number>(5)
  shares.set('a', 'x', 1)
  shares.set('b', 'x', 2)
  shares.set('b', 'y', 3)
  for (let i = 0; i < 100; i++) shares.set('flood', String(i), i)
  expect([shares.get('a', 'x'), shares.get('b', 'x'), shares.get('b', 'y')]).toEqual([1, 2, 3])
  expect([97, 98, 99].map((i) => shares.get('flood', String(i)))).toEqual([undefined, 98, 99])
})

test('among owners who have as much, and among the entries of one, use counts', () => {
  const shares = new Shares<number>(4)
  for (const owner of ['a', 'b']) for (const key of ['x', 'y']) shares.set(owner, key, 1)
  shares.get('a', 'y')
  shares.get('a', 'x')
  shares.set('c', 'x', 1)
  expect(shares.get('b', 'x')).toBeUndefined()
  expect(shares.get('b', 'y')).toBe(1)
  shares.set('d', 'x', 1)
  expect([shares.get('a', 'y'), shares.get('a', 'x')]).toEqual([undefined, 1])
})

test('an entry that is written again takes no second place', () => {
  const shares = new Shares<number>(2)
  shares.set('a', 'x', 1)
  shares.set('b', 'x', 1)
  for (let i = 2; i < 10; i++) shares.set('a', 'x', i)
  expect([shares.get('a', 'x'), shares.get('b', 'x')]).toEqual([9, 1])
})
