import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { duration, plainProgress, terminalProgress } from '../../../cli/simulate/progress.ts'

/** A screen that remembers; its clock stands still until told. */
function screen(width = 80, colors = false) {
  let text = ''
  const clock = { now: 0 }
  return {
    clock,
    text: () => text,
    lines: () =>
      text
        .split(/[\r\n]/)
        .map(stripVTControlCharacters)
        .filter((line) => line.trim() !== ''),
    write: (more: string) => {
      text += more
    },
    columns: () => width,
    colors,
    now: () => clock.now,
  }
}

describe('on a terminal', () => {
  test('a phase shows a bar, its rate and the time left, and ends as one line', () => {
    const to = screen(100)
    const progress = terminalProgress(to)
    progress.begin('match', 200)
    to.clock.now = 2000
    progress.step(100)
    expect(to.lines().at(-1)).toMatch(/match +━{15}─{15} +100\/200 +50\/s +2\.0 s left$/)
    progress.step(100)
    to.clock.now = 4000
    progress.end('40 found', true)
    expect(to.lines().at(-1)).toMatch(/✓ match +200\/200 +50\/s +4\.0 s +40 found$/)
    expect(to.text().endsWith('\n\u001b[?25h')).toBe(true)
  })

  test.each([36, 40, 44, 60, 72, 80, 120, 300])('no line is wider than %i columns', (width) => {
    const to = screen(width)
    const progress = terminalProgress(to)
    progress.begin('create and update', 100_000)
    to.clock.now = 10_000
    progress.step(1234)
    progress.waiting('again in 7.0 s: 503 The app is not available. Retry later.')
    to.clock.now = 20_000
    progress.step()
    progress.end('12 created, 40 updated, and a long story besides that fits nowhere', false)
    for (const line of to.lines()) expect([...line].length).toBeLessThanOrEqual(to.columns())
  })

  test('nothing is coloured where colours are off', () => {
    const paintedBy = (colors: boolean) => {
      const to = screen(80, colors)
      const progress = terminalProgress(to)
      progress.begin('match', 2)
      progress.step(2)
      progress.end('2 found', true)
      return to.text().includes('\u001b[32m')
    }
    expect([paintedBy(false), paintedBy(true)]).toEqual([false, true])
  })

  test('the cursor comes back, also in the middle of a phase', () => {
    const to = screen()
    const progress = terminalProgress(to)
    progress.begin('match', 2)
    progress.close()
    expect(to.text().endsWith('\u001b[?25h')).toBe(true)
  })
})

describe('elsewhere', () => {
  test('a phase has a line at its start, at each tenth, and at its end', () => {
    const to = screen()
    const progress = plainProgress(to)
    progress.begin('match', 1000)
    for (let done = 1; done <= 1000; done++) {
      to.clock.now = done * 10
      progress.step()
    }
    progress.end('40 found', true)
    const lines = to.lines()
    expect(lines[0]).toBe('match: 1000 to do')
    expect(lines[1]).toBe('match: 10 % (100/1000), 100/s, 9.0 s left')
    expect(lines.at(-1)).toBe('match: done, 1000/1000 in 10 s, 40 found')
    expect(lines).toHaveLength(11)
    expect(to.text()).not.toContain('\r')
    expect(to.text()).not.toContain('\u001b')
  })
})

test('durations are short', () => {
  expect([40, 9_949, 59_400, 185_000].map(duration)).toEqual([
    '0.0 s',
    '9.9 s',
    '59 s',
    '3 min 05 s',
  ])
})
