/** What a delete means in the app: the connection's policy, within what the app can do. */
import type { WriteOutcome } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import { emptyGroup } from './empty-group.ts'
import type { Endpoint } from './endpoint.ts'
import { reportNotRemoved } from './findings.ts'
import { controlRead } from './gone.ts'
import { stripMemberships } from './memberships.ts'
import { switchAccount } from './switch-account.ts'

export interface Removed {
  /** True: the account still exists in the app. */
  readonly survives: boolean
  readonly decision: 'deleted' | 'deactivated' | 'stripped' | 'recorded'
  /** Why the app would not have it otherwise. */
  readonly refused?: AdapterFailure['code']
}

const DELETED: Removed = { survives: false, decision: 'deleted' }

/** What a delete means here. Only what can be disabled can be disabled instead. */
export function wayOf({ connection, definition }: Endpoint): 'native' | 'deactivate' | 'refuse' {
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

/** @throws {ScimError} where policy or the app leaves no way to do it */
export function refuseWay(endpoint: Endpoint, link: Link): void {
  const { port } = endpoint
  const way = wayOf(endpoint)
  if (way === 'refuse') {
    throw new ScimError(
      400,
      'This connection refuses deletes. Remove the account in the app, or let an administrator ' +
        'change the policy "deprovision.onDelete".',
    )
  }
  if (way === 'deactivate' && !port.setActive) {
    throw new ScimError(
      501,
      'The app has no switch to disable an account instead of deleting it, so nothing was changed. An ' +
        'administrator of this connection must choose another policy "deprovision.onDelete".',
    )
  }
  if (!port.remove && !port.setActive) {
    throw new ScimError(
      501,
      `The app offers no way to delete a ${link.type}. Remove it in the app.`,
    )
  }
}

/** @throws {AdapterFailure} */
export async function removeAccount(
  endpoint: Endpoint,
  link: Link,
  nativeId: string,
): Promise<Removed> {
  const { port, spec } = endpoint
  if (wayOf(endpoint) !== 'native' || !port.remove) return deactivate(endpoint, link, nativeId)
  try {
    const outcome = await removeEmptied(endpoint, link, nativeId)
    if (outcome.kind === 'gone') await controlRead(endpoint, link)
    return { ...DELETED, survives: outcome.kind !== 'gone' && spec.capabilities.remove === 'soft' }
  } catch (error) {
    if (error instanceof AdapterFailure && error.code === 'blocked') {
      return instead(endpoint, link, nativeId, error)
    }
    throw error
  }
}

/** A group that the app keeps for its members' sake goes once they have left. */
async function removeEmptied(
  endpoint: Endpoint,
  link: Link,
  nativeId: string,
): Promise<WriteOutcome> {
  const outcome = await endpoint.port.remove?.(nativeId)
  if (outcome?.kind !== 'occupied') return outcome ?? { kind: 'unchanged' }
  await emptyGroup(endpoint, link, nativeId)
  const again = await endpoint.port.remove?.(nativeId)
  if (again && again.kind !== 'occupied') return again
  throw new AdapterFailure('blocked', 'the app keeps a group that has no members', {
    effect: 'none',
  })
}

/** The app keeps this one account, for example because it owns open items. */
async function instead(
  endpoint: Endpoint,
  link: Link,
  nativeId: string,
  failure: AdapterFailure,
): Promise<Removed> {
  const { port, connection } = endpoint
  const { onRefused } = connection.policy.deprovision
  if (onRefused === 'refuse' || (onRefused === 'deactivate' && !port.setActive)) throw failure
  const refused = failure.code
  await reportNotRemoved(endpoint, link, refused)
  switch (onRefused) {
    case 'deactivate':
      return { ...(await deactivate(endpoint, link, nativeId)), refused }
    case 'strip': {
      const left = await stripMemberships(endpoint, { link })
      if (left !== undefined) throw left
      return { survives: true, decision: 'stripped', refused }
    }
    case 'record':
      return { survives: true, decision: 'recorded', refused }
  }
}

async function deactivate(endpoint: Endpoint, link: Link, nativeId: string): Promise<Removed> {
  const outcome = await switchAccount(endpoint, link.id, nativeId, false)
  if (outcome?.kind !== 'gone') return { survives: true, decision: 'deactivated' }
  await controlRead(endpoint, link)
  return DELETED
}
