/** The block of an adapter's README that says what the kit has proved. */
import { readFile, writeFile } from 'node:fs/promises'
import { CHECK_GROUPS } from '../../src/adapter/kit/check.ts'
import type { CheckResult } from '../../src/adapter/kit/run.ts'
import { summaryOf } from './report.ts'

const BEGIN = '<!-- kit: begin -->'
const END = '<!-- kit: end -->'

export interface Proof {
  readonly adapter: string
  /** Of the adapter. */
  readonly version: string
  /** Name and version of the app, where somebody said it. */
  readonly app?: string | undefined
  /** ISO 8601, a day. */
  readonly day: string
  readonly results: readonly CheckResult[]
}

/**
 * Checks that need what is not declared are not listed one by one, the declarations say it; nor is
 * that the gateway is asked about people only.
 */
export function kitBlock({ adapter, version, app, day, results }: Proof): string {
  const { passed, failed, blocked } = summaryOf(results)
  const rows = CHECK_GROUPS.flatMap((group) => {
    const here = results.filter((result) => result.group === group)
    const sums = summaryOf(here)
    if (sums.passed + sums.failed + sums.blocked === 0) return []
    return [`| ${group} | ${sums.passed} | ${sums.failed + sums.blocked} |`]
  })
  const told = results.filter(({ outcome, reason = '', group }) => {
    const isExpected = group === 'gateway' && outcome === 'skipped'
    return outcome !== 'passed' && !isExpected && !reason.startsWith('not declared:')
  })
  const notes = [...new Set(told.map(line))]
  const on = app === undefined ? 'a running app' : app
  return [
    BEGIN,
    `Version ${version}, ${day}, by \`postern adapter test ${adapter} --live\` on ${on}: ${passed} passed, ${failed + blocked} failed.`,
    '',
    '| group | passed | failed |',
    '|---|---|---|',
    ...rows,
    ...(notes.length > 0 ? ['', 'Not passed, and why:', '', ...notes] : []),
    END,
  ].join('\n')
}

function line({ type, id, outcome, reason = '' }: CheckResult): string {
  const word = outcome === 'skipped' ? 'skipped' : outcome === 'failed' ? '**failed**' : 'not tried'
  return `- ${type} \`${id}\` (${word}): ${reason}`
}

/** Puts the block in place of the one that is there, or at the end. */
export async function writeKitBlock(file: string, proof: Proof): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => `# \`${proof.adapter}\`\n`)
  const block = kitBlock(proof)
  const at = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  const next =
    at >= 0 && end > at
      ? text.slice(0, at) + block + text.slice(end + END.length)
      : `${text.trimEnd()}\n\n## Proved by the kit\n\n${block}\n`
  await writeFile(file, next)
}
