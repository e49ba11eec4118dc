/**
 * Finding accounts in the app by one attribute. An empty answer of these functions may be believed:
 * where the app cannot give one, they fail with 503 (design decision 4).
 */
import type { NativeObject } from '../adapter/contract.ts'
import { type Pair, scimValue } from '../mapping/mapping.ts'
import { ScimError } from '../scim/error.ts'
import { getAt } from '../scim/path.ts'
import { foldCase, type Resource } from '../scim/schema.ts'
import { rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'

/** Pages that one request may walk; a Worker has a budget of subrequests and of patience. */
const MAX_PAGES = 40

export interface Search {
  readonly found: readonly NativeObject[]
  /** How long an account may exist before this search shows it. */
  readonly lagMs: number
}

/** Accounts whose attribute equals the value, by look-up, else by walking the list. */
export async function findAccounts(endpoint: Endpoint, pair: Pair, value: string): Promise<Search> {
  const lookup = endpoint.spec.capabilities.lookups.find((l) => l.attribute === pair.app)
  const usable = lookup?.includesInactive ? lookup : undefined
  let objects = usable ? await endpoint.port.find(pair.app, value) : await collect(walk(endpoint))
  if (usable && usable.lagMs > 0) {
    // What lags may also still show what is gone, or has another name by now.
    const now = await Promise.all(objects.map(({ id }) => endpoint.port.get(id)))
    objects = now.filter((object) => object !== null)
  }
  // A look-up may be wider than equality, and its idea of letter case is the app's own.
  const found = objects.filter((object) => holds(object, pair, value))
  return { found, lagMs: usable?.lagMs ?? 0 }
}

function holds(object: NativeObject, { app, spec }: Pair, value: string): boolean {
  const held = scimValue(object.attributes[app])
  if (typeof held !== 'string') return held !== undefined && String(held) === value
  return spec.caseExact ? held === value : foldCase(held) === foldCase(value)
}

/** `auto`: the rule that hit may link by itself. */
export interface Match extends Search {
  readonly auto: boolean
}

/** The first tier of match rules that hits decides; later ones are not asked. */
export async function searchByRules(endpoint: Endpoint, resource: Resource): Promise<Match> {
  let lagMs = 0
  for (const { pair, auto } of rulesOf(endpoint)) {
    const value = getAt(resource, pair.path)
    if (typeof value !== 'string') continue
    const search = await findAccounts(endpoint, pair, value)
    lagMs = Math.max(lagMs, search.lagMs)
    if (search.found.length > 0) return { found: search.found, lagMs, auto }
  }
  return { found: [], lagMs, auto: true }
}

/** True where an automatic rule matches this object: the app's word alone links nobody. */
export function fitsRules(endpoint: Endpoint, resource: Resource, object: NativeObject): boolean {
  return rulesOf(endpoint).some(({ pair, auto }) => {
    const value = getAt(resource, pair.path)
    return auto && typeof value === 'string' && holds(object, pair, value)
  })
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
      'by an attribute that the app can look up.',
    { retryAfterSeconds: 300 },
  )
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
