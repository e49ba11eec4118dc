/** D1 through Drizzle, and what its errors mean. Foreign messages stay in here: they hold values. */

import { DrizzleQueryError, fillPlaceholders, type Query, type SQLWrapper, sql } from 'drizzle-orm'
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import { SQLiteAsyncDialect } from 'drizzle-orm/sqlite-core'

export type Database = DrizzleD1Database & { $client: D1Database }
/** A statement for a batch, which is the only transaction D1 has. */
export type Write = SQLWrapper
/** One that was built before, with its values. */
export type Ready = Pick<Query, 'sql' | 'params'>

export function openDatabase(d1: D1Database): Database {
  return drizzle(d1)
}

const dialect = new SQLiteAsyncDialect()

/**
 * For what every request asks: the text is built once, of `build` with `sql.placeholder`s, for Drizzle takes
 * longer over that than the rest of the gateway over a request.
 */
export function prepared<Name extends string>(
  build: () => Write,
): (values: Readonly<Record<Name, unknown>>) => Ready {
  let built: Ready | undefined
  return (values) => {
    built ??= toQuery(build())
    return { sql: built.sql, params: fillPlaceholders(built.params, values) }
  }
}

function toQuery(statement: Write | Ready): Ready {
  return 'getSQL' in statement ? dialect.sqlToQuery(statement.getSQL()) : statement
}

/**
 * Runs the statements as one transaction: all or none. Not by Drizzle's own `batch`, which takes no
 * raw SQL with parameters.
 */
export async function writeAll(db: Database, writes: readonly Write[]): Promise<void> {
  await writeAllReturning(db, writes)
}

/** As `writeAll`, with the rows that each statement returns. Names of columns must differ. */
export async function writeAllReturning(
  db: Database,
  writes: readonly (Write | Ready)[],
): Promise<readonly (readonly unknown[])[]> {
  const statements = writes.map((write) => {
    const query = toQuery(write)
    return db.$client.prepare(query.sql).bind(...query.params)
  })
  if (statements.length === 0) return []
  try {
    return (await db.$client.batch(statements)).map(({ results }) => results)
  } catch (cause) {
    throw new StorageError('a batch failed', { cause })
  }
}

/** As `writeAll`, for a batch with `CHANGED_ONE` in it. False: that rolled it back. */
export async function writeGuarded(db: Database, writes: readonly Write[]): Promise<boolean> {
  try {
    await writeAll(db, writes)
    return true
  } catch (error) {
    if (isLostRace(error)) return false
    throw error
  }
}

/** D1 did not do what it was told. As with Drizzle's own error, what is inside may hold values. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

/** True where D1 failed, or refused, whoever asked it. */
export function isStorageError(error: unknown): boolean {
  return error instanceof StorageError || error instanceof DrizzleQueryError
}

/**
 * Rolls the whole batch back unless the statement before it changed exactly one row. D1 has no
 * conditional transaction; `json('!')` is an error that only the wrong count evaluates.
 */
export const CHANGED_ONE: Write = sql`SELECT CASE WHEN changes() = 1 THEN 1 ELSE json('!') END`

/** True where `CHANGED_ONE` rolled a batch back: somebody else was faster. */
export function isLostRace(error: unknown): boolean {
  return messagesOf(error).some((message) => message.includes('malformed JSON'))
}

/** As `CHANGED_ONE`, where another reason is to be told apart from a lost race. */
export const LET_IN: Write = sql`SELECT CASE WHEN changes() = 1 THEN 1 ELSE abs(-9223372036854775808) END`

/** True where `LET_IN` rolled a batch back. */
export function isNotLetIn(error: unknown): boolean {
  return messagesOf(error).some((message) => message.includes('integer overflow'))
}

/** True where a unique index or primary key refused a row; `table.column` narrows it down. */
export function isUniqueViolation(error: unknown, column?: string): boolean {
  return messagesOf(error).some(
    (message) =>
      message.includes('UNIQUE constraint failed') && (!column || message.includes(column)),
  )
}

/** Drizzle wraps the error of D1, which wraps that of SQLite. */
function messagesOf(error: unknown): string[] {
  const messages: string[] = []
  for (let e = error; e instanceof Error && messages.length < 5; e = e.cause)
    messages.push(e.message)
  return messages
}
