/** The OAuth clients of one connection, their secrets, and the access tokens they were given. */
import { and, asc, eq, sql } from 'drizzle-orm'
import { client, clientSecret, connection } from './control-tables.ts'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isUniqueViolation,
  openDatabase,
  writeAll,
  writeGuarded,
} from './database.ts'
import type { NewToken } from './tokens.ts'

/** Times in milliseconds. */
export type ClientRow = Readonly<Omit<typeof client.$inferSelect, 'connectionId'>>
export type NewClient = Omit<ClientRow, 'lastUsedAt'>
export type SecretRow = Readonly<
  Omit<typeof clientSecret.$inferSelect, 'hash' | 'connectionId' | 'clientId'>
>
export type NewSecret = Pick<
  typeof clientSecret.$inferSelect,
  'id' | 'hash' | 'createdAt' | 'expiresAt'
>

/** What is known of a client that has shown one of its secrets. */
export interface BySecret {
  readonly connectionId: string
  readonly client: ClientRow
  readonly secret: { readonly id: string; readonly expiresAt: number | null }
}

/** Of one client at once. More than any client can need: one that asks again and again loses old ones. */
const MOST_TOKENS = 1_000

const columns = {
  id: client.id,
  kind: client.kind,
  label: client.label,
  scope: client.scope,
  tokenSeconds: client.tokenSeconds,
  trust: client.trust,
  createdAt: client.createdAt,
  lastUsedAt: client.lastUsedAt,
}
const isActive = eq(connection.state, 'active')

/** Before it is known whose request it is, a look-up goes by the connection's name. */
export class ClientLookup {
  readonly #db: Database

  constructor(db: D1Database) {
    this.#db = openDatabase(db)
  }

  /** By the hash of one of its secrets, whatever its expiry. */
  async bySecret(name: string, clientId: string, hash: string): Promise<BySecret | undefined> {
    const row = await this.#db
      .select({
        ...columns,
        connectionId: client.connectionId,
        secret: { id: clientSecret.id, expiresAt: clientSecret.expiresAt },
      })
      .from(clientSecret)
      .innerJoin(
        client,
        and(
          eq(client.connectionId, clientSecret.connectionId),
          eq(client.id, clientSecret.clientId),
        ),
      )
      .innerJoin(connection, eq(connection.id, client.connectionId))
      .where(
        and(
          eq(clientSecret.hash, hash),
          eq(client.id, clientId),
          eq(connection.name, name),
          isActive,
        ),
      )
      .get()
    if (!row) return undefined
    const { connectionId, secret, ...found } = row
    return { connectionId, client: found, secret }
  }

  /** Clients of a kind that a connection of this name has. */
  async ofKind(
    name: string,
    kind: ClientRow['kind'],
  ): Promise<{ connectionId: string; client: ClientRow }[]> {
    const rows = await this.#db
      .select({ ...columns, connectionId: client.connectionId })
      .from(client)
      .innerJoin(connection, eq(connection.id, client.connectionId))
      .where(and(eq(connection.name, name), isActive, eq(client.kind, kind)))
      .orderBy(asc(client.id))
      .all()
    return rows.map(({ connectionId, ...found }) => ({ connectionId, client: found }))
  }
}

/** Notes a use, unless one was noted since `notedBefore`. */
export async function noteClientUse(
  db: D1Database,
  connectionId: string,
  id: string,
  now: number,
  notedBefore: number,
): Promise<void> {
  await openDatabase(db).run(sql`
    UPDATE client SET last_used_at = max(${now}, created_at)
     WHERE connection_id = ${connectionId} AND id = ${id}
       AND (last_used_at IS NULL OR last_used_at <= ${notedBefore})`)
}

export class Clients {
  readonly #db: Database
  readonly #connectionId: string

  constructor(db: D1Database, connectionId: string) {
    this.#db = openDatabase(db)
    this.#connectionId = connectionId
  }

