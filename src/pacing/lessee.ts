/**
 * One isolate's permits for one connection, and for one kind of its calls. It leases them in bulk and
 * spends them here, so that a call costs no hop.
 *
 * Nobody waits for another request's promise: a request that is cut off settles nothing. Whoever waits
 * looks again by itself, and what a request has left behind lapses.
 */
import { NotCalled } from '../adapter/failure.ts'
import type { Kind, Lease, Lessor, Terms } from './lessor.ts'
import { Places } from './places.ts'
import { SLOTS_MS } from './slots.ts'

/** How often somebody looks whether it is their turn. */
const TICK_MS = 10
/** So many look as often as that; those behind them more rarely, down to every so many ticks. */
const NEXT = 10
const RARELY = 20
/** Whoever has asked for so long will hear nothing any more. */
const ASKING_MS = 1_500
/** Permits that are always asked for, as a share of those of a second. */
const AHEAD = 0.2
/** What was used so recently will be needed again. */
const RECENT_MS = 2_000
/** Permits may be given back before the time that was said. */
const BELIEVED_MS = 1_000
/** What ends a call may take beyond the time that it had. */
const END_MS = 1_000
/** There and back, before it has been measured. */
const USUAL_HOP_MS = 50

export interface LesseeOptions {
  readonly name: string
  readonly kind: Kind
  readonly lessor: Lessor
  /** Milliseconds of a steady clock. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Calls back, unless it is taken back before. */
  readonly after: (ms: number, work: () => void) => () => void
  /** For all lessees of the connection in this isolate. */
  readonly pause: { until: number }
}

interface Held {
  readonly id: string
  permits: number
  readonly from: number
  readonly until: number
  used: number
  lastUsed: number
}

interface Call {
  /** By then it has ended, or nobody is there any more to say so. */
  readonly until: number
}

/** `ask`: for more; a number: nothing before that moment. */
type Step = 'go' | 'ask' | number

export class Lessee {
  readonly #options: LesseeOptions
  #held: Held = { id: '', permits: 0, from: 0, until: 0, used: 0, lastUsed: 0 }
  #slots = { slots: 0, until: 0, againAt: 0 }
  /** What was said when there were none in time: it is believed for a moment. */
  #nextPermit = { at: 0, untilAsked: 0 }
  /** Of the last one: stands for the next. */
  #hopMs = USUAL_HOP_MS
  #asking: { readonly since: number } | undefined
  readonly #places = new Places()
  readonly #busy = new Set<Call>()

  constructor(options: LesseeOptions) {
    this.#options = options
  }

  /** @throws {AdapterFailure} as `Pace.call` does */
  async call<T>(terms: Terms, leftMs: number, send: () => Promise<T>): Promise<T> {
    const { now } = this.#options
    const until = now() + leftMs
    const call = { until: until + END_MS }
    await this.#admit(terms, until, call)
    if (terms.concurrent === undefined) return send()
    const end = this.#keepSlots(terms)
    try {
      return await send()
    } finally {
      end()
      this.#busy.delete(call)
    }
  }

  async #admit(terms: Terms, until: number, call: Call): Promise<void> {
    const { now, wait } = this.#options
    const place = this.#places.join(now(), until)
    try {
      for (;;) {
        const at = now()
        const ahead = this.#places.ahead(place, at)
        const step = this.#step(terms, ahead, at, until)
        if (step === 'go') {
          if (terms.concurrent !== undefined) this.#busy.add(call)
          return
        }
        const turn = step === 'ask' ? at : step
        const reached = turn + (ahead / (terms.perSecond ?? Infinity)) * 1000
        if (reached > until) throw tooLong(reached - at)
        place.looksAt = step === 'ask' ? at + ASKING_MS : step
        await (step === 'ask' ? this.#ask(terms, until) : wait(step - at))
      }
    } finally {
      this.#places.leave(place)
    }
  }

