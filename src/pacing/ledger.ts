/**
 * Who may call one app, and how often: the arithmetic of a lessor, in the Durable Object for all isolates,
 * and in an isolate for itself where there is none (decision 0022).
 */
import { LONGEST_PAUSE_MS } from '../adapter/rate-headers.ts'
import type { Ask, Lease } from './lessor.ts'
import { Permits, windowOf } from './permits.ts'
import { SLOTS_MS, Slots } from './slots.ts'

/** Permits that are not needed at once are good for so long: then somebody else may have them. */
const LEASE_MS = 500
/** Those that calls wait for are used as soon as they are there. */
const AT_ONCE_MS = 100
/** Of a window, for one lessee in one lease; shared by those who ask. */
const LARGEST_SHARE = 0.5
/** Whoever has asked within it wants a share. */
const ACTIVE_MS = 2_000
/** Then an isolate gives up (`fallback.ts`). */
export const LONGEST_HOP_MS = 1_000
const SLOT_AGAIN_MS = 100

export class Ledger {
  readonly #permits = new Permits()
  readonly #slots = new Slots()
  /** When each last asked for permits. */
  readonly #lessees = new Map<string, number>()
  readonly #newId: () => string

  /** @param newId unlike those of any other ledger: an isolate may come from one to another */
  constructor(newId: () => string) {
    this.#newId = newId
  }

  get pausedUntil(): number {
    return this.#permits.pausedUntil
  }

  pause(until: number): void {
    this.#permits.pause(until)
  }

  /** Of a pause that was kept, what is left: by the clock of another machine, perhaps. */
  pauseAgain(leftMs: number, now: number): void {
    this.pause(now + Math.min(leftMs, LONGEST_PAUSE_MS))
  }

  lease(ask: Ask, now: number): Lease {
    const { terms, former, kind } = ask
    if (terms.perSecond !== undefined) this.#permits.agree(terms.perSecond)
    this.#permits.forget(now)
    if (former) this.#permits.settle(former.id, kind, former.used, now - former.agoMs)
    const pausedMs = Math.max(0, this.pausedUntil - now)
    const none = { id: this.#newId(), permits: 0, inMs: 0, forMs: 0, pausedMs }
    const slots = this.#leaseSlots(ask, now)
    // Without a slot its permits would lapse.
    const isFull = terms.concurrent !== undefined && slots.slots <= ask.busy
    if (terms.perSecond === undefined || ask.waiting === 0 || isFull) return { ...none, ...slots }
    return { ...none, ...this.#leasePermits(none.id, terms.perSecond, ask, now), ...slots }
  }

  #leaseSlots(ask: Ask, now: number): Pick<Lease, 'slots' | 'slotsForMs' | 'againMs'> {
    const { concurrent } = ask.terms
    if (concurrent === undefined) return { slots: 0, slotsForMs: 0, againMs: 0 }
    const slots = this.#slots.lease(concurrent, ask, now)
    const mayGrow = slots < ask.busy + ask.waiting && !this.#slots.isAlone(ask.lessee)
    return { slots, slotsForMs: SLOTS_MS, againMs: mayGrow ? SLOT_AGAIN_MS : SLOTS_MS / 2 }
  }

  #leasePermits(
    id: string,
    perSecond: number,
    { lessee, kind, want, waiting, withinMs, hopMs }: Ask,
    now: number,
  ): Pick<Lease, 'permits' | 'inMs' | 'forMs'> {
    for (const [name, at] of this.#lessees) {
      if (at + ACTIVE_MS <= now) this.#lessees.delete(name)
    }
    this.#lessees.set(lessee, now)
    const largest = (windowOf(perSecond).permits * LARGEST_SHARE) / this.#lessees.size
    const next = this.#permits.next(kind, now)
    const inMs = next.at - now
    // Nobody would be there to use them.
    if (inMs > withinMs) return { permits: 0, inMs, forMs: 0 }
    const permits = Math.min(want, next.permits, Math.max(1, Math.floor(largest)))
    const forMs = Math.min(hopMs, LONGEST_HOP_MS) + (permits <= waiting ? AT_ONCE_MS : LEASE_MS)
    this.#permits.take(id, kind, permits, next.at + forMs)
    return { permits, inMs, forMs }
  }
}
