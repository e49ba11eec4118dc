/**
 * Slots of one app: how many of its calls each lessee may have under way. A slot is leased for a short
 * while and renewed while it is in use, so that those of an isolate that is gone, or idle, are free again
 * soon.
 *
 * Pure: times are milliseconds of the caller's clock.
 */
import type { Kind } from './lessor.ts'

/** A call that is under way renews the lease at half of it. */
export const SLOTS_MS = 1_000

interface Holder {
  readonly kind: Kind
  readonly slots: number
  readonly until: number
  /** Since when it has been waiting with none at all. */
  readonly emptySince: number | undefined
}

export interface SlotAsk {
  readonly lessee: string
  readonly kind: Kind
  readonly busy: number
  readonly waiting: number
}

export class Slots {
  readonly #holders = new Map<string, Holder>()

  /** How many calls the lessee may have under way, those that are included, for `SLOTS_MS`. */
  lease(concurrent: number, ask: SlotAsk, now: number): number {
    this.#forget(now)
    const { lessee, kind, busy, waiting } = ask
    const before = this.#holders.get(lessee)
    this.#holders.delete(lessee)
    const others = [...this.#holders.values()]
    const emptySince = before?.emptySince ?? now
    // Those who have waited longer come first: one slot each.
    const first = others.filter((o) => o.emptySince !== undefined && o.emptySince < emptySince)
    const free = concurrent - sum(others) - first.length
    const share = Math.ceil(concurrent / (others.length + 1))
    const slots = Math.max(
      0,
      Math.min(busy + waiting, free, share, jobsLeft(kind, concurrent, others)),
    )
    const isEmpty = slots === 0 && waiting > 0
    this.#holders.set(lessee, {
      kind,
      // What is under way is under way, whatever it may be.
      slots: Math.max(slots, busy),
      until: now + SLOTS_MS,
      emptySince: isEmpty ? emptySince : undefined,
    })
    return slots
  }

  /** True where nobody else holds any, so that asking again brings no more. */
  isAlone(lessee: string): boolean {
    return [...this.#holders].every(([name, { slots }]) => name === lessee || slots === 0)
  }

  #forget(now: number): void {
    for (const [lessee, { until }] of this.#holders) {
      if (until <= now) this.#holders.delete(lessee)
    }
  }
}

/** Work that nobody waits for has half of the slots at most, and one at least. */
function jobsLeft(kind: Kind, concurrent: number, others: readonly Holder[]): number {
  if (kind === 'request') return concurrent
  const share = Math.max(1, Math.floor(concurrent / 2))
  return share - sum(others.filter((other) => other.kind === 'job'))
}

function sum(holders: readonly Holder[]): number {
  return holders.reduce((total, { slots }) => total + slots, 0)
}
