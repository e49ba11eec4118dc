/**
 * Everybody whom a filter may match, and perhaps more (design decision 4): from the app by look-up where it has
 * one, else by walking its list within bounds; and from links.
 */
import type { NativeObject } from '../adapter/contract.ts'
import { type Claim, isEnded, type Link } from '../db/link.ts'
import { claimsOf } from '../identity/keys.ts'
import { type MatchRule, plainRule } from '../identity/rules.ts'
import { isPlain } from '../mapping/pair.ts'
import { ScimError } from '../scim/error.ts'
import { equalities, type Filter } from '../scim/filter.ts'
import { foldCase } from '../scim/schema.ts'
import type { Endpoint } from './endpoint.ts'
import type { MatchQuery } from './match-query.ts'
import { mayBePending, pendingFor, pendingLinks } from './pending.ts'
import { settledAt } from './reservation.ts'
import { collect, findAccounts, lookupFor, type Search, walk } from './search.ts'

interface Found {
  readonly objects: readonly NativeObject[]
  /** People whose account is still to be made. */
  readonly pending: readonly Link[]
  /** Live links of some of the accounts, which the search has come upon. */
  readonly links: readonly Link[]
}

/** Everybody whom the filter may match, and perhaps more. */
export async function candidates(
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
  const live = links.flatMap((link) => (link?.nativeId && !isEnded(link) ? [link.nativeId] : []))
  const objects = await Promise.all(live.map((nativeId) => endpoint.port.get(nativeId)))
  return objects.filter((object) => object !== null)
}
