/**
 * Changes to the members of a group: what is recorded before and after the app is told. A change to one member
 * makes at most one call that writes, whatever the size of the group (docs/decisions/0008-membership.md).
 */
import type { Write } from '../db/database.ts'
import type { Edge } from '../db/edges.ts'
import type { Link } from '../db/link.ts'
import type { Hold, Wanted } from '../db/want-edges.ts'
import { Budget } from '../membership/budget.ts'
import { ScimError } from '../scim/error.ts'
import type { Account } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { allMembers, readMembers } from './members.ts'
import type { MemberPlan } from './plan-members.ts'
import { isProtected, refuseProtected } from './protected.ts'
import { movedOn, record } from './record-members.ts'
import { BELIEVED_MS, newHold, settleMembers } from './settle-members.ts'
import { busy } from './telling.ts'
import type { UnreadMembers } from './unread-group.ts'

/** Pages that are read to learn whether a change is none: never more than the calls it may save. */
const IMPORT_PAGES = 100
/** For so long, a small change to a group that was found to be large reads no page of it. */
const MANY_HOLDS_MS = 24 * 3_600_000
/** Pages that make it worth while to look again. */
const MANY_PAGES = 10
/** How long a member whom another request is changing is waited for, in steps. */
const PATIENCE_MS = [0, 50, 100, 200, 400, 800] as const

// ---- what is sent and recorded ---------------------------------------------------------------------

/**
 * Writes down what is wanted, tells the app of what differs, and settles it. What is so already is
 * skipped only where edges are known: after all members were read, or where this was settled lately.
 *
 * @throws {ScimError} 503 where the rest is still to be done; the retry or the sweeper finishes it
 */
export async function sendMembers(
  endpoint: Endpoint,
  account: Account,
  plan: MemberPlan,
): Promise<Account> {
  if (plan.changes.length === 0) return account
  if (!endpoint.port.members) return record(endpoint, account, plan)
  await refuseIfProtected(endpoint, account, plan)
  const { link: group, object } = account
  const imported = await importOf(endpoint, group, object.id, plan)
  const changes = plan.changes.map(({ link, wanted }) => ({
    member: link.id,
    memberType: link.type,
    wanted,
  }))
  const links = new Map(plan.changes.map(({ link }) => [link.id, link]))
  const moved = await tellWanted(endpoint, group, changes, {
    imported,
    additive: plan.additive,
    want: async (open, hold, times, also) => {
      const found = await endpoint.edgeIntents.want(group.id, open, hold, times, also)
      return found && { ...found, links }
    },
  })
  return movedOn(account, moved)
}

/** What a client wants of a member, before or after it is known who that is. */
export interface Change {
  readonly member: string
  readonly wanted: boolean
}

export interface Wanting<C extends Change> {
  /** Writes of an import: left out where another request has overtaken it. */
  readonly imported: readonly Write[]
  /** As in `MemberPlan`. */
  readonly additive: number
  /** True: nobody has read the group before. */
  readonly isUnread?: boolean
  readonly want: (
    open: readonly C[],
    hold: Hold,
    times: { readonly now: number; readonly since: number },
    also: readonly Write[],
  ) => Promise<(Wanted & { readonly links: ReadonlyMap<string, Link> }) | undefined>
}

/** What has become of the group's row. */
export interface Moved {
  readonly versions: number
  readonly at: number
  /** As in `Settled`. */
  readonly isThere: boolean
}

/** Wants, tells and settles, until nobody else is at work on one of these members. */
export async function tellWanted<C extends Change>(
  endpoint: Endpoint,
  group: Link,
  changes: readonly C[],
  { imported, additive, isUnread = false, want }: Wanting<C>,
): Promise<Moved> {
  const { io, deadline } = endpoint
  const budget = new Budget(io.now, deadline.leftMs())
  const detail = { additiveSingleReplace: additive }
  let also = imported
  let open = changes
  let moved: Moved = { versions: 0, at: 0, isThere: !isUnread }
  for (const waitMs of PATIENCE_MS) {
    if (waitMs > 0) await io.wait(waitMs)
    const now = io.now()
    const times = { now, since: now - BELIEVED_MS }
    const hold = newHold(endpoint)
    const found =
      (await want(open, hold, times, also)) ??
      (also.length > 0 ? await want(open, hold, times, []) : undefined)
    if (!found) throw busy()
    also = []
    if (found.taken.length > 0) {
      const { taken, links } = found
      const settling = { taken, links, budget, hold, detail, isUnread: !moved.isThere }
      const settled = await settleMembers(endpoint, group, settling)
      if (settled.failure !== undefined) throw settled.failure
      if (settled.left > 0) throw unfinished(settled.left)
      const { isThere, at, added, removed } = settled
      const isDone = added + removed > 0
      moved = { ...moved, isThere, ...(isDone && { versions: moved.versions + 1, at }) }
    }
    const busyIds = new Set(found.busy)
    open = open.filter(({ member }) => busyIds.has(member))
    if (open.length === 0) return moved
  }
  throw busy()
}

function unfinished(left: number): ScimError {
  return new ScimError(
    503,
    `These are more changes of members than one request may make: ${left} are left, and are being ` +
      'made. Retry later.',
    { retryAfterSeconds: 60 },
  )
}

/** Protected groups refuse every write; a request that changes nothing is none. */
async function refuseIfProtected(
  endpoint: Endpoint,
  account: Account,
  plan: MemberPlan,
): Promise<void> {
  const { link, object } = account
  if (!isProtected(endpoint, object, link)) return
  const held = new Set((plan.read ?? (await allMembers(endpoint, account))).map((m) => m.member))
  const differs = plan.changes.some((change) => held.has(change.link.id) !== change.wanted)
  if (differs) await refuseProtected(endpoint, object, link)
}

/**
 * What makes edges hold every member of the group, where that is known or is learned cheaply.
 *
 * @param list who is in it, of so many pages; else the group was read before
 */
export async function importOf(
  endpoint: Endpoint,
  link: Link,
  nativeId: string,
  { read, changes }: { readonly read: MemberPlan['read']; readonly changes: readonly unknown[] },
  list?: (pages: number) => Promise<UnreadMembers['held']>,
): Promise<Write[]> {
  const { edges, edgeIntents, io, spec } = endpoint
  const { membership, members } = spec.capabilities
  const now = io.now()
  const onto = (all: readonly Edge[]) =>
    edgeIntents.importOnto(link, edges.imported(link.id, all, now), now)
  if (read) return onto(read)
  // Whoever replaces a list reads it anyway.
  if (membership !== 'add-remove') return []
  if (link.membersReadAt !== undefined && link.membersReadAt > now - BELIEVED_MS) return []
  const pages = Math.min(Math.ceil(changes.length / (members?.batch ?? 1)), IMPORT_PAGES)
  const isMany = link.membersManyAt !== undefined && link.membersManyAt > now - MANY_HOLDS_MS
  if (isMany && pages <= MANY_PAGES) return []
  const all = list ? await list(pages) : await readMembers(endpoint, nativeId, pages)
  if (all === 'unsure') return []
  return all === 'many' || !all ? [edgeIntents.many(link.id, now)] : onto(all)
}
