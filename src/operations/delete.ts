/**
 * DELETE: the link retires first, so that a crash cannot bring the person back; then the app acts;
 * then the link is a tombstone.
 */

import { isRefusal } from '../adapter/failure.ts'
import type { Link } from '../db/link.ts'
import { admit, park } from '../govern/guard.ts'
import { ScimError } from '../scim/error.ts'
import { type Account, accountOf, isReused, notFound, objectOf, pendingAccount } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { reportNotRemoved } from './findings.ts'
import { settleUpdate } from './finish-update.ts'
import { gateRemoval, isGated } from './gate.ts'
import { controlRead } from './gone.ts'
import { refuseStale } from './if-match.ts'
import { refuseUnmatched } from './meet.ts'
import { takeOverProvisional } from './pending.ts'
import { isProtected, refuseProtected } from './protected.ts'
import { refuseByMode } from './refuse-by-mode.ts'
import { refuseWay, removeAccount, wayOf } from './remove-account.ts'
import { cancelRemoval, type Removal, removePending, withdrawnAccount } from './remove-pending.ts'
import { tellDueRoles } from './roles.ts'
import { mayGoUnread } from './unread.ts'

const DAY_MS = 24 * 3_600_000

/** `decided`: by the word of an administrator, whom the guard need not ask. */
export async function deleteResource(
  endpoint: Endpoint,
  id: string,
  ifMatch: string | undefined,
  by: 'client' | 'decided' = 'client',
): Promise<void> {
  refuseByMode(endpoint)
  const { links, intents, definition, io, connection } = endpoint
  const isPerson = definition.coreAttribute('active') !== undefined
  // Another writer may change the link between the read and the first step: then all is read again.
  for (let attempt = 0; attempt < 5; attempt++) {
    const link = await links.get(definition.type.name, id)
    if (link?.state === 'retiring') {
      if (isGated(endpoint)) return gateRemoval(endpoint, link, 'finish')
      return finishRemoval(endpoint, link)
    }
    if (link?.open?.op === 'update' && !isGated(endpoint)) {
      await settleUpdate(endpoint, link)
      continue
    }
    if (!link || link.state === 'tombstone') throw notFound(endpoint)
    if (link.state === 'pending') {
      refuseStale(endpoint, pendingAccount(link), ifMatch)
      if (wayOf(endpoint) === 'refuse') refuseWay(endpoint, link)
      if (isGated(endpoint)) return gateRemoval(endpoint, link, 'withdraw')
      const begun = await removePending(endpoint, link)
      if (begun === 'removed') return
      if (begun) return remove(endpoint, begun.link, begun.held)
      continue
    }
    const isUnread =
      link.state === 'linked' &&
      link.verdict !== 'protected' &&
      ifMatch === undefined &&
      !link.isReused &&
      mayGoUnread(endpoint)
    const object = isUnread ? undefined : await objectOf(endpoint, link)
    if (isUnread) refuseWay(endpoint, link)
    else if (object) {
      await refuseUnmatched(endpoint, link, object)
      const account = accountOf(endpoint, link, object)
      if (!isGated(endpoint) && (await takeOverProvisional(endpoint, account))) continue
      await refuseRemoval(endpoint, account, ifMatch)
    }
    if (isGated(endpoint)) {
      return gateRemoval(endpoint, link, object ? removesAs(endpoint) : 'forget')
    }
    const intent = {
      id: io.newId(),
      body: JSON.stringify({ before: link.state }),
      leaseUntil: io.now() + connection.policy.limits.requestTimeoutMs,
    }
    const mayBeThere = isUnread || object !== undefined
    const isCounted = mayBeThere && isPerson && by === 'client'
    const admission = isCounted ? admit(endpoint, link, 'delete') : []
    switch (await intents.beginRemoval(link, intent, io.now(), admission)) {
      case 'parked':
        return park(endpoint, link, 'delete')
      case 'lost':
        continue
      case 'begun':
        // Without an account there is nothing to remove, but what is left of it here.
        return remove(endpoint, mayBeThere ? link : { ...link, nativeId: undefined }, {
          id: intent.id,
          fence: 1,
        })
    }
  }
  throw new ScimError(503, 'Other requests keep changing this resource. Retry later.', {
    retryAfterSeconds: 5,
  })
}

/** @throws {ScimError} where this account must not be removed, or not in this way */
async function refuseRemoval(
  endpoint: Endpoint,
  account: Account,
  ifMatch: string | undefined,
): Promise<void> {
  const { link, object } = account
  refuseStale(endpoint, account, ifMatch)
  await refuseProtected(endpoint, object, link)
  refuseWay(endpoint, link)
}

