/** Goes on with changes of members that no request is at work on: when they are due. */
import type { DueEdge } from '../db/edge-intents.ts'
import { writeAll } from '../db/database.ts'
import type { Budget } from '../membership/budget.ts'
import { isProtected, objectOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { newHold, settleMembers } from './settle-members.ts'

/**
 * Tells the app of those changes of one group that are due.
 *
 * @returns what kept it from it; undefined where each change is settled, or waits for its turn
 */
export async function finishMembers(
  endpoint: Endpoint,
  group: string,
  due: readonly Pick<DueEdge, 'member'>[],
  budget: Budget,
): Promise<unknown> {
  const { db, edges, edgeIntents, links, io, port } = endpoint
  const hold = newHold(endpoint)
  const members = due.map(({ member }) => member)
  const taken = await edgeIntents.takeDue(group, members, hold, io.now())
  if (taken.length === 0) return undefined
  const byId = new Map((await links.getAll([group, ...members])).map((link) => [link.id, link]))
  const link = byId.get(group)
  if (!link || link.state === 'tombstone' || link.state === 'retiring') {
    await writeAll(db, [edges.drop(group, members)])
    return undefined
  }
  if (!port.members) {
    // The connection keeps its groups here by now: there is nobody to be told.
    await writeAll(db, edgeIntents.settleHere(group, hold.holder, io.now()))
    return undefined
  }
  const isClosed = link.nativeId !== undefined && (await isProtectedGroup(endpoint, link))
  if (isClosed) {
    await writeAll(db, edgeIntents.settle(group, hold.holder, taken.map(({ member }) => ({ member, state: 'blocked' })), io.now()))
    return undefined
  }
  const { failure } = await settleMembers(endpoint, link, taken, byId, { budget, hold })
  return failure
}
