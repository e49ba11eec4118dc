/** Groups and who is in them, as far as it is recorded: pages of reads. Scoped by connection. */
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import type { LinkState } from './link.ts'

export interface GroupRow {
  readonly id: string
  readonly nativeId: string | undefined
  readonly display: string | undefined
  readonly externalId: string | undefined
  readonly state: LinkState
  /** Who is a member, and who shall be or shall no longer be one. */
  readonly members: number
  readonly changing: number
  /** Milliseconds: when every member that the app holds had been read; undefined: never. */
  readonly membersReadAt: number | undefined
}

/** How far a membership is: of an edge, in one word. */
export type Standing = 'member' | 'joining' | 'leaving' | 'waiting' | 'blocked'

/** One end of an edge. */
export interface Membership {
  readonly id: string
  readonly type: string
  readonly nativeId: string | undefined
  readonly display: string | undefined
  readonly externalId: string | undefined
  readonly standing: Standing
  /** Milliseconds: when that was written down. */
  readonly at: number
}

/** `waiting`: the account is not there yet or switched off, and a wish is kept until it is. */
const standing = sql`CASE
  WHEN e.state = 'blocked' THEN 'blocked'
  WHEN e.kept = 1 OR (e.wanted = 1 AND e.state = 'want' AND e.next_at IS NULL) THEN 'waiting'
  WHEN e.wanted = 1 AND e.state = 'have' THEN 'member'
  WHEN e.wanted = 1 THEN 'joining'
  ELSE 'leaving' END`

const LIVE = sql`g.state NOT IN ('tombstone', 'retiring', 'proposed')`

/** In the order of their names, letter case aside, after the one given. */
export async function groupRows(
  db: Database,
  connection: string,
  query: {
    /** A part of the name, or one of its ids; undefined: all. */
    readonly text: string | undefined
    readonly after: { readonly name: string; readonly id: string } | undefined
    readonly limit: number
  },
): Promise<(GroupRow & { readonly name: string })[]> {
  const { text, after, limit } = query
  const name = sql`lower(coalesce(g.display, g.native_id, g.id))`
  return selectGroups(
    db,
    connection,
    sql`AND ${LIVE}
      ${text === undefined ? sql`` : sql`AND (instr(${name}, lower(${text})) > 0 OR ${text} IN (g.id, g.native_id, g.external_id))`}
      ${after ? sql`AND (${name}, g.id) > (${after.name}, ${after.id})` : sql``}
      ORDER BY ${name}, g.id LIMIT ${limit}`,
  )
}

export async function groupRow(
  db: Database,
  connection: string,
  id: string,
): Promise<GroupRow | undefined> {
  return (await selectGroups(db, connection, sql`AND ${LIVE} AND g.id = ${id}`))[0]
}

async function selectGroups(
  db: Database,
  connection: string,
  where: SQL,
): Promise<(GroupRow & { readonly name: string })[]> {
  const edges = (which: SQL) => sql`(SELECT count(*) FROM edge e
    WHERE e.connection = g.connection AND e.group_link = g.id AND ${which})`
  const rows = await db.all<{
    id: string
    native_id: string | null
    display: string | null
    external_id: string | null
    state: LinkState
    name: string
    members: number
    changing: number
    members_read_at: number | null
  }>(sql`
    SELECT g.id, g.native_id, g.display, g.external_id, g.state, g.members_read_at,
           lower(coalesce(g.display, g.native_id, g.id)) AS name,
           ${edges(sql`e.wanted = 1 AND e.state = 'have'`)} AS members,
           ${edges(sql`NOT (e.wanted = 1 AND e.state = 'have')`)} AS changing
      FROM link g WHERE g.connection = ${connection} AND g.type = 'Group' ${where}`)
  return rows.map((row) => ({
    id: row.id,
    nativeId: row.native_id ?? undefined,
    display: row.display ?? undefined,
    externalId: row.external_id ?? undefined,
    state: row.state,
    name: row.name,
    members: row.members,
    changing: row.changing,
    membersReadAt: row.members_read_at ?? undefined,
  }))
}

/** Who is in this group, in the order of their ids, after the one given. */
export function membersOf(
  db: Database,
  connection: string,
  query: { readonly group: string; readonly after: string; readonly limit: number },
): Promise<Membership[]> {
  const { group, after, limit } = query
  return memberships(
    db,
    sql`e.member_link`,
    sql`e.connection = ${connection} AND e.group_link = ${group} AND e.member_link > ${after}
      ORDER BY e.member_link LIMIT ${limit}`,
  )
}

/** What this person, or group, is in. */
export function groupsOf(
  db: Database,
  connection: string,
  query: { readonly member: string; readonly limit: number },
): Promise<Membership[]> {
  const { member, limit } = query
  return memberships(
    db,
    sql`e.group_link`,
    sql`e.connection = ${connection} AND e.member_link = ${member}
      ORDER BY lower(coalesce(l.display, l.id)) LIMIT ${limit}`,
  )
}

async function memberships(db: Database, end: SQL, where: SQL): Promise<Membership[]> {
  const rows = await db.all<{
    id: string
    type: string
    native_id: string | null
    display: string | null
    external_id: string | null
    standing: Standing
    at: number
  }>(sql`
    SELECT ${end} AS id, l.type, l.native_id, l.display, l.external_id, ${standing} AS standing, e.at
      FROM edge e JOIN link l ON l.connection = e.connection AND l.id = ${end}
     WHERE ${where}`)
  return rows.map(({ native_id, display, external_id, ...row }) => ({
    ...row,
    nativeId: native_id ?? undefined,
    display: display ?? undefined,
    externalId: external_id ?? undefined,
  }))
}

/** Attributes of the app that this person has still to be brought to by the role table. */
export async function rolesDue(
  db: Database,
  connection: string,
  person: string,
): Promise<readonly string[]> {
  const rows = await db.all<{ app: string }>(sql`
    SELECT app FROM role_intent WHERE connection = ${connection} AND link = ${person} ORDER BY app`)
  return rows.map(({ app }) => app)
}
