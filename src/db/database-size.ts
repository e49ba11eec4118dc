/** How much a D1 database holds, as D1 itself says it beside every answer. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** Bytes. */
export async function sizeOf(db: Database): Promise<number> {
  const { meta } = await db.run(sql`SELECT 1`)
  return meta.size_after
}
