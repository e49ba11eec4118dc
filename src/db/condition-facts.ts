/** What conditions are made of, beside the traffic: bounded reads of many connections at once. */
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import type { FindingKind } from './findings.ts'

/** By connection id; one that has nothing is absent. */
export type Of<T> = ReadonlyMap<string, readonly T[]>

/** The first words are those of the partial index `finding_live`, which SQLite takes for no others. */
const isOpen = sql.raw(`f.state <> 'closed' AND f.state = 'open'`)

const among = (ids: readonly string[]): SQL => sql`json_each(${JSON.stringify(ids)})`

/** An object of the connection: ids of ours or of the app, never a name. */
export interface Ref {
  readonly link?: string
  readonly type?: string
  readonly nativeId?: string
}

// ---- findings ----------------------------------------------------------------------------------------

/** Of one kind of finding. */
export interface OpenFindings {
  readonly kind: FindingKind
  /** `MOST_COUNTED` means that many or more. */
  readonly count: number
  /** One of them. */
  readonly id: string
  /** Milliseconds. */
  readonly since: number
  /** True: calls to the app are paused (its circuit is open). */
  readonly isPaused: boolean
  /** What the app fails with, of findings about the app. */
  readonly code: string | undefined
  /** Whom some of them are about. */
  readonly about: readonly Ref[]
}

export const MOST_COUNTED = 1_000
/** Findings of a kind that are looked at. */
const SOME = 10

interface StoredFinding {
  readonly id: string
  readonly subject: string
  readonly since: number
  readonly calls: string | null
  readonly code: string | null
  readonly link: string | null
  readonly type: string | null
  readonly natives: string | readonly string[] | null
}

/** Open findings of these kinds: a burst of a hundred thousand costs a thousand rows. */
export async function openFindingsOf(
  db: Database,
  ids: readonly string[],
  kinds: readonly FindingKind[],
): Promise<Of<OpenFindings>> {
  const open = sql`f.connection = c.value AND f.kind = k.value AND ${isOpen}`
  const rows = await db.all<{ connection: string; kind: FindingKind; n: number; some: string }>(sql`
    SELECT c.value AS connection, k.value AS kind,
           (SELECT count(*) FROM (SELECT 1 FROM finding f WHERE ${open} LIMIT ${MOST_COUNTED})) AS n,
           (SELECT json_group_array(json_object(
                     'id', f.id, 'subject', f.subject, 'since', f.first_seen,
                     'calls', json_extract(f.detail, '$.calls'),
                     'code', json_extract(f.detail, '$.code'),
                     'link', json_extract(f.detail, '$.link'),
                     'type', json_extract(f.detail, '$.type'),
                     'natives', coalesce(json_extract(f.detail, '$.nativeIds'),
                                         json_extract(f.detail, '$.nativeId'))))
              FROM (SELECT * FROM finding f WHERE ${open} LIMIT ${SOME}) f) AS some
      FROM ${among(ids)} c, json_each(${JSON.stringify(kinds)}) k`)
  const found = rows.flatMap(({ connection, kind, n, some }) => {
    const all = JSON.parse(some) as StoredFinding[]
    const [first] = all
    if (!first) return []
    const one: OpenFindings = {
      ...{ kind, count: n, id: first.id },
      since: Math.min(...all.map(({ since }) => since)),
      isPaused: all.some(({ calls }) => calls === 'paused'),
      code: first.code ?? undefined,
      about: all.flatMap(refsIn),
    }
    return [{ connection, one }]
  })
  return grouped(found)
}

function refsIn({ subject, link, type, natives }: StoredFinding): Ref[] {
  if (link !== null) return [{ link }]
  const [, id] = /^[^:]+:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(subject) ?? []
  if (id !== undefined) return [{ link: id }]
  if (natives === null || type === null) return []
  const all = typeof natives === 'string' && !natives.startsWith('[') ? [natives] : parsed(natives)
  return all.map((nativeId) => ({ type, nativeId: String(nativeId) }))
}

const parsed = (list: string | readonly string[]): readonly string[] =>
  typeof list === 'string' ? (JSON.parse(list) as string[]) : list

/** Whom the guard of a connection holds back. */
export interface Parked {
  /** `MOST_COUNTED` means that many or more. */
  readonly count: number
  readonly some: readonly Ref[]
}