/** What `removeAccount` does, where the app does not refuse. */
function removesAs(endpoint: Endpoint): 'delete' | 'disable' {
  return wayOf(endpoint) === 'native' && endpoint.port.remove ? 'delete' : 'disable'
}

/** Finishes a delete that was cut off; a second DELETE of the same id comes here as well. */
export async function finishRemoval(endpoint: Endpoint, link: Link): Promise<void> {
  const { intents, io, connection, spec } = endpoint
  const intent = await intents.open(link.id)
  if (!intent) return
  const leaseUntil = io.now() + connection.policy.limits.requestTimeoutMs
  if (!(await intents.takeOver(intent, leaseUntil))) return
  const held = { id: intent.id, fence: intent.fence + 1 }
  if (link.state === 'tombstone') return removeAtLast(endpoint, link, held)
  const { before } = JSON.parse(intent.body) as Removal
  let { nativeId } = link
  if (nativeId !== undefined && spec.capabilities.idsReused) {
    // The account may be gone since the first try, and its id somebody else's.
    const object = await endpoint.port.get(nativeId)
    if (!object || isReused(link, object)) nativeId = undefined
  }
  await remove(endpoint, { ...link, nativeId, state: before }, held)
}

async function remove(
  endpoint: Endpoint,
  link: Link,
  intent: { id: string; fence: number },
): Promise<void> {
  const { intents, io, audit, request, definition, connection } = endpoint
  const { onDelete, deleteAfterDays } = connection.policy.deprovision
  const entry = { request, type: definition.type.name, link: link.id, op: 'delete' as const }
  try {
    const account = await withdrawnAccount(endpoint, link, intent)
    // The app cannot stop what it is doing: the sweeper asks again until there is an end.
    if (account === 'running') return await intents.markUnknown(intent, { answeredAt: io.now() })
    const { nativeId } = account
    const isWithdrawn = link.ticket !== undefined && nativeId === undefined
    const { survives, decision, refused } =
      nativeId === undefined
        ? { survives: false, decision: isWithdrawn ? 'cancelled' : 'deleted' }
        : await removeAccount(endpoint, link, nativeId)
    const now = io.now()
    const detail = refused === undefined ? {} : { refused }
    const also = [audit.entry({ ...entry, decision, detail }, now)]
    if (onDelete === 'deactivateThenDelete' && decision === 'deactivated' && !refused) {
      const at = now + deleteAfterDays * DAY_MS
      also.push(intents.scheduleRemoval(link.id, { id: io.newId(), at }, now))
    }
    await intents.commitRemoval(intent, link.id, survives, now, also)
  } catch (error) {
    // Repeating a removal is harmless, so an unknown effect stays open and is finished later.
    if (isRefusal(error)) {
      await cancelRemoval(endpoint, link, intent)
    } else await intents.markUnknown(intent, { answeredAt: undefined })
    throw error
  }
  await tellDueRoles(endpoint)
}

/**
 * The days after which an account that was disabled instead of deleted goes as well. Whoever was
 * switched on again in the app, or is protected by now, stays, and an administrator is told.
 */
async function removeAtLast(
  endpoint: Endpoint,
  link: Link,
  intent: { id: string; fence: number },
): Promise<void> {
  const { links, intents, port, io, audit, request, connection } = endpoint
  const { nativeId } = link
  const [live] = nativeId === undefined ? [] : await links.byNativeIds(link.type, [nativeId])
  if (!link.survives || (live && live.state !== 'tombstone')) {
    // The account is a living person's by now.
    await intents.endScheduled(intent, link.id, 'failed', [])
    return
  }
  const object = nativeId === undefined ? null : await port.get(nativeId)
  if (object === null) await controlRead(endpoint, link)
  const isTheirs = object !== null && !isReused(link, object)
  const keep = async (reason: string): Promise<void> => {
    await reportNotRemoved(endpoint, link, reason)
    await intents.endScheduled(intent, link.id, 'failed', [])
  }
  if (isTheirs) {
    if (connection.policy.deprovision.onDelete !== 'deactivateThenDelete') return keep('policy')
    if (object.active === true) return keep('active-again')
    if (isProtected(endpoint, object, link)) return keep('protected')
    if (!port.remove) return keep('no-way')
    try {
      await port.remove(object.id)
    } catch (error) {
      if (isRefusal(error)) return keep(error.code)
      throw error
    }
  }
  const now = io.now()
  const entry = { request, type: link.type, link: link.id, op: 'delete' as const }
  await intents.endScheduled(intent, link.id, 'done', [
    audit.entry({ ...entry, decision: isTheirs ? 'deleted' : 'vanished' }, now),
  ])
}
