/** Adapters that are manifests in D1, compiled once for each isolate and revision. */
import { steadyClock } from '../access/steady-clock.ts'
import type { Adapter } from '../adapter/contract.ts'
import { compileAny, parseAnyManifest } from '../adapter/manifest/kinds.ts'
import { Manifests } from '../db/manifests.ts'

/** As connections: an isolate may go by what it read this long ago (decision 0009). */
const FRESH_MS = 5_000
const MOST = 50
/** To choose from. */
const MOST_NAMES = 1_000

interface Held {
  readonly readAt: number
  readonly change: number
  readonly createdAt: number
  readonly adapter: Adapter
}

export class StoredAdapters {
  readonly #manifests: Manifests
  readonly #now: () => number
  readonly #held = new Map<string, Held>()

  constructor(db: D1Database, now: () => number) {
    this.#manifests = new Manifests(db)
    this.#now = steadyClock(now)
  }

  names(): Promise<string[]> {
    return this.#manifests.names(MOST_NAMES)
  }

  /** Undefined: no manifest of this name. @throws where a stored one is valid no more */
  async named(name: string): Promise<Adapter | undefined> {
    const held = this.#held.get(name)
    if (held && this.#now() - held.readAt < FRESH_MS) return held.adapter
    return this.latest(name)
  }

  /** Asks D1 in any case: for what is decided once, such as whether a connection is valid. */
  async latest(name: string): Promise<Adapter | undefined> {
    const row = await this.#manifests.named(name)
    // Only now: of two requests that found none the second would compile another one.
    const held = this.#held.get(name)
    this.#held.delete(name)
    if (!row) return undefined
    const { change, createdAt } = row
    // The same adapter keeps the tokens that it was given.
    const isSame = held?.change === change && held.createdAt === createdAt
    const adapter = isSame ? held.adapter : compiled(row.document)
    const [oldest] = this.#held.keys()
    if (oldest !== undefined && this.#held.size >= MOST) this.#held.delete(oldest)
    this.#held.set(name, { readAt: this.#now(), change, createdAt, adapter })
    return adapter
  }
}

function compiled(document: unknown): Adapter {
  const parsed = parseAnyManifest(document)
  if (!parsed.success) {
    throw new Error('a stored manifest is not valid in this version of Postern: put it again')
  }
  return compileAny(parsed.data)
}
