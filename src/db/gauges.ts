/** What there is of a connection now, counted from its tables: too dear for every time that somebody asks. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

export interface Gauges {
  /** Open ones, by kind. */
  readonly findings: Readonly<Record<string, number>>
  /** By resource type, then by state. */
  readonly links: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Unfinished writes, by what they are. */
  readonly intents: Readonly<Record<string, number>>
  /** People whom the guard holds back. */
  readonly parked: number
  /** 1: calls of the app are paused, so far as a finding says. */
  readonly paused: number
  /** Of the day before: requests that were let in, and those of them that were refused or failed. */
  readonly requests: number
  readonly failures: number
}

/**
 * Takes those of these connections, and keeps them for whoever asks next.
 *
 * @returns JSON of `Gauges` by id of the connection
 */
export async function takeGauges(
  db: Database,
  connections: readonly string[],
  { now, since }: { readonly now: number; readonly since: number },
): Promise<ReadonlyMap<string, string>> {
  const rows = await db.all<{ connection: string; gauges: string }>(sql`
    INSERT INTO counter (connection, gauges, gauged_at)
    SELECT c.value, json_object(
      'findings', (
        SELECT json_group_object(kind, n) FROM (
          SELECT kind, count(*) AS n FROM finding
           WHERE connection = c.value AND state <> 'closed' AND state = 'open' GROUP BY kind)),
      'links', (
        SELECT json_group_object(type, json(states)) FROM (
          SELECT type, json_group_object(state, n) AS states FROM (
            SELECT type, state, count(*) AS n FROM link
             WHERE connection = c.value GROUP BY type, state)
           GROUP BY type)),
      'intents', (
        SELECT json_group_object(op, n) FROM (
          SELECT op, count(*) AS n FROM intent
           WHERE connection = c.value AND state IN ('ready', 'sending', 'unknown', 'waiting')
           GROUP BY op
          -- What is due is little; what a connection has of edges may be a lot: hence the plus.
          UNION ALL SELECT 'members', count(*) FROM edge
           WHERE +connection = c.value AND next_at IS NOT NULL
          UNION ALL SELECT 'roles', count(*) FROM role_intent
           WHERE +connection = c.value AND next_at IS NOT NULL)),
      'parked', (
        SELECT count(*) FROM departure WHERE connection = c.value AND state = 'parked'),
      'paused', EXISTS (
        SELECT 1 FROM finding
         WHERE connection = c.value AND kind IN ('app-failing', 'app-credential')
           AND state <> 'closed' AND state = 'open' AND json_extract(detail, '$.calls') = 'paused'),
      'requests', (
        SELECT coalesce(sum(reads + writes), 0) FROM traffic
         WHERE connection = c.value AND at > ${since}),
      'failures', (
        SELECT coalesce(sum(refused + failed), 0) FROM traffic
         WHERE connection = c.value AND at > ${since})), ${now}
      FROM json_each(${JSON.stringify(connections)}) c WHERE true
        ON CONFLICT (connection) DO UPDATE SET
           gauges = excluded.gauges, gauged_at = excluded.gauged_at
    RETURNING connection, gauges`)
  return new Map(rows.map(({ connection, gauges }) => [connection, gauges]))
}
