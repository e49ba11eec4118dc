/** Whom a change to the members of a group names, and what it wants of each. Writes nothing. */
import type { Edge } from '../db/edges.ts'
import { isEnded, type Link } from '../db/link.ts'
import { needsPresent, planChanges } from '../membership/plan.ts'
import { ScimError } from '../scim/error.ts'
import type { ValueChange } from '../scim/patch-delta.ts'
import type { Account } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { reportDeletedMembers } from './findings.ts'
import { allMembers } from './members.ts'

/** What a request wants of each member it speaks of. */
export interface MemberPlan {
  readonly changes: readonly { readonly link: Link; readonly wanted: boolean }[]
  /** Everybody in the group, where the app was asked. */
  readonly read: readonly Edge[] | undefined
  /** How many replaces with one member were taken for adds. */
  readonly additive: number
}

/**
 * Finds out who is meant, and writes nothing.
 *
 * @param account the group; undefined where it is still to be created
 * @throws {ScimError} `invalidValue` where an id was never given out here, or a group is to be a member
 *   and the app has no groups in groups
 */
export async function planMembers(
  endpoint: Endpoint,
  account: Account | undefined,
  changes: readonly ValueChange[],
): Promise<MemberPlan> {
  if (changes.length === 0) return { changes: [], read: undefined, additive: 0 }
  const { additiveSingleReplace } = endpoint.connection.policy.groups
  const isWhole = account !== undefined && needsPresent(changes, additiveSingleReplace)
  const read = isWhole && endpoint.port.members ? await allMembers(endpoint, account) : undefined
  const recorded = isWhole ? await endpoint.edges.wanted(account.link.id) : []
  const present = [...recorded, ...(read ?? [])]
  const { wanted, named, additive } = planChanges(changes, present, additiveSingleReplace)
  const ids = [...new Set([...wanted.keys(), ...named])]
  const links = await knownMembers(
    endpoint,
    account?.link.id ?? 'new',
    named,
    await endpoint.links.getAll(ids),
  )
  const planned = [...wanted].flatMap(([id, isWanted]) => {
    const link = links.get(id)
    return link && !(isWanted && isDeleted(link)) ? [{ link, wanted: isWanted }] : []
  })
  return { changes: planned, read, additive }
}

/**
 * By SCIM id. A person who was deleted here is to be skipped: the client's view of the group is behind.
 *
 * @throws {ScimError} as `planMembers`
 */
export async function knownMembers(
  endpoint: Endpoint,
  group: string,
  named: ReadonlySet<string>,
  found: readonly Link[],
): Promise<ReadonlyMap<string, Link>> {
  const links = new Map(found.map((link) => [link.id, link]))
  refuseUnknown([...named].filter((id) => !links.has(id)))
  refuseNested(
    endpoint,
    [...named].flatMap((id) => links.get(id) ?? []),
  )
  const gone = [...named].filter((id) => isDeleted(links.get(id)))
  if (gone.length > 0) await reportDeletedMembers(endpoint, group, gone)
  return links
}

function isDeleted(link: Link | undefined): boolean {
  return link !== undefined && isEnded(link)
}

function refuseUnknown([first, ...others]: readonly string[]): void {
  if (first === undefined) return
  const more = others.length > 0 ? ` (and ${others.length} more)` : ''
  throw new ScimError(
    'invalidValue',
    `No resource of this connection has the id "${first}"${more}. Members must be provisioned ` +
      'before they are added; nothing was changed.',
    { reason: 'unknown-member' },
  )
}

/** A group among its members, in an app that has no such thing, would give nobody what it promises. */
function refuseNested({ definition, spec }: Endpoint, named: readonly Link[]): void {
  const { membership, members } = spec.capabilities
  if (membership === 'none' || members?.nested) return
  const nested = named.find((link) => link.type === definition.type.name && !isDeleted(link))
  if (!nested) return
  throw new ScimError(
    'invalidValue',
    `The app has no groups within groups, so the group "${nested.id}" cannot be a member; nothing ` +
      'was changed. Assign its people directly, or take it out of this group in the source directory.',
    { reason: 'nested-group' },
  )
}
