/** Findings that pass by themselves, across connections: the cron looks whether they have. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

export interface PassingFinding {
  readonly id: string
  readonly connection: string
  readonly kind: 'app-credential' | 'app-failing' | 'mode-ended'
  /** Milliseconds. */
  readonly lastSeen: number
}

/**
 * Open ones last seen before then, those that nobody has looked at for longest first.
 *
 * @param seenBefore by code of the failure
 */
export async function passingFindings(
  db: Database,
  seenBefore: { readonly auth: number; readonly forbidden: number; readonly other: number },
  limit: number,
): Promise<PassingFinding[]> {
  const rows = await db.all<{
    id: string
    connection: string
    kind: PassingFinding['kind']
    last_seen: number
  }>(sql`
    SELECT id, connection, kind, last_seen FROM finding
     WHERE state = 'open' AND kind IN ('app-credential', 'app-failing', 'mode-ended')
       -- With a reason of ours (a control read that failed), a read that succeeds says nothing.
       AND json_extract(detail, '$.reason') IS NULL
       AND last_seen <= CASE json_extract(detail, '$.code') WHEN 'auth' THEN ${seenBefore.auth}
                          WHEN 'forbidden' THEN ${seenBefore.forbidden} ELSE ${seenBefore.other} END
     ORDER BY last_seen LIMIT ${limit}`)
  return rows.map(({ last_seen, ...row }) => ({ ...row, lastSeen: last_seen }))
}

/** What has passed is closed; a person who looks at it meanwhile has the last word. */
export async function passed(
  db: Database,
  { id, connection, lastSeen }: PassingFinding,
  why: string,
): Promise<void> {
  await db.run(sql`
    UPDATE finding SET state = 'closed', detail = json_set(detail, '$.passed', ${why})
     WHERE id = ${id} AND connection = ${connection} AND state = 'open' AND last_seen = ${lastSeen}`)
}

/** It holds still, and is looked at again after the others. */
export async function stillHolds(
  db: Database,
  { id, connection }: PassingFinding,
  now: number,
): Promise<void> {
  await db.run(sql`
    UPDATE finding SET last_seen = ${now}
     WHERE id = ${id} AND connection = ${connection} AND state = 'open'`)
}
