/** What was heard of a connection, in spans of five minutes: sums, and how long things took. */
import { sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'

export const SPAN_MS = 5 * 60_000

/** Upper bounds, in milliseconds, of the classes that durations are counted in; one more is above. */
export const BOUNDS_MS = [
  5, 10, 20, 50, 100, 200, 300, 500, 750, 1_000, 2_000, 5_000, 10_000, 20_000,
] as const

export interface Sums {
  readonly reads: number
  readonly writes: number
  readonly refused: number
  readonly failed: number
  readonly denied: number
  /** Below the connection's name, and not below its base URL. */
  readonly misdirected: number
  readonly calls: number
  readonly callsFailed: number
  readonly lost: number
  /** By class. */
  readonly requestMs: readonly number[]
  readonly callMs: readonly number[]
}

export interface Span extends Sums {
  readonly connection: string
  /** Its beginning. */
  readonly at: number
  /** When the client was last heard in it; 0: it was not. */
  readonly heardAt: number
}

/** Adds to the span that is there. */
export function sumTraffic(span: Span): Write {
  const sum = (column: string) =>
    sql.raw(`${column} = (
      SELECT json_group_array(value) FROM (
        SELECT old.value + new.value AS value
          FROM json_each(traffic.${column}) old JOIN json_each(excluded.${column}) new USING (key)
         ORDER BY old.key))`)
  return sql`
    INSERT INTO traffic (connection, at, heard_at, reads, writes, refused, failed, denied,
                         misdirected, calls, calls_failed, lost, request_ms, call_ms)
    VALUES (${span.connection}, ${span.at}, ${span.heardAt}, ${span.reads}, ${span.writes},
            ${span.refused}, ${span.failed}, ${span.denied}, ${span.misdirected}, ${span.calls},
            ${span.callsFailed}, ${span.lost}, ${JSON.stringify(span.requestMs)}, ${JSON.stringify(span.callMs)})
        ON CONFLICT (connection, at) DO UPDATE SET
           heard_at = max(heard_at, excluded.heard_at), reads = reads + excluded.reads,
           writes = writes + excluded.writes, refused = refused + excluded.refused,
           failed = failed + excluded.failed, denied = denied + excluded.denied,
           misdirected = misdirected + excluded.misdirected, calls = calls + excluded.calls, calls_failed = calls_failed + excluded.calls_failed,
           lost = lost + excluded.lost, ${sum('request_ms')}, ${sum('call_ms')}`
}

interface SpanRow {
  connection: string
  at: number
  heard_at: number
  reads: number
  writes: number
  refused: number
  failed: number
  denied: number
  misdirected: number
  calls: number
  calls_failed: number
  lost: number
  request_ms: string
  call_ms: string
}

/** Oldest first: 288 a day at most. */
export async function spansSince(db: Database, connection: string, since: number): Promise<Span[]> {
  const rows = await db.all<SpanRow>(sql`
    SELECT * FROM traffic WHERE connection = ${connection} AND at >= ${since} ORDER BY at`)
  return rows.map(toSpan)
}

/** As `spansSince`, of many connections, by their ids. */
export async function spansOfAll(
  db: Database,
  connections: readonly string[],
  since: number,
): Promise<ReadonlyMap<string, readonly Span[]>> {
  const rows = await db.all<SpanRow>(sql`
    SELECT t.* FROM json_each(${JSON.stringify(connections)}) c
      JOIN traffic t ON t.connection = c.value AND t.at >= ${since} ORDER BY t.at`)
  return Map.groupBy(rows.map(toSpan), ({ connection }) => connection)
}

/** As `lastHeard`, of many connections, by their ids; one that was never heard is absent. */
export async function lastHeardOf(
  db: Database,
  connections: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.all<{ connection: string; at: number | null }>(sql`
    SELECT c.value AS connection,
           (SELECT heard_at FROM traffic
             WHERE connection = c.value AND heard_at > 0 ORDER BY at DESC LIMIT 1) AS at
      FROM json_each(${JSON.stringify(connections)}) c`)
  return new Map(rows.flatMap(({ connection, at }) => (at === null ? [] : [[connection, at]])))
}

/** The last one in which the client was let in. */
export async function lastHeard(db: Database, connection: string): Promise<number | undefined> {
  const [row] = await db.all<{ heard_at: number }>(sql`
    SELECT heard_at FROM traffic
     WHERE connection = ${connection} AND heard_at > 0 ORDER BY at DESC LIMIT 1`)
  return row?.heard_at
}

/** One bounded step. */
export async function pruneTraffic(db: Database, before: number, limit: number): Promise<void> {
  await db.run(sql`
    DELETE FROM traffic WHERE (connection, at) IN (
      SELECT connection, at FROM traffic WHERE at < ${before} LIMIT ${limit})`)
}

function toSpan(row: SpanRow): Span {
  return {
    connection: row.connection,
    at: row.at,
    heardAt: row.heard_at,
    reads: row.reads,
    writes: row.writes,
    refused: row.refused,
    failed: row.failed,
    denied: row.denied,
    misdirected: row.misdirected,
    calls: row.calls,
    callsFailed: row.calls_failed,
    lost: row.lost,
    requestMs: JSON.parse(row.request_ms) as number[],
    callMs: JSON.parse(row.call_ms) as number[],
  }
}
