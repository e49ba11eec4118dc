/** Notices that were made of alerts, and what became of each: what people were told lately. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

export interface Told {
  readonly id: string
  /** Id of the channel. */
  readonly channel: string
  readonly notice: Readonly<Record<string, unknown>>
  readonly state: 'due' | 'sent' | 'failed' | 'dropped'
  readonly attempts: number
  /** Why the last attempt failed: a status or a word of ours. */
  readonly reason: string | undefined
  /** Milliseconds. */
  readonly at: number
}

/** The newest first, after the one given. */
export async function toldOf(
  db: Database,
  connection: string,
  query: {
    readonly after: Pick<Told, 'at' | 'id'> | undefined
    readonly limit: number
  },
): Promise<Told[]> {
  const { after, limit } = query
  const rows = await db.all<{
    id: string
    channel: string
    notice: string
    state: Told['state']
    attempts: number
    reason: string | null
    created_at: number
  }>(sql`
    SELECT id, channel, notice, state, attempts, reason, created_at FROM alert_delivery
     WHERE connection = ${connection}
       ${after ? sql`AND (created_at, id) < (${after.at}, ${after.id})` : sql``}
     ORDER BY created_at DESC, id DESC LIMIT ${limit}`)
  return rows.map(({ created_at, notice, reason, ...row }) => ({
    ...row,
    notice: JSON.parse(notice) as Told['notice'],
    reason: reason ?? undefined,
    at: created_at,
  }))
}
