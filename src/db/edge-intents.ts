/**
 * Changes of membership that an app is to be told of: the edge is its own intent. It says what is
 * wanted before the app hears of it, who is telling it (`holder`, until `next_at`), and after it what
 * became of it. Every method is scoped by its connection.
 */
import { type SQL, sql } from 'drizzle-orm'
import { CHANGED_ONE, type Database, type Write } from './database.ts'
import {
  type Hold,
  TAKEN,
  type TakenEdge,
  type TakenRow,
  toTaken,
  type Wanted,
  type WantedNamed,
  wantEdges,
  wantNamedEdges,
} from './want-edges.ts'

/** What became of a change that was taken. */
export type Settlement =
  | { readonly member: string; readonly state: 'have' | 'blocked' }
  /** Waits: for the sweeper from `nextAt` on, or without it for whoever asks. */
  | {
      readonly member: string
      readonly state: 'want' | 'retry'
      readonly wanted: boolean
      readonly nextAt: number | undefined
      readonly attempt: number
    }
  /** `remember`: that there is none is believed for a while, like an edge. */
  | { readonly member: string; readonly state: 'gone'; readonly rememberUntil: number | undefined }

/** What a method here takes, after database and connection. */
type Asked<F> = F extends (db: Database, connection: string, ...asked: infer A) => unknown
  ? A
  : never

export class EdgeIntents {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /** As `wantEdges`. */
  want(...asked: Asked<typeof wantEdges>): Promise<Wanted | undefined> {
    return wantEdges(this.#db, this.#connection, ...asked)
  }

  /** As `wantNamedEdges`. */
  wantNamed(...asked: Asked<typeof wantNamedEdges>): Promise<WantedNamed | undefined> {
    return wantNamedEdges(this.#db, this.#connection, ...asked)
  }

  /** For `want`: every member that the app held when the group was read is among these writes. */
  importOnto(
    group: { readonly id: string; readonly version: number },
    imported: readonly Write[],
    now: number,
  ): Write[] {
    return [
      sql`
        UPDATE link SET members_read_at = ${now}, members_many_at = NULL
         WHERE id = ${group.id} AND connection = ${this.#connection} AND version = ${group.version}`,
      CHANGED_ONE,
      ...imported,
    ]
  }

  /** The group has more members than it pays to read for a small change. */
  many(group: string, now: number): Write {
    return sql`
      UPDATE link SET members_many_at = ${now}
       WHERE id = ${group} AND connection = ${this.#connection}`
  }

  /** Takes changes of one group that are due. */
  async takeDue(
    group: string,
    members: readonly string[],
    hold: Hold,
    now: number,
  ): Promise<TakenEdge[]> {
    return this.#take(
      hold,
      sql``,
      sql`group_link = ${group} AND next_at <= ${now} AND NOT (state = 'have' AND wanted = 0)
        AND member_link IN (SELECT value FROM json_each(${JSON.stringify(members)}))`,
    )
  }

  /** Takes every membership of a person that is wanted and that the app has not got. */
  async takeWaiting(member: string, hold: Hold, now: number): Promise<TakenEdge[]> {
    return this.#take(
      hold,
      sql`, wanted = 1, kept = 0, state = 'want', attempt = 0`,
      sql`member_link = ${member} AND (wanted = 1 AND state IN ('want', 'retry') OR kept = 1)
        AND (holder IS NULL OR next_at <= ${now})`,
    )
  }

