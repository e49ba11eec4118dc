/**
 * A create whose account was met by a read before the commit, and then written to by a client: the read's
 * link is the person's (decision 0002). The create is over, its keys go there, and the audit has it.
 */
import type { NativeObject } from '../adapter/contract.ts'
import type { Write } from '../db/database.ts'
import type { Link } from '../db/link.ts'
import { claimsIn, viewOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * For the batch that gives the claims of the proposed link back.
 *
 * @param isOurs the create has made the account; else it may have changed it
 */
export function givenWay(
  endpoint: Endpoint,
  proposed: Link,
  { live, object }: { readonly live: Link; readonly object: NativeObject },
  isOurs: boolean,
): Write[] {
  // Who waits for an invitation keeps keys and link.
  if (proposed.state !== 'proposed') return []
  const { links, audit, request, io } = endpoint
  const now = io.now()
  const decision = isOurs ? 'created' : 'cut-off'
  const entry = { request, type: live.type, link: live.id, op: 'create' as const, decision }
  const isClaimed = live.state === 'linked'
  return [
    audit.entry(entry, now),
    ...(isClaimed
      ? [links.claimFree(live, claimsIn(endpoint, viewOf(endpoint, live, object)), now)]
      : []),
  ]
}
