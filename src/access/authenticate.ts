/**
 * Who a SCIM request is from: the URL names the connection, and the bearer token must belong to it.
 *
 * Writes read token and connection from D1 each time, in one query. Reads may be served from this
 * isolate's memory for `RECENT_MS`, so that a revoked token may read for so long and no longer.
 */
import { type ConnectionRow, Connections, type TokenUse } from '../db/connections.ts'
import { noteUse } from '../db/tokens.ts'
import { ScimError } from '../scim/error.ts'
import { BoundedMap } from './bounded-map.ts'
import { type Connection, toConnection } from './connection.ts'
import type { Sealing } from './seal.ts'
import { bearerToken, hashToken } from './tokens.ts'

/** RFC 9110 §15.5.2: every 401 carries a challenge. RFC 6750 §3. */
export const BEARER_CHALLENGE = 'Bearer realm="postern"'

/** Design decision 11. */
const RECENT_MS = 5_000
/** Tokens and connections that one isolate remembers: some KB each, of its 128 MB. */
const REMEMBERED = 1_000
/** One write a minute for each token in use is what knowing when it was used may cost. */
const NOTE_USE_EVERY_MS = 60_000

export type Freshness = 'fresh' | 'recent'

export interface AccessDeps {
  readonly db: D1Database
  readonly sealing: Sealing
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Keeps the isolate alive for work that no response waits for. */
  readonly waitUntil: (work: Promise<unknown>) => void
  /** Told the name of each accident that cost nobody anything. Never a value. */
  readonly lost: (what: string) => void
}

interface Seen {
  readonly connection: Connection
  readonly expiresAt: number | null
  readonly readAt: number
}

/** One for each isolate: it holds what this isolate remembers. */
export class Access {
  readonly #deps: AccessDeps
  readonly #connections: Connections
  /** By connection name and token hash. */
  readonly #seen = new BoundedMap<Seen>(REMEMBERED)
  /** By connection id. What a version is made of never changes, so it is parsed once. */
  readonly #built = new BoundedMap<Connection>(REMEMBERED)
  /** By token id: when this isolate last sent a note of its use. */
  readonly #noted = new BoundedMap<number>(REMEMBERED)

  constructor(deps: AccessDeps) {
    this.#deps = deps
    this.#connections = new Connections(deps.db)
  }

  /**
   * The connection of that name, for a bearer of one of its tokens.
   *
   * @throws {ScimError} 401, the same for whatever reason: no header, unknown connection, wrong or
   *   expired token, another connection's token, a connection that is being off-boarded. Its
   *   response needs `WWW-Authenticate: Bearer`.
   */
  async connectionFor(
    name: string,
    authorization: string | undefined,
    freshness: Freshness,
  ): Promise<Connection> {
    const bearer = bearerToken(authorization)
    if (!bearer) throw refusal()
    const hash = await hashToken(bearer)
    const key = `${name}\n${hash}`
    const now = this.#deps.now()

    if (freshness === 'recent') {
      const seen = this.#seen.get(key)
      if (seen && now - seen.readAt < RECENT_MS && !isExpired(seen.expiresAt, now)) {
        return seen.connection
      }
    }
    const found = await this.#connections.withToken(name, hash)
    if (!found || isExpired(found.token.expiresAt, now)) {
      this.#seen.delete(key)
      throw refusal()
    }
    this.#noteUse(found.token, now)
    const connection = this.#build(found.connection)
    this.#seen.set(key, { connection, expiresAt: found.token.expiresAt, readAt: now })
    return connection
  }

  /** For work that no client asked for (jobs). Undefined also while it is being off-boarded. */
  async byId(id: string): Promise<Connection | undefined> {
    const row = await this.#connections.byId(id)
    return row && this.#build(row)
  }

  /** For administrators. */
  async named(name: string): Promise<Connection | undefined> {
    const row = await this.#connections.named(name)
    return row && this.#build(row)
  }

  #build(row: ConnectionRow): Connection {
    const built = this.#built.get(row.id)
    if (built?.version === row.version) return built
    const connection = toConnection(row, this.#deps.sealing)
    this.#built.set(row.id, connection)
    return connection
  }

  #noteUse(token: TokenUse, now: number): void {
    const last = Math.max(token.lastUsedAt ?? 0, this.#noted.get(token.id) ?? 0)
    if (now - last < NOTE_USE_EVERY_MS) return
    this.#noted.set(token.id, now)
    this.#deps.waitUntil(
      // Drizzle's message holds bound values: only that it failed is told.
      noteUse(this.#deps.db, token.id, now, now - NOTE_USE_EVERY_MS).catch(() =>
        this.#deps.lost('token last use'),
      ),
    )
  }
}

function refusal(): ScimError {
  return new ScimError(
    401,
    'The bearer token is missing or not valid for this connection. Paste a current one into the client.',
  )
}

function isExpired(expiresAt: number | null, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}
