/**
 * DELETE: the link retires first, so that a crash cannot bring the person back; then the app acts;
 * then the link is a tombstone. What "delete" means in the app is the connection's policy.
 */
import type { NativeObject } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import { matchesIfMatch } from '../scim/etag.ts'
import {
  isReused,
  notFound,
  objectOf,
  refuseByMode,
  refuseProtected,
  represent,
  viewOf,
} from './account.ts'
import { settleUpdate } from './apply.ts'
import type { Endpoint } from './endpoint.ts'
import { controlRead } from './gone.ts'
import { versionOf } from './version.ts'

export async function deleteResource(
  endpoint: Endpoint,
  id: string,
  ifMatch: string | undefined,
): Promise<void> {
  refuseByMode(endpoint)
  const { links, definition, io, connection } = endpoint
  // Another writer may change the link between the read and the first step: then all is read again.
  for (let attempt = 0; attempt < 5; attempt++) {
    const link = await links.get(definition.type.name, id)
    if (link?.state === 'retiring') return finishRemoval(endpoint, link)
    if (link?.open?.op === 'update') {
      await settleUpdate(endpoint, link)
      continue
    }
    if (!link || link.state === 'tombstone') throw notFound(endpoint, id)
    const object = await objectOf(endpoint, link)
    if (object) refuseRemoval(endpoint, link, object, ifMatch)
    const intent = {
      id: io.newId(),
      body: JSON.stringify({ before: link.state }),
      leaseUntil: io.now() + connection.policy.limits.requestTimeoutMs,
    }
    if (!(await links.beginRemoval(link, intent, io.now()))) continue
    // Without an account there is nothing to remove, but what is left of it here.
    return remove(endpoint, object ? link : { ...link, nativeId: undefined }, {
      id: intent.id,
      fence: 1,
    })
  }
  throw new ScimError(503, 'Other requests keep changing this resource. Retry later.', {
    retryAfterSeconds: 5,
  })
}

/** @throws {ScimError} where this account must not be removed, or not in this way */
function refuseRemoval(
  endpoint: Endpoint,
  link: Link,
  object: NativeObject,
  ifMatch: string | undefined,
): void {
  const account = { link, object, view: viewOf(endpoint, link, object) }
  if (ifMatch !== undefined && !matchesIfMatch(ifMatch, versionOf(represent(endpoint, account)))) {
    throw new ScimError(
      412,
      'The resource has changed since the version in If-Match. Read it again.',
    )
  }
  refuseProtected(endpoint, object)
  const { port } = endpoint
  const way = wayOf(endpoint)
  if (way === 'refuse') {
    throw new ScimError(
      400,
      'This connection refuses deletes. Remove the account in the app, or let an administrator ' +
        'change the policy "deprovision.onDelete".',
    )
  }
  if (way === 'deactivate' ? !port.setActive : !port.remove && !port.setActive) {
    throw new ScimError(
      501,
      `The app offers no way to ${way === 'deactivate' ? 'disable' : 'delete'} a ` +
        `${link.type}. Remove it in the app.`,
    )
  }
}

/** What a delete means here. Only what can be disabled can be disabled instead. */
function wayOf({ connection, definition }: Endpoint): 'native' | 'deactivate' | 'refuse' {
  const { onDelete } = connection.policy.deprovision
  switch (onDelete) {
    case 'native':
    case 'refuse':
      return onDelete
    case 'deactivate':
    case 'deactivateThenDelete':
      return definition.coreAttribute('active') ? 'deactivate' : 'native'
  }
}

/** Finishes a delete that was cut off; a second DELETE of the same id comes here as well. */
export async function finishRemoval(endpoint: Endpoint, link: Link): Promise<void> {
  const { links, io, connection, spec } = endpoint
  const intent = await links.openIntent(link.id)
  if (!intent) return
  const leaseUntil = io.now() + connection.policy.limits.requestTimeoutMs
  if (!(await links.takeOver(intent, leaseUntil))) return
  const { before } = JSON.parse(intent.body) as { before: Link['state'] }
  let { nativeId } = link
  if (nativeId !== undefined && spec.capabilities.idsReused) {
    // The account may be gone since the first try, and its id somebody else's.
    const object = await endpoint.port.get(nativeId)
    if (!object || isReused(link, object)) nativeId = undefined
  }
  const held = { id: intent.id, fence: intent.fence + 1 }
  await remove(endpoint, { ...link, nativeId, state: before }, held)
}

async function remove(
  endpoint: Endpoint,
  link: Link,
  intent: { id: string; fence: number },
): Promise<void> {
  const { links, io, audit, request, definition } = endpoint
  try {
    const survives =
      link.nativeId !== undefined && (await removeInApp(endpoint, link, link.nativeId))
    const now = io.now()
    await links.commitRemoval(intent, link.id, survives, now, [
      audit.entry(
        {
          request,
          type: definition.type.name,
          link: link.id,
          op: 'delete',
          decision: survives ? 'deactivated' : 'deleted',
        },
        now,
      ),
    ])
  } catch (error) {
    // Repeating a removal is harmless, so an unknown effect stays open and is finished later.
    if (error instanceof AdapterFailure && isRefusal(error)) {
      await links.cancelRemoval(intent, link)
    } else await links.markUnknown(intent, { answeredAt: undefined })
    throw error
  }
}

/** The app said no to this one account; anything else may pass with time. */
function isRefusal({ code, effect }: AdapterFailure): boolean {
  return effect === 'none' && (code === 'blocked' || code === 'invalid' || code === 'conflict')
}

/** True where the account still exists in the app afterwards. */
async function removeInApp(endpoint: Endpoint, link: Link, nativeId: string): Promise<boolean> {
  const { port, spec, connection } = endpoint
  if (wayOf(endpoint) === 'native' && port.remove) {
    try {
      const outcome = await port.remove(nativeId)
      if (outcome.kind === 'gone') await controlRead(endpoint, link)
      return outcome.kind !== 'gone' && spec.capabilities.remove === 'soft'
    } catch (error) {
      const refused = error instanceof AdapterFailure && error.code === 'blocked'
      const { onRefused } = connection.policy.deprovision
      if (!refused || onRefused !== 'deactivate' || !port.setActive) throw error
    }
  }
  const outcome = await port.setActive?.(nativeId, false)
  if (outcome?.kind === 'gone') await controlRead(endpoint, link)
  return outcome?.kind !== 'gone'
}
