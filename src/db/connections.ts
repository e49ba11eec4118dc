/** Connections, as they are stored. */
import { and, asc, eq, getTableColumns, gt, lte, sql } from 'drizzle-orm'
import { KEPT, putSecrets, type SealedSecret, secrets } from './connection-secrets.ts'
import { connection, connectionSecret, token } from './control-tables.ts'
import type { Placed } from './data-databases.ts'
import {
  CHANGED_ONE,
  type Database,
  isUniqueViolation,
  openDatabase,
  type Write,
  writeAll,
  writeGuarded,
} from './database.ts'
import { forgetMappings } from './mapping-history.ts'
import type { NewToken } from './tokens.ts'

/** A connection as stored: JSON as the administrator gave it, times in milliseconds. */
export interface ConnectionRow extends Readonly<typeof connection.$inferSelect> {
  /** By name of the secret. */
  readonly secrets: Readonly<Record<string, SealedSecret>>
}

export type NewConnection = Omit<
  typeof connection.$inferInsert,
  'mappingVersion' | 'state' | 'version' | 'updatedAt'
>

/** The columns that an administrator may change; `mapping: null` takes the override away. */
export type ConnectionChange = Partial<
  Pick<
    ConnectionRow,
    'settings' | 'mapping' | 'mappingVersion' | 'policy' | 'extensions' | 'mode' | 'modeUntil'
  >
>

/** Clocks differ from machine to machine, and the table refuses a change before the creation. */
const notBeforeCreation = (now: number) => sql`max(${now}, ${connection.createdAt})`

export const columns = { ...getTableColumns(connection), secrets }
// Literals: SQLite uses a partial index only where it sees the index's own condition.
export const isActive = sql`${connection.state} = 'active'`
const isAmong = (ids: readonly string[]) =>
  sql`${connection.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`
const isOffboarding = sql`${connection.state} = 'offboarding'`

export class Connections {
  readonly #db: Database

  constructor(db: D1Database) {
    this.#db = openDatabase(db)
  }

  /** Off-boarded connections have no name any more. */
  async named(name: string): Promise<ConnectionRow | undefined> {
    return this.#db
      .select(columns)
      .from(connection)
      .where(and(eq(connection.name, name), isActive))
      .get()
  }

  /** Undefined also where the connection is being off-boarded. */
  async byId(id: string): Promise<ConnectionRow | undefined> {
    return this.#db
      .select(columns)
      .from(connection)
      .where(and(eq(connection.id, id), isActive))
      .get()
  }

  /** Active connections in the order of their names, after the one of the name given. */
  async list(page: {
    after?: string | undefined
    limit: number
    /** Ids of those that are meant; absent: all. */
    among?: readonly string[] | undefined
  }): Promise<ConnectionRow[]> {
    const { after = '', among } = page
    return this.#db
      .select(columns)
      .from(connection)
      .where(and(isActive, gt(connection.name, after), among && isAmong(among)))
      .orderBy(asc(connection.name))
      .limit(page.limit)
      .all()
  }