  /** Takes every membership of a person, to be removed in the app and to stay wanted here. */
  async takeToStrip(member: string, hold: Hold, now: number): Promise<TakenEdge[]> {
    return this.#take(
      hold,
      sql`, wanted = 0, kept = 1, state = 'want', attempt = 0`,
      sql`member_link = ${member} AND wanted = 1 AND NOT (state = 'want' AND next_at IS NULL)
        AND (holder IS NULL OR next_at <= ${now})`,
    )
  }

  /** For the batch that settles: under a hold that was lost nothing is changed. */
  settle(group: string, holder: string, settlements: readonly Settlement[], now: number): Write[] {
    const ours = sql`connection = ${this.#connection} AND group_link = ${group} AND holder = ${holder}`
    const gone = settlements.filter((s) => s.state === 'gone')
    const forgotten = gone.filter((s) => s.rememberUntil === undefined).map((s) => s.member)
    const staying = settlements.flatMap(toStaying)
    return [
      ...(forgotten.length > 0
        ? [
            sql`DELETE FROM edge WHERE ${ours}
              AND member_link IN (SELECT value FROM json_each(${JSON.stringify(forgotten)}))`,
          ]
        : []),
      ...(staying.length > 0
        ? [
            // From each settlement to its edge: else every edge of the group is read.
            sql`
              WITH s AS MATERIALIZED (
                SELECT ${this.#connection} AS connection, ${group} AS group_link,
                       json_extract(value, '$.member') AS member_link, value
                  FROM json_each(${JSON.stringify(staying)}))
              UPDATE edge SET state = json_extract(s.value, '$.state'), holder = NULL, at = ${now},
                     wanted = coalesce(json_extract(s.value, '$.wanted'), wanted),
                     kept = CASE WHEN json_extract(s.value, '$.wanted') = 1 THEN 0 ELSE kept END,
                     next_at = json_extract(s.value, '$.nextAt'),
                     attempt = json_extract(s.value, '$.attempt')
                FROM s
               WHERE edge.connection = s.connection AND edge.group_link = s.group_link
                 AND edge.member_link = s.member_link AND edge.holder = ${holder}`,
          ]
        : []),
    ]
  }

  /** Nobody but us holds the members any more: what was wanted is so. */
  settleHere(group: string, holder: string, now: number): Write[] {
    const ours = sql`connection = ${this.#connection} AND group_link = ${group} AND holder = ${holder}`
    return [
      sql`DELETE FROM edge WHERE ${ours} AND wanted = 0 AND kept = 0`,
      sql`
        UPDATE edge SET state = iif(wanted = 1, 'have', 'want'), wanted = 1, kept = 0, holder = NULL,
               next_at = NULL, attempt = 0, at = ${now} WHERE ${ours}`,
    ]
  }

  /** True where another request is telling the app of a membership of this person. */
  async isBusy(member: string, holder: string, now: number): Promise<boolean> {
    const rows = await this.#db.all(sql`
      SELECT 1 FROM edge WHERE connection = ${this.#connection} AND member_link = ${member}
         AND holder <> ${holder} AND next_at > ${now} LIMIT 1`)
    return rows.length > 0
  }

  /** Where a member is in one group at most: the edges to all others of this type go. */
  leaveOthers(group: string, type: string, members: readonly string[], now: number): Write[] {
    // From each member to its edges: else every edge of the connection is read.
    const others = sql`FROM json_each(${JSON.stringify(members)}) m
      CROSS JOIN edge e ON e.member_link = m.value AND e.connection = ${this.#connection}
      CROSS JOIN link g ON g.connection = e.connection AND g.id = e.group_link AND g.type = ${type}
      WHERE e.group_link <> ${group} AND (e.holder IS NULL OR e.next_at <= ${now})`
    return [
      sql`
        UPDATE link SET version = version + 1, modified_at = ${now}
         WHERE connection = ${this.#connection} AND id IN (SELECT e.group_link ${others})`,
      sql`
        DELETE FROM edge WHERE (connection, group_link, member_link) IN (
          SELECT e.connection, e.group_link, e.member_link ${others})`,
    ]
  }

  // ---- the lease on a list that is replaced as a whole --------------------------------------------

  /** False: another request holds it. */
  async lease(link: string, { holder, until }: Hold, now: number): Promise<boolean> {
    const rows = await this.#db.all(sql`
      UPDATE link SET members_holder = ${holder}, members_held_until = ${until}
       WHERE id = ${link} AND connection = ${this.#connection}
         AND (members_holder IS NULL OR members_holder = ${holder} OR members_held_until <= ${now})
      RETURNING id`)
    return rows.length === 1
  }

  async release(link: string, holder: string): Promise<void> {
    await this.#db.run(sql`
      UPDATE link SET members_holder = NULL, members_held_until = NULL
       WHERE id = ${link} AND connection = ${this.#connection} AND members_holder = ${holder}`)
  }

  async #take({ holder, until }: Hold, also: SQL, where: SQL): Promise<TakenEdge[]> {
    const rows = await this.#db.all<TakenRow>(sql`
      UPDATE edge SET holder = ${holder}, next_at = ${until} ${also}
       WHERE connection = ${this.#connection} AND ${where} RETURNING ${TAKEN}`)
    return rows.map(toTaken)
  }
}

/** As `settle` writes it; null: as it is. */
interface StayingRow {
  readonly member: string
  readonly state: 'have' | 'blocked' | 'want' | 'retry'
  readonly nextAt: number | null
  readonly wanted: 0 | 1 | null
  readonly attempt: number
}

/** None: the row goes. */
function toStaying(settlement: Settlement): StayingRow[] {
  const { member } = settlement
  switch (settlement.state) {
    case 'gone': {
      const { rememberUntil: nextAt } = settlement
      return nextAt === undefined ? [] : [{ member, state: 'have', nextAt, wanted: 0, attempt: 0 }]
    }
    case 'have':
    case 'blocked':
      return [{ member, state: settlement.state, nextAt: null, wanted: null, attempt: 0 }]
    case 'want':
    case 'retry': {
      const { state, nextAt, wanted, attempt } = settlement
      return [{ member, state, nextAt: nextAt ?? null, wanted: wanted ? 1 : 0, attempt }]
    }
  }
}

// ---- across connections, for the sweeper ----------------------------------------------------------

export interface DueEdge {
  readonly connection: string
  readonly group: string
  readonly member: string
}

/** Forgets removals that were remembered long enough; one bounded step. */
export async function forgetRemovals(db: Database, now: number, limit: number): Promise<void> {
  await db.run(sql`
    DELETE FROM edge WHERE (connection, group_link, member_link) IN (
      SELECT connection, group_link, member_link FROM edge
       WHERE next_at IS NOT NULL AND next_at <= ${now} AND wanted = 0 AND state = 'have'
       LIMIT ${limit})`)
}

/** Changes whose turn has come: a request was cut off, or the app could not be told. Oldest first. */
export async function dueEdges(db: Database, now: number, limit: number): Promise<DueEdge[]> {
  return db.all<DueEdge>(sql`
    SELECT connection, group_link AS "group", member_link AS member FROM edge
     WHERE next_at IS NOT NULL AND next_at <= ${now} AND NOT (wanted = 0 AND state = 'have')
     ORDER BY next_at LIMIT ${limit}`)
}

/** Puts what is due of a connection whose app nobody can tell now behind the others. */
export async function postponeEdges(
  db: Database,
  connection: string,
  now: number,
  until: number,
): Promise<void> {
  // `+`: by the index of what is due, not through all edges of the connection.
  await db.run(sql`
    UPDATE edge SET next_at = ${until}
     WHERE +connection = ${connection} AND next_at IS NOT NULL AND next_at <= ${now}
       AND NOT (wanted = 0 AND state = 'have')`)
}
