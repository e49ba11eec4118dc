/** Notices that are to be sent, across connections: what the cron and the queue work on. */
import { sql } from 'drizzle-orm'
import { type Database, writeAll } from './database.ts'

export interface Delivery {
  readonly id: string
  readonly connection: string
  readonly alert: string
  readonly channel: string
  readonly notice: Readonly<Record<string, unknown>>
  /** With the one that begins now. */
  readonly attempts: number
}

/**
 * Takes some that are due for whoever asks, until then: an attempt is counted before it is made, so that
 * one that kills its isolate is not made for ever. The oldest of each channel first, `each` of a channel
 * at the most: a dead one holds up no other.
 */
export async function takeDue(
  db: Database,
  now: number,
  until: number,
  limit: number,
  each: number,
): Promise<Delivery[]> {
  const rows = await db.all<Omit<Delivery, 'notice'> & { notice: string; created_at: number }>(sql`
    UPDATE alert_delivery SET attempts = attempts + 1, next_at = ${until}
     WHERE state = 'due' AND next_at <= ${now} AND id IN (
       SELECT id FROM (
         SELECT id, next_at, row_number() OVER (PARTITION BY channel ORDER BY created_at, id) AS place
           FROM (SELECT id, channel, next_at, created_at FROM alert_delivery
                  WHERE state = 'due' AND next_at <= ${now} ORDER BY next_at LIMIT 1000))
        WHERE place <= ${each} ORDER BY place, next_at LIMIT ${limit})
    RETURNING id, connection, alert, channel, notice, attempts, created_at`)
  return rows
    .sort((a, b) => a.created_at - b.created_at)
    .map(({ created_at: _, notice, ...row }) => ({
      ...row,
      notice: JSON.parse(notice) as Record<string, unknown>,
    }))
}

export type Settled =
  | { readonly state: 'sent' }
  | { readonly state: 'dropped' | 'failed'; readonly reason: string }
  /** Once more, then. Milliseconds. */
  | { readonly state: 'due'; readonly reason: string; readonly nextAt: number }

/** What became of an attempt. One that another attempt was made after has no say any more. */
export async function settleDelivery(
  db: Database,
  { id, connection, attempts }: Pick<Delivery, 'id' | 'connection' | 'attempts'>,
  settled: Settled,
): Promise<void> {
  const reason = settled.state === 'sent' ? null : settled.reason
  const nextAt = settled.state === 'due' ? sql`${settled.nextAt}` : sql`next_at`
  await db.run(sql`
    UPDATE alert_delivery SET state = ${settled.state}, reason = ${reason}, next_at = ${nextAt}
     WHERE id = ${id} AND connection = ${connection} AND state = 'due' AND attempts = ${attempts}`)
}

/** Gives back what was taken and not tried. */
export async function giveBack(
  db: Database,
  { id, connection, attempts }: Pick<Delivery, 'id' | 'connection' | 'attempts'>,
  nextAt: number,
): Promise<void> {
  await db.run(sql`
    UPDATE alert_delivery SET attempts = attempts - 1, next_at = ${nextAt}
     WHERE id = ${id} AND connection = ${connection} AND state = 'due' AND attempts = ${attempts}`)
}

/** Those that are over serve nobody after a while; one bounded step. */
export async function pruneAlerts(db: Database, before: number, limit: number): Promise<void> {
  await writeAll(db, [
    sql`DELETE FROM alert_delivery WHERE rowid IN (
          SELECT rowid FROM alert_delivery
           WHERE state <> 'due' AND created_at < ${before} LIMIT ${limit})`,
    sql`DELETE FROM alert WHERE rowid IN (
          SELECT rowid FROM alert WHERE ended_at < ${before} AND ended_at IS NOT NULL LIMIT ${limit})`,
  ])
}
