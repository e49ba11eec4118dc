/**
 * GET of a resource type (RFC 7644 §3.4.2). A filter is answered from the app as well as from
 * links (design decision 4): by look-up where the app has one, else by walking its list within
 * bounds. An unfinished search is 503, never an empty list.
 */
import type { NativeObject } from '../adapter/contract.ts'
import type { Claim, Link } from '../db/link.ts'
import type { Unmet } from '../db/links.ts'
import { claimsOf } from '../identity/keys.ts'
import { type MatchRule, plainRule } from '../identity/rules.ts'
import { isPlain } from '../mapping/pair.ts'
import { ScimError } from '../scim/error.ts'
import { equalities, type Filter } from '../scim/filter.ts'
import { type Paging, sortResources } from '../scim/list-response.ts'
import { matches } from '../scim/match.ts'
import { foldCase, type JsonObject } from '../scim/schema.ts'
import { type Account, isReused, pendingAccount, represent, viewOf } from './account.ts'
import { type ListOf, OVERLAP, type Place, printCursor, readCursor, resume } from './cursor.ts'
import type { Endpoint } from './endpoint.ts'
import { reportReuse } from './findings.ts'
import { answersByRule, type MatchQuery, matchQueryOf, offered } from './match-query.ts'
import { MEMBERSHIP, membersOf } from './members.ts'
import { mayBePending, pendingFor, pendingLinks, standingFor } from './pending.ts'
import { settledAt } from './reservation.ts'
import { collect, findAccounts, lookupFor, type Search, walk } from './search.ts'

/** Accounts of one answer that may all be new. */
const FEW = 8

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
  const at = resume(listOf(endpoint), place, nativeIds, 0)
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
  return answer(endpoint, query.paging, resources, { end, before }, sorted.length)
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
  const at = resume(listOf(endpoint), place, ids, from)
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
  const result = answer(endpoint, query.paging, resources, { end, before }, total)
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

// ---- candidates ----------------------------------------------------------------------------------

interface Found {
  readonly objects: readonly NativeObject[]
  /** People whose account is still to be made. */
  readonly pending: readonly Link[]
  /** Live links of some of the accounts, which the search has come upon. */
  readonly links: readonly Link[]
}

/** Everybody whom the filter may match, and perhaps more. */
async function candidates(
  endpoint: Endpoint,
  filter: Filter | undefined,
  matchQuery: MatchQuery | undefined,
): Promise<Found> {
  // A rule may find by another attribute than the one that is asked for.
  if (matchQuery && matchQuery.rules.length > 0) {
    return (await byRules(endpoint, matchQuery)) ?? everybody(endpoint)
  }
  for (const { path, value } of filter ? equalities(filter) : []) {
    if (typeof value !== 'string') continue
    const found = await byEquality(endpoint, path, value)
    if (found) return found
  }
  return everybody(endpoint)
}

async function everybody(endpoint: Endpoint): Promise<Found> {
  const [objects, pending] = await Promise.all([
    collect(walk(endpoint)),
    mayBePending(endpoint) ? pendingLinks(endpoint).all(endpoint.definition.type.name) : [],
  ])
  return { objects, pending, links: [] }
}

/** Undefined: the app cannot look up what one of the rules compares. */
async function byRules(
  endpoint: Endpoint,
  { path, value, rules, asked }: MatchQuery,
): Promise<Found | undefined> {
  const pair = endpoint.mapping.pair(path)
  if (pair && !isPlain(pair)) return undefined
  const plain = pair && plainRule(pair)
  // The attribute itself is asked for as well: a client that manages an account finds it again.
  const isAsked = rules.some((rule) => rule.app === plain?.app && rule.steps.length === 0)
  const all = plain && !isAsked ? [...rules, plain] : rules
  if (all.some((rule) => !lookupFor(endpoint, rule))) return undefined
  const claims = claimsOf(endpoint.definition, rules, asked)
  const searching = all.map((rule) => findAccounts(endpoint, rule, value))
  const [byKey, byLinks] = await Promise.all([
    found(endpoint, { path, claims, name: nameIn(endpoint, all, value) }, searching),
    pair ? undefined : byEquality(endpoint, path, value),
  ])
  const objects = [...byKey.objects, ...(byLinks?.objects ?? [])]
  const pending = [...byKey.pending, ...(byLinks?.pending ?? [])]
  const links = [...byKey.links, ...(byLinks?.links ?? [])]
  const each = new Map(objects.map((object) => [object.id, object]))
  return { objects: [...each.values()], pending, links }
}

