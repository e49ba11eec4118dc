import { expect, test } from 'vitest'
import { UsageError } from '../../cli/command.ts'
import { sinceOf, untilOf } from '../../cli/connections/until.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')

test.each([
  ['30m', '2026-11-23T12:30:00.000Z'],
  ['2h', '2026-11-23T14:00:00.000Z'],
  ['7d', '2026-11-30T12:00:00.000Z'],
  ['2026-11-24T18:00Z', '2026-11-24T18:00:00.000Z'],
  ['2026-11-24T18:00:30+02:00', '2026-11-24T16:00:30.000Z'],
])('%s is %s', (text, expected) => {
  expect(untilOf(text, NOW)).toBe(expected)
})

test.each(['', 'soon', '2', '2w', '-2h', '2026-11-24', '2026-11-24T18:00', '2026-13-40T99:00Z'])(
  '"%s" is wrong usage: a time without a zone would be the machine’s own',
  (text) => {
    expect(() => untilOf(text, NOW)).toThrow(UsageError)
  },
)

test('a span since is counted backwards, and a time is itself', () => {
  expect(sinceOf('2h', NOW)).toBe(new Date(NOW - 2 * 3_600_000).toISOString())
  expect(sinceOf('2026-11-20T18:00Z', NOW)).toBe('2026-11-20T18:00:00.000Z')
  expect(() => sinceOf('yesterday', NOW)).toThrow(UsageError)
})
