/**
 * Cursors of RFC 9865: a place in a list, told by how many came before it and by marks of the last
 * of them. Where others come or go under a walk the marks say where it was, and it misses nobody.
 */
import { ScimError } from '../scim/error.ts'
import { weakETag } from '../scim/etag.ts'

export interface Place {
  readonly skip: number
  /** Of the rows before the place, the nearest first; empty at the start. */
  readonly marks: readonly string[]
}

/** Rows before the place that are read again to find it: as many may vanish between two pages. */
export const OVERLAP = 25
/** The nearest ones may be gone themselves. */
const MARKS = 4

const FORM = /^p(\d{1,9})((?:\.[\w-]+)*)$/

/** @throws {ScimError} `invalidCursor` */
export function readCursor(text: string): Place {
  const [, skip, marks] = (text === '' ? ['', '0', ''] : FORM.exec(text)) ?? []
  if (skip === undefined || marks === undefined) {
    throw new ScimError('invalidCursor', 'This cursor was not given out here.')
  }
  return { skip: Number(skip), marks: marks.split('.').slice(1) }
}

/** Whose list it is, and in which order: a cursor of another list leads nowhere here. */
export interface ListOf {
  readonly connection: string
  readonly type: string
  /** What is asked for, as text. */
  readonly query: string
}

/** `before`: ids of the rows that end at the place, in the order of the list. */
export function printCursor(list: ListOf, skip: number, before: readonly string[]): string {
  const nearest = before
    .slice(-MARKS)
    .reverse()
    .map((id) => mark(list, id))
  return ['p'.concat(String(skip)), ...nearest].join('.')
}

/**
 * Where in `ids` the place is: the index of the first row after it.
 *
 * @param from how many rows of the list come before `ids`
 * @throws {ScimError} `expiredCursor` where none of its marks is left
 */
export function resume(
  list: ListOf,
  { skip, marks }: Place,
  ids: readonly string[],
  from: number,
): number {
  if (marks.length === 0) return Math.max(skip - from, 0)
  const seen = ids.map((id) => mark(list, id))
  for (const wanted of marks) {
    const at = seen.lastIndexOf(wanted)
    if (at >= 0) return at + 1
  }
  throw new ScimError(
    'expiredCursor',
    'The list has changed too much since this cursor was given out. Begin again with the first page.',
  )
}

/** A native id may say more than a client should know: only a digest goes out. */
function mark({ connection, type, query }: ListOf, id: string): string {
  return weakETag({ connection, type, query, id }).slice(3, 14)
}
