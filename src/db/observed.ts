/** Connections as monitoring names them. */
import { sql } from 'drizzle-orm'
import type { ConnectionRow } from './connections.ts'
import type { Placed } from './data-databases.ts'
import type { Database } from './database.ts'

export interface Observed extends Placed {
  readonly name: string
  readonly adapter: string
  readonly mode: ConnectionRow['mode']
  /** Milliseconds; null: the mode has no end. */
  readonly modeUntil: number | null
  /** When the first of its bearer tokens ends; null: none does. */
  readonly tokenEndsAt: number | null
}

/**
 * By name.
 *
 * @param ids those that somebody may see; null: all
 */
export async function observedConnections(
  control: Database,
  ids: readonly string[] | null,
  limit: number,
): Promise<Observed[]> {
  return control.all<Observed>(sql`
    SELECT id, name, adapter, data_db AS "dataDatabase", mode, mode_until AS "modeUntil",
           (SELECT min(expires_at) FROM token
             WHERE connection_id = connection.id AND client_id IS NULL) AS "tokenEndsAt"
      FROM connection
     WHERE state = 'active'
       AND (${ids === null ? 1 : 0} OR id IN (SELECT value FROM json_each(${JSON.stringify(ids ?? [])})))
     ORDER BY name LIMIT ${limit}`)
}

export async function countConnections(control: Database): Promise<number> {
  const row = await control.get<{ n: number }>(sql`
    SELECT count(*) AS n FROM connection WHERE state = 'active'`)
  return row.n
}
