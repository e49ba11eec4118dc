/** Windows and walks over the app's pages, whichever way it counts them. */
import type { PageRequest } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { HttpResponse } from '../http.ts'
import { idOf, isRow, isTrue } from './convert.ts'
import { type App, exchange, type NextQuery } from './exchange.ts'
import { itemsAt } from './items.ts'
import { getAt } from './pointer.ts'
import { PAGER_PLACES, type Pager, type RequestSpec } from './request-schema.ts'
import type { ListSpec, ResourceManifest } from './resource-schema.ts'
import { placeholdersIn, type Values } from './template.ts'

/** A request that answers with a list. */
export interface Paged {
  readonly request: RequestSpec
  readonly items: string
  readonly pager: Pager
  readonly maxPage: number
}

export interface Rows {
  readonly rows: readonly unknown[]
  readonly next?: string
  readonly total?: number
  /** Of the (last) call that was made. */
  readonly response: HttpResponse
}

type Read = (
  values: Values,
  next?: NextQuery,
) => Promise<{ rows: readonly unknown[]; total: number | undefined; response: HttpResponse }>

/** Walks that end in an error rather than in a short list; a Worker has a budget of calls. */
const MAX_PAGES = 20

/** The lookup's own pager, or the list's where the lookup places what it needs. */
export function pagerFor(own: Pager | undefined, list: ListSpec, request: RequestSpec): Pager {
  if (own) return own
  const placed = placeholdersIn(request)
  const needs: readonly string[] = PAGER_PLACES[list.pager.kind]
  const fits = list.pager.kind !== 'none' && needs.every((name) => placed.includes(name))
  return fits && (needs.length > 0 || list.pager.kind === 'link') ? list.pager : { kind: 'none' }
}

/** True: `list` can begin after the first n. */
export function canSkip({ list: { pager, parts }, absentWhen }: ResourceManifest): boolean {
  // The app counts those whom nobody is shown.
  if (parts || absentWhen.length > 0) return false
  if (pager.kind === 'page') return pager.total !== undefined
  return pager.kind === 'none' || pager.kind === 'offset'
}

export async function readPage(
  app: App,
  resource: ResourceManifest,
  paged: Paged,
  values: Values,
  { pageSize, cursor, skip = 0 }: PageRequest,
): Promise<Rows> {
  const { pager } = paged
  const limit = Math.min(pageSize, paged.maxPage)
  const read: Read = async (places, next) => {
    const { verdict, response } = await exchange(
      app,
      resource,
      paged.request,
      { ...values, ...places },
      next,
    )
    // A rule has told that there is nobody from what came in place of a list, and of its count.
    if (verdict === 'empty') return { rows: [], total: 0, response }
    const rows = itemsAt(response, paged.items)
    const stated = 'total' in pager ? pager.total : undefined
    const total = stated === undefined ? undefined : totalOf(response, stated)
    if (total !== undefined && !Number.isSafeInteger(total)) throw response.misunderstood()
    return { rows, total, response }
  }
  switch (pager.kind) {
    case 'none':
      return wholeList(read, cursor === undefined ? skip : position(cursor), limit)
    case 'offset':
      return byOffset(read, cursor === undefined ? skip : position(cursor), limit, pager.first)
    case 'page':
      return pager.total === undefined
        ? nextPage(read, cursor === undefined ? pager.first : position(cursor), limit)
        : byPage(read, cursor === undefined ? skip : position(cursor), limit, pager.first)
    case 'cursor': {
      const page = await read({ cursor, limit })
      const next = idOf(getAt(page.response.json, pager.next))
      const more = pager.more === undefined || isTrue(getAt(page.response.json, pager.more))
      return onward(page, more ? next : undefined, cursor)
    }
    case 'keyset': {
      const page = await read({ after: cursor, limit })
      const last = page.rows.at(-1)
      const key = idOf(getAt(last, pager.key))
      if (last !== undefined && key === undefined) throw page.response.misunderstood()
      return onward(page, key, cursor)
    }
    case 'link': {
      const page = await read({ limit }, cursor === undefined ? undefined : queryOf(cursor))
      return onward(page, nextLink(page.response, pager.next, app.credentials), cursor)
    }
  }
}

type Page = Awaited<ReturnType<Read>>

function onward(page: Page, next: string | undefined, cursor: string | undefined): Rows {
  // Two pages of the same place are a loop.
  if (next !== undefined && next === cursor) throw page.response.misunderstood()
  return { rows: page.rows, response: page.response, ...(next !== undefined && { next }) }
}

