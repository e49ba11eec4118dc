/** How a connection does, from the sums of `traffic`. Pure. */
import { BOUNDS_MS, type Span } from '../db/traffic.ts'

export interface Window {
  readonly requests: number
  readonly reads: number
  readonly writes: number
  readonly refused: number
  readonly failed: number
  /** Requests that were not let in: no token, or a wrong or expired one. */
  readonly denied: number
  /** Requests below the connection's name that were not for its base URL. */
  readonly misdirected: number
  /** Of requests that were let in; null: there were none. */
  readonly successRate: number | null
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly app: {
    readonly calls: number
    readonly failed: number
    readonly p50Ms: number | null
    readonly p95Ms: number | null
  }
  /** Rows of the audit that could not be written. */
  readonly auditLost: number
}

export function windowOf(spans: readonly Span[]): Window {
  const sum = (of: (span: Span) => number) => spans.reduce((total, span) => total + of(span), 0)
  const reads = sum((span) => span.reads)
  const writes = sum((span) => span.writes)
  const refused = sum((span) => span.refused)
  const failed = sum((span) => span.failed)
  const requests = reads + writes
  const requestMs = added(spans.map((span) => span.requestMs))
  const callMs = added(spans.map((span) => span.callMs))
  return {
    ...{ requests, reads, writes, refused, failed },
    denied: sum((span) => span.denied),
    misdirected: sum((span) => span.misdirected),
    successRate: requests === 0 ? null : (requests - refused - failed) / requests,
    p50Ms: quantile(requestMs, 0.5),
    p95Ms: quantile(requestMs, 0.95),
    app: {
      calls: sum((span) => span.calls),
      failed: sum((span) => span.callsFailed),
      p50Ms: quantile(callMs, 0.5),
      p95Ms: quantile(callMs, 0.95),
    },
    auditLost: sum((span) => span.lost),
  }
}

function added(all: readonly (readonly number[])[]): number[] {
  return Array.from({ length: BOUNDS_MS.length + 1 }, (_, at) =>
    all.reduce((total, classes) => total + (classes[at] ?? 0), 0),
  )
}

/**
 * Within its class as if all of it were spread evenly; above the last bound, that bound. Null: there is
 * nothing.
 */
export function quantile(classes: readonly number[], share: number): number | null {
  const total = classes.reduce((sum, n) => sum + n, 0)
  if (total === 0) return null
  const wanted = share * total
  let before = 0
  for (const [at, count] of classes.entries()) {
    const upper = BOUNDS_MS[at]
    if (upper === undefined) break
    if (count > 0 && before + count >= wanted) {
      const lower = BOUNDS_MS[at - 1] ?? 0
      return Math.round(lower + ((wanted - before) / count) * (upper - lower))
    }
    before += count
  }
  return BOUNDS_MS.at(-1) ?? null
}

// ---- quarantine ----------------------------------------------------------------------------------------

/** Entra quarantines above this share of failed operations, once there are so many (its documentation). */
const SHARE = 0.4
const FAILURES = 5_000
/** Above so many, whatever the share. */
const FAILURES_AT_ALL = 40_000
/** From here on somebody should look. */
const NEAR = 0.5

export interface Quarantine {
  /** `near`: half way to a bound; `likely`: past it. `denied`: Entra stops at the first refused token. */
  readonly risk: 'none' | 'near' | 'likely' | 'denied'
  readonly failures: number
  readonly operations: number
  /** 0 to 1; null: there were none. */
  readonly share: number | null
  readonly bounds: { readonly share: number; readonly failures: number; readonly atAll: number }
}

/** An estimate: Entra counts its own operations, in its own cycles; these are requests of a day. */
export function quarantineOf(day: Window, hour: Window): Quarantine {
  const failures = day.refused + day.failed
  const share = day.requests === 0 ? null : failures / day.requests
  const bounds = { share: SHARE, failures: FAILURES, atAll: FAILURES_AT_ALL }
  const isPast = (share ?? 0) > SHARE && failures >= FAILURES
  const isNear = (share ?? 0) > SHARE * NEAR && failures >= FAILURES * NEAR
  const risk =
    hour.denied > 0 && hour.requests === 0
      ? 'denied'
      : isPast || failures > FAILURES_AT_ALL
        ? 'likely'
        : isNear || failures > FAILURES_AT_ALL * NEAR
          ? 'near'
          : 'none'
  return { risk, failures, operations: day.requests, share, bounds }
}
