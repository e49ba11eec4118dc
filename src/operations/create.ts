/**
 * POST: reserve -> search -> send -> commit (design decision 5). The order must not change. Claims
 * are durable before the app is asked, so that two requests for one person meet in D1; the app is
 * searched before it is told, so that people who have an account are found; and a commit needs the
 * fence of its lease. A crash after any step leads to one account and one link.
 */
import type { Claim, Intent, Link } from '../db/link.ts'
import { decide } from '../identity/decide.ts'
import { without } from '../identity/keys.ts'
import { withoutSecrets } from '../mapping/shadow.ts'
import type { Resource } from '../scim/schema.ts'
import {
  type Account,
  claimsIn,
  isReused,
  refuseByMode,
  refuseProtected,
  staleBefore,
  viewOf,
} from './account.ts'
import { holdable } from './attributes.ts'
import { planMembers, sendMembers } from './change-members.ts'
import { finishRemoval } from './delete.ts'
import type { Endpoint } from './endpoint.ts'
import { readAgain } from './gone.ts'
import { refuseDisable } from './inactive.ts'
import { splitMembers } from './members.ts'
import {
  adopt,
  create,
  inDoubt,
  leaseUntil,
  onlyOne,
  PATIENCE_MS,
  proposedLink,
  type Reservation,
  send,
  settledAt,
  taken,
} from './reservation.ts'
import { searchByRules } from './search.ts'

/** Longer than any search lag that an adapter declares, and than a client's patience. */
const ABANDONED_MS = 24 * 3_600_000

export async function createResource(endpoint: Endpoint, body: unknown): Promise<Account> {
  refuseByMode(endpoint)
  const { resource, ignored } = holdable(endpoint, body)
  const { rest, members } = splitMembers(endpoint, resource)
  // Who is named is known before anything is written.
  const plan = await planMembers(endpoint, undefined, [{ op: 'add', values: members ?? [] }])
  const desired = withActive(endpoint, rest)
  refuseDisable(endpoint, desired)
  const attributes = endpoint.mapping.toApp(desired)
  refuseProtected(endpoint, { attributes })
  const account = await reserve(endpoint, desired, ignored)
  return sendMembers(endpoint, account, plan)
}

/** A new account is on unless the client says otherwise. */
function withActive(endpoint: Endpoint, resource: Resource): Resource {
  return endpoint.definition.coreAttribute('active') && resource['active'] === undefined
    ? { ...resource, active: true }
    : resource
}

async function reserve(
  endpoint: Endpoint,
  desired: Resource,
  ignored: readonly string[],
): Promise<Account> {
  const { io, links, definition } = endpoint
  const claims = claimsIn(endpoint, desired)
  const body = JSON.stringify(withoutSecrets(definition, desired))
  for (let attempt = 0; attempt < 3; attempt++) {
    const now = io.now()
    const lease = leaseUntil(endpoint)
    const intent = { id: io.newId(), body, leaseUntil: lease }
    const link = proposedLink(io.newId(), definition.type.name, now)
    const outcome = await links.reserve(link, claims, intent, now)
    const reservation: Reservation = {
      desired,
      ignored,
      intent: { id: intent.id, fence: 1 },
      leaseUntil: lease,
      link,
      sentSince: undefined,
    }
    if (outcome.reserved) return send(endpoint, reservation)
    const settled = outcome.holder && (await settle(endpoint, outcome.holder, reservation, claims))
    if (settled) return settled
  }
  throw inDoubt(2)
}

// ---- somebody holds the key ----------------------------------------------------------------------

/** Undefined: the key is free, or about to be, and the caller may reserve again. */
async function settle(
  endpoint: Endpoint,
  holder: Link,
  reservation: Reservation,
  claims: readonly Claim[],
): Promise<Account | undefined> {
  switch (holder.state) {
    case 'proposed':
      return recover(endpoint, holder, reservation, claims)
    case 'retiring':
      await finishRemoval(endpoint, holder)
      return undefined
    case 'tombstone':
      return undefined
    case 'linked':
    case 'discovered':
    case 'pending':
    case 'ambiguous':
    case 'missing':
      if (!(await vacate(endpoint, holder, claims))) throw taken(endpoint)
      return undefined
  }
}