async function wholeList(read: Read, start: number, limit: number): Promise<Rows> {
  const { rows, response } = await read({})
  const end = start + limit
  const next = end < rows.length ? { next: String(end) } : {}
  return { rows: rows.slice(start, end), total: rows.length, response, ...next }
}

/** Without a total only an empty page is the last: some apps quietly lower the limit. */
async function byOffset(read: Read, start: number, limit: number, first: number): Promise<Rows> {
  const { rows, total, response } = await read({ offset: start + first, limit })
  const end = start + rows.length
  const ends = rows.length === 0 || (total !== undefined && end >= total)
  const next = ends ? {} : { next: String(end) }
  return { rows, response, ...(total !== undefined && { total }), ...next }
}

async function nextPage(read: Read, page: number, limit: number): Promise<Rows> {
  const { rows, response } = await read({ page, limit })
  return { rows, response, ...(rows.length > 0 && { next: String(page + 1) }) }
}

/** A window that does not begin on a page boundary spans two pages of its own size. */
async function byPage(read: Read, start: number, limit: number, first: number): Promise<Rows> {
  const at = Math.floor(start / limit)
  const inside = start % limit
  const one = await read({ page: at + first, limit })
  let { total = 0, response } = one
  const rows = [...one.rows]
  // A page that is smaller than asked for shifts all those after it.
  if (rows.length < limit && (at + 1) * limit <= total) throw response.misunderstood()
  if (inside > 0 && (at + 1) * limit < total) {
    const two = await read({ page: at + 1 + first, limit })
    rows.push(...two.rows)
    total = two.total ?? total
    response = two.response
  }
  const window = rows.slice(inside, inside + limit)
  const end = start + window.length
  // An empty page ends the walk even if the count says otherwise: no loop without progress.
  const next = window.length > 0 && end < total ? { next: String(end) } : {}
  return { rows: window, total, response, ...next }
}

function totalOf(
  { headers, json }: HttpResponse,
  stated: NonNullable<Extract<Pager, { kind: 'page' }>['total']>,
): number {
  // A header that is missing is no count, and neither is an empty one.
  return typeof stated === 'string'
    ? Number(getAt(json, stated))
    : Number.parseInt(headers.get(stated.header) ?? '', 10)
}

function position(cursor: string): number {
  const number = Number(cursor)
  if (!Number.isSafeInteger(number) || number < 0) throw foreignCursor()
  return number
}

function foreignCursor(): AdapterFailure {
  return new AdapterFailure('protocol', 'a cursor is none of ours', { effect: 'none' })
}

/** Marks a cursor whose parameters stand beside those of the request. */
const BESIDE = '&'

function queryOf(cursor: string): NextQuery {
  const params = new URLSearchParams(cursor)
  const query = Object.fromEntries([...params.keys()].map((name) => [name, params.getAll(name)]))
  return { query, beside: cursor.startsWith(BESIDE) }
}

/**
 * Only the query of the next page's URL is taken, so the app cannot send us, and our credential,
 * elsewhere; and without our credential, for places in a list are kept. RFC 8288 §3: `<...>; rel="next"`.
 */
function nextLink(
  response: HttpResponse,
  at: string | undefined,
  credentials: readonly string[],
): string | undefined {
  const found =
    at === undefined
      ? /<([^<>]*)>[^,<]*;\s*rel="?next"?/i.exec(response.headers.get('link') ?? '')?.[1]
      : getAt(response.json, at)
  if (found === undefined || found === null || found === '') return undefined
  if (isRow(found)) {
    const texts = Object.entries(found)
      .filter(([name]) => !credentials.includes(name))
      .map(([name, value]) => [name, String(value)])
    if (texts.length === 0) return undefined
    return BESIDE + new URLSearchParams(texts).toString()
  }
  if (typeof found !== 'string' || !URL.canParse(found, 'https://app.invalid')) {
    throw response.misunderstood()
  }
  const { searchParams } = new URL(found, 'https://app.invalid')
  for (const name of credentials) searchParams.delete(name)
  if (searchParams.size === 0) throw response.misunderstood()
  return searchParams.toString()
}

/** Every row. @throws {AdapterFailure} `unavailable` where there are too many for one request */
export async function readAll(
  app: App,
  resource: ResourceManifest,
  paged: Paged,
  values: Values,
): Promise<readonly unknown[]> {
  const rows: unknown[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await readPage(app, resource, paged, values, {
      pageSize: paged.maxPage,
      ...(cursor !== undefined && { cursor }),
    })
    rows.push(...page.rows)
    cursor = page.next
    if (cursor === undefined) return rows
  }
  throw new AdapterFailure('unavailable', 'a search of the app has too many pages', {
    effect: 'none',
  })
}
