/** What `postern doctor` reads of the tables: never a value, never a secret. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** Names of the migrations that have been applied, in order; undefined: nobody has kept a list. */
export async function appliedMigrations(db: Database): Promise<readonly string[] | undefined> {
  // wrangler's own table.
  const table = await db.get<{ name: string } | undefined>(sql`
    SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'd1_migrations'`)
  if (!table) return undefined
  const rows = await db.all<{ name: string }>(sql`SELECT name FROM d1_migrations ORDER BY name`)
  return rows.map(({ name }) => name)
}

/** Since when the connection that has waited longest waits for the cron; undefined: none does. */
export async function waitingForCron(db: Database): Promise<number | undefined> {
  // A new connection waits from its creation on, one that was changed from the change on.
  const row = await db.get<{ since: number | null }>(sql`
    SELECT min(max(scan_at, updated_at)) AS since FROM connection WHERE state = 'active'`)
  return row?.since ?? undefined
}

/** Something that a client can sign in with. Times in milliseconds. */
export interface Credential {
  readonly kind: 'token' | 'client secret' | 'trust'
  /** Of the token, or of the client. */
  readonly id: string
  readonly label: string | null
  /** Null: it has no end. */
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

/** Access tokens are none: a client gets them anew by itself. */
export async function credentialsOf(
  db: Database,
  connectionId: string,
): Promise<readonly Credential[]> {
  return db.all<Credential>(sql`
    SELECT 'token' AS kind, id, label, expires_at AS expiresAt, last_used_at AS lastUsedAt
      FROM token WHERE connection_id = ${connectionId} AND client_id IS NULL
    UNION ALL
    SELECT 'client secret', s.client_id, c.label, s.expires_at, s.last_used_at
      FROM client_secret AS s
      JOIN client AS c ON c.connection_id = s.connection_id AND c.id = s.client_id
     WHERE s.connection_id = ${connectionId}
    UNION ALL
    SELECT 'trust', id, label, NULL, last_used_at
      FROM client WHERE connection_id = ${connectionId} AND kind <> 'secret'`)
}

/** When a client of the connection was last let in, to the minute; undefined: never. */
export async function lastHeard(db: Database, connectionId: string): Promise<number | undefined> {
  const row = await db.get<{ at: number | null }>(sql`
    SELECT max(at) AS at FROM (
      SELECT max(last_used_at) AS at FROM token WHERE connection_id = ${connectionId}
      UNION ALL
      SELECT max(last_used_at) FROM client WHERE connection_id = ${connectionId})`)
  return row?.at ?? undefined
}

/** How many findings of each kind wait for somebody. */
export async function openFindings(
  db: Database,
  connection: string,
): Promise<readonly { readonly kind: string; readonly open: number }[]> {
  return db.all(sql`
    SELECT kind, count(*) AS open FROM finding
     WHERE connection = ${connection} AND state = 'open' GROUP BY kind ORDER BY kind`)
}
