/**
 * Members of groups (design decision 8): rows, not arrays. A change to one member touches one edge
 * and makes at most one call, whatever the size of the group. Where the app holds no members,
 * Postern records them; where it does, an edge is evidence and the app is the truth.
 */
import type { Member } from '../adapter/contract.ts'
import type { Edge } from '../db/edges.ts'
import { isEnded, type Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import type { JsonObject, Resource } from '../scim/schema.ts'
import { coerceValue, isObject } from '../scim/values.ts'
import type { Account } from './account.ts'
import type { Endpoint } from './endpoint.ts'

/** RFC 7643 §4.2: the one attribute that stands for other resources as a set. */
export const MEMBERSHIP = 'members'

/** The resource type that has it. */
export const GROUP = 'Group'

/** Pages of members that a request may read where it needs all of them. */
const MAX_PAGES = 400

/** The membership attribute of this type; undefined where it has none. */
export function membershipOf(endpoint: Endpoint): string | undefined {
  return endpoint.definition.type.name === GROUP &&
    endpoint.definition.coreAttribute(MEMBERSHIP)?.multiValued
    ? MEMBERSHIP
    : undefined
}

/**
 * The resource without its members, which go their own way.
 *
 * @param body what `resource` was read from
 * @throws {ScimError} `invalidValue` where it lists members and names none: a slip must not empty a group
 */
export function splitMembers(
  endpoint: Endpoint,
  resource: Resource,
  body: unknown,
): { rest: Resource; members: JsonObject[] | undefined } {
  const attribute = membershipOf(endpoint)
  if (!attribute) return { rest: resource, members: undefined }
  const { [attribute]: members, ...rest } = resource
  if (Array.isArray(members)) return { rest, members: members as JsonObject[] }
  if (listsNobody(endpoint, body)) {
    throw new ScimError('invalidValue', `No element of "${attribute}" has a "value".`)
  }
  return { rest, members: undefined }
}

/** Null and [] are words for nobody (RFC 7643 §2.5); elements that name nobody are not. */
function listsNobody({ definition, profile }: Endpoint, body: unknown): boolean {
  const attribute = definition.coreAttribute(MEMBERSHIP)
  const [, list] =
    Object.entries(isObject(body) ? body : {}).find(
      ([name]) => definition.coreAttribute(name) === attribute,
    ) ?? []
  return (
    attribute !== undefined &&
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((element) => coerceValue(attribute, [element], profile) === undefined)
  )
}

// ---- reading -------------------------------------------------------------------------------------

/** Members of these groups as SCIM values, by SCIM id of the group. */
export async function membersOf(
  endpoint: Endpoint,
  accounts: readonly Account[],
): Promise<Map<string, JsonObject[]>> {
  const isApps = endpoint.port.members !== undefined
  const groups = accounts.map(({ link }) => link.id)
  // Those whom the app cannot be told of yet are members for the client all the same.
  const edges = await endpoint.edges.members(groups, isApps ? 'waiting' : 'recorded')
  if (isApps) {
    for (const account of accounts) {
      const held = await allMembers(endpoint, account)
      const ids = new Set(held.map(({ member }) => member))
      const waiting = (edges.get(account.link.id) ?? []).filter(({ member }) => !ids.has(member))
      edges.set(account.link.id, [...held, ...waiting])
    }
  }
  const { baseUrl } = endpoint
  return new Map(
    [...edges].map(([group, members]) => [
      group,
      members.map(({ member, memberType }) => ({
        value: member,
        $ref: `${baseUrl}${endpoint.sibling(memberType)?.definition.type.endpoint ?? ''}/${member}`,
        type: memberType,
      })),
    ]),
  )
}

/**
 * Everybody whom the app holds in this group.
 *
 * @throws {ScimError} 503 where they are more than one request may read
 */
export async function allMembers(endpoint: Endpoint, { object }: Account): Promise<Edge[]> {
  const members = await readMembers(endpoint, object.id, MAX_PAGES)
  if (members) return members
  throw new ScimError(503, 'This group has more members than one request may read.', {
    retryAfterSeconds: 300,
  })
}

/**
 * What the app says of a group's members, each under its link; unseen ones get one. Undefined: they
 * fill more than `maxPages` pages.
 */
export async function readMembers(
  endpoint: Endpoint,
  group: string,
  maxPages: number,
): Promise<Edge[] | undefined> {
  const { members, isWhole } = await walkMembers(endpoint, group, maxPages)
  if (!isWhole) return undefined
  const edges: Edge[] = []
  for (const [type, ofType] of Map.groupBy(members, (member) => member.type)) {
    const nativeIds = ofType.map((member) => member.id)
    for (const link of await linksOf(endpoint, type, nativeIds)) {
      const hidden = isEnded(link)
      if (!hidden) edges.push({ member: link.id, memberType: type })
    }
  }
  return edges
}

/** The first of them where they fill more than `maxPages` pages. */
export async function walkMembers(
  endpoint: Endpoint,
  group: string,
  maxPages: number,
): Promise<{ readonly members: readonly Member[]; readonly isWhole: boolean }> {
  const pageSize = endpoint.spec.capabilities.list.maxPage
  const members: Member[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < maxPages; pages++) {
    const request = { pageSize, ...(cursor !== undefined && { cursor }) }
    const page = await endpoint.port.members?.(group, request)
    members.push(...(page?.items ?? []))
    if (page?.next === undefined) return { members, isWhole: true }
    cursor = page.next
  }
  return { members, isWhole: false }
}

/** The links of accounts by native id; unseen ones get one. */
export async function linksOf(
  endpoint: Endpoint,
  type: string,
  nativeIds: string[],
): Promise<Link[]> {
  const { links, io } = endpoint
  const known = await links.byNativeIds(type, nativeIds)
  const seen = new Set(known.map((link) => link.nativeId))
  const unseen = [...new Set(nativeIds)].filter((id) => !seen.has(id))
  if (unseen.length === 0) return known
  const accounts = unseen.map((nativeId) => ({ id: io.newId(), nativeId }))
  return [...known, ...(await links.see(type, accounts, io.now()))]
}
