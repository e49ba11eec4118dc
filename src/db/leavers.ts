/** People whom a client has disabled and never deleted. Scoped by connection. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

export interface Leaver {
  readonly id: string
  readonly type: string
  readonly nativeId: string
  readonly display: string | undefined
  /** Milliseconds. */
  readonly inactiveSince: number
}

interface LeaverRow {
  id: string
  type: string
  native_id: string
  display: string | null
  inactive_since: number
}

/** Off since `before` or longer, the longest first, after the one given. */
export async function leaversOf(
  db: Database,
  connection: string,
  query: {
    readonly before: number
    readonly after: { readonly inactiveSince: number; readonly id: string } | undefined
    readonly limit: number
  },
): Promise<Leaver[]> {
  const { before, after, limit } = query
  const rows = await db.all<LeaverRow>(sql`
    SELECT id, type, native_id, display, inactive_since FROM link
     WHERE connection = ${connection} AND state = 'linked' AND native_id IS NOT NULL
       AND inactive_since <= ${before}
       ${after ? sql`AND (inactive_since, id) > (${after.inactiveSince}, ${after.id})` : sql``}
     ORDER BY inactive_since, id LIMIT ${limit}`)
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    nativeId: row.native_id,
    display: row.display ?? undefined,
    inactiveSince: row.inactive_since,
  }))
}

export async function countLeavers(
  db: Database,
  connection: string,
  type: string,
  before: number,
): Promise<number> {
  const row = await db.get<{ n: number }>(sql`
    SELECT count(*) AS n FROM link
     WHERE connection = ${connection} AND type = ${type} AND state = 'linked'
       AND native_id IS NOT NULL AND inactive_since <= ${before}`)
  return row.n
}
