/**
 * Policy `onInactive: remove`: the account of a person who is off goes, for the sake of its licence.
 * The link stays as `pending` with what the client sent, and makes another account, under the same
 * SCIM id, when the person is on again (`change-pending.ts`).
 */
import type { Claim, Link } from '../db/link.ts'
import { without } from '../identity/keys.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, claimsIn, pendingAccount } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { controlRead } from './gone.ts'
import { pendingFacts, pendingLinks } from './pending.ts'
import { refuseProtected } from './protected.ts'

/** In the app. @throws {AdapterFailure} */
export async function removeWhileOff(
  endpoint: Endpoint,
  { link, object }: Pick<Account, 'link' | 'object'>,
): Promise<void> {
  await refuseProtected(endpoint, object, link)
  const outcome = await endpoint.port.remove?.(object.id)
  if (outcome?.kind === 'gone') await controlRead(endpoint, link)
}

/** Undefined: the link has changed meanwhile, and all is to be read again. */
export async function commitRemoved(
  endpoint: Endpoint,
  link: Link,
  held: { readonly id: string; readonly fence: number },
  { before, after }: { readonly before: Resource; readonly after: Resource },
): Promise<Account | undefined> {
  const { io, audit, edges, request, links } = endpoint
  const now = io.now()
  const entry = { request, type: link.type, link: link.id, op: 'update' as const }
  const outcome = await pendingLinks(endpoint).resign(
    held,
    link,
    pendingFacts(endpoint, after),
    keysOf(claimsIn(endpoint, before), claimsIn(endpoint, after)),
    now,
    [audit.entry({ ...entry, decision: 'removed-while-off' }, now), edges.park(link.id, now)],
  )
  const pending = outcome === 'written' ? await links.get(link.type, link.id) : undefined
  return pending && pendingAccount(pending)
}

function keysOf(held: readonly Claim[], wanted: readonly Claim[]) {
  return { wanted, given: without(held, wanted) }
}
