/** Leases from the Durable Object, and from this isolate's own ledger while that one is out of reach. */
import { type Ledger, LONGEST_HOP_MS } from './ledger.ts'
import type { Ask, Lease, Lessor } from './lessor.ts'

/** After a failure the Durable Object is left alone for so long. */
const LOST_MS = 10_000

export interface FallbackOptions {
  /** Undefined: there is no Durable Object. */
  readonly pacer: Lessor | undefined
  readonly own: Ledger
  readonly now: () => number
  readonly after: (ms: number, work: () => void) => () => void
  /** It has failed, or has not answered in time. */
  readonly onLost: () => void
}

/** Never fails: a call of the app does not depend on who counts it. */
export class Fallback implements Lessor {
  readonly #options: FallbackOptions
  #lostUntil = 0

  constructor(options: FallbackOptions) {
    this.#options = options
  }

  async lease(ask: Ask): Promise<Lease> {
    const { own, now } = this.#options
    return (await this.#tried((pacer) => pacer.lease(ask))) ?? own.lease(ask, now())
  }

  async pause(ms: number): Promise<void> {
    const { own, now } = this.#options
    own.pause(now() + ms)
    await this.#tried((pacer) => pacer.pause(ms))
  }

  /** Undefined where there is no Durable Object to be had. */
  async #tried<T>(work: (pacer: Lessor) => Promise<T>): Promise<T | undefined> {
    const { pacer, now, after, onLost } = this.#options
    if (!pacer || now() < this.#lostUntil) return undefined
    const late = Promise.withResolvers<never>()
    const stop = after(LONGEST_HOP_MS, () => late.reject(new Error('no answer')))
    try {
      return await Promise.race([work(pacer), late.promise])
    } catch {
      // Overloaded, moved, deployed anew, or not there: all of it passes, and none of it is the app's.
      this.#lostUntil = now() + LOST_MS
      onLost()
      return undefined
    } finally {
      stop()
    }
  }
}