  async list(): Promise<ClientRow[]> {
    return this.#db
      .select(columns)
      .from(client)
      .where(eq(client.connectionId, this.#connectionId))
      .orderBy(asc(client.createdAt), asc(client.id))
      .all()
  }

  async get(id: string): Promise<ClientRow | undefined> {
    return this.#db
      .select(columns)
      .from(client)
      .where(and(eq(client.connectionId, this.#connectionId), eq(client.id, id)))
      .get()
  }

  /** `taken`: the connection has a client of this id; `gone`: the connection went away meanwhile. */
  async add(row: NewClient, secret: NewSecret | undefined): Promise<'added' | 'taken' | 'gone'> {
    const trust = row.trust === null ? null : JSON.stringify(row.trust)
    try {
      const isAdded = await writeGuarded(this.#db, [
        sql`
          INSERT INTO client
            (connection_id, id, kind, label, scope, token_seconds, trust, created_at)
          SELECT id, ${row.id}, ${row.kind}, ${row.label}, ${row.scope}, ${row.tokenSeconds},
                 ${trust}, ${row.createdAt}
            FROM connection WHERE id = ${this.#connectionId} AND state = 'active'`,
        CHANGED_ONE,
        ...(secret ? [this.#insertSecret(row.id, secret)] : []),
      ])
      return isAdded ? 'added' : 'gone'
    } catch (error) {
      if (isUniqueViolation(error, 'client.id')) return 'taken'
      throw error
    }
  }

  /** Its secrets and its tokens go with it. False: there is none. */
  async remove(id: string): Promise<boolean> {
    return writeGuarded(this.#db, [
      sql`DELETE FROM client WHERE connection_id = ${this.#connectionId} AND id = ${id}`,
      CHANGED_ONE,
      sql`DELETE FROM token WHERE connection_id = ${this.#connectionId} AND client_id = ${id}`,
    ])
  }

  async secrets(clientId: string): Promise<SecretRow[]> {
    return this.#db
      .select({
        id: clientSecret.id,
        createdAt: clientSecret.createdAt,
        expiresAt: clientSecret.expiresAt,
        lastUsedAt: clientSecret.lastUsedAt,
      })
      .from(clientSecret)
      .where(
        and(eq(clientSecret.connectionId, this.#connectionId), eq(clientSecret.clientId, clientId)),
      )
      .orderBy(asc(clientSecret.createdAt), asc(clientSecret.id))
      .all()
  }

  /** False: the client has gone, or has `most` secrets. */
  async addSecret(clientId: string, secret: NewSecret, most: number): Promise<boolean> {
    return writeGuarded(this.#db, [this.#insertSecret(clientId, secret, most), CHANGED_ONE])
  }

  /** Tokens that it has given already live on until they expire. False: there is none. */
  async removeSecret(clientId: string, id: string): Promise<boolean> {
    const result = await this.#db
      .delete(clientSecret)
      .where(
        and(
          eq(clientSecret.connectionId, this.#connectionId),
          eq(clientSecret.clientId, clientId),
          eq(clientSecret.id, id),
        ),
      )
    return result.meta.changes === 1
  }

  /**
   * An access token. Those of the client that have expired go, and the oldest of too many.
   *
   * @param by what the client has shown: one of its secrets, or an assertion that is good for once
   * @returns `replayed`: that assertion was used before; `gone`: the client went away meanwhile
   */
  async grant(
    row: NewToken & { readonly expiresAt: number },
    clientId: string,
    by: { readonly secret?: string; readonly assertion?: { hash: string; expiresAt: number } },
  ): Promise<'granted' | 'replayed' | 'gone'> {
    const { secret, assertion } = by
    const now = row.createdAt
    try {
      await writeAll(this.#db, [
        ...(assertion
          ? [
              sql`DELETE FROM used_assertion
                   WHERE connection_id = ${this.#connectionId} AND expires_at <= ${now}`,
              sql`INSERT INTO used_assertion (connection_id, hash, expires_at)
                  VALUES (${this.#connectionId}, ${assertion.hash}, ${assertion.expiresAt})`,
            ]
          : []),
        sql`
          UPDATE client SET last_used_at = max(${now}, created_at)
           WHERE connection_id = ${this.#connectionId} AND id = ${clientId}`,
        CHANGED_ONE,
        sql`
          INSERT INTO token
            (id, connection_id, hash, label, created_at, expires_at, client_id, scope)
          VALUES (${row.id}, ${this.#connectionId}, ${row.hash}, ${row.label}, ${now},
                  ${row.expiresAt}, ${clientId}, ${row.scope})`,
        sql`
          DELETE FROM token
           WHERE connection_id = ${this.#connectionId} AND client_id = ${clientId}
             AND (expires_at <= ${now} OR id IN (
               SELECT id FROM token
                WHERE connection_id = ${this.#connectionId} AND client_id = ${clientId}
                ORDER BY created_at DESC, id LIMIT -1 OFFSET ${MOST_TOKENS}))`,
        ...(secret === undefined
          ? []
          : [
              sql`UPDATE client_secret SET last_used_at = max(${now}, created_at)
                   WHERE id = ${secret}`,
            ]),
      ])
      return 'granted'
    } catch (error) {
      if (isUniqueViolation(error, 'used_assertion.hash')) return 'replayed'
      if (isLostRace(error)) return 'gone'
      throw error
    }
  }

  #insertSecret(clientId: string, { id, hash, createdAt, expiresAt }: NewSecret, most = 1) {
    return sql`
      INSERT INTO client_secret (id, connection_id, client_id, hash, created_at, expires_at)
      SELECT ${id}, connection_id, id, ${hash}, ${createdAt}, ${expiresAt}
        FROM client
       WHERE connection_id = ${this.#connectionId} AND id = ${clientId} AND kind = 'secret'
         AND (SELECT count(*) FROM client_secret
               WHERE connection_id = ${this.#connectionId} AND client_id = ${clientId}) < ${most}`
  }
}