/** Undefined: neither the app nor the links can look this attribute up. */
async function byEquality(
  endpoint: Endpoint,
  path: string,
  value: string,
): Promise<Found | undefined> {
  const { links, definition, mapping } = endpoint
  const type = definition.type.name
  if (path === 'id') return foundUnder(endpoint, [await links.get(type, value)])

  const pair = mapping.pair(path)
  if (!pair) {
    // An attribute that the app cannot hold lives with the link; of those, one is indexed.
    return path === 'externalId'
      ? foundUnder(endpoint, await links.byExternalId(type, value))
      : undefined
  }
  // The app has other words than the client: its own view of each account decides.
  if (!isPlain(pair)) return undefined
  const rule = plainRule(pair)
  if (!lookupFor(endpoint, rule)) return undefined
  const claim = { kind: path, norm: norm(endpoint, path, value) }
  const name = nameIn(endpoint, [rule], value)
  return found(endpoint, { path, claims: [claim], name }, [findAccounts(endpoint, rule, value)])
}

/** Where the app is asked for its name of the account: under that, reads may have met it. */
function nameIn({ spec }: Endpoint, rules: readonly MatchRule[], value: string) {
  return rules.some((rule) => rule.app === spec.naming) ? value : undefined
}

/** The app may have rewritten what the client sent, and its search may lag: links know as well. */
async function found(
  endpoint: Endpoint,
  asked: {
    readonly path: string
    readonly claims: readonly Claim[]
    readonly name: string | undefined
  },
  searching: readonly Promise<Search>[],
): Promise<Found> {
  const { links, definition } = endpoint
  const [searches, { holders, seen }] = await Promise.all([
    Promise.all(searching),
    links.byKeys(definition.type.name, asked.claims, asked.name),
  ])
  const objects = [
    ...new Map(searches.flatMap((s) => s.found.map((object) => [object.id, object]))).values(),
  ]
  const pending =
    holders.length > 0
      ? holders.filter(({ state }) => state === 'pending')
      : await pendingFor(endpoint, asked.path)
  const lagMs = Math.max(...searches.map((search) => search.lagMs))
  const others = holders.filter(({ state }) => state !== 'pending')
  const proposed = others.find(({ nativeId }) => nativeId === undefined)
  if (proposed && objects.length === 0 && pending.length === 0) {
    return { objects: await doubt(endpoint, proposed, lagMs), pending, links: [] }
  }
  const unseen = others.filter(({ nativeId }) => objects.every(({ id }) => id !== nativeId))
  return {
    objects: [...objects, ...(await objectsOf(endpoint, unseen))],
    pending,
    links: [...others, ...seen],
  }
}

async function foundUnder(
  endpoint: Endpoint,
  links: readonly (Link | undefined)[],
): Promise<Found> {
  const pending = links.filter((link) => link?.state === 'pending') as Link[]
  const others = links.filter((link) => link?.state !== 'pending')
  const live = others.filter((link) => link !== undefined)
  return { objects: await objectsOf(endpoint, others), pending, links: live }
}

/** A create of this person is under way: nobody knows yet whether the account will be there. */
async function doubt(
  endpoint: Endpoint,
  claimed: Link,
  lagMs: number,
): Promise<readonly NativeObject[]> {
  const intent = await endpoint.intents.open(claimed.id)
  const leftMs = intent ? settledAt(endpoint, intent, lagMs) - endpoint.io.now() : 0
  if (leftMs <= 0) return []
  throw new ScimError(503, 'A matching resource is being created right now. Retry later.', {
    retryAfterSeconds: Math.ceil(leftMs / 1000),
  })
}

function norm(endpoint: Endpoint, path: string, value: string): string {
  return endpoint.definition.coreAttribute(path)?.caseExact ? value : foldCase(value)
}