  /** The active ones among those that are given by ids or names, by name. */
  async known(
    by: { readonly ids: readonly string[] } | { readonly names: readonly string[] },
  ): Promise<(Placed & { name: string })[]> {
    const [column, values] = 'ids' in by ? ['id', by.ids] : ['name', by.names]
    return this.#db.all<Placed & { name: string }>(sql`
      SELECT id, name, data_db AS "dataDatabase" FROM connection
       WHERE state = 'active' AND ${sql.identifier(column)} IN (
         SELECT value FROM json_each(${JSON.stringify(values)}))
       ORDER BY name`)
  }

  /** Stores a connection with its secrets and first token, or nothing. False: the name is taken. */
  async create(
    row: NewConnection,
    sealed: Readonly<Record<string, SealedSecret>>,
    first: NewToken,
  ): Promise<boolean> {
    try {
      await writeAll(this.#db, [
        this.#db.insert(connection).values({
          ...row,
          mappingVersion: 1,
          state: 'active',
          version: 1,
          updatedAt: row.createdAt,
        }),
        this.#db.insert(token).values({ ...first, connectionId: row.id }),
        ...putSecrets(this.#db, row.id, sealed, row.createdAt),
      ])
      return true
    } catch (error) {
      if (isUniqueViolation(error)) return false
      throw error
    }
  }

  /**
   * Changes a connection that still is as `read` says. `secrets` holds new ones by name, and null
   * for those to remove. False: another change came first, so read again and decide again.
   *
   * @param keyIds with new secrets: what none of these keys opens of what the app handed out is dropped,
   *   for nobody can enter that again
   */
  async change(
    read: Pick<ConnectionRow, 'id' | 'version'>,
    change: ConnectionChange,
    secrets: Readonly<Record<string, SealedSecret | null>>,
    now: number,
    keyIds: readonly string[] = [],
    also: readonly Write[] = [],
  ): Promise<boolean> {
    const removed = Object.keys(secrets).filter((name) => secrets[name] === null)
    const put = Object.fromEntries(
      Object.entries(secrets).flatMap(([name, secret]) => (secret ? [[name, secret]] : [])),
    )
    return writeGuarded(this.#db, [
      this.#db
        .update(connection)
        .set({ ...change, version: read.version + 1, updatedAt: notBeforeCreation(now) })
        .where(and(eq(connection.id, read.id), eq(connection.version, read.version), isActive)),
      CHANGED_ONE,
      // What the data follows of the policy is looked at by the next run of the cron.
      sql`UPDATE connection SET scan_at = min(scan_at, ${now}) WHERE id = ${read.id}`,
      ...removed.map((name) =>
        this.#db
          .delete(connectionSecret)
          .where(and(eq(connectionSecret.connectionId, read.id), eq(connectionSecret.name, name))),
      ),
      ...putSecrets(this.#db, read.id, put, now),
      ...(keyIds.length > 0
        ? [
            sql`DELETE FROM connection_secret WHERE connection_id = ${read.id} AND name = ${KEPT}
                 AND key_id NOT IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))`,
          ]
        : []),
      ...also,
    ])
  }

  /** What links go by from now on, unless another request has written it down. */
  async sign(id: string, before: string | undefined, identity: string): Promise<void> {
    await this.#db.run(sql`
      UPDATE connection SET adapter_identity = ${identity}, version = version + 1
       WHERE id = ${id} AND adapter_identity IS ${before ?? null}`)
  }

  /** Those that have written nothing down of what their links go by: some, in no order. */
  async unsigned(
    sandbox: string,
    limit: number,
  ): Promise<readonly Readonly<Record<'id' | 'name' | 'adapter', string>>[]> {
    return this.#db.all<Record<'id' | 'name' | 'adapter', string>>(sql`
      SELECT id, name, adapter FROM connection
       -- The plus: SQLite would walk an index of all active ones.
       WHERE adapter_identity IS NULL AND +state = 'active' AND adapter <> ${sandbox}
       ORDER BY random() LIMIT ${limit}`)
  }

  /** When an administrator entered each secret, by name; null: nobody knows. Milliseconds. */
  async secretsSetAt(id: string): Promise<ReadonlyMap<string, number | null>> {
    const rows = await this.#db
      .select({ name: connectionSecret.name, setAt: connectionSecret.setAt })
      .from(connectionSecret)
      .where(eq(connectionSecret.connectionId, id))
      .all()
    return new Map(rows.map(({ name, setAt }) => [name, setAt]))
  }

  /** What the app handed out for later, sealed as a secret of the name `KEPT`. */
  async kept(id: string): Promise<SealedSecret | undefined> {
    return this.#db
      .select({ sealed: connectionSecret.sealed, keyId: connectionSecret.keyId })
      .from(connectionSecret)
      .where(and(eq(connectionSecret.connectionId, id), eq(connectionSecret.name, KEPT)))
      .get()
  }

  /** False, and nothing done, where it is not `from` any more, or the connection has ended. */
  async keep(id: string, from: SealedSecret | undefined, to: SealedSecret): Promise<boolean> {
    const { sealed, keyId } = to
    const { meta } = from
      ? await this.#db.run(sql`
          UPDATE connection_secret SET sealed = ${sealed}, key_id = ${keyId}
           WHERE connection_id = ${id} AND name = ${KEPT} AND sealed = ${from.sealed}`)
      : await this.#db.run(sql`
          INSERT INTO connection_secret (connection_id, name, sealed, key_id)
          SELECT id, ${KEPT}, ${sealed}, ${keyId} FROM connection
           WHERE id = ${id} AND state = 'active' ON CONFLICT DO NOTHING`)
    return meta.changes === 1
  }

  /** Connections of a database whose mode ended by itself and that do not say so yet. */
  async endedModes(binding: string, now: number, limit: number): Promise<ConnectionRow[]> {
    return this.#db
      .select(columns)
      .from(connection)
      .where(
        and(
          isActive,
          sql`${connection.mode} IN ('observe', 'gate')`,
          lte(connection.modeUntil, now),
          eq(connection.dataDb, binding),
        ),
      )
      .orderBy(asc(connection.modeUntil))
      .limit(limit)
      .all()
  }

  /** Ends a connection: tokens and secrets go with this call. False: no active one of that name. */
  async offboard(name: string, now: number): Promise<boolean> {
    const row = await this.named(name)
    if (!row) return false
    await writeAll(this.#db, [
      this.#db
        .update(connection)
        .set({
          state: 'offboarding',
          version: sql`${connection.version} + 1`,
          updatedAt: notBeforeCreation(now),
        })
        .where(and(eq(connection.id, row.id), isActive)),
      this.#db.delete(token).where(eq(token.connectionId, row.id)),
      sql`DELETE FROM client WHERE connection_id = ${row.id}`,
      this.#db.delete(connectionSecret).where(eq(connectionSecret.connectionId, row.id)),
      sql`DELETE FROM alert_channel WHERE connection_id = ${row.id}`,
      forgetMappings(row.id),
    ])
    return true
  }

  /** Active connections of which the cron is to see whether a scan is due, longest waiting first. */
  async dueForScan(now: number, limit: number): Promise<string[]> {
    const rows = await this.#db.all<{ id: string }>(sql`
      SELECT id FROM connection WHERE state = 'active' AND scan_at <= ${now}
       ORDER BY scan_at LIMIT ${limit}`)
    return rows.map(({ id }) => id)
  }

  /** Not before then does `dueForScan` name it again. Milliseconds. */
  async lookAgain(id: string, at: number): Promise<void> {
    await this.#db.run(sql`UPDATE connection SET scan_at = ${at} WHERE id = ${id}`)
  }

  /** Connections whose data is to be erased, oldest request first. */
  async offboarding(limit: number): Promise<{ id: string; name: string; dataDb: string }[]> {
    return this.#db
      .select({ id: connection.id, name: connection.name, dataDb: connection.dataDb })
      .from(connection)
      .where(isOffboarding)
      .orderBy(asc(connection.updatedAt))
      .limit(limit)
      .all()
  }

  /** It lets the others go first. */
  async eraseLater(id: string, now: number): Promise<void> {
    await this.#db
      .update(connection)
      .set({ updatedAt: notBeforeCreation(now) })
      .where(and(eq(connection.id, id), isOffboarding))
  }

  /** The last step of off-boarding, after the data is gone. An active connection is left alone. */
  async erase(id: string): Promise<void> {
    await this.#db.delete(connection).where(and(eq(connection.id, id), isOffboarding))
  }
}
