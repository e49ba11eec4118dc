/** What jobs do for the audit: what was cut off becomes a row, and what is past its time goes. */
import { sql } from 'drizzle-orm'
import { type Actor, Audit } from './audit.ts'
import { type Database, writeAll } from './database.ts'
import { endAllSending, type Sending } from './sending.ts'

interface SendingRow extends Sending {
  connection: string
  actor: string
  at: number
}

/**
 * Updates of which nobody knows whether the app has heard of them: their isolate died. One bounded step;
 * resolves to their number.
 */
export async function closeSending(
  db: Database,
  before: number,
  limit: number,
  now: number,
): Promise<number> {
  const rows = await db.all<SendingRow>(
    sql`SELECT * FROM sending WHERE at < ${before} ORDER BY at LIMIT ${limit}`,
  )
  if (rows.length === 0) return 0
  await writeAll(db, [
    ...rows.map(({ connection, request, type, link, actor, at }) => {
      const audit = new Audit(connection, { actor: JSON.parse(actor) as Actor })
      const entry = { request, type, link, op: 'update', decision: 'cut-off' } as const
      return audit.entry({ ...entry, detail: { began: new Date(at).toISOString() } }, now)
    }),
    endAllSending(rows),
  ])
  return rows.length
}

/** Connections whose audit is due to be looked at. Control database. */
export async function dueAudits(
  control: D1Database,
  now: number,
  limit: number,
): Promise<string[]> {
  const { results } = await control
    .prepare(
      "SELECT id FROM connection WHERE state = 'active' AND audit_at <= ? ORDER BY audit_at LIMIT ?",
    )
    .bind(now, limit)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}

/** Control database. */
export async function lookAgain(control: D1Database, id: string, at: number): Promise<void> {
  await control.prepare('UPDATE connection SET audit_at = ? WHERE id = ?').bind(at, id).run()
}

/** Oldest first, at most `limit`. True: there may be more. */
export async function pruneAudit(
  db: Database,
  connection: string,
  before: number,
  limit: number,
): Promise<boolean> {
  const gone = await db.all(sql`
    DELETE FROM audit WHERE seq IN (
      SELECT seq FROM audit WHERE connection = ${connection} AND at < ${before}
       ORDER BY at LIMIT ${limit})
    RETURNING 1 AS gone`)
  return gone.length === limit
}
