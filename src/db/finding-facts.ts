/** What open findings say of conditions: bounded reads of many connections at once. */
import { sql } from 'drizzle-orm'
import { among, grouped, type Of } from './by-connection.ts'
import type { Database } from './database.ts'
import type { FindingKind } from './findings.ts'

/** The first words are those of the partial index `finding_live`, which SQLite takes for no others. */
const isOpen = sql.raw(`f.state <> 'closed' AND f.state = 'open'`)

/** An object of the connection: ids of ours or of the app, never a name. */
export interface Ref {
  readonly link?: string
  readonly type?: string
  readonly nativeId?: string
}

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

const MOST_COUNTED = 1_000
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
