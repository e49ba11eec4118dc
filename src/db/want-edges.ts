/**
 * What shall be so of members, written down before the app hears of it, and taken by who will tell it: the
 * first step of every change of members (docs/decisions/0008-membership.md).
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Database, isLostRace, type Write, writeAllReturning } from './database.ts'
import type { Edge } from './edges.ts'
import { type Link, type LinkRow, linksByIds, toLink } from './link.ts'

/** A change that its taker, and nobody else, may tell the app of. */
export interface TakenEdge {
  readonly group: string
  readonly member: string
  readonly wanted: boolean
  /** Of a removal: the wish stays, for when the person is switched on again. */
  readonly kept: boolean
  /** Tries that failed. */
  readonly attempt: number
}

/** Whose they are, and until when its calls may still reach the app. */
export interface Hold {
  readonly holder: string
  readonly until: number
}

export interface Wanted {
  readonly taken: readonly TakenEdge[]
  /** Of whom another request is telling the app. */
  readonly busy: readonly string[]
}

export interface WantedNamed extends Wanted {
  /** Of everybody who is spoken of. */
  readonly links: readonly Link[]
}

/** `since`: what was settled later is believed. Milliseconds. */
interface Times {
  readonly now: number
  readonly since: number
}

export interface TakenRow {
  group_link: string
  member_link: string
  wanted: number
  kept: number
  attempt: number
}

export const TAKEN = sql`group_link, member_link, wanted, kept, attempt`

export function toTaken(row: TakenRow): TakenEdge {
  return {
    group: row.group_link,
    member: row.member_link,
    wanted: row.wanted === 1,
    kept: row.kept === 1,
    attempt: row.attempt,
  }
}

const ENDED = sql.raw("('tombstone', 'retiring')")

/**
 * Writes down what is wanted and takes it, but for what is so already: by an import of all members
 * since `since`, or by an edge that was settled since then. `also`: writes of an import, for the
 * group as read under its version; where another request has changed members meanwhile, undefined is
 * the answer and nothing is written.
 */
export async function wantEdges(
  db: Database,
  connection: string,
  group: string,
  changes: readonly (Edge & { readonly wanted: boolean })[],
  hold: Hold,
  times: Times,
  also: readonly Write[],
): Promise<Wanted | undefined> {
  const wish = wishOf(connection, group, changes, hold, times, {
    type: sql`json_extract(value, '$.memberType')`,
    from: sql`json_each(${JSON.stringify(changes)})`,
    only: sql`true`,
  })
  const results = await all(db, [...also, ...wish])
  return results && toWanted(results)
}

/**
 * As `wantEdges`, of members of whom nothing but the id is known: their links are read in the same trip.
 * Where somebody who is `named` does not exist, or is of the type that must not be a member (`never`),
 * nothing is written; nor of who has ended and is to join. The links say why.
 */
export async function wantNamedEdges(
  db: Database,
  connection: string,
  group: string,
  changes: readonly { readonly member: string; readonly wanted: boolean }[],
  { named, never }: { readonly named: readonly string[]; readonly never: string | undefined },
  hold: Hold,
  times: Times,
  also: readonly Write[],
): Promise<WantedNamed | undefined> {
  const ids = [...new Set([...named, ...changes.map(({ member }) => member)])]
  const wish = wishOf(connection, group, changes, hold, times, {
    type: sql`m.type`,
    from: sql`json_each(${JSON.stringify(changes)}) j
      CROSS JOIN link m ON m.connection = ${connection} AND m.id = json_extract(j.value, '$.member')`,
    only: sql`(SELECT count(*) = ${named.length}
         AND count(*) FILTER (WHERE k.type = ${never ?? null} AND k.state NOT IN ${ENDED}) = 0
          FROM json_each(${JSON.stringify(named)}) n
          CROSS JOIN link k ON k.connection = ${connection} AND k.id = n.value)
      AND NOT (m.state IN ${ENDED} AND json_extract(j.value, '$.wanted') = 1)`,
  })
  const [links, ...results] = (await all(db, [linksByIds(connection, ids), ...also, ...wish])) ?? []
  return links && { ...toWanted(results), links: (links as LinkRow[]).map(toLink) }
}

/** Undefined: an import among them was overtaken. */
async function all(db: Database, writes: readonly Write[]) {
  try {
    return await writeAllReturning(db, writes)
  } catch (error) {
    if (isLostRace(error)) return undefined
    throw error
  }
}

/** `type`: of the member; `only`: the changes that may be wanted at all. Two statements. */
function wishOf(
  connection: string,
  group: string,
  changes: readonly { readonly member: string }[],
  { holder, until }: Hold,
  { now, since }: Times,
  { type, from, only }: Readonly<Record<'type' | 'from' | 'only', SQL>>,
): Write[] {
  const members = JSON.stringify(changes.map(({ member }) => member))
  const isComplete = sql`coalesce((SELECT g.members_read_at FROM link g
    WHERE g.connection = ${connection} AND g.id = ${group}), 0) > ${since}`
  return [
    sql`
      INSERT INTO edge (connection, group_link, member_link, member_type, wanted, state, holder,
                        next_at, at)
      SELECT ${connection}, ${group}, json_extract(value, '$.member'), ${type},
             json_extract(value, '$.wanted'), 'want', ${holder}, ${until}, ${now}
        FROM ${from}
       WHERE ${only}
         AND (json_extract(value, '$.wanted') = 1 OR NOT ${isComplete}
          OR EXISTS (SELECT 1 FROM edge e WHERE e.connection = ${connection}
            AND e.group_link = ${group} AND e.member_link = json_extract(value, '$.member')))
          ON CONFLICT (connection, group_link, member_link)
          DO UPDATE SET wanted = excluded.wanted, kept = 0, state = 'want', attempt = 0,
                        holder = excluded.holder, next_at = excluded.next_at, at = excluded.at
           WHERE (edge.holder IS NULL OR edge.next_at <= ${now})
             AND NOT (edge.state = 'have' AND edge.wanted = excluded.wanted
               AND (edge.at > ${since} OR ${isComplete}))
      RETURNING ${TAKEN}`,
    sql`
      SELECT member_link FROM edge
       WHERE connection = ${connection} AND group_link = ${group} AND holder <> ${holder}
         AND next_at > ${now} AND member_link IN (SELECT value FROM json_each(${members}))`,
  ]
}

/** The last two results are those of `wishOf`. */
function toWanted(results: readonly (readonly unknown[])[]): Wanted {
  const taken = (results.at(-2) ?? []) as readonly TakenRow[]
  const busy = (results.at(-1) ?? []) as readonly { member_link: string }[]
  return { taken: taken.map(toTaken), busy: busy.map((row) => row.member_link) }
}
