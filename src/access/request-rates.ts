/**
 * How many requests an isolate lets through: of each connection what its policy says, of each source
 * that fails to sign in a few. What it counts is its own: another isolate counts for itself.
 */
import type { Connection } from './connection.ts'
import {
  BURST_SECONDS,
  GRANTS_BURST,
  GRANTS_PER_SECOND,
  RATES_REMEMBERED,
  STRANGERS_BURST,
  STRANGERS_PER_SECOND,
} from './limits.ts'
import { type Rate, TokenBuckets } from './token-bucket.ts'

const STRANGERS = { perSecond: STRANGERS_PER_SECOND, burst: STRANGERS_BURST }
const GRANTS = { perSecond: GRANTS_PER_SECOND, burst: GRANTS_BURST }

/** One for each isolate. Times are milliseconds. */
export class RequestRates {
  readonly #connections = new TokenBuckets(RATES_REMEMBERED)
  readonly #sources = new TokenBuckets(RATES_REMEMBERED)
  readonly #grants = new TokenBuckets(RATES_REMEMBERED)

  /**
   * Counts a request of a client that has signed in: nobody else uses up a connection's rate.
   *
   * @returns milliseconds until it may come again; 0: it may pass
   */
  admit(connection: Connection, now: number): number {
    return this.#connections.take(connection.id, rateOf(connection), now)
  }

  /** Whether `admit` would let one pass. Counts nothing. */
  hasRoom(connection: Connection, now: number): boolean {
    return this.#connections.peek(connection.id, rateOf(connection), now) >= 1
  }

  /** Counts what a request that may pass asks for beside itself. */
  charge(connection: Connection, now: number, requests: number): void {
    this.#connections.charge(connection.id, rateOf(connection), now, requests)
  }

  /**
   * Counts a request before its credentials are looked at, so that of many at once each counts.
   *
   * @returns milliseconds until unknown credentials from there are looked at; 0: these are
   */
  enter(source: string, now: number): number {
    return this.#sources.take(source, STRANGERS, now)
  }

  /** Its credentials were not wrong: it counts no more. */
  giveBack(source: string, now: number): void {
    this.#sources.giveBack(source, STRANGERS, now)
  }

  /**
   * Counts an access token that a client asks for with the right credentials: each is a write of D1.
   *
   * @returns milliseconds until it may ask again; 0: it gets one
   */
  grant(connection: string, client: string, now: number): number {
    return this.#grants.take(`${connection}\n${client}`, GRANTS, now)
  }
}

function rateOf({ policy }: Connection): Rate {
  const perSecond = policy.limits.requestsPerSecond
  return { perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) }
}
