/** Tells the app of changes that are taken, and writes down what became of each: edge, audit, finding. */

import { type Write, writeAll } from '../db/database.ts'
import type { Settlement } from '../db/edge-intents.ts'
import type { Link } from '../db/link.ts'
import type { Hold, TakenEdge } from '../db/want-edges.ts'
import type { Budget } from '../membership/budget.ts'
import { retryAfterMs } from '../membership/retry.ts'
import type { Endpoint } from './endpoint.ts'
import { membershipRows } from './membership-rows.ts'
import { tellMembers } from './tell-members.ts'
import type { Fate, MemberTask } from './telling.ts'

/** How long edges are believed: the app may change members behind our back. */
export const BELIEVED_MS = 3_600_000

export interface Settled {
  readonly added: number
  readonly removed: number
  /** Changes that the budget did not reach; the sweeper goes on with them. */
  readonly left: number
  readonly failure: unknown
  /** When it was settled; the group's version has moved on where something was done. */
  readonly at: number
  /** False: nobody has read the group, nor has the app shown otherwise that it holds it. */
  readonly isThere: boolean
}

/** A new hold for this request: until its end, nobody else tells the app of what it takes. */
export function newHold({ io, connection }: Endpoint): Hold {
  // No call begins after the request's time, and the last one has its own limit.
  const until = io.now() + 2 * connection.policy.limits.requestTimeoutMs + 5_000
  return { holder: io.newId(), until }
}

export interface Settling {
  readonly taken: readonly TakenEdge[]
  /** Of the members, by SCIM id; a change of somebody who has none is forgotten. */
  readonly links: ReadonlyMap<string, Link>
  readonly budget: Budget
  readonly hold: Hold
  /** For the audit. */
  readonly detail?: Readonly<Record<string, number>>
  /** True: what is not done counts as a try that failed. */
  readonly isFailing?: boolean
  /** True: nobody has read the group before. */
  readonly isUnread?: boolean
}

export async function settleMembers(
  endpoint: Endpoint,
  group: Link,
  { taken, links, budget, hold, detail = {}, isFailing = false, isUnread = false }: Settling,
): Promise<Settled> {
  const tasks = taken.flatMap(({ member, wanted }): MemberTask[] => {
    const link = links.get(member)
    return link ? [{ link, wanted }] : []
  })
  const told = await tellMembers(endpoint, group, tasks, { budget, hold, isUnread })
  const { fates, failure, isThere } = told
  const now = endpoint.io.now()
  const fateOf = ({ member }: TakenEdge): Fate => {
    const fate = fates.get(member) ?? 'dropped'
    return fate === 'left' && isFailing ? 'failed' : fate
  }
  const of = (fate: Fate) => taken.filter((edge) => fateOf(edge) === fate)
  const [done, blocked, left] = [of('done'), of('blocked'), of('left')]
  const added = done.filter((edge) => edge.wanted)
  const removed = done.filter((edge) => !edge.wanted)
  // A request that comes back for the rest must not begin with what is done.
  const rememberUntil = left.length > 0 ? now + BELIEVED_MS : undefined
  const settlements = taken.map((edge) => settlementOf(edge, fateOf(edge), now, rememberUntil))

  const { db, edgeIntents, findings, links: allLinks, spec } = endpoint
  const writes: Write[] = edgeIntents.settle(group.id, hold.holder, settlements, now)
  if (added.length > 0 && spec.capabilities.members?.single) {
    const ids = added.map(({ member }) => member)
    writes.push(...edgeIntents.leaveOthers(group.id, group.type, ids, now))
  }
  if (done.length > 0) {
    const subjects = done.map(({ member }) => subjectOf(group, member))
    writes.push(allLinks.touch(group.id, now), findings.closeAll('member-blocked', subjects))
  }
  if (blocked.length > 0)
    writes.push(findings.found('member-blocked', found(endpoint, group, blocked), now))
  const counts = { added: added.length, removed: removed.length, blocked: blocked.length }
  const waiting = left.length + of('failed').length + of('waits').length
  const sums = Object.entries({ ...counts, waiting, ...detail }).filter(
    ([name, n]) => n > 0 || name === 'added' || name === 'removed',
  )
  if (done.length + blocked.length > 0) {
    const { audit, request } = endpoint
    const moved = done.flatMap(({ member, wanted }) => {
      const link = links.get(member)
      return link ? [{ link, wanted }] : []
    })
    writes.push(...membershipRows(endpoint, group, moved, now))
    const entry = { request, type: group.type, link: group.id, op: 'members' as const }
    const decision = done.length > 0 ? 'updated' : 'blocked'
    writes.push(audit.entry({ ...entry, decision, detail: Object.fromEntries(sums) }, now))
  }
  await writeAll(db, writes)
  return {
    added: added.length,
    removed: removed.length,
    left: left.length,
    failure,
    at: now,
    isThere,
  }
}

function settlementOf(
  { member, wanted, kept, attempt }: TakenEdge,
  fate: Fate,
  now: number,
  rememberUntil: number | undefined,
): Settlement {
  switch (fate) {
    case 'done':
      if (wanted) return { member, state: 'have' }
      return kept
        ? { member, state: 'want', wanted: true, nextAt: undefined, attempt: 0 }
        : { member, state: 'gone', rememberUntil }
    case 'blocked':
      return { member, state: 'blocked' }
    case 'dropped':
      return { member, state: 'gone', rememberUntil: undefined }
    case 'left':
      return { member, state: 'want', wanted, nextAt: now, attempt }
    case 'waits':
    case 'failed': {
      const nextAt = now + retryAfterMs(attempt)
      const state = fate === 'waits' ? 'want' : 'retry'
      return { member, state, wanted, nextAt, attempt: attempt + 1 }
    }
  }
}

function subjectOf(group: Link, member: string): string {
  return `${group.type}:${group.id}/${member}`
}

function found({ io }: Endpoint, group: Link, blocked: readonly TakenEdge[]) {
  return blocked.map(({ member, wanted }) => ({
    id: io.newId(),
    subject: subjectOf(group, member),
    detail: { type: group.type, group: group.id, member, wanted },
  }))
}