/** True where the holder has lost the key in the app itself: its account, or its name. */
async function vacate(
  endpoint: Endpoint,
  holder: Link,
  claims: readonly Claim[],
): Promise<boolean> {
  const { links, port, io, audit, request } = endpoint
  if (holder.nativeId === undefined) return false
  const object = (await port.get(holder.nativeId)) ?? (await readAgain(endpoint, holder))
  if (object) {
    if (isReused(holder, object)) return false
    const borne = claimsIn(endpoint, viewOf(endpoint, holder, object))
    const lost = without(claims, borne)
    return lost.length === claims.length && links.unclaimStale(holder, lost, staleBefore(endpoint))
  }
  const now = io.now()
  const entry = { request, type: holder.type, link: holder.id, op: 'delete' as const }
  return links.bury(holder, now, [audit.entry({ ...entry, decision: 'vanished' }, now)])
}

/**
 * A create of the same person is under way or was cut off. It is waited for, then looked for in the
 * app: an account that is there is committed, whoever made it; one that is not is created only when
 * no other request can still be creating it.
 */
async function recover(
  endpoint: Endpoint,
  holder: Link,
  reservation: Reservation,
  claims: readonly Claim[],
): Promise<Account | undefined> {
  const { links, io, definition } = endpoint
  let intent: Intent | undefined
  for (const waitMs of [...PATIENCE_MS, 0]) {
    intent = await links.openIntent(holder.id)
    if (!intent) {
      const link = await links.get(definition.type.name, holder.id)
      if (link && link.state !== 'proposed' && link.state !== 'tombstone') throw taken(endpoint)
      return undefined
    }
    if (intent.state !== 'sending' || intent.leaseUntil <= io.now() || waitMs === 0) break
    await io.wait(waitMs)
  }
  if (!intent) return undefined
  // Two people may share one key of several; the other one's account must not become this one's.
  const theirs = claimsIn(endpoint, JSON.parse(intent.body) as Resource)
  if (without(theirs, claims).length > 0 || without(claims, theirs).length > 0) {
    if (await giveUp(endpoint, holder, intent)) return undefined
    throw taken(endpoint)
  }

  const match = await searchByRules(endpoint, reservation.desired)
  const resumed = { ...reservation, link: holder, sentSince: intent.createdAt }
  const only = await onlyOne(endpoint, resumed, match.found)
  const leftMs = settledAt(intent, match.lagMs) - io.now()
  if (!only && leftMs > 0) throw inDoubt(Math.ceil(leftMs / 1000))
  const lease = leaseUntil(endpoint)
  if (!(await links.takeOver(intent, lease))) throw inDoubt(2)
  const held = {
    ...resumed,
    leaseUntil: lease,
    intent: { id: intent.id, fence: intent.fence + 1 },
  }
  return only ? adopt(endpoint, held, only) : create(endpoint, held)
}

/** True where a create that was cut off has had no effect, and its keys are free again. */
async function giveUp(endpoint: Endpoint, holder: Link, intent: Intent): Promise<boolean> {
  const { links, io } = endpoint
  const { found, lagMs } = await searchByRules(endpoint, JSON.parse(intent.body) as Resource)
  if (found.length > 0 || settledAt(intent, lagMs) > io.now()) return false
  if (!(await links.takeOver(intent, leaseUntil(endpoint)))) return false
  return links.release({ id: intent.id, fence: intent.fence + 1 }, holder.id)
}

/**
 * Ends a create that was cut off, without its client: an account that is there is committed, one
 * that is not is never sent from here. After `ABANDONED_MS` its keys are given back.
 */
export async function finishCreate(
  endpoint: Endpoint,
  holder: Link,
  intent: Intent,
): Promise<void> {
  const { links, io } = endpoint
  const desired = JSON.parse(intent.body) as Resource
  const decision = decide((await searchByRules(endpoint, desired)).found)
  if (decision.kind === 'undecided') return
  const only = decision.kind === 'none' ? undefined : decision.candidate
  if (!only && intent.createdAt + ABANDONED_MS > io.now()) return
  const lease = leaseUntil(endpoint)
  if (!(await links.takeOver(intent, lease))) return
  const held = { id: intent.id, fence: intent.fence + 1 }
  if (!only) await links.release(held, holder.id)
  else {
    await adopt(
      endpoint,
      {
        intent: held,
        leaseUntil: lease,
        link: holder,
        desired,
        ignored: [],
        sentSince: intent.createdAt,
      },
      only,
    )
  }
}
