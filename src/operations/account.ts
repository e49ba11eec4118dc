/** One account or group of the app: read under its link, and shown as the client knows it. */
import type { NativeObject } from '../adapter/contract.ts'
import type { Write } from '../db/database.ts'
import { isEnded, type Link, type LinkFacts } from '../db/link.ts'
import { claimsOf } from '../identity/keys.ts'
import { type MatchRule, matchRules } from '../identity/rules.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { parseShadow, printShadow, toShadow, toView } from '../mapping/shadow.ts'
import type { Words } from '../mapping/words.ts'
import { ScimError } from '../scim/error.ts'
import { weakETag } from '../scim/etag.ts'
import { renderResource } from '../scim/resource.ts'
import type { JsonObject, Resource } from '../scim/schema.ts'
import type { Endpoint } from './endpoint.ts'
import { reportReuse } from './findings.ts'
import { readAgain } from './gone.ts'
import { standsIn, withFormer } from './inactive.ts'

export interface Account {
  readonly link: Link
  readonly object: NativeObject
  /** The client's view, without id, meta and memberships. */
  readonly view: Resource
}

/**
 * The account behind a SCIM id.
 *
 * @param begin written with the read of its link
 * @throws {ScimError} 404 where there is none; 503 while its create is in doubt
 */
export async function loadAccount(
  endpoint: Endpoint,
  id: string,
  begin: readonly Write[] = [],
): Promise<Account> {
  return accountUnder(endpoint, await endpoint.links.get(endpoint.definition.type.name, id, begin))
}

/**
 * As `loadAccount`, for who only shows it: the app is asked while the link is read, where this isolate
 * knows whom for. A write needs the account as it is after its link was read.
 */
export async function readAccount(endpoint: Endpoint, id: string): Promise<Account> {
  const { connection, links, nativeIds, port, definition } = endpoint
  const known = nativeIds?.of(connection.id, id)
  const early = known === undefined ? undefined : port.get(known)
  // Whoever needs it waits for it below; of somebody else's account nobody hears.
  const ended = early?.catch(() => null)
  try {
    const link = await links.get(definition.type.name, id)
    const isShown = link && !isEnded(link)
    nativeIds?.note(connection.id, id, isShown ? link : undefined)
    return await accountUnder(endpoint, link, link?.nativeId === known ? early : undefined)
  } finally {
    // What outlives its answer is ended by the platform: its permit would stay out, its outcome unknown.
    await ended
  }
}

async function accountUnder(
  endpoint: Endpoint,
  link: Link | undefined,
  early?: Promise<NativeObject | null>,
): Promise<Account> {
  if (!link || isEnded(link)) {
    throw notFound(endpoint)
  }
  if (link.state === 'pending') return pendingAccount(link)
  const object = await objectOf(endpoint, link, early)
  if (!object) throw notFound(endpoint)
  return accountOf(endpoint, link, object)
}

/**
 * A pending person under its link, wherever it is met: what was sent, and nothing of a provisional
 * account, so that every read of it has one version.
 */
export function pendingAccount(link: Link): Account {
  const { kept } = parseShadow(link.shadow)
  return { link, object: { id: link.nativeId ?? link.id, attributes: {} }, view: kept }
}

/**
 * What the app holds under a link; undefined where it says that there is nothing.
 *
 * @param early the read of it, where it is under way
 * @throws {ScimError} 503 while its create is in doubt, or the app itself is; 409 where the app
 *   reused its identifier
 */
export async function objectOf(
  endpoint: Endpoint,
  link: Link,
  early?: Promise<NativeObject | null>,
): Promise<NativeObject | undefined> {
  if (!link.nativeId) {
    // Never a 404 for a doubt: a create is under way, or was cut off and is still to be settled.
    throw new ScimError(503, 'This resource is still being created. Retry later.', {
      retryAfterSeconds: 5,
      reason: 'in-doubt',
    })
  }
  const object =
    (await (early ?? endpoint.port.get(link.nativeId))) ?? (await readAgain(endpoint, link))
  if (!object) return undefined
  if (!isReused(link, object)) return object
  await reportReuse(endpoint, link)
  throw new ScimError(
    409,
    'The app has given the identifier of this account to another one. An administrator must ' +
      'decide which of them this resource stands for.',
    { reason: 'id-reused' },
  )
}

export function notFound(endpoint: Endpoint): ScimError {
  return new ScimError(404, `There is no ${endpoint.definition.type.name} with this id.`)
}