async function objectsOf(
  endpoint: Endpoint,
  links: readonly (Link | undefined)[],
): Promise<NativeObject[]> {
  const live = links.flatMap((link) =>
    link?.nativeId && link.state !== 'tombstone' && link.state !== 'retiring'
      ? [link.nativeId]
      : [],
  )
  const objects = await Promise.all(live.map((nativeId) => endpoint.port.get(nativeId)))
  return objects.filter((object) => object !== null)
}

/** Each of them once, whether or not the app has shown a provisional account. */
function withPending(accounts: readonly Account[], pending: readonly Link[]): readonly Account[] {
  const byId = new Map(accounts.map((account) => [account.link.id, account]))
  for (const link of pending) {
    if (!byId.has(link.id)) byId.set(link.id, pendingAccount(link))
  }
  return [...byId.values()]
}

// ---- accounts under their links --------------------------------------------------------------------

/**
 * Each account under its link, in the given order; unseen ones get one, hidden ones are left out.
 *
 * @param met links that were read already: an account has one that is live
 */
export async function withLinks(
  endpoint: Endpoint,
  objects: readonly NativeObject[],
  met: readonly Link[] = [],
): Promise<Account[]> {
  if (objects.length === 0) return []
  const { links, definition, spec, io } = endpoint
  const type = definition.type.name
  const live = met.filter(({ state }) => state !== 'tombstone')
  const left = objects.filter(({ id }) => live.every(({ nativeId }) => nativeId !== id))
  const nativeIds = left.map((object) => object.id)
  const now = io.now()
  const unmet = (object: NativeObject): Unmet => ({
    id: io.newId(),
    nativeId: object.id,
    ...(object.fingerprint !== undefined && { fingerprint: object.fingerprint }),
    ...(typeof object.attributes[spec.naming] === 'string' && {
      display: String(object.attributes[spec.naming]),
    }),
  })
  // Of a few, whoever is met for the first time gets a link in the trip that would find it; of a page,
  // that would cost more than it saves. A pending person may stand for an account that has none.
  const isFew = left.length <= FEW && !mayBePending(endpoint)
  const read = () =>
    isFew ? links.see(type, left.map(unmet), now) : links.byNativeIds(type, nativeIds)
  const known = [...live, ...(left.length > 0 ? await read() : [])]
  const seen = new Map<string, Link>()
  const keep = (link: Link): void => {
    const { nativeId } = link
    if (nativeId !== undefined && !seen.has(nativeId)) seen.set(nativeId, link)
  }
  const byId = new Map(objects.map((object) => [object.id, object]))
  for (const link of known) {
    const object = link.nativeId === undefined ? undefined : byId.get(link.nativeId)
    // A tombstone hides the account it was made for, and nobody who has its native id after it.
    if (object && !(link.survives && isReused(link, object))) keep(link)
  }
  const standing = await standingFor(
    endpoint,
    objects.filter((object) => !seen.has(object.id)),
  )
  for (const [nativeId, link] of standing) seen.set(nativeId, link)
  const unseen = objects.filter((object) => !seen.has(object.id))
  if (unseen.length > 0) {
    for (const link of await links.see(type, unseen.map(unmet), now)) keep(link)
  }
  const accounts: Account[] = []
  for (const object of objects) {
    const link = seen.get(object.id)
    if (!link || link.state === 'tombstone' || link.state === 'retiring') continue
    if (link.state === 'pending') accounts.push(pendingAccount(link))
    else if (isReused(link, object)) await reportReuse(endpoint, link)
    else accounts.push({ link, object, view: viewOf(endpoint, link, object) })
  }
  return accounts
}

interface Rendered {
  readonly account: Account
  readonly resource: JsonObject
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
  paging: Paging,
  resources: readonly JsonObject[],
  { end, before }: { end: number; before: readonly string[] },
  all: number,
): ListResult {
  const more = paging.kind === 'cursor' && paging.count > 0 && end < all
  const nextCursor = more ? printCursor(listOf(endpoint), end, before) : undefined
  return { resources, totalResults: all, nextCursor }
}

const listOf = ({ connection, definition }: Endpoint): ListOf => ({
  connection: connection.id,
  type: definition.type.name,
})

function mentionsMembers(filter: Filter): boolean {
  return JSON.stringify(filter).includes(`"name":"${MEMBERSHIP}"`)
}
