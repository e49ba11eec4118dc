/**
 * Who a SCIM request is from: the URL names the connection, and the bearer token must belong to it.
 *
 * Writes read token and connection from D1 each time, in one query. Reads may be served from this
 * isolate's memory for `RECENT_MS`, so that a revoked token may read for so long and no longer.
 *
 * A bearer token is one of ours, or one that a provider has signed whom a client of the connection
 * (kind `token`) trusts: what Entra sends where the secret is left blank.
 */

import type { Actor } from '../db/audit.ts'
import { ClientLookup, noteClientUse } from '../db/clients.ts'
import { type ConnectionRow, Connections } from '../db/connections.ts'
import { type Database, openDatabase } from '../db/database.ts'
import type { Beside, LinkAhead } from '../db/link-ahead.ts'
import { signIn } from '../db/sign-in.ts'
import { noteUse } from '../db/tokens.ts'
import { ScimError } from '../scim/error.ts'
import { BoundedMap } from './bounded-map.ts'
import { type Connection, toConnection } from './connection.ts'
import { type KeySets, KeysUnavailable } from './key-sets.ts'
import { LastUse, type LastUseDeps } from './last-use.ts'
import { issuerOf } from './oauth.ts'
import type { Scope } from './scope.ts'
import type { Sealing } from './seal.ts'
import { steadyClock } from './steady-clock.ts'
import { bearerToken, hashToken } from './tokens.ts'
import { claimsIssuer, prove, type TrustInput, toTrust } from './trust.ts'

/** RFC 9110 §15.5.2: every 401 carries a challenge. RFC 6750 §3. */
export const BEARER_CHALLENGE = 'Bearer realm="postern"'

/** Design decision 11. */
const RECENT_MS = 5_000
/** Tokens and connections that one isolate remembers: some KB each, of its 128 MB. */
const REMEMBERED = 1_000

export type Freshness = 'fresh' | 'recent'

export interface AccessDeps extends LastUseDeps {
  readonly db: D1Database
  readonly sealing: Sealing
  readonly keySets: KeySets
}

/** Who is let in, and how far. */
export interface Admitted {
  readonly connection: Connection
  readonly scope: Scope
  /** Whose token it is, for the audit. */
  readonly actor: Actor
  /** What was asked for beside; only where D1 was asked. */
  readonly ahead?: LinkAhead | undefined
}

interface Found extends Admitted {
  readonly expiresAt: number | null
}

interface Seen extends Omit<Found, 'ahead'> {
  /** By the steady clock. */
  readonly readAt: number
}

/** One for each isolate: it holds what this isolate remembers. */
export class Access {
  readonly #deps: AccessDeps
  readonly #control: Database
  readonly #connections: Connections
  /** By connection name and token hash. */
  readonly #seen = new BoundedMap<Seen>(REMEMBERED)
  /** By connection id. What a version is made of never changes, so it is parsed once. */
  readonly #built = new BoundedMap<Connection>(REMEMBERED)
  readonly #lastUse: LastUse
  readonly #steady: () => number

  constructor(deps: AccessDeps) {
    this.#deps = deps
    this.#lastUse = new LastUse(deps, 'token last use')
    this.#steady = steadyClock(deps.now)
    this.#control = openDatabase(deps.db)
    this.#connections = new Connections(deps.db)
  }

  /**
   * The connection of that name, for a bearer of one of its tokens.
   *
   * @throws {ScimError} 401, the same for whatever reason: no header, unknown connection, wrong or
   *   expired token, another connection's token, a connection that is being off-boarded. Its
   *   response needs `WWW-Authenticate: Bearer`. 503 where a signed token cannot be checked now.
   * @param beside read in the same trip, where there is one
   */
  async admit(
    name: string,
    authorization: string | undefined,
    freshness: Freshness,
    beside?: Beside,
  ): Promise<Admitted> {
    const bearer = bearerToken(authorization)
    if (!bearer) throw refusal()
    const key = await keyOf(name, bearer)
    const now = this.#deps.now()
    const readAt = this.#steady()

    if (freshness === 'recent') {
      const seen = this.#seen.get(key)
      if (seen && readAt - seen.readAt < RECENT_MS && !isExpired(seen.expiresAt, now)) return seen
    }
    const issuer = issuerOf(bearer)
    const admitted =
      issuer === undefined
        ? await this.#byToken(name, key.slice(name.length + 1), now, beside)
        : await this.#bySigned(name, bearer, issuer, now)
    if (!admitted) {
      this.#seen.delete(key)
      throw refusal()
    }
    const { ahead: _, ...lasting } = admitted
    this.#seen.set(key, { ...lasting, readAt })
    return admitted
  }

  /** True for a token that this isolate has let in, and has not refused since. Asks nobody. */
  async remembers(name: string, authorization: string | undefined): Promise<boolean> {
    const bearer = bearerToken(authorization)
    return bearer !== undefined && this.#seen.get(await keyOf(name, bearer)) !== undefined
  }

  async #byToken(
    name: string,
    hash: string,
    now: number,
    beside: Beside | undefined,
  ): Promise<Found | undefined> {
    const found = await signIn(this.#control, name, hash, beside, now)
    if (!found || isExpired(found.token.expiresAt, now)) return undefined
    const { id, expiresAt, scope, lastUsedAt, label, clientId } = found.token
    const actor: Actor =
      clientId === null
        ? { kind: 'token', id, ...(label !== null && { label }) }
        : { kind: 'client', id: clientId }
    const { db } = this.#deps
    this.#lastUse.note(id, (at, before) => noteUse(db, id, at, before), lastUsedAt)
    const { ahead } = found
    return { connection: this.#build(found.connection), scope, actor, expiresAt, ahead }
  }

  /** The connection is read after the clients: one that is gone by then has none. */
  async #bySigned(
    name: string,
    jwt: string,
    issuer: string,
    now: number,
  ): Promise<Found | undefined> {
    const { db, keySets } = this.#deps
    for (const { connectionId, client } of await new ClientLookup(db).ofKind(name, 'token')) {
      const trust = toTrust(client.trust as TrustInput)
      if (!claimsIssuer(trust, issuer)) continue
      const proof = await this.#check(() =>
        prove(jwt, trust, keySets.of(connectionId, trust.keySets), now),
      )
      if (proof.kind === 'refused') continue
      const connection = await this.byId(connectionId)
      if (connection?.name !== name) return undefined
      const { id, lastUsedAt, scope } = client
      this.#lastUse.note(
        `${connectionId}\n${id}`,
        (at, before) => noteClientUse(db, connectionId, id, at, before),
        lastUsedAt,
      )
      const actor: Actor = { kind: 'client', id, ...(client.label && { label: client.label }) }
      return { connection, scope, actor, expiresAt: proof.expiresAt }
    }
    return undefined
  }

  async #check<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof KeysUnavailable)) throw error
      // Never a 401 for a doubt: Entra quarantines on them (design decision 9).
      const detail = "The keys of the token's issuer cannot be read now. Retry later."
      throw new ScimError(503, detail, { retryAfterSeconds: 10 })
    }
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
}

async function keyOf(name: string, bearer: string): Promise<string> {
  return `${name}\n${await hashToken(bearer)}`
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
