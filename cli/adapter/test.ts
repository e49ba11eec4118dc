/** `postern adapter test`: the conformance kit, at a terminal. */
import { CHECKS } from '../../src/adapter/kit/checks.ts'
import { type CheckResult, runChecks } from '../../src/adapter/kit/run.ts'
import { NO_NOTES } from '../../src/adapter/kit/subject.ts'
import { parseWords } from '../arguments.ts'
import { voiceOf } from '../voice.ts'
import { loadAdapter } from './load.ts'

export const TEST_HELP = `npx postern adapter test <adapter> [options]

Runs the conformance kit (docs/adapters.md, "Prove it"). <adapter> is the name of a built-in one, or
a manifest file.

  --json            no progress; the last line printed is one object
  --help            this text

Exit code: 0 all that applies passed, 1 something failed or could not be tried, 2 wrong usage.

  npx postern adapter test example
  npx postern adapter test my-desk.manifest.json`

const MARKS = { passed: '✓', failed: '✗', skipped: '-', blocked: '?' } as const
const STYLES = { passed: 'green', failed: 'red', skipped: 'dim', blocked: 'yellow' } as const

export async function runTest(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('adapter test', args, ['adapter'], {
    json: { type: 'boolean', default: false },
  })
  const { say, paint } = voiceOf(flags)
  const adapter = (await loadAdapter(words[0] ?? ''))()
  let group = ''
  const tell = (result: CheckResult) => {
    if (result.group !== group) say(paint('bold', `\n  ${result.group}`))
    group = result.group
    const { outcome, id, type, reason } = result
    const mark = paint(STYLES[outcome], MARKS[outcome])
    say(
      `  ${mark} ${type.padEnd(6)} ${id}${reason === undefined ? '' : paint('dim', `  ${reason}`)}`,
    )
  }
  const subject = {
    adapter,
    readOnly: false,
    notes: NO_NOTES,
    hands: {},
    seed: 'seed',
    io: {
      sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
      now: Date.now,
    },
  }
  const results = await runChecks(subject, CHECKS, tell)
  const count = (outcome: CheckResult['outcome']) =>
    results.filter((result) => result.outcome === outcome).length
  const [failed, blocked] = [count('failed'), count('blocked')]
  if (flags.json) console.log(JSON.stringify({ adapter: adapter.name, results }))
  else {
    say(
      `\n  ${count('passed')} passed, ${failed} failed, ${blocked} not tried, ${count('skipped')} skipped`,
    )
  }
  return failed + blocked === 0 ? 0 : 1
}
