/**
 * GET of a resource type (RFC 7644 §3.4.2). An unfinished search is 503, never an empty list.
 */
import type { NativeObject } from '../adapter/contract.ts'
import type { Link } from '../db/link.ts'
import type { Filter } from '../scim/filter.ts'
import { type Paging, sortResources } from '../scim/list-response.ts'
import { matches } from '../scim/match.ts'
import type { JsonObject } from '../scim/schema.ts'
import { type Account, pendingAccount, represent } from './account.ts'
import { candidates } from './candidates.ts'
import { type ListOf, OVERLAP, type Place, printCursor, readCursor, resume } from './cursor.ts'
import type { Endpoint } from './endpoint.ts'
import { answersByRule, matchQueryOf, offered, type Rendered } from './match-query.ts'
import { MEMBERSHIP, membersOf } from './members.ts'
import { mayBePending, pendingLinks } from './pending.ts'
import { withLinks } from './with-links.ts'

export interface ListQuery {
  readonly filter: Filter | undefined
  readonly sortBy: string | undefined
  readonly sortOrder: string | undefined
  readonly paging: Paging
  /** False: members are neither loaded nor shown. */
  readonly withMembers: boolean
}

export interface ListResult {
  readonly resources: readonly JsonObject[]
  readonly totalResults: number
  readonly nextCursor: string | undefined
}

export async function listResources(endpoint: Endpoint, query: ListQuery): Promise<ListResult> {
  const { filter, sortBy } = query
  const { place, count } = window(query.paging)
  if (!filter && !sortBy && endpoint.spec.capabilities.list.skip) {
    const result = await page(endpoint, query, place, count)
    if (result) return result
  }
  const matchQuery = filter && matchQueryOf(endpoint, filter)
  const { objects, pending, links } = await candidates(endpoint, filter, matchQuery)
  const accounts = withPending(await withLinks(endpoint, objects, links), pending)
  // Members are loaded for what is shown, unless the filter asks for them.
  const asked = filter !== undefined && mentionsMembers(filter)
  const rendered = await renderAll(endpoint, accounts, asked)
  const fitting = filter
    ? rendered.filter(
        (one) => matches(filter, one.resource) || (matchQuery && answersByRule(matchQuery, one)),
      )
    : rendered
  const matching = matchQuery ? await offered(endpoint, matchQuery, fitting) : fitting
  const accountsById = new Map(matching.map(({ account }) => [account.link.id, account]))
  const sorted = sortResources(
    endpoint.definition,
    matching.map(({ resource }) => resource),
    sortBy,
    query.sortOrder,
  )
  const nativeIds = sorted.map(({ id }) => accountsById.get(String(id))?.object.id ?? '')
  const at = resume(listOf(endpoint, query), place, nativeIds, 0)
  const slice = sorted.slice(at, at + count)
  const resources =
    asked || !query.withMembers
      ? slice
      : await resourcesOf(
          endpoint,
          slice.flatMap((resource) => accountsById.get(String(resource['id'])) ?? []),
          true,
        )
  const end = at + slice.length
  const before = nativeIds.slice(0, end)
  return answer(endpoint, query, resources, { end, before }, sorted.length)
}

