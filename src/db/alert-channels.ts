/** Where notices of alerts go: channels of one connection, or of the gateway. Control table. */
import { sql } from 'drizzle-orm'
import type { SealedSecret } from './connection-secrets.ts'
import { CHANGED_ONE, type Database, writeAll, writeGuarded } from './database.ts'

const CHANNEL_KINDS = ['webhook', 'slack', 'teams', 'email'] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]
export const SEVERITIES = ['warning', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Channels of the gateway belong to no connection. */
export const OF_GATEWAY = ''

/** What is no secret of where a channel leads to. */
export interface Target {
  readonly host?: string
  /** Ids of the secrets that sign. */
  readonly secrets?: readonly string[]
  readonly from?: string
  readonly to?: string
}

export interface ChannelRow {
  readonly id: string
  /** `OF_GATEWAY`, or the id of a connection. */
  readonly connectionId: string
  readonly name: string
  readonly kind: ChannelKind
  readonly enabled: boolean
  readonly severity: Severity
  readonly target: Target
  /** JSON: address and signing secrets; null for e-mail. */
  readonly sealed: SealedSecret | null
  readonly version: number
  /** Milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

type Stored = Omit<ChannelRow, 'enabled' | 'target' | 'sealed'> & {
  readonly enabled: number
  readonly target: string
  readonly sealed: string | null
  readonly keyId: string | null
}

const COLUMNS = sql`id, connection_id AS connectionId, name, kind, enabled, severity, target, sealed,
  key_id AS keyId, version, created_at AS createdAt, updated_at AS updatedAt`

function toRow({ keyId, sealed, ...row }: Stored): ChannelRow {
  return {
    ...row,
    enabled: row.enabled === 1,
    target: JSON.parse(row.target) as Target,
    sealed: sealed === null || keyId === null ? null : { sealed, keyId },
  }
}

export class AlertChannels {
  readonly #db: Database
  readonly #connectionId: string

  /** @param connectionId `OF_GATEWAY`, or the id of a connection */
  constructor(db: Database, connectionId: string) {
    this.#db = db
    this.#connectionId = connectionId
  }

  async list(): Promise<ChannelRow[]> {
    const rows = await this.#db.all<Stored>(sql`
      SELECT ${COLUMNS} FROM alert_channel WHERE connection_id = ${this.#connectionId}
       ORDER BY name`)
    return rows.map(toRow)
  }

  async named(name: string): Promise<ChannelRow | undefined> {
    const rows = await this.#db.all<Stored>(sql`
      SELECT ${COLUMNS} FROM alert_channel
       WHERE connection_id = ${this.#connectionId} AND name = ${name}`)
    return rows.map(toRow)[0]
  }

  /** Adds or replaces. False: somebody else changed it since `before` was read, or there are `most`. */
  async put(row: ChannelRow, before: ChannelRow | undefined, most: number): Promise<boolean> {
    const enabled = row.enabled ? 1 : 0
    const target = JSON.stringify(row.target)
    const { sealed = null, keyId = null } = row.sealed ?? {}
    return writeGuarded(this.#db, [
      before
        ? sql`
          UPDATE alert_channel
             SET kind = ${row.kind}, enabled = ${enabled}, severity = ${row.severity},
                 target = ${target}, sealed = ${sealed}, key_id = ${keyId},
                 version = version + 1, updated_at = ${row.updatedAt}
           WHERE id = ${before.id} AND connection_id = ${this.#connectionId}
             AND version = ${before.version}`
        : sql`
          INSERT INTO alert_channel (id, connection_id, name, kind, enabled, severity, target, sealed,
                                     key_id, created_at, updated_at)
          SELECT ${row.id}, ${this.#connectionId}, ${row.name}, ${row.kind}, ${enabled},
                 ${row.severity}, ${target}, ${sealed}, ${keyId}, ${row.createdAt},
                 ${row.updatedAt}
           WHERE (SELECT count(*) FROM alert_channel WHERE connection_id = ${this.#connectionId})
                 < ${most}
             AND (${this.#connectionId} = '' OR EXISTS (
                   SELECT 1 FROM connection WHERE id = ${this.#connectionId} AND state = 'active'))
              ON CONFLICT DO NOTHING`,
      CHANGED_ONE,
    ])
  }

  /** False: there is none of this name. */
  async remove(name: string): Promise<boolean> {
    const { meta } = await this.#db.run(sql`
      DELETE FROM alert_channel WHERE connection_id = ${this.#connectionId} AND name = ${name}`)
    return meta.changes === 1
  }
}

/** Those that hear of a connection: its own, and the gateway's. Disabled ones are not among them. */
export async function channelsFor(db: Database, connectionId: string): Promise<ChannelRow[]> {
  const rows = await db.all<Stored>(sql`
    SELECT ${COLUMNS} FROM alert_channel
     WHERE connection_id IN ('', ${connectionId}) AND enabled = 1 ORDER BY id`)
  return rows.map(toRow)
}

/** Of these ids, those that there are and that are enabled. */
export async function channelsById(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ChannelRow>> {
  const rows = await db.all<Stored>(sql`
    SELECT ${COLUMNS} FROM alert_channel
     WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)})) AND enabled = 1`)
  return new Map(rows.map((row) => [row.id, toRow(row)]))
}

/** Active connections that the cron is to look at, longest waiting first: those that somebody hears of. */
export async function dueForAlerts(db: Database, now: number, limit: number): Promise<string[]> {
  const channels = await db.all<{ connectionId: string }>(sql`
    SELECT DISTINCT connection_id AS connectionId FROM alert_channel WHERE enabled = 1`)
  if (channels.length === 0) return []
  const heard = channels.map(({ connectionId }) => connectionId)
  const rows = await db.all<{ id: string }>(sql`
    SELECT id FROM connection WHERE state = 'active' AND alert_at <= ${now}
       ${
         heard.includes(OF_GATEWAY)
           ? sql``
           : sql`AND id IN (SELECT value FROM json_each(${JSON.stringify(heard)}))`
       }
     ORDER BY alert_at LIMIT ${limit}`)
  return rows.map(({ id }) => id)
}

/** Not before then does `dueForAlerts` name them again. Milliseconds. */
export async function lookForAlertsAgain(
  db: Database,
  ids: readonly string[],
  at: number,
): Promise<void> {
  await writeAll(db, [
    sql`UPDATE connection SET alert_at = ${at}
         WHERE id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
  ])
}
