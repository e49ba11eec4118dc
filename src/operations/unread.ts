/** Writes that need not know the account or group as the app holds it. */
import type { Endpoint } from './endpoint.ts'
import { isGated } from './gate.ts'
import { mayBePending } from './pending.ts'

/**
 * True where the app need not be asked whether it may be written to: none of these is protected, and each id
 * means what it has always meant (design decision 11). A link that has been seen to mean another object
 * (`isReused`) is read all the same.
 */
export function mayGoUnread(endpoint: Endpoint): boolean {
  const { connection, spec } = endpoint
  const { idsReused, neverProtected } = spec.capabilities
  const isOpen = neverProtected === true && !idsReused && connection.policy.protected.length === 0
  return isOpen && !isGated(endpoint) && !mayBePending(endpoint)
}
