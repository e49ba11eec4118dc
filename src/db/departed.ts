/** What the guard has seen: who was disabled or deleted lately, or is held back. Bounded reads. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import type { DepartureOp } from './departures.ts'

export const DEPARTURE_STATES = ['parked', 'done', 'allowed', 'rejected'] as const
export type DepartureState = (typeof DEPARTURE_STATES)[number]

export interface Departed {
  readonly link: string
  readonly type: string
  readonly op: DepartureOp
  readonly display: string | undefined
  readonly nativeId: string | undefined
  /** Milliseconds. */
  readonly at: number
}

/** The latest first, after the one given. */
export async function departedOf(
  db: Database,
  connection: string,
  query: {
    readonly state: DepartureState
    readonly after: Pick<Departed, 'at' | 'link'> | undefined
    readonly limit: number
  },
): Promise<Departed[]> {
  const { state, after, limit } = query
  const rows = await db.all<{
    link: string
    type: string
    op: DepartureOp
    at: number
    display: string | null
    native_id: string | null
  }>(sql`
    SELECT d.link, d.type, d.op, d.at, l.display, l.native_id
      FROM departure d LEFT JOIN link l ON l.connection = d.connection AND l.id = d.link
     WHERE d.connection = ${connection} AND d.state = ${state}
       ${after ? sql`AND (d.at, d.link) < (${after.at}, ${after.link})` : sql``}
     ORDER BY d.at DESC, d.link DESC LIMIT ${limit}`)
  return rows.map(({ display, native_id, ...row }) => ({
    ...row,
    display: display ?? undefined,
    nativeId: native_id ?? undefined,
  }))
}

export interface DepartureSlot {
  /** From `since` on, counted from 0. */
  readonly slot: number
  readonly left: number
  readonly parked: number
}

/** How many left, and are held back, in each slot since then; empty slots are left out. */
export async function departuresBySlot(
  db: Database,
  connection: string,
  since: number,
  slotMs: number,
): Promise<DepartureSlot[]> {
  return db.all<DepartureSlot>(sql`
    SELECT CAST((at - ${since}) / ${slotMs} AS INTEGER) AS slot, sum(state = 'done') AS "left",
           sum(state = 'parked') AS parked
      FROM departure WHERE connection = ${connection} AND at >= ${since} GROUP BY 1`)
}
