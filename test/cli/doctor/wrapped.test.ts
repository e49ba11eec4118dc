import { expect, test } from 'vitest'
import { wrapped } from '../../../cli/doctor.ts'

const TEXT = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen'

test('a terminal gets lines that it has room for, and none of the words is lost', () => {
  const lines = wrapped(TEXT, 40)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(40)
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.join(' ')).toBe(TEXT)
})

test('a word that is longer than a line stands alone, whole', () => {
  const long = 'x'.repeat(60)
  expect(wrapped(`see ${long} there`, 40)).toEqual(['see', long, 'there'])
})

test('a log gets whole lines, and so does a terminal that is too narrow', () => {
  expect(wrapped(TEXT, undefined)).toEqual([TEXT])
  expect(wrapped(TEXT, 12)).toEqual([TEXT])
})
