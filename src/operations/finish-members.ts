/** Goes on with changes of members that no request is at work on, once they are due. */
import { writeAll } from '../db/database.ts'
import { isEnded, type Link } from '../db/link.ts'
import { Budget } from '../membership/budget.ts'
import { objectOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { isProtected } from './protected.ts'
import { rolesOfMembers } from './roles.ts'
import { newHold, type Settling, settleMembers } from './settle-members.ts'

/**
 * Tells the app of changes of one group that are due.
 *
 * @returns what kept it from doing so; undefined where each of them is settled or waits for its turn
 */
export async function finishMembers(
  endpoint: Endpoint,
  group: string,
  members: readonly string[],
  budget: Budget,
): Promise<unknown> {
  const { edgeIntents, links, io } = endpoint
  const hold = newHold(endpoint)
  const taken = await edgeIntents.takeDue(group, members, hold, io.now())
  if (taken.length === 0) return undefined
  const byId = new Map((await links.getAll([group, ...members])).map((link) => [link.id, link]))
  return settleTaken(endpoint, byId.get(group), { group, taken, links: byId, budget, hold })
}

/** As `settleMembers`, for changes that were wanted some time ago: the group is looked at first. */
export async function settleTaken(
  endpoint: Endpoint,
  link: Link | undefined,
  settling: Settling & { readonly group: string },
): Promise<unknown> {
  const { db, edges, edgeIntents, io, port } = endpoint
  const { group, taken, hold } = settling
  if (!link || isEnded(link)) {
    const members = taken.map(({ member }) => member)
    await writeAll(db, [edges.drop(group, members)])
    return undefined
  }
  if (!port.members) {
    // The connection keeps its groups here by now: there is nobody to be told.
    const here = edgeIntents.settleHere(group, hold.holder, io.now())
    const people = taken.flatMap(({ member }) => settling.links.get(member) ?? [])
    await writeAll(db, [...here, ...rolesOfMembers(endpoint, link, people)])
    return undefined
  }
  const access = await accessTo(endpoint, link)
  switch (access.kind) {
    case 'open':
      return (await settleMembers(endpoint, link, settling)).failure
    case 'protected': {
      const blocked = taken.map(({ member }) => ({ member, state: 'blocked' as const }))
      await writeAll(db, edgeIntents.settle(group, hold.holder, blocked, io.now()))
      return undefined
    }
    case 'failed': {
      // Without a call to spend, each is left for a later turn.
      const budget = new Budget(io.now, 0, 0)
      await settleMembers(endpoint, link, { ...settling, budget, isFailing: true })
      return access.failure
    }
  }
}

type Access =
  | { readonly kind: 'open' }
  | { readonly kind: 'protected' }
  | { readonly kind: 'failed'; readonly failure: unknown }

async function accessTo(endpoint: Endpoint, link: Link): Promise<Access> {
  // Still being created: its members wait.
  if (link.nativeId === undefined) return { kind: 'open' }
  try {
    const object = await objectOf(endpoint, link)
    if (!object) return { kind: 'failed', failure: new Error('the app does not show the group') }
    return { kind: isProtected(endpoint, object, link) ? 'protected' : 'open' }
  } catch (failure) {
    return { kind: 'failed', failure }
  }
}
