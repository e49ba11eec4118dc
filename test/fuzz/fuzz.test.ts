/**
 * Whatever is written by somebody else, the answer is well-formed, in time, and holds no secret; nothing is
 * a 500. `npm run fuzz` runs the same for as long as one likes, and plays a failing case again.
 */
import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { LONGEST_MS } from './lab.ts'
import { type FuzzOptions, fuzzOptions, IN_TESTS, MARK, type RoundReport } from './options.ts'
import type { AnyTarget } from './target.ts'
import { TARGETS } from './targets.ts'

const given = (env as { FUZZ?: string }).FUZZ
const options: FuzzOptions = given ? fuzzOptions.parse(JSON.parse(given)) : IN_TESTS
const isCommand = given !== undefined && given !== ''

/** A round has a connection of its own: what cases write does not slow down those that follow. */
const ROUND_MS = 20_000

const chosen = TARGETS.filter(
  ({ name }) => options.targets.length === 0 || options.targets.includes(name),
)

describe('what others write', () => {
  test.each(chosen.map((target) => [target.name, target] as const))(
    'any of it is answered well: %s',
    async (_, target) => {
      const endsAt = Date.now() + options.budgetMs
      for (let round = 0; round === 0 || Date.now() < endsAt; round++) {
        const seed = options.seed + round
        if (isCommand) console.log(`\n${MARK}${JSON.stringify({ begins: target.name, seed })}\n`)
        const report = await play(target, seed, Math.min(ROUND_MS, endsAt - Date.now()))
        if (isCommand) console.log(`\n${MARK}${JSON.stringify(report)}\n`)
        const { failure } = report
        if (failure) {
          const again = `npm run fuzz -- --target ${target.name} --seed ${seed} --path ${failure.path}`
          throw new Error(`${failure.message}\n\n${failure.counterexample}\n\nAgain: ${again}`)
        }
        if (options.path !== undefined) break
      }
    },
    options.budgetMs + 180_000,
  )
})

async function play(target: AnyTarget, seed: number, budgetMs: number): Promise<RoundReport> {
  const startedAt = Date.now()
  const { cases, run } = await target.open()
  const property = fc.asyncProperty(cases, run)
  const details = await fc.check(property, {
    ...{ seed, numRuns: Number.MAX_SAFE_INTEGER, timeout: LONGEST_MS },
    ...(options.path === undefined
      ? { interruptAfterTimeLimit: Math.max(1_000, budgetMs - (Date.now() - startedAt)) }
      : { path: options.path, endOnFailure: true }),
  })
  const report = { target: target.name, seed, cases: details.numRuns, ms: Date.now() - startedAt }
  if (!details.failed || details.counterexample === null) return report
  const error = details.errorInstance
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const counterexample = fc.stringify(details.counterexample[0])
  return { ...report, failure: { path: details.counterexamplePath ?? '', counterexample, message } }
}
