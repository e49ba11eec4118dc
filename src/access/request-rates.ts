/**
 * How many requests an isolate lets through: of each connection what its policy says, of each source
 * that fails to sign in a few. What it counts is its own: another isolate counts for itself.
 */
import type { Connection } from './connection.ts'
import { BURST_SECONDS, RATES_REMEMBERED, STRANGERS_BURST, STRANGERS_PER_SECOND } from './limits.ts'
import { type Rate, TokenBuckets } from './token-bucket.ts'

const STRANGERS = { perSecond: STRANGERS_PER_SECOND, burst: STRANGERS_BURST }

/** One for each isolate. Times are milliseconds. */
export class RequestRates {
  readonly #connections = new TokenBuckets(RATES_REMEMBERED)
  readonly #sources = new TokenBuckets(RATES_REMEMBERED)

  /**
   * Counts a request of a client that has signed in: nobody else uses up a connection's rate.
   *
   * @returns milliseconds until it may come again; 0: it may pass
   */
  admit(connection: Connection, now: number): number {
    return this.#connections.take(connection.id, rateOf(connection), now)
  }

  /** Counts what a request that may pass asks for beside itself. */
  charge(connection: Connection, now: number, requests: number): void {
    this.#connections.charge(connection.id, rateOf(connection), now, requests)
  }

  /** Counts a request that failed to sign in. */
  noteStranger(source: string, now: number): void {
    this.#sources.take(source, STRANGERS, now)
  }

  /** @returns milliseconds until a request of unknown credentials is looked at; 0: it is now */
  waitOf(source: string, now: number): number {
    const held = this.#sources.peek(source, STRANGERS, now)
    return held >= 1 ? 0 : Math.ceil(((1 - held) * 1000) / STRANGERS_PER_SECOND)
  }
}

function rateOf({ policy }: Connection): Rate {
  const perSecond = policy.limits.requestsPerSecond
  return { perSecond, burst: Math.max(1, perSecond * BURST_SECONDS) }
}

/** Where a request comes from. Cloudflare sets the header itself; elsewhere all are one source. */
export function sourceOf(request: Request): string {
  return request.headers.get('cf-connecting-ip')?.slice(0, 64) ?? ''
}
