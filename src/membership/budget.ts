/** What one request or one run of the sweeper may spend on changes of members. */

/**
 * Calls of the app. A Worker invocation has 1,000 subrequests, of which D1 and the rest of the request
 * take some, and an adapter may need several for one change.
 */
const MAX_CALLS = 300

export class Budget {
  readonly #now: () => number
  readonly #deadline: number
  #calls: number

  /** @param timeMs no call begins later than this from now */
  constructor(now: () => number, timeMs: number, calls: number = MAX_CALLS) {
    this.#now = now
    this.#deadline = now() + timeMs
    this.#calls = calls
  }

  get isSpent(): boolean {
    return this.#calls <= 0 || this.#now() >= this.#deadline
  }

  /** True where one more call may be made; it is counted. */
  take(): boolean {
    if (this.isSpent) return false
    this.#calls -= 1
    return true
  }
}
