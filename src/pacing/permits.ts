/**
 * Permits of one app: of those that were leased, never more may be used within any window than the
 * app takes in it. A lease counts from when it is given until a window after the last moment at which one
 * of its permits may be used, so the bound holds whoever uses them, and whenever.
 *
 * Pure: times are milliseconds of the caller's clock.
 */
import type { Kind } from './lessor.ts'

/** Of the app's rate, for work that nobody waits for. */
const JOB_SHARE = 0.5
/** How slowly it begins after the app has said that it was too much, and until when. */
const RECOVERY_SHARE = 0.25
const RECOVERY_MS = 10_000

interface Batch {
  readonly kind: Kind
  permits: number
  /** The last moment at which one of them may be used, or was. */
  until: number
}

/** So many calls in any so many milliseconds: whole calls, also for rates like 0.5 and 2.5. */
export function windowOf(perSecond: number): { readonly permits: number; readonly ms: number } {
  const permits = Math.max(1, Math.floor(perSecond))
  return { permits, ms: (permits / perSecond) * 1000 }
}

export class Permits {
  readonly #batches = new Map<string, Batch>()
  #perSecond = 1
  #pausedUntil = 0

  agree(perSecond: number): void {
    this.#perSecond = perSecond
  }

  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** No permit is good before. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }

  /** When the next permits are free, and how many of them at most. */
  next(kind: Kind, now: number): { readonly at: number; readonly permits: number } {
    let at = Math.max(now, this.#pausedUntil)
    // It ends: with nothing that counts, one permit is free.
    for (;;) {
      const permits = this.#free(kind, at)
      if (permits > 0) return { at, permits }
      at = Math.min(...this.#ends().filter((end) => end > at))
    }
  }

  take(id: string, kind: Kind, permits: number, until: number): void {
    this.#batches.set(id, { kind, permits, until })
  }

  /** So many were used, the last of them then: the others are free again. */
  settle(id: string, kind: Kind, used: number, lastUsed: number): void {
    const batch = this.#batches.get(id)
    if (used === 0) this.#batches.delete(id)
    // Unknown where this memory began later than the lease: it counts all the same.
    else if (!batch) this.take(id, kind, used, lastUsed)
    else {
      batch.permits = used
      batch.until = Math.min(batch.until, lastUsed)
    }
  }

  #free(kind: Kind, at: number): number {
    const { all, jobs } = this.#windows()
    const batches = [...this.#batches.values()]
    const most = Math.max(1, Math.floor(all.permits * this.#recovered(at)))
    const free = most - countWithin(batches, at, all.ms)
    if (kind === 'request') return free
    const own = batches.filter((batch) => batch.kind === 'job')
    return Math.min(free, jobs.permits - countWithin(own, at, jobs.ms))
  }

  /** When a batch leaves a window. */
  #ends(): number[] {
    const { all, jobs } = this.#windows()
    return [...this.#batches.values()].flatMap(({ kind, until }) =>
      kind === 'job' ? [until + all.ms, until + jobs.ms] : [until + all.ms],
    )
  }

  #windows() {
    return { all: windowOf(this.#perSecond), jobs: windowOf(this.#perSecond * JOB_SHARE) }
  }

  /** What counts no more. */
  forget(now: number): void {
    const { all, jobs } = this.#windows()
    for (const [id, { kind, until }] of this.#batches) {
      const ms = kind === 'job' ? Math.max(all.ms, jobs.ms) : all.ms
      if (until + ms <= now) this.#batches.delete(id)
    }
  }

  /** The share of the rate that is given out at this moment. */
  #recovered(at: number): number {
    if (this.#pausedUntil === 0) return 1
    const passed = Math.max(0, at - this.#pausedUntil) / RECOVERY_MS
    return Math.min(1, RECOVERY_SHARE + (1 - RECOVERY_SHARE) * passed)
  }
}

function countWithin(batches: readonly Batch[], at: number, windowMs: number): number {
  return batches.reduce((sum, b) => (b.until + windowMs > at ? sum + b.permits : sum), 0)
}