/** Of connections whose finding of the guard is open, by id; each for itself, however many the others hold back. */
export async function parkedOf(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Parked>> {
  const parked = sql`SELECT d.link FROM departure d
    WHERE d.connection = c.value AND d.state = 'parked'`
  const rows = await db.all<{ connection: string; n: number; some: string }>(sql`
    SELECT c.value AS connection,
           (SELECT count(*) FROM (${parked} LIMIT ${MOST_COUNTED})) AS n,
           (SELECT json_group_array(link) FROM (${parked} LIMIT ${SOME})) AS some
      FROM ${among(ids)} c
     WHERE EXISTS (SELECT 1 FROM finding f
                    WHERE f.connection = c.value AND f.kind = 'guard' AND ${isOpen})`)
  return new Map(
    rows.flatMap(({ connection, n: count, some }) => {
      const links = JSON.parse(some) as string[]
      return count === 0 ? [] : [[connection, { count, some: links.map((link) => ({ link })) }]]
    }),
  )
}

/** Accounts in the app alone, by the last scans: a finding counts them, and has no memory of how many they were. */
export interface Orphans {
  /** More than at that time, of all types that have grown. */
  readonly recent: number
  /** At that time. */
  readonly older: number
  /** True: a scan had ended before then, so that the recent ones were not there at that time. */
  readonly wereKnown: boolean
}

/** An older scan says nothing about now. */
const SCANS_MS = 30 * 86_400_000

/** Of connections whose finding about them is open. @param since milliseconds */
export async function orphansSince(
  db: Database,
  ids: readonly string[],
  since: number,
): Promise<ReadonlyMap<string, Orphans>> {
  const rows = await db.all<{ id: string; n: number; before: number | null }>(sql`
    SELECT id, max(iif(is_before, 0, n)) AS n, max(iif(is_before, n, NULL)) AS before FROM (
      SELECT s.connection AS id, s.type, s.finished_at < ${since} AS is_before,
             coalesce(json_extract(s.counts, '$.discovered'), 0) AS n,
             row_number() OVER (PARTITION BY s.connection, s.type, s.finished_at < ${since}
                                ORDER BY s.finished_at DESC) AS nth
        FROM ${among(ids)} c JOIN scan s ON s.connection = c.value
       WHERE s.state = 'done' AND s.dry_run = 0 AND s.finished_at >= ${since - SCANS_MS}
         AND EXISTS (SELECT 1 FROM finding f
                      WHERE f.connection = s.connection AND f.kind = 'orphan'
                        AND f.subject = s.type AND ${isOpen}))
     WHERE nth = 1 GROUP BY id, type`)
  const all = new Map<string, Orphans>()
  for (const { id, n, before } of rows) {
    const sum = all.get(id) ?? { recent: 0, older: 0, wereKnown: false }
    all.set(id, {
      recent: sum.recent + (before === null ? 0 : Math.max(0, n - before)),
      older: sum.older + (before ?? 0),
      wereKnown: sum.wereKnown || before !== null,
    })
  }
  return all
}

// ---- requests that came to nothing -------------------------------------------------------------------

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

// ---- control tables ----------------------------------------------------------------------------------

/** A credential of the connection's clients that has an end. */
export interface Ending {
  readonly kind: 'token' | 'client-secret'
  readonly id: string
  readonly label: string | null
  /** Milliseconds. */
  readonly expiresAt: number
}

/** Of one connection. */
const MOST_ENDINGS = 50

/** Bearer tokens and client secrets that end between these times; access tokens are not meant. */
export async function endingBetween(
  control: Database,
  ids: readonly string[],
  from: number,
  to: number,
): Promise<Of<Ending>> {
  const rows = await control.all<Ending & { connection: string; nth: number }>(sql`
    SELECT *, row_number() OVER (PARTITION BY connection ORDER BY "expiresAt") AS nth FROM (
      SELECT t.connection_id AS connection, 'token' AS kind, t.id, t.label,
             t.expires_at AS "expiresAt"
        FROM ${among(ids)} c JOIN token t ON t.connection_id = c.value
       WHERE t.client_id IS NULL AND t.expires_at BETWEEN ${from} AND ${to}
      UNION ALL
      SELECT s.connection_id, 'client-secret', s.id, NULL, s.expires_at
        FROM ${among(ids)} c JOIN client_secret s ON s.connection_id = c.value
       WHERE s.expires_at BETWEEN ${from} AND ${to})`)
  return grouped(
    rows
      .filter(({ nth }) => nth <= MOST_ENDINGS)
      .map(({ connection, nth: _, ...one }) => ({ connection, one })),
  )
}

/** How many secrets of each connection none of these keys opens; one with none is absent. */
export async function sealedWithOthers(
  control: Database,
  ids: readonly string[],
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await control.all<{ connection: string; n: number }>(sql`
    SELECT s.connection_id AS connection, count(*) AS n
      FROM ${among(ids)} c JOIN connection_secret s ON s.connection_id = c.value
     WHERE s.key_id NOT IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))
     GROUP BY s.connection_id`)
  return new Map(rows.map(({ connection, n }) => [connection, n]))
}

function grouped<T>(rows: readonly { readonly connection: string; readonly one: T }[]): Of<T> {
  const all = new Map<string, T[]>()
  for (const { connection, one } of rows) {
    const before = all.get(connection)
    if (before) before.push(one)
    else all.set(connection, [one])
  }
  return all
}

// ---- names -------------------------------------------------------------------------------------------

/** Who is meant: by which name a client, or else the app, calls them. */
export interface Named extends Ref {
  readonly connection: string
  /** SCIM id; undefined where there is no link. */
  readonly id: string | undefined
  readonly name: string | undefined
}

/** The same in number and order. */
export async function namesOf(
  db: Database,
  refs: readonly (Ref & { readonly connection: string })[],
): Promise<Named[]> {
  if (refs.length === 0) return []
  const of = (name: string) => sql`json_extract(r.value, ${`$.${name}`})`
  const rows = await db.all<{ id: string | null; name: string | null }>(sql`
    SELECT l.id, coalesce(
             (SELECT c.norm FROM claim c WHERE c.connection = l.connection AND c.link = l.id
               ORDER BY c.kind = 'externalId', c.kind DESC LIMIT 1), l.display) AS name
      FROM json_each(${JSON.stringify(refs)}) r
      LEFT JOIN link n ON n.connection = ${of('connection')} AND n.type = ${of('type')}
       AND n.native_id = ${of('nativeId')} AND n.native_id IS NOT NULL AND n.state <> 'tombstone'
      LEFT JOIN link l ON l.connection = ${of('connection')}
       AND l.id = coalesce(${of('link')}, n.id)
     ORDER BY r.key`)
  return refs.map((ref, at) => ({
    ...ref,
    id: rows[at]?.id ?? undefined,
    name: rows[at]?.name ?? undefined,
  }))
}
