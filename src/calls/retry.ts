/** Which calls are made again within the same request, when, and how many of them. */
import type { AdapterFailure } from '../adapter/failure.ts'

export const MAX_RETRIES = 2
/** Before the first one; doubled for the next. */
const BASE_MS = 200
/** A request that would wait longer for its app is better answered now, with `Retry-After`. */
const LONGEST_WAIT_MS = 5_000
/** Of all calls: an app that is down is asked so much more often, and no more. */
const SHARE = 0.1
/** An isolate that has made few calls may still try some of them again. */
const BURST = 5

export interface Attempt {
  /** How many were made before. */
  readonly number: number
  readonly isRead: boolean
  /** What a call that begins now may take. */
  readonly leftMs: number
  /** From 0 to 1. */
  readonly random: () => number
}

/**
 * Milliseconds to wait before the same call is made again; undefined: it is not. A write is sent
 * again only where the app said that it did nothing, and when to come back: never on a doubt (design
 * decision 2).
 */
export function retryAfter(failure: AdapterFailure, attempt: Attempt): number | undefined {
  const { code, effect, retryAfterSeconds } = failure
  if (attempt.number >= MAX_RETRIES || effect !== 'none') return undefined
  const isTold = retryAfterSeconds !== undefined
  switch (code) {
    case 'unavailable':
    case 'timeout':
      if (!attempt.isRead && !isTold) return undefined
      break
    // Without a time, whoever asks again makes it worse.
    case 'rate':
      if (!isTold) return undefined
      break
    case 'auth':
    case 'forbidden':
    case 'invalid':
    case 'conflict':
    case 'limit':
    case 'blocked':
    case 'protocol':
      return undefined
  }
  // Full jitter: those who failed together do not come back together.
  const jitterMs = attempt.random() * BASE_MS * 2 ** attempt.number
  const waitMs = (retryAfterSeconds ?? 0) * 1_000 + jitterMs
  return waitMs > LONGEST_WAIT_MS || waitMs >= attempt.leftMs ? undefined : Math.ceil(waitMs)
}

/** Of one connection in one isolate: retries never multiply the load of an app that is down. */
export class RetryBudget {
  #left = BURST

  /** A call was made for the first time. */
  called(): void {
    this.#left = Math.min(this.#left + SHARE, BURST)
  }

  /** True where one may be made again; it is counted. */
  take(): boolean {
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
