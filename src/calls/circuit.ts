/**
 * The circuit breaker of one connection in one isolate. After a run of failures no call is sent for a
 * while, then one alone, a read where there is one; its answer lets the others through. Pure: no clock, no I/O.
 */
import { NotCalled } from '../adapter/failure.ts'

/** `auth`: our credential is refused, and asking on may lock the account that it is of. */
export type PauseCause = 'unavailable' | 'auth'

/**
 * - `answered`: whatever the app said, it is there and has let us in
 * - `failed`, `refused`: what opens the circuit for `unavailable`, and for `auth`
 * - `unclear`: it says nothing either way
 */
export type CallOutcome = 'answered' | 'failed' | 'refused' | 'unclear'

interface Rule {
  /** Outcomes of this kind in a row that open it. */
  readonly run: number
  readonly firstMs: number
  readonly longestMs: number
}

const RULES: Readonly<Record<PauseCause, Rule>> = {
  unavailable: { run: 6, firstMs: 5_000, longestMs: 60_000 },
  // Apps and directories lock an account after some five refusals in a quarter of an hour.
  auth: { run: 3, firstMs: 300_000, longestMs: 1_800_000 },
}
/** What an app asks for is kept to, within reason. */
const LONGEST_ASKED_MS = 300_000
/** While the one call is under way that tries the app: it may be answered at any moment. */
const PROBING_MS = 2_000
/** So long after a pause only a read tries the app. Then a write may: some connections never read. */
const READS_FIRST_MS = 10_000

interface Pause {
  readonly cause: PauseCause
  readonly until: number
  /** How often in a row it has been prolonged. */
  readonly times: number
}

export type Admission =
  | { readonly kind: 'call'; readonly isProbe: boolean }
  | { readonly kind: 'paused'; readonly cause: PauseCause; readonly waitMs: number }

export interface Settled {
  readonly isProbe: boolean
  readonly outcome: CallOutcome
  /** What the app asked for. */
  readonly retryAfterSeconds?: number | undefined
  /** From 0 to 1. */
  readonly random: () => number
}

export class Circuit {
  #runs: Readonly<Record<PauseCause, number>> = { unavailable: 0, auth: 0 }
  #pause: Pause | undefined
  /** Until when the probe holds its turn: one whose request was cut off never reports. */
  #probeUntil = 0

  /** True from a run of failures until the app has answered. */
  get isOpen(): boolean {
    return this.#pause !== undefined
  }

  /** @param leftMs what the call may take */
  admit(isRead: boolean, now: number, leftMs: number): Admission {
    const pause = this.#pause
    if (!pause) return { kind: 'call', isProbe: false }
    const { cause, until } = pause
    if (now < until) return { kind: 'paused', cause, waitMs: until - now }
    const mayTry = isRead || now >= until + READS_FIRST_MS
    if (!mayTry || now < this.#probeUntil) return { kind: 'paused', cause, waitMs: PROBING_MS }
    this.#probeUntil = now + leftMs
    return { kind: 'call', isProbe: true }
  }

  /** What became of a call that was admitted. Answers what that did to the circuit, if anything. */
  settle(call: Settled, now: number): { readonly opened: Pause } | 'closed' | undefined {
    if (call.isProbe) return this.#settleProbe(call, now)
    // Calls that were under way when it opened decide nothing any more.
    if (this.#pause) return undefined
    switch (call.outcome) {
      case 'answered':
        this.#runs = { unavailable: 0, auth: 0 }
        return undefined
      case 'unclear':
        return undefined
      case 'failed':
        return this.#count('unavailable', call, now)
      case 'refused':
        return this.#count('auth', call, now)
    }
  }

  #settleProbe(call: Settled, now: number): { readonly opened: Pause } | 'closed' | undefined {
    const before = this.#pause
    this.#probeUntil = 0
    if (!before) return undefined
    switch (call.outcome) {
      case 'answered':
        this.#pause = undefined
        this.#runs = { unavailable: 0, auth: 0 }
        return 'closed'
      // The next one tries.
      case 'unclear':
        return undefined
      case 'failed':
        return this.#open('unavailable', before, call, now)
      case 'refused':
        return this.#open('auth', before, call, now)
    }
  }

  #count(cause: PauseCause, call: Settled, now: number): { readonly opened: Pause } | undefined {
    this.#runs = { ...this.#runs, [cause]: this.#runs[cause] + 1 }
    return this.#runs[cause] < RULES[cause].run
      ? undefined
      : this.#open(cause, undefined, call, now)
  }

  #open(
    cause: PauseCause,
    before: Pause | undefined,
    { retryAfterSeconds = 0, random }: Settled,
    now: number,
  ): { readonly opened: Pause } {
    const { firstMs, longestMs } = RULES[cause]
    const times = before?.cause === cause ? before.times + 1 : 0
    const ownMs = Math.min(firstMs * 2 ** Math.min(times, 20), longestMs)
    const askedMs = Math.min(retryAfterSeconds * 1_000, LONGEST_ASKED_MS)
    // Isolates that opened together do not all try at once.
    const pauseMs = Math.max(ownMs, askedMs) * (1 + random() / 5)
    const opened = { cause, until: now + Math.ceil(pauseMs), times }
    this.#pause = opened
    return { opened }
  }
}

/** The call was not sent: the circuit is open. */
export class CallsPaused extends NotCalled {
  constructor(cause: PauseCause, waitMs: number) {
    super(cause, 'calls of this app are paused', Math.max(Math.ceil(waitMs / 1_000), 1))
  }
}