/** One page in the app's own order. Undefined: the app does not say how many there are. */
async function page(
  endpoint: Endpoint,
  query: ListQuery,
  place: Place,
  count: number,
): Promise<ListResult | undefined> {
  const { links, definition } = endpoint
  const from = place.marks.length > 0 ? Math.max(place.skip - OVERLAP, 0) : place.skip
  const [{ items: read, total: listed }, hidden, unlisted] = await Promise.all([
    rows(endpoint, from, place.skip - from + count),
    links.countHidden(definition.type.name),
    mayBePending(endpoint) ? pendingLinks(endpoint).unlisted(definition.type.name) : [],
  ])
  if (listed === undefined) return undefined
  // Pending people whom the app does not list come last, where those whom it makes will be.
  const total = listed + unlisted.length
  const shownRows = [
    ...read,
    ...unlisted.slice(Math.max(from - listed, 0)).map((link) => pendingAccount(link).object),
  ].slice(0, place.skip - from + count)
  const ids = shownRows.map((object) => object.id)
  const at = resume(listOf(endpoint, query), place, ids, from)
  const items = shownRows.slice(at, at + count)
  const waiting = new Map(unlisted.map((link) => [link.id, link]))
  const accounts = withPending(
    await withLinks(
      endpoint,
      items.filter(({ id }) => !waiting.has(id)),
    ),
    items.flatMap(({ id }) => waiting.get(id) ?? []),
  )
  const resources = await resourcesOf(endpoint, accounts, query.withMembers)
  const isWhole = place.skip === 0 && items.length === total
  const shown = isWhole ? resources.length : Math.max(total - hidden, resources.length)
  const before = ids.slice(0, at + items.length)
  const end = from + before.length
  const result = answer(endpoint, query, resources, { end, before }, total)
  return { ...result, totalResults: shown }
}

/** `count` rows of the app's list from `skip` on, over as many of its pages as that takes. */
async function rows(
  { port, spec }: Endpoint,
  skip: number,
  count: number,
): Promise<{ items: NativeObject[]; total: number | undefined }> {
  const pageSize = Math.max(1, Math.min(count, spec.capabilities.list.maxPage))
  const items: NativeObject[] = []
  let total: number | undefined
  for (let from = skip; items.length < Math.max(count, 1); from = skip + items.length) {
    const page = await port.list({ pageSize, skip: from })
    items.push(...page.items)
    total = page.total ?? (page.next === undefined ? skip + items.length : undefined)
    if (page.items.length === 0 || page.next === undefined) break
  }
  return { items: items.slice(0, count), total }
}

/** Each of them once, whether or not the app has shown a provisional account. */
function withPending(accounts: readonly Account[], pending: readonly Link[]): readonly Account[] {
  const byId = new Map(accounts.map((account) => [account.link.id, account]))
  for (const link of pending) {
    if (!byId.has(link.id)) byId.set(link.id, pendingAccount(link))
  }
  return [...byId.values()]
}

async function renderAll(
  endpoint: Endpoint,
  accounts: readonly Account[],
  withMembers: boolean,
): Promise<Rendered[]> {
  const members = withMembers ? await membersOf(endpoint, accounts) : undefined
  return accounts.map((account) => ({
    account,
    resource: represent(endpoint, account, members?.get(account.link.id)),
  }))
}

async function resourcesOf(
  endpoint: Endpoint,
  accounts: readonly Account[],
  withMembers: boolean,
): Promise<JsonObject[]> {
  const rendered = await renderAll(endpoint, accounts, withMembers)
  return rendered.map(({ resource }) => resource)
}

// ---- paging ----------------------------------------------------------------------------------------

function window(paging: Paging): { place: Place; count: number } {
  switch (paging.kind) {
    case 'index':
      return { place: { skip: paging.startIndex - 1, marks: [] }, count: paging.count }
    case 'cursor':
      return { place: readCursor(paging.cursor), count: paging.count }
  }
}

/** `end`: how many come before the next page, hidden ones included; `all`: how many there are so. */
function answer(
  endpoint: Endpoint,
  query: ListQuery,
  resources: readonly JsonObject[],
  { end, before }: { end: number; before: readonly string[] },
  all: number,
): ListResult {
  const { paging } = query
  const more = paging.kind === 'cursor' && paging.count > 0 && end < all
  const nextCursor = more ? printCursor(listOf(endpoint, query), end, before) : undefined
  return { resources, totalResults: all, nextCursor }
}

const listOf = (
  { connection, definition }: Endpoint,
  { filter, sortBy, sortOrder }: ListQuery,
): ListOf => ({
  connection: connection.id,
  type: definition.type.name,
  query: JSON.stringify([filter ?? null, sortBy ?? null, sortOrder ?? null]),
})

function mentionsMembers(filter: Filter): boolean {
  return JSON.stringify(filter).includes(`"name":"${MEMBERSHIP}"`)
}
