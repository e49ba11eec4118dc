/** Reads of many connections at once: a list for each of them. */
import { type SQL, sql } from 'drizzle-orm'

/** By connection id; one that has nothing is absent. */
export type Of<T> = ReadonlyMap<string, readonly T[]>

export const among = (ids: readonly string[]): SQL => sql`json_each(${JSON.stringify(ids)})`

export function grouped<T>(
  rows: readonly { readonly connection: string; readonly one: T }[],
): Of<T> {
  const all = new Map<string, T[]>()
  for (const { connection, one } of rows) {
    const before = all.get(connection)
    if (before) before.push(one)
    else all.set(connection, [one])
  }
  return all
}
