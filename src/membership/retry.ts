/** When a change that an app could not be told of is tried again, and when never by itself. */
import { AdapterFailure, isRefusal } from '../adapter/failure.ts'

const FIRST_MS = 60_000
const LONGEST_MS = 6 * 3_600_000

/** Milliseconds until the next try, after `attempt` of them have failed. */
export function retryAfterMs(attempt: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(attempt, 20), LONGEST_MS)
}

/** True where the app as a whole does not do its work now: to ask it more makes it no better. */
export function isOutage(error: unknown): boolean {
  return error instanceof AdapterFailure && !isRefusal(error)
}
