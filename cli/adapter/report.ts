/** What the kit found, for people at a terminal. */
import type { CheckOutcome, CheckResult } from '../../src/adapter/kit/run.ts'
import type { Voice } from '../voice.ts'

export type Summary = Readonly<Record<CheckOutcome, number>>

export function summaryOf(results: readonly CheckResult[]): Summary {
  const summary = { passed: 0, failed: 0, blocked: 0, skipped: 0 }
  for (const { outcome } of results) summary[outcome] += 1
  return summary
}

const MARKS = { passed: '✓', failed: '✗', skipped: '-', blocked: '?' } as const
const STYLES = { passed: 'green', failed: 'red', skipped: 'dim', blocked: 'yellow' } as const

/** Tells each result as it comes, under the name of its group. */
export function tellerOf({ say, paint }: Voice): (result: CheckResult) => void {
  let group = ''
  return (result) => {
    if (result.group !== group) say(paint('bold', `\n  ${result.group}`))
    group = result.group
    const { outcome, id, type, reason, left = [] } = result
    const mark = paint(STYLES[outcome], MARKS[outcome])
    const why =
      reason === undefined ? '' : `  ${outcome === 'failed' ? reason : paint('dim', reason)}`
    say(`  ${mark} ${type.padEnd(6)} ${id}${why}`)
    for (const one of left) say(`      ${paint('yellow', 'left in the app:')} ${one}`)
  }
}
