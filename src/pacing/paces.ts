/** The pace of each connection in this isolate (decision 0022). */

import { BoundedMap } from '../access/bounded-map.ts'
import { steadyClock } from '../access/steady-clock.ts'
import type { Pace } from '../adapter/pace.ts'
import type { Log } from '../log/events.ts'
import { Fallback } from './fallback.ts'
import { Ledger } from './ledger.ts'
import { Lessee } from './lessee.ts'
import type { Kind, Lessor, Terms } from './lessor.ts'

/** Connections that one isolate remembers. */
const REMEMBERED = 1_000
/** A pause is told on if it is longer than what was known by so much. */
const WORTH_TELLING_MS = 500

export interface PacesOptions {
  /** Whoever leases to all isolates, by connection id; undefined: each isolate paces alone. */
  readonly pacerOf: ((connection: string) => Lessor) | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  readonly newId: () => string
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly log: Log
}

type Named = Readonly<Record<'id' | 'name', string>>

interface Connection {
  readonly lessor: Lessor
  readonly pause: { until: number }
  readonly lessees: Readonly<Record<Kind, Lessee>>
}

/** For one isolate. */
export class Paces {
  readonly #options: PacesOptions
  readonly #isolate: string
  readonly #steady: () => number
  /** The app asked for a pause: forgotten, it would be called at once. */
  readonly #connections: BoundedMap<Connection>

  constructor(options: PacesOptions) {
    this.#options = options
    this.#isolate = options.newId()
    this.#steady = steadyClock(options.now)
    this.#connections = new BoundedMap(REMEMBERED, ({ pause }) => pause.until > this.#steady())
  }

  /** Where nothing is agreed, nobody is asked; but pauses of the app are kept all the same. */
  of(connection: Named, terms: Terms, kind: Kind): Pace {
    const { waitUntil } = this.#options
    const now = this.#steady
    const { lessor, lessees, pause } = this.#connection(connection)
    const isAgreed = terms.perSecond !== undefined || terms.concurrent !== undefined
    return {
      call: (leftMs, send) => lessees[kind].call(terms, leftMs, send),
      pause(ms) {
        const isNews = now() + ms > pause.until + WORTH_TELLING_MS
        pause.until = Math.max(pause.until, now() + ms)
        if (isAgreed && isNews) waitUntil(lessor.pause(ms))
      },
    }
  }

  #connection({ id, name: connection }: Named): Connection {
    const known = this.#connections.get(id)
    if (known) return known
    const { pacerOf, wait, newId, log } = this.#options
    const now = this.#steady
    const lessor = new Fallback({
      // A stub of its own for each request: one must not use another's.
      pacer: pacerOf && {
        lease: (ask) => pacerOf(id).lease(ask),
        pause: (ms) => pacerOf(id).pause(ms),
      },
      own: new Ledger(newId),
      now,
      after,
      onLost: () => log({ event: 'pacer.lost', connection }),
    })
    const pause = { until: 0 }
    const lessee = (kind: Kind) => {
      const name = `${this.#isolate} ${kind}`
      return new Lessee({ name, kind, lessor, now, wait, after, pause })
    }
    const made = { lessor, pause, lessees: { request: lessee('request'), job: lessee('job') } }
    this.#connections.set(id, made)
    return made
  }
}

function after(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}
