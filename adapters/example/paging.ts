/** Windows and walks over an API that counts pages. */
import * as z from 'zod'
import type { Page, PageRequest } from '../../src/adapter/contract.ts'
import type { HttpClient, HttpRequest } from '../../src/adapter/http.ts'

/** The app quietly lowers any larger `per_page`. */
export const MAX_PAGE = 50

interface Rows<Row> {
  readonly rows: readonly Row[]
  readonly count: number
}

/** What the app answers with a page of these. Built once: that takes longer than to parse one. */
export function pageOf<Row>(row: z.ZodType<Row>): z.ZodType<Rows<Row>> {
  return z.object({ rows: z.array(row), count: z.int() })
}

async function readPage<Row>(
  http: HttpClient,
  path: string,
  query: NonNullable<HttpRequest['query']>,
  page: z.ZodType<Rows<Row>>,
): Promise<Rows<Row>> {
  const response = await http.call({ method: 'GET', path, query })
  return response.parse(page)
}

/**
 * Any window over page numbers: a window that does not begin on a page boundary spans two pages of
 * its own size. The cursor is the number of rows before it.
 */
export async function list<Row, T>(
  http: HttpClient,
  path: string,
  { pageSize, cursor, skip = 0 }: PageRequest,
  schema: z.ZodType<Rows<Row>>,
  toItem: (row: Row) => T,
): Promise<Page<T>> {
  const perPage = Math.min(pageSize, MAX_PAGE)
  const start = cursor === undefined ? skip : Number(cursor)
  const page = Math.floor(start / perPage) + 1
  const inside = start % perPage
  const first = await readPage(http, path, { page, per_page: perPage }, schema)
  const rows = [...first.rows]
  let total = first.count
  if (inside > 0 && page * perPage < total) {
    const second = await readPage(http, path, { page: page + 1, per_page: perPage }, schema)
    rows.push(...second.rows)
    total = second.count
  }
  const items = rows.slice(inside, inside + perPage).map(toItem)
  const end = start + items.length
  // An empty page ends the walk even if the count says otherwise: no loop without progress.
  return { items, total, ...(items.length > 0 && end < total && { next: String(end) }) }
}

/** A mail may be shared by many: all pages of the answer. */
export async function findAll<Row, T>(
  http: HttpClient,
  path: string,
  by: Readonly<Record<string, string>>,
  schema: z.ZodType<Rows<Row>>,
  toItem: (row: Row) => T,
): Promise<readonly T[]> {
  const items: T[] = []
  for (let page = 1; ; page++) {
    const { rows, count } = await readPage(http, path, { ...by, page, per_page: MAX_PAGE }, schema)
    items.push(...rows.map(toItem))
    if (rows.length === 0 || items.length >= count) return items
  }
}
