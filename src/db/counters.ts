/** Sums of a connection that never go down: one row each, so that many are read at once. */
import { sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'
import type { Span } from './traffic.ts'

/** What is added to the counters, and in part to the sums of its span. */
export interface Heard extends Span {
  /** By outcome and resource type, as `done User`; the type may be empty. */
  readonly requests: Readonly<Record<string, number>>
  /** Milliseconds of all. */
  readonly requestMsSum: number
  readonly callMsSum: number
}

export interface Counters
  extends Omit<Heard, 'at' | 'reads' | 'writes' | 'refused' | 'failed' | 'misdirected'> {
  readonly gauges: string
  /** Milliseconds since 1970; 0: never. */
  readonly gaugedAt: number
}

export function countUp(heard: Heard): Write {
  const plus = (column: string) => sql.raw(`${column} = ${column} + excluded.${column}`)
  const [both, by] = ['SELECT key, value FROM json_each', 'GROUP BY key ORDER BY key']
  const classes = (column: string) =>
    sql.raw(`${column} = (SELECT json_group_array(value) FROM (
      SELECT sum(value) AS value FROM (
        ${both}(coalesce(counter.${column}, '[]')) UNION ALL ${both}(excluded.${column})) ${by}))`)
  return sql`
    INSERT INTO counter (connection, heard_at, requests, denied, calls, calls_failed, lost, request_ms,
                         call_ms, request_ms_sum, call_ms_sum)
    VALUES (${heard.connection}, ${heard.heardAt}, ${JSON.stringify(heard.requests)}, ${heard.denied},
            ${heard.calls}, ${heard.callsFailed}, ${heard.lost}, ${JSON.stringify(heard.requestMs)},
            ${JSON.stringify(heard.callMs)}, ${heard.requestMsSum}, ${heard.callMsSum})
        ON CONFLICT (connection) DO UPDATE SET
           heard_at = max(heard_at, excluded.heard_at), ${plus('denied')}, ${plus('calls')},
           ${plus('calls_failed')}, ${plus('lost')}, ${plus('request_ms_sum')},
           ${plus('call_ms_sum')}, ${classes('request_ms')}, ${classes('call_ms')},
           requests = (SELECT json_group_object(key, value) FROM (
             SELECT key, sum(value) AS value FROM (
               ${sql.raw(both)}(counter.requests) UNION ALL
               ${sql.raw(both)}(excluded.requests)) ${sql.raw(by)}))`
}

interface CounterRow {
  connection: string
  heardAt: number
  requests: string
  denied: number
  calls: number
  callsFailed: number
  lost: number
  requestMs: string | null
  callMs: string | null
  requestMsSum: number
  callMsSum: number
  gauges: string
  gaugedAt: number
}

/** By id of the connection; one that nothing was ever counted of is absent. */
export async function countersOf(
  db: Database,
  connections: readonly string[],
): Promise<ReadonlyMap<string, Counters>> {
  const rows = await db.all<CounterRow>(sql`
    SELECT connection, heard_at AS "heardAt", requests, denied, calls,
           calls_failed AS "callsFailed", lost, request_ms AS "requestMs", call_ms AS "callMs",
           request_ms_sum AS "requestMsSum", call_ms_sum AS "callMsSum", gauges,
           gauged_at AS "gaugedAt"
      FROM counter
     WHERE connection IN (SELECT value FROM json_each(${JSON.stringify(connections)}))`)
  return new Map(
    rows.map((row) => [
      row.connection,
      {
        ...row,
        requests: JSON.parse(row.requests) as Counters['requests'],
        requestMs: JSON.parse(row.requestMs ?? '[]') as number[],
        callMs: JSON.parse(row.callMs ?? '[]') as number[],
      },
    ]),
  )
}
