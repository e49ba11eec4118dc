/** Alerts of one connection, and the notices of them that are to be sent. Data tables. */
import { sql } from 'drizzle-orm'
import type { Severity } from './alert-channels.ts'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isUniqueViolation,
  type Write,
  writeAll,
} from './database.ts'

export interface Alert {
  readonly id: string
  readonly kind: string
  readonly subject: string
  readonly severity: Severity
  readonly stage: number
  readonly count: number
  readonly detail: Readonly<Record<string, unknown>>
  /** Milliseconds. */
  readonly openedAt: number
  readonly toldAt: number
  readonly notices: number
  readonly absentAt: number | undefined
}

/** A notice to one channel. */
export interface NewDelivery {
  readonly id: string
  readonly alert: string
  readonly channel: string
  readonly notice: Readonly<Record<string, unknown>>
}

interface AlertRow {
  id: string
  kind: string
  subject: string
  severity: Severity
  stage: number
  count: number
  detail: string
  opened_at: number
  told_at: number
  notices: number
  absent_at: number | null
}

export class Alerts {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /** Those that have not ended, oldest first: one a kind, or one a kind and token. */
  async open(limit: number): Promise<Alert[]> {
    const rows = await this.#db.all<AlertRow>(sql`
      SELECT id, kind, subject, severity, stage, count, detail, opened_at, told_at, notices, absent_at
        FROM alert WHERE connection = ${this.#connection} AND ended_at IS NULL
       ORDER BY opened_at, id LIMIT ${limit}`)
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      subject: row.subject,
      severity: row.severity,
      stage: row.stage,
      count: row.count,
      detail: JSON.parse(row.detail) as Record<string, unknown>,
      openedAt: row.opened_at,
      toldAt: row.told_at,
      notices: row.notices,
      absentAt: row.absent_at ?? undefined,
    }))
  }

  /** The alert with the notices of its beginning, or neither. False: another run of the cron was faster. */
  async begin(alert: Alert, deliveries: readonly NewDelivery[], now: number): Promise<boolean> {
    return this.#once([
      sql`
        INSERT INTO alert (id, connection, kind, subject, severity, stage, count, detail, opened_at,
                           told_at)
        VALUES (${alert.id}, ${this.#connection}, ${alert.kind}, ${alert.subject}, ${alert.severity},
                ${alert.stage}, ${alert.count}, ${JSON.stringify(alert.detail)}, ${alert.openedAt},
                ${alert.toldAt})`,
      this.#deliver(deliveries, now),
    ])
  }

  /** What is known of it now, with the notices that say so. False: another run was faster. */
  async tell(
    alert: Alert,
    state: 'open' | 'ended',
    deliveries: readonly NewDelivery[],
    now: number,
  ): Promise<boolean> {
    return this.#once([
      sql`
        UPDATE alert SET severity = ${alert.severity}, stage = ${alert.stage}, count = ${alert.count},
               detail = ${JSON.stringify(alert.detail)}, told_at = ${now}, notices = notices + 1,
               absent_at = NULL, ended_at = ${state === 'ended' ? now : null}
         WHERE id = ${alert.id} AND connection = ${this.#connection} AND ended_at IS NULL
           AND notices = ${alert.notices}`,
      CHANGED_ONE,
      this.#deliver(deliveries, now),
    ])
  }

  /** What is known of them now, where nobody is to be told. */
  async note(alerts: readonly Alert[]): Promise<void> {
    await writeAll(
      this.#db,
      alerts.map(
        (alert) => sql`
          UPDATE alert SET count = ${alert.count}, detail = ${JSON.stringify(alert.detail)},
                 absent_at = ${alert.absentAt ?? null}
           WHERE id = ${alert.id} AND connection = ${this.#connection} AND ended_at IS NULL
             AND notices = ${alert.notices}`,
      ),
    )
  }

  #deliver(deliveries: readonly NewDelivery[], now: number): Write {
    return sql`
      INSERT INTO alert_delivery (id, connection, alert, channel, notice, created_at, next_at)
      SELECT json_extract(value, '$.id'), ${this.#connection}, json_extract(value, '$.alert'),
             json_extract(value, '$.channel'), json_extract(value, '$.notice'), ${now}, ${now}
        FROM json_each(${JSON.stringify(deliveries)})`
  }

  async #once(writes: readonly Write[]): Promise<boolean> {
    try {
      await writeAll(this.#db, writes)
      return true
    } catch (error) {
      if (isLostRace(error) || isUniqueViolation(error)) return false
      throw error
    }
  }
}
