/** Keyset paging of the admin lists: a cursor says after which item the next page begins. */
import { Buffer } from 'node:buffer'
import { Problem } from './problem.ts'

export const PAGE_SIZE = 100

export function toCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** @throws {Problem} 400 where it is not one of ours */
export function parseCursor(cursor: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts)) return parts
  } catch {
    // Not JSON: refused below, with the same words.
  }
  throw badCursor()
}

/** The text after which a page begins; '' for the first one. @throws {Problem} 400 as `parseCursor` */
export function textAfter(cursor: string | undefined): string {
  const [after] = cursor === undefined ? [''] : parseCursor(cursor)
  if (typeof after !== 'string') throw badCursor()
  return after
}

/** The time and the id after which a page begins; undefined for the first one. @throws {Problem} as `textAfter` */
export function timeAfter(
  cursor: string | undefined,
): { readonly at: number; readonly id: string } | undefined {
  if (cursor === undefined) return undefined
  const [at, id] = parseCursor(cursor)
  if (typeof at !== 'number' || typeof id !== 'string') throw badCursor()
  return { at, id }
}

export function badCursor(): Problem {
  return new Problem(400, 'The cursor is not one that this list gave out', {
    errors: [{ path: 'cursor', message: 'not a cursor of this list' }],
  })
}

/** Rows were asked for with one more than a page, which tells whether there is a next one. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => readonly (string | number)[],
): { items: Item[]; nextCursor?: string } {
  const shown = rows.slice(0, PAGE_SIZE)
  const last = rows.length > PAGE_SIZE ? shown.at(-1) : undefined
  return { items: shown.map(toItem), ...(last && { nextCursor: toCursor(keyOf(last)) }) }
}
