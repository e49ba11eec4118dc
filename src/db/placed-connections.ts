/** How many connections have their data in which database. Control table. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** By binding; those that are being erased count as well. */
export async function connectionsByDatabase(
  control: Database,
): Promise<ReadonlyMap<string, number>> {
  const rows = await control.all<{ binding: string; n: number }>(sql`
    SELECT data_db AS binding, count(*) AS n FROM connection GROUP BY data_db ORDER BY data_db`)
  return new Map(rows.map(({ binding, n }) => [binding, n]))
}
