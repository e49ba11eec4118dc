/**
 * Finding accounts in the app by one attribute. An empty answer of these functions may be believed:
 * where the app cannot give one, they fail with 503 (design decision 4).
 */
import type { Lookup, NativeObject } from '../adapter/contract.ts'
import { settles } from '../identity/decide.ts'
import { keysOf, type MatchRule, textsOf, tiersOf } from '../identity/rules.ts'
import { ScimError } from '../scim/error.ts'
import { getAt } from '../scim/path.ts'
import type { Resource } from '../scim/schema.ts'
import { rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { type Met, meet } from './meet.ts'

/** Pages that one request may walk; a Worker has a budget of subrequests and of patience. */
const MAX_PAGES = 40

export interface Search {
  readonly found: readonly NativeObject[]
  /** How long an account may exist before this search shows it. */
  readonly lagMs: number
}

/**
 * The app's look-up that answers for the rule. Undefined: it would leave accounts out, because it
 * hides disabled ones, or compares what the rule does not.
 */
export function lookupFor({ spec }: Endpoint, rule: MatchRule): Lookup | undefined {
  const lookup = spec.capabilities.lookups.find((l) => l.attribute === rule.app)
  if (!lookup?.includesInactive) return undefined
  const covers = rule.steps.every((step) => step === 'lower' && !lookup.caseExact)
  return covers ? lookup : undefined
}

/** Accounts whose attribute is the value by the rule's terms: by look-up, else from the list. */
export async function findAccounts(
  endpoint: Endpoint,
  rule: MatchRule,
  value: string,
  all: () => Promise<readonly NativeObject[]> = () => collect(walk(endpoint)),
): Promise<Search> {
  const lookup = lookupFor(endpoint, rule)
  let objects = lookup ? await endpoint.port.find(rule.app, value) : await all()
  if (lookup && lookup.lagMs > 0) {
    // What lags may also still show what is gone, or has another name by now.
    const now = await Promise.all(objects.map(({ id }) => endpoint.port.get(id)))
    objects = now.filter((object) => object !== null)
  }
  // A look-up may be wider than equality, and its idea of letter case is the app's own.
  const asked = keysOf(rule, value)
  const found = objects.filter((object) =>
    keysOf(rule, object.attributes[rule.app]).some((key) => asked.includes(key)),
  )
  return { found, lagMs: lookup?.lagMs ?? 0 }
}

export interface Match {
  /** Of the first tier that settles it, and those that have stepped aside before: for `decide`. */
  readonly found: readonly Met[]
  readonly lagMs: number
}

/** Tier by tier: rules of one are asked together, later tiers only where none of them hits. */
export async function searchByRules(endpoint: Endpoint, resource: Resource): Promise<Match> {
  let walked: Promise<readonly NativeObject[]> | undefined
  const all = () => {
    walked ??= collect(walk(endpoint))
    return walked
  }
  const met = new Map<string, Met>()
  let lagMs = 0
  for (const tier of tiersOf(rulesOf(endpoint))) {
    const searches = await Promise.all(
      tier.flatMap((rule) =>
        textsOf(getAt(resource, rule.path))
          .filter((text) => keysOf(rule, text).length > 0)
          .map((text) => findAccounts(endpoint, rule, text, all)),
      ),
    )
    lagMs = Math.max(lagMs, ...searches.map((search) => search.lagMs))
    const objects = new Map(
      searches.flatMap(({ found }) => found.map((object) => [object.id, object])),
    )
    if (objects.size === 0) continue
    const hit = await meet(endpoint, [...objects.values()], resource, tier)
    for (const candidate of hit) {
      if (!met.has(candidate.nativeId)) met.set(candidate.nativeId, candidate)
    }
    if (settles(hit)) break
  }
  return { found: [...met.values()], lagMs }
}

/** Every account, page by page, each once although pages may shift under the walk. */
export async function* walk(endpoint: Endpoint): AsyncGenerator<NativeObject> {
  const pageSize = endpoint.spec.capabilities.list.maxPage
  const seen = new Set<string>()
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await endpoint.port.list({ pageSize, ...(cursor !== undefined && { cursor }) })
    for (const object of page.items) {
      if (seen.has(object.id)) continue
      seen.add(object.id)
      yield object
    }
    if (page.next === undefined) return
    cursor = page.next
  }
  throw new ScimError(
    503,
    'The app holds too many objects to be searched by this attribute within one request. Match ' +
      'by an attribute that the app can look up, without a normalisation that it does not know.',
    { retryAfterSeconds: 300 },
  )
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
