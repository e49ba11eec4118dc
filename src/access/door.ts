/**
 * The door of a connection: who is let in, and how often. A stranger uses up nothing of a client's rate,
 * and a client that this isolate knows is let in whatever strangers do at the same source.
 */
import { ScimError } from '../scim/error.ts'
import type { Access, Admitted, Freshness } from './authenticate.ts'
import type { Connection } from './connection.ts'
import { type RequestRates, sourceOf } from './request-rates.ts'

export interface DoorDeps {
  readonly access: Access
  readonly rates: RequestRates
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class Door {
  readonly #deps: DoorDeps

  constructor(deps: DoorDeps) {
    this.#deps = deps
  }

  /**
   * @throws {ScimError} as `Access.admit`; 429 where the client, or strangers at its source, ask too
   *   often, without a look at D1
   */
  async admit(request: Request, name: string, freshness: Freshness): Promise<Admitted> {
    const { access } = this.#deps
    const authorization = request.headers.get('authorization') ?? undefined
    const waitMs = this.waitOfStranger(request)
    if (waitMs > 0 && !(await access.remembers(name, authorization))) {
      const detail = 'Too many requests with wrong tokens came from this address. Retry later.'
      throw new ScimError(429, detail, { retryAfterSeconds: waitMs / 1000 })
    }
    try {
      const admitted = await access.admit(name, authorization, freshness)
      this.#count(admitted.connection)
      return admitted
    } catch (error) {
      if (error instanceof ScimError && error.status === 401) this.noteStranger(request)
      throw error
    }
  }

  /** Counts a request whose credentials were wrong. */
  noteStranger(request: Request): void {
    this.#deps.rates.noteStranger(sourceOf(request), this.#deps.now())
  }

  /** @returns milliseconds until credentials that nobody knows here are looked at; 0: they are now */
  waitOfStranger(request: Request): number {
    return this.#deps.rates.waitOf(sourceOf(request), this.#deps.now())
  }

  /** Counts the operations of a Bulk request that was let in: they are paid back by waiting. */
  charge(connection: Connection, operations: number): void {
    // One is counted already.
    if (operations > 1) this.#deps.rates.charge(connection, this.#deps.now(), operations - 1)
  }

  /** @throws {ScimError} 429 */
  #count(connection: Connection): void {
    const waitMs = this.#deps.rates.admit(connection, this.#deps.now())
    if (waitMs === 0) return
    const { requestsPerSecond } = connection.policy.limits
    const detail =
      `This connection takes ${requestsPerSecond} requests a second. Send fewer, or ask its ` +
      'administrator to raise limits.requestsPerSecond.'
    throw new ScimError(429, detail, { retryAfterSeconds: waitMs / 1000 })
  }
}
