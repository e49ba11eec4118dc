/** Who was disabled or deleted lately: what the guard counts. Every method is scoped by connection. */
import { sql } from 'drizzle-orm'
import { type Database, LET_IN, type Write, writeAll } from './database.ts'
import type { Link } from './link.ts'

export type DepartureOp = 'disable' | 'delete'

export interface GuardLimits {
  /** Departures before this moment no longer count. Milliseconds. */
  readonly since: number
  /** More than this many in the window are parked. */
  readonly maxCount: number
  /** More than this share of all linked people, in percent. */
  readonly maxPercent: number
  /** The share counts only above this many people. */
  readonly percentAbove: number
}

export class Departures {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /**
   * For the batch that begins a disable or delete: counted and let in, in one statement, so that of
   * many at once no more than the limit get in. One that was let in before is not counted twice.
   */
  admit(link: Link, op: DepartureOp, limits: GuardLimits, now: number): Write[] {
    const { since, maxCount, maxPercent, percentAbove } = limits
    const counted = sql`connection = ${this.#connection} AND type = ${link.type}
      AND state = 'done' AND counts = 1 AND at > ${since}`
    const own = (state: string) => sql`EXISTS (SELECT 1 FROM departure
      WHERE connection = ${this.#connection} AND link = ${link.id} AND state = ${state})`
    // Nobody is counted who makes no difference: as many leavers as may be, and as many of whom these are
    // the greatest share that may be.
    const before = sql`(SELECT count(*) FROM (SELECT 1 FROM departure
      WHERE ${counted} AND link <> ${link.id} LIMIT ${maxCount}))`
    const enough =
      maxPercent > 0
        ? sql`(SELECT max(${percentAbove}, CAST((n + 1) * 100 / ${maxPercent} AS INTEGER)) + 1 FROM before)`
        : sql`${percentAbove + 1}`
    const linked = sql`SELECT 1 FROM link WHERE connection = ${this.#connection}
      AND type = ${link.type} AND state = 'linked' AND native_id IS NOT NULL`
    const deleted = sql`SELECT 1 FROM departure WHERE ${counted} AND op = 'delete'`
    // More than all never leave; of people whom no client has written to yet, the share knows nothing.
    const isShareFine =
      maxPercent >= 100
        ? sql`true`
        : sql`((SELECT n FROM base) <= ${percentAbove}
             OR ((SELECT n FROM before) + 1) * 100 <= ${maxPercent} * (SELECT n FROM base))`
    return [
      sql`
        WITH before AS MATERIALIZED (SELECT ${before} AS n),
             base AS MATERIALIZED (SELECT count(*) AS n
               FROM (SELECT 1 FROM (${linked} LIMIT ${enough}) UNION ALL ${deleted} LIMIT ${enough}))
        INSERT INTO departure (connection, link, type, op, state, counts, at)
        SELECT ${this.#connection}, ${link.id}, ${link.type}, ${op}, 'done',
               CASE WHEN ${own('allowed')} THEN 0 ELSE 1 END, ${now}
         WHERE ${own('allowed')} OR (NOT ${own('rejected')}
           AND (SELECT n FROM before) < ${maxCount}
           AND ${isShareFine})
            ON CONFLICT (connection, link) DO UPDATE
           SET op = excluded.op, state = 'done', counts = excluded.counts, at = excluded.at`,
      LET_IN,
    ]
  }

  /** It had no effect, or is taken back. */
  forget(link: string): Write {
    return sql`DELETE FROM departure WHERE connection = ${this.#connection} AND link = ${link}`
  }

  /** Nobody wants it any more: neither the wish nor what was decided on it stands. */
  withdraw(link: string): Write {
    return sql`DELETE FROM departure
      WHERE connection = ${this.#connection} AND link = ${link} AND state <> 'done'`
  }

  /** Remembers who is to be decided on; a rejected one stays rejected. */
  async park(link: Link, op: DepartureOp, now: number): Promise<'parked' | 'rejected'> {
    const row = await this.#db.get<{ state: 'parked' | 'rejected' }>(sql`
      INSERT INTO departure (connection, link, type, op, state, at)
      VALUES (${this.#connection}, ${link.id}, ${link.type}, ${op}, 'parked', ${now})
      ON CONFLICT (connection, link) DO UPDATE
        SET op = excluded.op, at = excluded.at,
            state = CASE WHEN state = 'rejected' THEN 'rejected' ELSE 'parked' END
      RETURNING state`)
    return row.state
  }

  async countParked(type: string): Promise<number> {
    const row = await this.#db.get<{ n: number }>(sql`
      SELECT count(*) AS n FROM departure
       WHERE connection = ${this.#connection} AND type = ${type} AND state = 'parked'`)
    return row.n
  }

  /** A person's decision on all who are parked. */
  decide(type: string, state: 'allowed' | 'rejected', now: number): Write {
    return sql`
      UPDATE departure SET state = ${state}, at = ${now}
       WHERE connection = ${this.#connection} AND type = ${type} AND state = 'parked'`
  }
}

/** Of all connections: older than any window, and decided on long ago. */
export async function pruneDepartures(db: Database, before: number, limit: number): Promise<void> {
  await writeAll(db, [
    sql`DELETE FROM departure WHERE (connection, link) IN
      (SELECT connection, link FROM departure WHERE at < ${before} LIMIT ${limit})`,
  ])
}
