/** What one isolate knows of the apps behind its connections: circuits, and how many retries are left. */

import { BoundedMap } from '../access/bounded-map.ts'
import type { Connection } from '../access/connection.ts'
import type { Log } from '../log/events.ts'
import { Circuit, type Settled } from './circuit.ts'
import { RetryBudget } from './retry.ts'

/** Connections; some hundred bytes each. */
const REMEMBERED = 1_000

export class AppHealth {
  readonly circuit = new Circuit()
  readonly budget = new RetryBudget()
  readonly #connection: string
  readonly #log: Log

  constructor(connection: string, log: Log) {
    this.#connection = connection
    this.#log = log
  }

  /** What became of a call; the log hears of it where that opens or closes the circuit. */
  settle(call: Settled, now: number): 'opened' | 'closed' | undefined {
    const change = this.circuit.settle(call, now)
    const connection = this.#connection
    if (change === 'closed') this.#log({ event: 'circuit.closed', connection })
    if (change === undefined || change === 'closed') return change
    const { cause, until } = change.opened
    const seconds = Math.ceil((until - now) / 1_000)
    this.#log({ event: 'circuit.opened', connection, cause, seconds })
    return 'opened'
  }
}

/** One for each isolate. */
export class AppHealths {
  readonly #log: Log
  /** Forgotten, an open circuit would be closed: a paused app would be called, a locked account tried. */
  readonly #known = new BoundedMap<{ readonly version: number; readonly health: AppHealth }>(
    REMEMBERED,
    ({ health }) => health.circuit.isOpen,
  )

  constructor(log: Log) {
    this.#log = log
  }

  /** A connection that was changed (its credentials, its address) begins anew. */
  of({ id, name, version }: Pick<Connection, 'id' | 'name' | 'version'>): AppHealth {
    const known = this.#known.get(id)
    // A read may go by settings that are a few seconds old: what is newer counts.
    if (known && known.version >= version) return known.health
    const health = new AppHealth(name, this.#log)
    this.#known.set(id, { version, health })
    return health
  }
}
