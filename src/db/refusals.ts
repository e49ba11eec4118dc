/** What the audit says of requests that came to nothing: bounded reads of many connections at once. */
import { type SQL, sql } from 'drizzle-orm'
import { among, type Of } from './by-connection.ts'
import type { Database } from './database.ts'

/** A request that was refused or failed, and of which nothing better has been heard since. */
export interface Refusal {
  /** By `reasonOf`. */
  readonly reason: string
  /** SCIM id; empty where the request named nobody who has one. */
  readonly link: string
  /** Hash of the key that it named somebody by; null: none was kept. */
  readonly about: string | null
  readonly type: string
  readonly isWrite: boolean
  readonly at: number
  readonly request: string
  /** What the client was told. */
  readonly says: string | null
}

/** Newest of one connection, and of all that are asked for together: more are not told apart anyway. */
const MOST_OF_ONE = 200
const MOST_OF_ALL = 5_000
const LEAST_OF_ONE = 5
/** Rows of one connection that are looked through: a client may repeat what is refused, and succeed then. */
const LOOKED_AT = 2_000

const rowsOfOne = (connections: number): number =>
  Math.max(LEAST_OF_ONE, Math.min(MOST_OF_ONE, Math.floor(MOST_OF_ALL / connections)))

/** Newest first. @param since milliseconds */
export async function refusalsSince(
  db: Database,
  ids: readonly string[],
  since: number,
): Promise<Of<Refusal>> {
  const better = (key: SQL) => sql`EXISTS (
    SELECT 1 FROM audit b WHERE b.connection = a.connection AND ${key} AND b.at > a.at
       AND b.op = a.op AND b.outcome IN ('done', 'unchanged'))`
  const rows = await db.all<{ connection: string; some: string }>(sql`
    SELECT c.value AS connection,
           (SELECT json_group_array(json_object(
                     'reason', a.decision, 'link', a.link, 'about', a.about, 'type', a.type, 'op', a.op,
                     'isWrite', json(iif(a.op IN ('read', 'list', 'other'), 'false', 'true')),
                     'at', a.at, 'request', a.request, 'says', json_extract(a.detail, '$.says')))
              FROM (SELECT * FROM (
                      SELECT * FROM audit r
                       WHERE r.connection = c.value AND r.outcome IN ('refused', 'failed')
                         AND r.at >= ${since}
                       ORDER BY r.at DESC LIMIT ${LOOKED_AT}) a
                     WHERE NOT ${better(sql`b.link = a.link AND a.link <> '' AND b.link <> ''`)}
                       AND NOT ${better(sql`b.about = a.about AND b.about IS NOT NULL`)}
                     ORDER BY a.at DESC LIMIT ${rowsOfOne(ids.length)}) a) AS some
      FROM ${among(ids)} c`)
  const found = new Map(
    rows.map(({ connection, some }) => [connection, JSON.parse(some) as (Refusal & Op)[]]),
  )
  const mended = await mendedSince(db, found)
  return new Map(
    [...found].map(([connection, all]) => [
      connection,
      all.filter(({ link, op, at, request }) => {
        const done = mended.get(keyOf(connection, link, op))
        // Of one Bulk request a part may be refused where another one went well.
        return !done || at >= done.at || request === done.request
      }),
    ]),
  )
}

interface Op {
  readonly op: string
}

const keyOf = (connection: string, link: string, op: string) => `${connection}\n${link}\n${op}`

/**
 * When what was refused was last done as a part of a Bulk request, which has no answer of its own: each
 * link is looked at once, however often its requests were refused.
 */
async function mendedSince(
  db: Database,
  refusals: Of<Refusal & Op>,
): Promise<ReadonlyMap<string, { readonly at: number; readonly request: string }>> {
  // The newest come first: of each link and operation the last one stays, which is the oldest.
  const oldest = new Map(
    [...refusals].flatMap(([connection, all]) =>
      all.flatMap(({ link, op, at, isWrite }) =>
        link === '' || !isWrite
          ? []
          : [[keyOf(connection, link, op), { connection, link, op, at }] as const],
      ),
    ),
  )
  if (oldest.size === 0) return new Map()
  const at = (name: string) => sql`json_extract(r.value, ${`$.${name}`})`
  const rows = await db.all<
    Readonly<Record<'connection' | 'link' | 'op' | 'request', string>> & { readonly at: number }
  >(sql`
    SELECT ${at('connection')} AS connection, ${at('link')} AS link, ${at('op')} AS op,
           max(b.at) AS at, b.request
      FROM json_each(${JSON.stringify([...oldest.values()])}) r
      JOIN audit b ON b.connection = ${at('connection')} AND b.link = ${at('link')}
       AND b.link <> '' AND b.at > ${at('at')}
     WHERE b.kind = 'decided' AND b.op = ${at('op')} AND b.decision <> 'cut-off'
     GROUP BY r.key`)
  return new Map(rows.map((row) => [keyOf(row.connection, row.link, row.op), row]))
}

/** Requests with attributes that no schema of the connection has. */
export interface UnknownAttributes {
  readonly requests: number
  /** Milliseconds. */
  readonly since: number
  readonly links: readonly string[]
}

/** @param since milliseconds */
export async function unknownAttributesSince(
  db: Database,
  ids: readonly string[],
  since: number,
): Promise<ReadonlyMap<string, UnknownAttributes>> {
  const rows = await db.all<{ connection: string; some: string }>(sql`
    SELECT c.value AS connection,
           (SELECT json_group_array(json_object('at', a.at, 'link', a.link))
              FROM (SELECT at, link FROM audit a
                     WHERE a.connection = c.value AND a.at >= ${since}
                       AND json_extract(a.asked, '$.further') > 0
                     ORDER BY a.at DESC LIMIT ${rowsOfOne(ids.length)}) a) AS some
      FROM ${among(ids)} c`)
  return new Map(
    rows.flatMap(({ connection, some }) => {
      const all = JSON.parse(some) as { at: number; link: string }[]
      if (all.length === 0) return []
      const links = [...new Set(all.flatMap(({ link }) => (link === '' ? [] : [link])))]
      const first = Math.min(...all.map(({ at }) => at))
      return [[connection, { requests: all.length, since: first, links }] as const]
    }),
  )
}
