/** If-Match (RFC 7644 §3.14): a client that has read an older state does not write over a newer one. */
import { ScimError } from '../scim/error.ts'
import { matchesIfMatch } from '../scim/etag.ts'
import { type Account, represent } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { versionOf } from './version.ts'

/** @throws {ScimError} 412 */
export function refuseStale(
  endpoint: Endpoint,
  account: Account,
  ifMatch: string | undefined,
): void {
  if (ifMatch === undefined) return
  if (matchesIfMatch(ifMatch, versionOf(represent(endpoint, account)))) return
  throw new ScimError(412, 'The resource has changed since the version in If-Match. Read it again.')
}
