/** What alerts are made of, beside the traffic: bounded reads of one connection. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** Of one kind of finding. */
export interface OpenFindings {
  readonly kind: string
  /** `MOST_COUNTED` means that many or more. */
  readonly count: number
  /** One of them. */
  readonly id: string
  /** Milliseconds. */
  readonly since: number
  /** True: calls to the app are paused (its circuit is open). */
  readonly isPaused: boolean
}

export const MOST_COUNTED = 1_000

/** Open findings of these kinds: a burst of a hundred thousand costs a thousand rows. */
export async function openFindingsOf(
  db: Database,
  connection: string,
  kinds: readonly string[],
): Promise<OpenFindings[]> {
  const rows = await db.all<{ kind: string; n: number; one: string | null }>(sql`
    SELECT k.value AS kind,
           (SELECT count(*) FROM (
              SELECT 1 FROM finding f WHERE f.connection = ${connection} AND f.kind = k.value
                 AND f.state <> 'closed' AND f.state = 'open' LIMIT ${MOST_COUNTED})) AS n,
           (SELECT json_array(id, first_seen, max(json_extract(detail, '$.calls') IS 'paused'))
              FROM (SELECT id, first_seen, detail FROM finding f
                     WHERE f.connection = ${connection} AND f.kind = k.value
                       AND f.state <> 'closed' AND f.state = 'open' LIMIT 10)
            HAVING count(*) > 0) AS one
      FROM json_each(${JSON.stringify(kinds)}) k`)
  return rows.flatMap(({ kind, n, one }) => {
    if (one === null) return []
    const [id, since, isPaused] = JSON.parse(one) as [string, number, number]
    return [{ kind, count: n, id, since, isPaused: isPaused === 1 }]
  })
}

export interface Orphans {
  /** First met since then. */
  readonly recent: number
  readonly older: number
  /** True: a scan had ended before then, so that the recent ones were not there at that time. */
  readonly wereKnown: boolean
}

/** @param since milliseconds */
export async function orphansSince(
  db: Database,
  connection: string,
  since: number,
): Promise<Orphans> {
  const row = await db.get<{ recent: number; older: number; known: number }>(sql`
    SELECT coalesce(sum(first_seen >= ${since}), 0) AS recent,
           coalesce(sum(first_seen < ${since}), 0) AS older,
           EXISTS (SELECT 1 FROM scan WHERE connection = ${connection} AND state = 'done'
                      AND dry_run = 0 AND finished_at < ${since}) AS known
      FROM (SELECT first_seen FROM finding
             WHERE connection = ${connection} AND kind = 'orphan' AND state <> 'closed'
               AND state = 'open' LIMIT 10000)`)
  return { recent: row.recent, older: row.older, wereKnown: row.known === 1 }
}

/** A credential of the connection's clients that has an end. */
export interface Ending {
  readonly kind: 'token' | 'client-secret'
  readonly id: string
  /** Milliseconds. */
  readonly expiresAt: number
}

/** Bearer tokens and client secrets that end between these times; access tokens are not meant. */
export async function endingBetween(
  control: Database,
  connectionId: string,
  from: number,
  to: number,
): Promise<Ending[]> {
  return control.all<Ending>(sql`
    SELECT 'token' AS kind, id, expires_at AS expiresAt FROM token
     WHERE connection_id = ${connectionId} AND client_id IS NULL
       AND expires_at BETWEEN ${from} AND ${to}
    UNION ALL
    SELECT 'client-secret', id, expires_at FROM client_secret
     WHERE connection_id = ${connectionId} AND expires_at BETWEEN ${from} AND ${to}
     ORDER BY 3 LIMIT 50`)
}

/** How many secrets of the connection none of these keys opens. */
export async function sealedWithOthers(
  control: Database,
  connectionId: string,
  keyIds: readonly string[],
): Promise<number> {
  const row = await control.get<{ n: number }>(sql`
    SELECT count(*) AS n FROM connection_secret
     WHERE connection_id = ${connectionId}
       AND key_id NOT IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))`)
  return row.n
}