/** True where the app gave this native id to another object: the link must not follow it. */
export function isReused(link: Pick<Link, 'fingerprint'>, object: NativeObject): boolean {
  return (
    link.fingerprint !== undefined &&
    object.fingerprint !== undefined &&
    link.fingerprint !== object.fingerprint
  )
}

export function viewOf(endpoint: Endpoint, link: Link, object: NativeObject): Resource {
  const { mapping, connection, definition } = endpoint
  // A provisional account says less than what was sent, and only for now.
  if (link.state === 'pending') return parseShadow(link.shadow).kept
  const shadow = parseShadow(link.shadow)
  const view = toView(mapping, connection.mappingVersion, withFormer(link, object), shadow)
  if (link.inactiveSince !== undefined && standsIn(endpoint)) return { ...view, active: false }
  // Entra adds `active` again each cycle where a read does not show it. A linked account has it
  // from its create or adoption, unless the client removed it (RFC 7644 §3.5.2.2: unassigned).
  const active = link.state === 'linked' ? undefined : definition.coreAttribute('active')
  return active && view[active.name] === undefined ? { ...view, [active.name]: true } : view
}

export function accountOf(endpoint: Endpoint, link: Link, object: NativeObject): Account {
  return { link, object, view: viewOf(endpoint, link, object) }
}

/** The full SCIM resource, before projection; `meta.version` covers all of it but the members. */
export function represent(
  endpoint: Endpoint,
  { link, object, view }: Account,
  members?: readonly JsonObject[],
): JsonObject {
  const { definition, baseUrl } = endpoint
  const { groups } = link
  const hasGroups = groups.length > 0 && definition.coreAttribute('groups')
  const resource: Resource = {
    ...view,
    ...(hasGroups && {
      groups: groups.map((group) => ({
        ...group,
        $ref: `${baseUrl}/Groups/${group.value}`,
        type: 'direct',
      })),
    }),
  }
  const created = object.createdAt ?? new Date(link.createdAt).toISOString()
  const changed = new Date(link.modifiedAt).toISOString()
  // A discovered link knows nothing of the account's past; the app may.
  const lastModified = link.state === 'discovered' ? (object.modifiedAt ?? changed) : changed
  const location = `${baseUrl}${definition.type.endpoint}/${link.id}`
  const meta = { created, lastModified, location }
  const render = (shown: Resource) =>
    renderResource(definition, { id: link.id, resource: shown, meta })
  const rendered = render(resource)
  // Members are rows and are not loaded for a tag; the link's version counts their changes.
  const version = weakETag({ ...rendered, revision: link.version })
  const whole =
    members && members.length > 0 ? render({ ...resource, members: [...members] }) : rendered
  return { ...whole, meta: { ...whole.meta, version } }
}

/** A mapping is of one version of a connection, as its policy is. */
const rulesByMapping = new WeakMap<Mapping, readonly MatchRule[]>()

/** In the order of tiers. */
export function rulesOf(endpoint: Endpoint): readonly MatchRule[] {
  const known = rulesByMapping.get(endpoint.mapping)
  if (known) return known
  const { connection, definition, mapping, spec } = endpoint
  // The policy's match rules are about people; groups go by the adapter's naming attribute.
  const match = definition.type.name === 'User' ? connection.policy.match : []
  const rules = matchRules(match, definition, mapping, spec)
  rulesByMapping.set(mapping, rules)
  return rules
}

export function claimsIn(endpoint: Endpoint, resource: Resource) {
  return claimsOf(endpoint.definition, rulesOf(endpoint), resource)
}

/**
 * What a commit writes into the link's row. `former`: of `formerAfter`, from before the change.
 * `words`: what the client spoke of in this write.
 */
export function factsOf(
  endpoint: Endpoint,
  view: Resource,
  object: NativeObject,
  former: string | undefined,
  words: Words,
): LinkFacts {
  const { definition, mapping, connection, spec } = endpoint
  const shown = withFormer({ former }, object)
  const shadow = toShadow(definition, mapping, connection.mappingVersion, view, shown, words)
  const externalId = view['externalId']
  const name = view['displayName'] ?? object.attributes[spec.naming]
  return {
    nativeId: object.id,
    fingerprint: object.fingerprint,
    externalId: typeof externalId === 'string' ? externalId : undefined,
    display: typeof name === 'string' ? name : undefined,
    shadow: printShadow(shadow),
    former,
    inactiveSince: view['active'] === false ? endpoint.io.now() : undefined,
  }
}

/**
 * Claims taken before this moment belong to no rename that is still under way: a request makes a
 * few calls, and each has its limit.
 */
export function staleBefore({ io, connection }: Endpoint): number {
  return io.now() - 4 * connection.policy.limits.requestTimeoutMs
}
