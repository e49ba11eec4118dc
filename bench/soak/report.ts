import { quantile } from '../quantile.ts'
import type { Tally } from './conversation.ts'
import type { Estate } from './estate.ts'
import { type MemorySample, slopeOfSecondHalf } from './memory.ts'

/** A rule and what speaks against it: nothing, where it holds. */
export interface Verdict {
  readonly rule: string
  readonly faults: readonly string[]
}

interface Measured {
  readonly tally: Tally
  readonly samples: readonly MemorySample[]
  readonly seconds: number
  readonly startedOn: string
  readonly people: number
  readonly estate: Estate
  readonly faults: number
  /** Requests that were not made: the client waited for eight others. */
  readonly heldBack: number
  readonly options: Readonly<Record<string, number>>
  readonly machine: string
  readonly logged: readonly (readonly [string, number])[]
}

export type Summary = ReturnType<typeof summarise>

const round = (value: number, digits = 1) => Number(value.toFixed(digits))

export function summarise(measured: Measured) {
  const { tally, samples, seconds, estate, people, options } = measured
  const at = (share: number) => round(quantile(tally.times, share))
  const statuses: Record<string, number> = {}
  for (const byStatus of tally.byOperation.values()) {
    for (const [status, n] of byStatus) statuses[status] = (statuses[status] ?? 0) + n
  }
  const spoiled = Object.fromEntries(estate.spoiled())
  return {
    date: measured.startedOn.slice(0, 10),
    machine: measured.machine,
    options,
    peopleOfAConnection: people,
    seconds: round(seconds),
    requests: tally.requests(),
    heldBack: measured.heldBack,
    requestsPerSecond: round(tally.requests() / seconds),
    statuses,
    byOperation: Object.fromEntries(
      [...tally.byOperation].map(([name, byStatus]) => [name, Object.fromEntries(byStatus)]),
    ),
    milliseconds: { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
    appCalls: estate.calls(),
    spoiledCalls: Object.values(spoiled).reduce((a, b) => a + b, 0),
    spoiled,
    memory: {
      live: memoryOf(samples, 'live'),
      resident: memoryOf(samples, 'resident'),
    },
    faults: measured.faults,
    logged: Object.fromEntries(measured.logged),
  }
}

function memoryOf(samples: readonly MemorySample[], of: 'live' | 'resident') {
  const megabytes = samples.map((sample) => sample[of])
  return {
    firstMb: round(megabytes[0] ?? 0),
    halfMb: round(megabytes[Math.floor(megabytes.length / 2)] ?? 0),
    lastMb: round(megabytes.at(-1) ?? 0),
    mbAMinuteInTheSecondHalf: round(slopeOfSecondHalf(samples, of), 2),
  }
}

/** @returns the exit code */
export function print(summary: Summary, verdicts: readonly Verdict[]): number {
  console.log(JSON.stringify(summary, null, 2))
  for (const { rule, faults } of verdicts) {
    console.log(`${faults.length === 0 ? '✓' : '✗'} ${rule}`)
    for (const fault of faults) console.log(`    ${fault}`)
  }
  const failed = verdicts.filter(({ faults }) => faults.length > 0).length
  console.log(`${verdicts.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}
