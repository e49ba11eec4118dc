/** When a token, client or administrator was last used, to the minute. */
import type { NotDone } from '../log/events.ts'
import { BoundedMap } from './bounded-map.ts'
import { steadyClock } from './steady-clock.ts'

/** One write a minute for each is what knowing it may cost. */
const EVERY_MS = 60_000
/** Those that one isolate remembers. */
const REMEMBERED = 1_000

export interface LastUseDeps {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Keeps the isolate alive for work that no response waits for. */
  readonly waitUntil: (work: Promise<unknown>) => void
  /** Told of what cost nobody anything, and was not done. */
  readonly lost: (what: NotDone) => void
}

/** One for each isolate and kind of what is used. */
export class LastUse {
  readonly #deps: LastUseDeps
  readonly #what: NotDone
  readonly #steady: () => number
  /** When this isolate last sent a note. */
  readonly #noted = new BoundedMap<number>(REMEMBERED)

  /** @param what is lost where a note is, for the log */
  constructor(deps: LastUseDeps, what: NotDone) {
    this.#deps = deps
    this.#what = what
    this.#steady = steadyClock(deps.now)
  }

  /**
   * @param write notes that it was used now, unless somebody has since `before`
   * @param stored what is noted already, where that is known: milliseconds since 1970
   */
  note(
    id: string,
    write: (now: number, before: number) => Promise<void>,
    stored?: number | null,
  ): void {
    const { now, waitUntil, lost } = this.#deps
    const [at, steady, own] = [now(), this.#steady(), this.#noted.get(id)]
    if (own !== undefined && steady - own < EVERY_MS) return
    // Another isolate may have noted it, by a clock of its own.
    if (typeof stored === 'number' && Math.abs(at - stored) < EVERY_MS) return
    this.#noted.set(id, steady)
    // Drizzle's message holds bound values: only that it failed is told.
    waitUntil(write(at, at - EVERY_MS).catch(() => lost(this.#what)))
  }
}
