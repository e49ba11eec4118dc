/** Data tables as D1 itself describes them, so that a new one is seen by tests that know nothing of it. */
import { env } from 'cloudflare:workers'

/** Control tables (docs/storage.md), and those that are not ours. */
const NO_DATA =
  /^(connection|connection_secret|token|client|client_secret|used_assertion|manifest|manifest_revision|administrator|administrator_token|alert_channel|mapping_revision|cron_turn|sqlite_.*|_cf_.*|d1_migrations)$/

export interface DataTable {
  readonly name: string
  /** For a row of it: true where it belongs to the connection whose id is bound to `?1`. */
  readonly ofConnection: string
}

/** A table belongs to a connection by its column `connection`, or by a foreign key to one that does. */
export async function dataTables(): Promise<DataTable[]> {
  const { results } = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
  ).all<{ name: string }>()
  const names = results.map(({ name }) => name).filter((name) => !NO_DATA.test(name))
  return Promise.all(names.map(async (name) => ({ name, ofConnection: await conditionOf(name) })))
}

async function conditionOf(table: string): Promise<string> {
  const { results: columns } = await env.DB.prepare(
    `SELECT name FROM pragma_table_info('${table}')`,
  ).all<{ name: string }>()
  if (columns.some(({ name }) => name === 'connection')) return `${table}.connection = ?1`
  const { results: keys } = await env.DB.prepare(
    `SELECT "table", "from", "to" FROM pragma_foreign_key_list('${table}')`,
  ).all<{ table: string; from: string; to: string }>()
  const [key] = keys
  if (!key) throw new Error(`nobody can say which connection a row of ${table} belongs to`)
  const { table: other, from, to } = key
  return `${table}.${from} IN (SELECT ${other}.${to} FROM ${other} WHERE ${await conditionOf(other)})`
}

export async function connectionId(name: string): Promise<string> {
  const row = await env.DB.prepare(`SELECT id FROM connection WHERE name = ? AND state = 'active'`)
    .bind(name)
    .first<{ id: string }>()
  if (!row) throw new Error(`no connection ${name}`)
  return row.id
}

export type Row = Readonly<Record<string, string | number | null>>

/** Rows of the active connection of that name. */
export async function rowsOf(table: DataTable, name: string): Promise<Row[]> {
  return rowsById(table, await connectionId(name))
}

export async function rowsById(
  { name, ofConnection }: DataTable,
  id: string,
  db: D1Database = env.DB,
): Promise<Row[]> {
  const { results } = await db
    .prepare(`SELECT * FROM ${name} WHERE ${ofConnection}`)
    .bind(id)
    .all<Row>()
  return results
}
