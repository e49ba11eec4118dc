/**
 * The memberships of one person, whatever groups they are of: sent when the account is there at last,
 * taken away while it is switched off, and given back when it is on again, because Entra will not.
 */
import { type Write, writeAll } from '../db/database.ts'
import { isEnded, type Link } from '../db/link.ts'
import type { Hold, TakenEdge } from '../db/want-edges.ts'
import { Budget } from '../membership/budget.ts'
import type { Account } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { settleTaken } from './finish-members.ts'
import { GROUP, linksOf } from './members.ts'
import { givesRoles, rolesOfPerson, tellRoles } from './roles.ts'
import { newHold } from './settle-members.ts'
import { busy } from './telling.ts'

/** How long a change of these memberships by another request is waited for, in steps. */
const PATIENCE_MS = [0, 100, 200, 400, 800] as const

/**
 * Sends what was wanted of a person before the app had the account: call it when the link has become
 * `linked`, after its commit.
 *
 * @returns what kept the app from being told of all; the sweeper goes on, so nobody has to act
 */
export async function flushMemberships(endpoint: Endpoint, link: Link): Promise<unknown> {
  const groups = endpoint.sibling(GROUP)
  if (!groups) return undefined
  if (!groups.port.members) {
    return moveHere(groups, link, groups.edges.unpark(link.id, groups.io.now()))
  }
  return tellAll(groups, link, (hold, now) => groups.edgeIntents.takeWaiting(link.id, hold, now))
}

/**
 * Gives the memberships back that `stripMemberships` took: call it after the account was switched on.
 *
 * @returns as `flushMemberships`
 */
export function restoreMemberships(endpoint: Endpoint, { link }: Account): Promise<unknown> {
  return flushMemberships(endpoint, link)
}

/**
 * Takes a person out of every group, as far as edges show them (and where the app says which groups a
 * person is in, out of those); the edges stay, as `want`. `by: 'app'`: switching the account off has
 * done it in the app, and only the edges are to follow.
 *
 * @returns as `flushMemberships`: until the sweeper is done the person is in some groups still
 */
export async function stripMemberships(
  endpoint: Endpoint,
  { link }: Pick<Account, 'link'>,
  by: 'postern' | 'app' = 'postern',
): Promise<unknown> {
  const groups = endpoint.sibling(GROUP)
  if (!groups) return undefined
  if (by === 'app' || !groups.port.members) {
    return moveHere(groups, link, groups.edges.park(link.id, groups.io.now()))
  }
  await recordGroups(groups, link)
  return tellAll(groups, link, (hold, now) => groups.edgeIntents.takeToStrip(link.id, hold, now))
}

/** Where nobody but us holds the members; the app may hold roles that follow from them. */
async function moveHere(groups: Endpoint, link: Link, move: Write): Promise<unknown> {
  await writeAll(groups.db, [move, rolesOfPerson(groups, link.id)])
  return givesRoles(groups) ? tellRoles(groups, [link.id]) : undefined
}

async function tellAll(
  groups: Endpoint,
  link: Link,
  take: (hold: Hold, now: number) => Promise<TakenEdge[]>,
): Promise<unknown> {
  const { edgeIntents, io, deadline } = groups
  const budget = new Budget(io.now, deadline.leftMs())
  let failure: unknown
  for (const waitMs of PATIENCE_MS) {
    if (waitMs > 0) await io.wait(waitMs)
    const hold = newHold(groups)
    const taken = await take(hold, io.now())
    const told = await tellTaken(groups, link, taken, { budget, hold })
    failure ??= told
    if (!(await edgeIntents.isBusy(link.id, hold.holder, io.now()))) return failure
  }
  return failure ?? busy()
}

async function tellTaken(
  groups: Endpoint,
  link: Link,
  taken: readonly TakenEdge[],
  { budget, hold }: { readonly budget: Budget; readonly hold: Hold },
): Promise<unknown> {
  if (taken.length === 0) return undefined
  const byGroup = Map.groupBy(taken, (edge) => edge.group)
  const known = await groups.links.getAll([...byGroup.keys()])
  const groupLinks = new Map(known.map((group) => [group.id, group]))
  const links = new Map([[link.id, link]])
  let failure: unknown
  for (const [group, edges] of byGroup) {
    const settling = { group, taken: edges, links, budget, hold }
    const settled = await settleTaken(groups, groupLinks.get(group), settling)
    failure ??= settled
  }
  return failure
}

/** Where the app says which groups a person is in, edges need not be guessed from what was sent. */
async function recordGroups(groups: Endpoint, { id, type, nativeId }: Link): Promise<void> {
  const { port, edges, db, io } = groups
  if (nativeId === undefined || !port.groupsOf) return
  const list = await port.groupsOf({ type, id: nativeId })
  const links = await linksOf(groups, GROUP, [...(list?.groups ?? [])])
  const now = io.now()
  const live = links.filter((group) => !isEnded(group))
  const writes = live.map((group) => edges.found(group.id, { member: id, memberType: type }, now))
  await writeAll(db, writes)
}