  #step(terms: Terms, ahead: number, now: number, until: number): Step {
    const { until: pausedUntil } = this.#options.pause
    if (pausedUntil > now) return pausedUntil
    const soonMs = TICK_MS * Math.min(1 + Math.floor(ahead / NEXT), RARELY)
    const more = this.#isAsked(now) ? now + soonMs : 'ask'
    if (terms.concurrent !== undefined) {
      const { slots, until, againAt } = this.#slots
      if (now >= until) return more
      if (this.#busyNow(now) + ahead >= slots) return now >= againAt ? more : now + soonMs
    }
    if (terms.perSecond === undefined) return 'go'
    const held = this.#held
    if (held.permits === 0 || now >= held.until) {
      const { at, untilAsked } = this.#nextPermit
      return now < untilAsked && at > until ? at : more
    }
    if (ahead >= held.permits) return Math.max(now, held.from) + soonMs
    if (now < held.from) return held.from
    held.permits -= 1
    held.used += 1
    held.lastUsed = now
    return 'go'
  }

  async #ask(terms: Terms, until: number): Promise<void> {
    const { now, lessor, name, kind, pause } = this.#options
    const asked = now()
    const asking = { since: asked }
    this.#asking = asking
    const { id, used, lastUsed } = this.#held
    const busy = this.#busyNow(asked)
    const waiting = this.#places.waiting(asked)
    const again = asked - lastUsed < RECENT_MS ? 2 * used : 0
    // What is being told must stay so until the answer is there.
    this.#held = { ...this.#held, permits: 0 }
    this.#slots = { ...this.#slots, slots: Math.min(this.#slots.slots, busy) }
    const lease = await lessor.lease({
      ...{ lessee: name, kind, terms, waiting, busy, withinMs: until - asked, hopMs: this.#hopMs },
      want: Math.max(waiting, again, Math.ceil((terms.perSecond ?? 0) * AHEAD)),
      ...(id !== '' && { former: { id, used, agoMs: asked - lastUsed } }),
    })
    // Another request has given up hope of this one, and has asked again.
    if (this.#asking !== asking) return
    this.#asking = undefined
    this.#hear(lease, asked, now())
    pause.until = Math.max(pause.until, now() + lease.pausedMs)
  }

  /** Its times begin between asking and hearing: the later beginning and the earlier end are safe. */
  #hear(lease: Lease, asked: number, heard: number): void {
    const { slots, slotsForMs, againMs, permits, inMs, forMs } = lease
    this.#hopMs = heard - asked
    this.#nextPermit = { at: heard + inMs, untilAsked: permits > 0 ? 0 : heard + BELIEVED_MS }
    this.#slots = { slots, until: asked + slotsForMs, againAt: asked + againMs }
    this.#held = {
      // Without permits there is nothing to report.
      id: permits > 0 ? lease.id : '',
      permits,
      from: heard + inMs,
      until: asked + inMs + forMs,
      used: 0,
      lastUsed: asked,
    }
  }

  /** As long as a call is under way, by whose time this runs. */
  #keepSlots(terms: Terms): () => void {
    const { after, now } = this.#options
    let stop = (): void => undefined
    const plan = (): void => {
      const spareMs = this.#slots.until - SLOTS_MS / 2 - now()
      stop = after(Math.max(TICK_MS, spareMs), () => {
        const isDue = this.#slots.until - SLOTS_MS / 2 <= now()
        // Once for all calls that are under way.
        if (isDue && !this.#isAsked(now())) void this.#ask(terms, now())
        plan()
      })
    }
    plan()
    return () => stop()
  }

  #isAsked(now: number): boolean {
    return this.#asking !== undefined && now - this.#asking.since < ASKING_MS
  }

  #busyNow(now: number): number {
    for (const call of this.#busy) if (call.until <= now) this.#busy.delete(call)
    return this.#busy.size
  }
}

function tooLong(ms: number): NotCalled {
  const message = 'the app takes no call within the time of this request'
  return new NotCalled('rate', message, Math.ceil(ms / 1000))
}
