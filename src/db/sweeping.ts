/** What jobs read and erase across connections; all else is scoped by one. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { eraseScans } from './scan-upkeep.ts'

export interface DueIntent {
  readonly connection: string
  readonly type: string
  readonly link: string
  readonly op: 'create' | 'update' | 'delete'
}

/**
 * Open intents whose lease ran out: their request was cut off, or is to be looked at again. Creates
 * that wait for the app are asked about apart.
 */
export async function dueIntents(db: Database, now: number, limit: number): Promise<DueIntent[]> {
  return db.all<DueIntent>(sql`
    SELECT i.connection, l.type, i.link, i.op FROM intent i
      JOIN link l ON l.connection = i.connection AND l.id = i.link
     WHERE i.state IN ('ready', 'sending', 'unknown', 'waiting') AND i.next_at <= ${now}
       AND NOT (i.state = 'waiting' AND i.op = 'create')
     ORDER BY i.next_at LIMIT ${limit}`)
}

/** Intents of pending people about whom the app is to be asked now. */
export async function dueTickets(db: Database, now: number, limit: number): Promise<DueIntent[]> {
  return db.all<DueIntent>(sql`
    SELECT i.connection, l.type, i.link, i.op FROM intent i
      JOIN link l ON l.connection = i.connection AND l.id = i.link
     WHERE i.state IN ('ready', 'sending', 'unknown', 'waiting') AND i.next_at <= ${now}
       AND i.state = 'waiting' AND i.op = 'create'
     ORDER BY i.next_at LIMIT ${limit}`)
}

/** Puts an intent that cannot be settled yet behind the others. Its lease is another matter. */
export async function postpone(
  db: Database,
  { connection, link }: Pick<DueIntent, 'connection' | 'link'>,
  until: number,
): Promise<void> {
  await db.run(sql`
    UPDATE intent SET next_at = ${until}
     WHERE connection = ${connection} AND link = ${link}
       AND state IN ('ready', 'sending', 'unknown', 'waiting')`)
}

/** As `postpone`, for all of a connection that is due: its app does not do its work now. */
export async function postponeConnection(
  db: Database,
  connection: string,
  now: number,
  until: number,
): Promise<void> {
  await db.run(sql`
    UPDATE intent SET next_at = ${until}
     WHERE connection = ${connection} AND next_at <= ${now}
       AND state IN ('ready', 'sending', 'unknown', 'waiting')`)
}

/** Closed intents serve nobody after a while; one bounded step. */
export async function pruneIntents(db: Database, before: number, limit: number): Promise<void> {
  await db.run(sql`
    DELETE FROM intent WHERE id IN (
      SELECT id FROM intent WHERE state IN ('done', 'failed', 'dead') AND created_at < ${before}
       LIMIT ${limit})`)
}

/** In the order of their references. */
const TABLES = [
  'intent',
  'claim',
  'edge',
  'role_intent',
  'role_table',
  'departure',
  'document_key',
  'document',
  'finding',
  'audit',
  'alert_delivery',
  'alert',
  'sending',
  'traffic',
  'counter',
  'link',
]

/**
 * Erases a connection's data, at most `limit` rows of a table. True only where there was none left:
 * a request that was under way at the end of the connection may still have added a row.
 */
export async function eraseData(db: Database, connection: string, limit: number): Promise<boolean> {
  if (!(await eraseScans(db, connection, limit))) return false
  let wasEmpty = true
  for (const table of TABLES) {
    const rows = await db.all(
      sql`SELECT 1 FROM ${sql.identifier(table)} WHERE connection = ${connection} LIMIT ${limit}`,
    )
    if (rows.length === 0) continue
    wasEmpty = false
    await db.run(eraseSome(table, connection, limit))
    // Other tables refer to the rest of it.
    if (rows.length === limit) return false
  }
  return wasEmpty
}

/** Tables without a rowid are cleared by their key. */
function eraseSome(table: string, connection: string, limit: number) {
  const name = sql.identifier(table)
  switch (table) {
    case 'claim':
      return sql`DELETE FROM claim WHERE (connection, type, kind, norm) IN
        (SELECT connection, type, kind, norm FROM claim WHERE connection = ${connection} LIMIT ${limit})`
    case 'departure':
      return sql`DELETE FROM departure WHERE (connection, link) IN
        (SELECT connection, link FROM departure WHERE connection = ${connection} LIMIT ${limit})`
    case 'edge':
      return sql`DELETE FROM edge WHERE (connection, group_link, member_link) IN
        (SELECT connection, group_link, member_link FROM edge WHERE connection = ${connection} LIMIT ${limit})`
    case 'role_intent':
      return sql`DELETE FROM role_intent WHERE (connection, link, app) IN
        (SELECT connection, link, app FROM role_intent WHERE connection = ${connection} LIMIT ${limit})`
    case 'role_table':
      return sql`DELETE FROM role_table WHERE connection = ${connection}`
    case 'sending':
      return sql`DELETE FROM sending WHERE (connection, link, request) IN
        (SELECT connection, link, request FROM sending WHERE connection = ${connection} LIMIT ${limit})`
    case 'traffic':
      return sql`DELETE FROM traffic WHERE (connection, at) IN
        (SELECT connection, at FROM traffic WHERE connection = ${connection} LIMIT ${limit})`
    case 'counter':
      return sql`DELETE FROM counter WHERE connection = ${connection}`
    case 'document_key':
      return sql`DELETE FROM document_key WHERE (connection, type, attribute, norm, document) IN
        (SELECT connection, type, attribute, norm, document FROM document_key
          WHERE connection = ${connection} LIMIT ${limit})`
    default:
      return sql`DELETE FROM ${name} WHERE rowid IN
        (SELECT rowid FROM ${name} WHERE connection = ${connection} LIMIT ${limit})`
  }
}
