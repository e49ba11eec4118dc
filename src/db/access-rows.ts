/** Who has an account, and since when: links with what the audit and the edges know of them. */
import { type SQL, sql } from 'drizzle-orm'
import { foldCase } from '../scim/schema.ts'
import type { Actor } from './audit.ts'
import type { Database } from './database.ts'
import type { Verdict } from './link.ts'
import type { Situation } from './scan.ts'

/** A link that a client manages. */
export interface ManagedRow {
  readonly id: string
  readonly nativeId: string | undefined
  readonly state: 'linked' | 'pending' | 'missing'
  readonly origin: 'created' | 'adopted' | 'discovered' | 'imported'
  readonly verdict: Verdict | undefined
  readonly display: string | undefined
  readonly externalId: string | undefined
  readonly shadow: string
  /** Keys that it holds, by kind. */
  readonly claims: readonly { readonly kind: string; readonly norm: string }[]
  readonly groups: readonly { readonly id: string; readonly display: string | null }[]
  /** Milliseconds, each of these; undefined: not known. */
  readonly createdAt: number
  readonly linkedAt: number | undefined
  readonly inactiveSince: number | undefined
  readonly changedAt: number | undefined
  readonly seenAt: number | undefined
  readonly linkedRule: string | undefined
  readonly linkedBy: Actor | undefined
  readonly decidedBy: Actor | undefined
}

/** An account of the app that no client manages, as a scan has met it. */
export interface OrphanRow {
  readonly nativeId: string
  readonly id: string | undefined
  readonly display: string | undefined
  readonly situation: Situation
}

interface StoredRow {
  id: string
  native_id: string | null
  state: ManagedRow['state']
  origin: ManagedRow['origin']
  verdict: Verdict | null
  display: string | null
  external_id: string | null
  shadow: string
  claims: string
  groups: string
  created_at: number
  linked_at: number | null
  inactive_since: number | null
  changed_at: number | null
  seen_at: number | null
  linked_rule: string | null
  linked_by: string | null
  decided_by: string | null
}

/** In the order of their ids, after the one given. */
export async function managedRows(
  db: Database,
  connection: string,
  query: {
    readonly type: string
    /** Only these; absent: all. */
    readonly ids?: readonly string[] | undefined
    /** A part of a name or a key, or an id: walks all links of the type. Absent: all. */
    readonly text?: string | undefined
    /** Milliseconds: only who was switched off by then; undefined: everybody. */
    readonly inactiveBefore: number | undefined
    readonly after: string
    readonly limit: number
  },
): Promise<ManagedRow[]> {
  const { type, ids, text, inactiveBefore, after, limit } = query
  const named = (folded: string) => sql`AND (
    instr(lower(coalesce(l.display, '')), ${folded}) > 0
    OR ${text} IN (l.id, l.native_id, l.external_id)
    OR EXISTS (SELECT 1 FROM claim c WHERE c.connection = l.connection AND c.link = l.id
                AND instr(c.norm, ${folded}) > 0))`
  const latest = (condition: SQL) => sql`(
    SELECT a.at FROM audit a
     WHERE a.connection = l.connection AND a.link = l.id AND a.link <> '' AND ${condition}
     ORDER BY a.at DESC LIMIT 1)`
  const byClient = sql`json_extract(a.actor, '$.kind') IN ('token', 'client')`
  const rows = await db.all<StoredRow>(sql`
    SELECT l.id, l.native_id, l.state, l.origin, l.verdict, l.display, l.external_id, l.shadow,
           l.created_at, l.linked_at, l.inactive_since, l.linked_rule, l.linked_by, l.decided_by,
           (SELECT json_group_array(json_object('kind', c.kind, 'norm', c.norm)) FROM claim c
             WHERE c.connection = l.connection AND c.link = l.id) AS claims,
           (SELECT json_group_array(json_object('id', e.group_link, 'display', g.display))
              FROM edge e JOIN link g ON g.connection = e.connection AND g.id = e.group_link
             WHERE e.connection = l.connection AND e.member_link = l.id AND e.state = 'have'
               AND e.wanted = 1) AS groups,
           ${latest(sql`a.kind = 'decided' AND a.op <> 'decide' AND ${byClient}`)} AS changed_at,
           ${latest(sql`a.kind = 'answered'`)} AS seen_at
      FROM link l
     WHERE l.connection = ${connection} AND l.type = ${type}
       AND l.state IN ('linked', 'pending', 'missing') AND l.id > ${after}
       ${ids === undefined ? sql`` : sql`AND l.id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`}
       ${text === undefined ? sql`` : named(foldCase(text))}
       ${inactiveBefore === undefined ? sql`` : sql`AND l.inactive_since <= ${inactiveBefore}`}
     ORDER BY l.id LIMIT ${limit}`)
  return rows.map((row) => ({
    id: row.id,
    nativeId: row.native_id ?? undefined,
    state: row.state,
    origin: row.origin,
    verdict: row.verdict ?? undefined,
    display: row.display ?? undefined,
    externalId: row.external_id ?? undefined,
    shadow: row.shadow,
    claims: JSON.parse(row.claims) as ManagedRow['claims'],
    groups: JSON.parse(row.groups) as ManagedRow['groups'],
    createdAt: row.created_at,
    linkedAt: row.linked_at ?? undefined,
    inactiveSince: row.inactive_since ?? undefined,
    changedAt: row.changed_at ?? undefined,
    seenAt: row.seen_at ?? undefined,
    linkedRule: row.linked_rule ?? undefined,
    linkedBy: row.linked_by === null ? undefined : (JSON.parse(row.linked_by) as Actor),
    decidedBy: row.decided_by === null ? undefined : (JSON.parse(row.decided_by) as Actor),
  }))
}

/** Of a finished scan, in the order of native ids, after the one given. */
export async function orphanRows(
  db: Database,
  connection: string,
  query: { readonly scan: string; readonly after: string; readonly limit: number },
): Promise<OrphanRow[]> {
  const { scan, after, limit } = query
  const rows = await db.all<{
    native_id: string
    id: string | null
    display: string | null
    situation: Situation
  }>(sql`
    SELECT a.native_id, l.id, a.display, a.situation
      FROM scan_account a LEFT JOIN link l ON l.connection = ${connection} AND l.id = a.link
     WHERE a.scan = ${scan} AND a.native_id > ${after} AND a.situation <> 'missing'
       AND (l.id IS NULL OR l.state IN ('discovered', 'tombstone'))
     ORDER BY a.native_id LIMIT ${limit}`)
  return rows.map((row) => ({
    nativeId: row.native_id,
    id: row.id ?? undefined,
    display: row.display ?? undefined,
    situation: row.situation,
  }))
}
