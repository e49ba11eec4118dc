/** What is known of connections at a glance: when they were heard of, what is open, how requests went. */
import { sql } from 'drizzle-orm'
import { among } from './by-connection.ts'
import type { DataDatabases, Placed } from './data-databases.ts'
import type { Database } from './database.ts'
import type { FindingKind } from './findings.ts'

/** Of some connections, in slots of time. Times in milliseconds. */
export interface Span {
  readonly since: number
  readonly slotMs: number
}

/** By connection id. */
export interface Glance {
  readonly heard: ReadonlyMap<string, Heard>
  readonly traces: ReadonlyMap<string, Traces>
  /** Bindings of databases that failed: what requests have left behind of their connections is not known. */
  readonly silent: ReadonlySet<string>
}

/** What requests have left behind. */
export interface Traces {
  readonly findings: Readonly<Partial<Record<FindingKind, number>>>
  readonly traffic: readonly Slot[]
}

/** Sums of one slot; `slot` counts from 0. */
export interface Slot {
  readonly slot: number
  readonly requests: number
  /** Refused or failed. */
  readonly failures: number
  /** Not let in; none of the others. */
  readonly denied: number
  /** Milliseconds; 0: the client was not heard in it. */
  readonly heardAt: number
}

export interface Heard {
  readonly lastHeard: number | null
  /** Bearer tokens that an administrator made. */
  readonly tokens: number
  /** Of those, the end that comes first. */
  readonly nextExpiry: number | null
}

/** @param control holds the control tables; @param data the data tables of these connections */
export async function glanceAt(
  control: Database,
  data: DataDatabases,
  connections: readonly Placed[],
  span: Span,
): Promise<Glance> {
  const [heard, { found: traces, silent }] = await Promise.all([
    control.all<Heard & { connection: string }>(sql`
      SELECT connection_id AS connection, max(last_used_at) AS "lastHeard",
             count(*) FILTER (WHERE client_id IS NULL) AS tokens,
             min(expires_at) FILTER (WHERE client_id IS NULL) AS "nextExpiry"
        FROM token WHERE connection_id IN (SELECT value FROM ${among(connections.map(({ id }) => id))})
       GROUP BY connection_id`),
    data.gather(connections, (db, ids) => tracesOf(db, ids, span)),
  ])
  return {
    heard: new Map(heard.map(({ connection, ...one }) => [connection, one])),
    traces,
    silent,
  }
}

async function tracesOf(
  db: Database,
  ids: readonly string[],
  { since, slotMs }: Span,
): Promise<ReadonlyMap<string, Traces>> {
  const [findings, slots] = await Promise.all([
    db.all<{ connection: string; kind: FindingKind; count: number }>(sql`
      SELECT connection, kind, count(*) AS count FROM finding
       WHERE connection IN (SELECT value FROM ${among(ids)}) AND state = 'open' GROUP BY connection, kind`),
    db.all<Slot & { connection: string }>(sql`
      SELECT connection, (at - ${since}) / ${slotMs} AS slot, sum(reads + writes) AS requests,
             sum(refused + failed) AS failures, sum(denied) AS denied, max(heard_at) AS "heardAt"
        FROM traffic WHERE connection IN (SELECT value FROM ${among(ids)}) AND at >= ${since}
       GROUP BY connection, slot`),
  ])
  const kinds = Map.groupBy(findings, ({ connection }) => connection)
  const traffic = Map.groupBy(slots, ({ connection }) => connection)
  return new Map(
    ids.map((id) => [
      id,
      {
        findings: Object.fromEntries((kinds.get(id) ?? []).map(({ kind, count }) => [kind, count])),
        traffic: traffic.get(id) ?? [],
      },
    ]),
  )
}

/** How many are linked, and off, of each resource type. Reads them all: for one connection. */
export async function countLinks(
  db: Database,
  connection: string,
): Promise<readonly { readonly type: string; readonly count: number }[]> {
  return db.all<{ type: string; count: number }>(sql`
    SELECT type, count(*) AS count FROM link
     WHERE connection = ${connection} AND state = 'linked' GROUP BY type ORDER BY type`)
}

/** The newest rows of the audit that are looked at: it may have a million a day. */
const NEWEST = 10_000

/** What was decided lately, by decision. */
export async function countDecisions(
  db: Database,
  connection: string,
): Promise<readonly { readonly decision: string; readonly count: number }[]> {
  return db.all<{ decision: string; count: number }>(sql`
    SELECT decision, count(*) AS count FROM (
      SELECT decision, kind, op FROM audit
       WHERE connection = ${connection} ORDER BY at DESC LIMIT ${NEWEST})
     WHERE kind = 'decided' AND op <> 'decide'
     GROUP BY decision ORDER BY count DESC, decision LIMIT 12`)
}
