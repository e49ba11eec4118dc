/** What stands open on a connection: bounded reads, for its health. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** Open findings by kind. */
export async function openFindings(
  db: Database,
  connection: string,
): Promise<Readonly<Record<string, number>>> {
  const rows = await db.all<{ kind: string; n: number }>(sql`
    SELECT kind, count(*) AS n FROM finding
     WHERE connection = ${connection} AND state = 'open' GROUP BY kind ORDER BY kind`)
  return Object.fromEntries(rows.map(({ kind, n }) => [kind, n]))
}

export interface Leaving {
  /** People who left within the guard's window. */
  readonly left: number
  /** Those of them who were deleted, and are linked no more. */
  readonly deleted: number
  /** Those whom the guard holds back. */
  readonly parked: number
}

/** @param since milliseconds: the beginning of the guard's window */
export async function leaving(db: Database, connection: string, since: number): Promise<Leaving> {
  const row = await db.get<{ left_n: number; deleted_n: number; parked_n: number }>(sql`
    SELECT coalesce(sum(state = 'done' AND counts = 1 AND at >= ${since}), 0) AS left_n,
           coalesce(sum(state = 'done' AND counts = 1 AND at >= ${since}
             AND type = 'User' AND op = 'delete'), 0) AS deleted_n,
           coalesce(sum(state = 'parked'), 0) AS parked_n
      FROM departure WHERE connection = ${connection}`)
  return { left: row.left_n, deleted: row.deleted_n, parked: row.parked_n }
}
