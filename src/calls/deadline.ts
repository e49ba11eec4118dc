/**
 * When a request, or a turn of a job, is done with the app at the latest. Whatever it waits for counts:
 * calls, tries again, the leases of others.
 */

/** Less than this is too little for a call: it would be cut, and after a write nobody would know. */
const LEAST_MS = 1_000

export class Deadline {
  /** Milliseconds since 1970. No call of the app is under way after it. */
  readonly endsAt: number
  readonly #now: () => number
  readonly #longestMs: number

  /** @param longestMs what one call may take at the most */
  constructor(now: () => number, endsAt: number, longestMs: number) {
    this.endsAt = endsAt
    this.#now = now
    this.#longestMs = longestMs
  }

  /** What a call that begins now may take; 0: too little is left, and none is to begin. */
  leftMs(): number {
    const leftMs = this.endsAt - this.#now()
    return leftMs < Math.min(LEAST_MS, this.#longestMs / 10) ? 0 : Math.min(leftMs, this.#longestMs)
  }

  /** As much of a wait as there is time for. */
  cut(waitMs: number): number {
    return Math.max(Math.min(waitMs, this.endsAt - this.#now()), 0)
  }
}
