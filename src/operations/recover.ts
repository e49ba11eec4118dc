/**
 * Creates that were cut off: probed by whoever comes next, committed where the account is there, and
 * sent again only by a client's request and only where no other can still be on its way.
 */
import type { Claim, Intent, Link } from '../db/link.ts'
import { decide } from '../identity/decide.ts'
import { without } from '../identity/keys.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, claimsIn, isReused } from './account.ts'
import { probe } from './anchor.ts'
import type { Endpoint } from './endpoint.ts'
import { givenWay } from './give-way.ts'
import type { Met } from './meet.ts'
import { inDoubt, taken } from './refuse-create.ts'
import { isOurs, leaseUntil, PATIENCE_MS, type Reservation, settledAt } from './reservation.ts'
import { adopt, create, onlyOne } from './send-create.ts'

/** Longer than any search lag that an adapter declares, and than a client's patience. */
const ABANDONED_MS = 24 * 3_600_000

/**
 * A create of the same person is under way or was cut off. It is waited for, then looked for in the
 * app: an account that is there is committed, whoever made it; one that is not is created only when
 * no other request can still be creating it.
 */
export async function recover(
  endpoint: Endpoint,
  holder: Link,
  reservation: Reservation,
  claims: readonly Claim[],
): Promise<Account | undefined> {
  const { links, intents, io, definition } = endpoint
  let intent: Intent | undefined
  for (const waitMs of [...PATIENCE_MS, 0]) {
    intent = await intents.open(holder.id)
    if (!intent) {
      const link = await links.get(definition.type.name, holder.id)
      const isThere = link && link.state !== 'proposed' && link.state !== 'tombstone'
      if (isThere && holder.state !== 'pending') throw taken(endpoint)
      return undefined
    }
    if (intent.state !== 'sending' || intent.leaseUntil <= io.now() || waitMs === 0) break
    await io.wait(waitMs)
  }
  if (!intent) return undefined
  // The app has taken it on: the person is there.
  if (intent.state === 'waiting') throw taken(endpoint)
  // Two people may share one key of several; the other one's account must not become this one's.
  const theirs = claimsIn(endpoint, JSON.parse(intent.body) as Resource)
  if (without(theirs, claims).length > 0 || without(claims, theirs).length > 0) {
    if (await giveUp(endpoint, holder, intent)) return undefined
    throw taken(endpoint)
  }

  const match = await probe(endpoint, holder, reservation.desired)
  const resumed = { ...reservation, link: holder, sentSince: intent.createdAt }
  const only = await onlyOne(endpoint, resumed, match.found)
  const leftMs = settledAt(endpoint, intent, match.lagMs) - io.now()
  if (!only && leftMs > 0) throw inDoubt(Math.ceil(leftMs / 1000))
  if (!(await intents.takeOver(intent, leaseUntil(endpoint)))) throw inDoubt(2)
  const held = {
    ...resumed,
    intent: { id: intent.id, fence: intent.fence + 1 },
  }
  return only ? adopt(endpoint, held, only) : create(endpoint, held)
}

/** True where a create that was cut off has had no effect, and its keys are free again. */
async function giveUp(endpoint: Endpoint, holder: Link, intent: Intent): Promise<boolean> {
  const { intents, io } = endpoint
  const { found, lagMs } = await probe(endpoint, holder, JSON.parse(intent.body) as Resource)
  if (found.length > 0 || settledAt(endpoint, intent, lagMs) > io.now()) return false
  if (!(await intents.takeOver(intent, leaseUntil(endpoint)))) return false
  return intents.release({ id: intent.id, fence: intent.fence + 1 }, holder.id)
}

/**
 * A second invitation that was cut off, before the person is removed: true where it has ended, in an
 * invitation or in none.
 */
export async function endReinvitation(
  endpoint: Endpoint,
  link: Link,
  intent: Intent,
): Promise<boolean> {
  if (intent.leaseUntil > endpoint.io.now()) return false
  await finishCreate(endpoint, link, intent)
  const left = await endpoint.intents.open(link.id)
  return !left || left.state === 'waiting' || giveUp(endpoint, link, left)
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
  const { intents, io } = endpoint
  const desired = JSON.parse(intent.body) as Resource
  const decision = decide((await probe(endpoint, holder, desired)).found)
  if (decision.kind === 'undecided') return
  const only = decision.kind === 'none' ? undefined : decision.candidate
  if (!only && intent.createdAt + ABANDONED_MS > io.now()) return
  if (!(await intents.takeOver(intent, leaseUntil(endpoint)))) return
  const held = { id: intent.id, fence: intent.fence + 1 }
  const live = only && (await isTheirs(endpoint, only, intent)) ? only.live : undefined
  if (!only) await giveBack(endpoint, held, holder)
  else if (live) {
    const { object } = only
    const made = isOurs(endpoint, object, { link: holder, sentSince: intent.createdAt })
    const also = givenWay(endpoint, holder, { live, object }, made)
    await intents.release(held, holder.id, also)
  } else {
    await adopt(
      endpoint,
      {
        intent: held,
        link: holder,
        desired,
        ignored: [],
        sentSince: intent.createdAt,
        isUnheard: true,
      },
      only,
    )
  }
}

/**
 * A read has shown the account to a client, and that one has written to it since, whether or not that was
 * committed: what it wanted then is older than what is there.
 */
async function isTheirs(
  { intents }: Endpoint,
  { live, object }: Met,
  { createdAt }: Intent,
): Promise<boolean> {
  if (!live || live.survives || isReused(live, object)) return false
  if (live.state === 'linked') return true
  return live.state === 'discovered' && (await intents.wasCutOff(live.id, createdAt))
}

/** Nobody knows whether the person was invited after all: somebody should look at it. */
async function giveBack(
  endpoint: Endpoint,
  held: { id: string; fence: number },
  { id, type }: Link,
): Promise<void> {
  const { intents, findings, io, spec } = endpoint
  const { create: how } = spec.capabilities
  if ((await intents.release(held, id)) && (how === 'invite' || how === 'async')) {
    const detail = { type, link: id, reason: 'unanswered' }
    await findings.report(io.newId(), 'not-created', `${type}:${id}`, detail, io.now())
  }
}
