/** Credentials that end, and secrets that no key opens: reads of the control tables for many connections at once. */
import { sql } from 'drizzle-orm'
import { among, grouped, type Of } from './by-connection.ts'
import type { Database } from './database.ts'

/** A credential of the connection's clients that has an end. */
export interface Ending {
  readonly kind: 'token' | 'client-secret'
  readonly id: string
  readonly label: string | null
  /** Milliseconds. */
  readonly expiresAt: number
}

/** Of one connection. */
const MOST_ENDINGS = 50

/** Bearer tokens and client secrets that end between these times; access tokens are not meant. */
export async function endingBetween(
  control: Database,
  ids: readonly string[],
  from: number,
  to: number,
): Promise<Of<Ending>> {
  const rows = await control.all<Ending & { connection: string; nth: number }>(sql`
    SELECT *, row_number() OVER (PARTITION BY connection ORDER BY "expiresAt") AS nth FROM (
      SELECT t.connection_id AS connection, 'token' AS kind, t.id, t.label,
             t.expires_at AS "expiresAt"
        FROM ${among(ids)} c JOIN token t ON t.connection_id = c.value
       WHERE t.client_id IS NULL AND t.expires_at BETWEEN ${from} AND ${to}
      UNION ALL
      SELECT s.connection_id, 'client-secret', s.id, NULL, s.expires_at
        FROM ${among(ids)} c JOIN client_secret s ON s.connection_id = c.value
       WHERE s.expires_at BETWEEN ${from} AND ${to})`)
  return grouped(
    rows
      .filter(({ nth }) => nth <= MOST_ENDINGS)
      .map(({ connection, nth: _, ...one }) => ({ connection, one })),
  )
}

/** How many secrets of each connection none of these keys opens; one with none is absent. */
export async function sealedWithOthers(
  control: Database,
  ids: readonly string[],
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await control.all<{ connection: string; n: number }>(sql`
    SELECT s.connection_id AS connection, count(*) AS n
      FROM ${among(ids)} c JOIN connection_secret s ON s.connection_id = c.value
     WHERE s.key_id NOT IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))
     GROUP BY s.connection_id`)
  return new Map(rows.map(({ connection, n }) => [connection, n]))
}
