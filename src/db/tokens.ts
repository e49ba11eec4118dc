/** The tokens of one connection. Hashes only: see src/access/tokens.ts. */
import { and, desc, eq, isNull, lte, or, sql } from 'drizzle-orm'
import { connection, token } from './control-tables.ts'
import { type Database, openDatabase } from './database.ts'

/** How far a token lets its bearer; src/access/scope.ts. */
export type Scope = (typeof token.$inferSelect)['scope']

/** Times in milliseconds; `expiresAt: null` never expires. */
export type TokenRow = Readonly<
  Omit<typeof token.$inferSelect, 'hash' | 'connectionId' | 'clientId'>
>

export type NewToken = Pick<
  typeof token.$inferSelect,
  'id' | 'hash' | 'label' | 'createdAt' | 'expiresAt' | 'scope'
>

const columns = {
  id: token.id,
  label: token.label,
  createdAt: token.createdAt,
  expiresAt: token.expiresAt,
  lastUsedAt: token.lastUsedAt,
  scope: token.scope,
}

/** Notes a use, unless one was noted since `notedBefore`. */
export async function noteUse(
  db: D1Database,
  id: string,
  now: number,
  notedBefore: number,
): Promise<void> {
  await openDatabase(db)
    .update(token)
    // Clocks differ from machine to machine, and the table refuses a use before the creation.
    .set({ lastUsedAt: sql`max(${now}, ${token.createdAt})` })
    .where(and(eq(token.id, id), or(isNull(token.lastUsedAt), lte(token.lastUsedAt, notedBefore))))
}

export class Tokens {
  readonly #db: Database
  readonly #connectionId: string

  constructor(db: D1Database, connectionId: string) {
    this.#db = openDatabase(db)
    this.#connectionId = connectionId
  }

  /** False: the connection went away meanwhile, or has `most` tokens, expired ones among them. */
  async add(row: NewToken, most: number): Promise<boolean> {
    // A token for a connection that is being off-boarded would outlive the call that ended it.
    const result = await this.#db.run(sql`
      INSERT INTO ${token} (id, connection_id, hash, label, created_at, expires_at, scope)
      SELECT ${row.id}, ${connection.id}, ${row.hash}, ${row.label}, ${row.createdAt},
        ${row.expiresAt}, ${row.scope}
      FROM ${connection}
      WHERE ${connection.id} = ${this.#connectionId} AND ${connection.state} = 'active'
        AND (SELECT count(*) FROM token AS t
              WHERE t.connection_id = ${this.#connectionId} AND t.client_id IS NULL) < ${most}`)
    return result.meta.changes === 1
  }

  /** Newest first, after the one given. Those that clients were given are not among them. */
  async list(page: {
    after?: { createdAt: number; id: string } | undefined
    limit: number
  }): Promise<TokenRow[]> {
    const { after } = page
    return this.#db
      .select(columns)
      .from(token)
      .where(
        and(
          eq(token.connectionId, this.#connectionId),
          isNull(token.clientId),
          after &&
            sql`(${token.createdAt}, ${token.id}) < (${sql.param(after.createdAt)}, ${sql.param(after.id)})`,
        ),
      )
      .orderBy(desc(token.createdAt), desc(token.id))
      .limit(page.limit)
      .all()
  }

  /** False: this connection has no such token. */
  async remove(id: string): Promise<boolean> {
    const result = await this.#db
      .delete(token)
      .where(and(eq(token.connectionId, this.#connectionId), eq(token.id, id)))
    return result.meta.changes === 1
  }
}
