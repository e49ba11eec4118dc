/**
 * The door of a connection: who is let in, and how often. A stranger uses up nothing of a client's rate,
 * and a client that this isolate knows is let in whatever strangers do at the same source.
 */
import type { Beside } from '../db/link-ahead.ts'
import { ScimError } from '../scim/error.ts'
import type { Access, Admitted, Freshness } from './authenticate.ts'
import { BoundedMap } from './bounded-map.ts'
import type { Connection } from './connection.ts'
import type { RequestRates } from './request-rates.ts'
import { sourceOf } from './source.ts'

export interface DoorDeps {
  readonly access: Access
  readonly rates: RequestRates
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A request whose credentials are yet to be looked at. */
export interface Visit {
  /** Milliseconds until credentials that nobody knows here are looked at; 0: they are now. */
  readonly waitMs: number
  /** To be called unless its credentials turn out to be wrong. */
  readonly pass: () => void
}

/** Connections that may have been asked too often lately. */
const BUSY_REMEMBERED = 1_000

export class Door {
  readonly #deps: DoorDeps
  /** By name: those of which a request was too many. */
  readonly #busy = new BoundedMap<Connection>(BUSY_REMEMBERED)

  constructor(deps: DoorDeps) {
    this.#deps = deps
  }

  /**
   * @throws {ScimError} as `Access.admit`; 429 where strangers at its source ask too often, without a
   *   look at D1
   */
  async admit(
    request: Request,
    name: string,
    freshness: Freshness,
    beside?: Beside,
  ): Promise<Admitted> {
    const { access } = this.#deps
    const authorization = request.headers.get('authorization') ?? undefined
    const { waitMs, pass } = this.visit(request)
    if (waitMs > 0 && !(await access.remembers(name, authorization))) {
      const detail = 'Too many requests with wrong tokens came from this address. Retry later.'
      throw new ScimError(429, detail, { retryAfterSeconds: waitMs / 1000 })
    }
    let admitted: Admitted
    try {
      admitted = await access.admit(name, authorization, freshness, beside)
    } catch (error) {
      if (!(error instanceof ScimError && error.status === 401)) pass()
      throw error
    }
    pass()
    return admitted
  }

  /** Somebody comes, and counts as a stranger until it is known better. */
  visit(request: Request): Visit {
    const { rates, now } = this.#deps
    const source = sourceOf(request.headers)
    const waitMs = rates.enter(source, now())
    const pass = () => {
      // Where it was told to wait, nothing was taken.
      if (waitMs === 0) rates.giveBack(source, now())
    }
    return { waitMs, pass }
  }

  /** True where a request of this connection's client would be too many now: nothing is begun for it. */
  isBusy(name: string): boolean {
    const connection = this.#busy.get(name)
    if (!connection) return false
    const { rates, now } = this.#deps
    const isBusy = !rates.hasRoom(connection, now())
    if (!isBusy) this.#busy.delete(name)
    return isBusy
  }

  /** Counts the operations of a Bulk request that was let in: they are paid back by waiting. */
  charge(connection: Connection, operations: number): void {
    // One is counted already.
    if (operations > 1) this.#deps.rates.charge(connection, this.#deps.now(), operations - 1)
  }

  /** Counts a request that was let in. @throws {ScimError} 429 where its client asks too often */
  count(connection: Connection): void {
    const waitMs = this.#deps.rates.admit(connection, this.#deps.now())
    if (waitMs === 0) return
    this.#busy.set(connection.name, connection)
    const { requestsPerSecond } = connection.policy.limits
    const detail =
      `This connection takes ${requestsPerSecond} requests a second. Send fewer, or ask its ` +
      'administrator to raise limits.requestsPerSecond.'
    throw new ScimError(429, detail, { retryAfterSeconds: waitMs / 1000 })
  }
}
