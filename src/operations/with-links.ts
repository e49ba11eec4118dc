/** Accounts of the app, each under its link. */
import type { NativeObject } from '../adapter/contract.ts'
import { isEnded, type Link } from '../db/link.ts'
import type { Unmet } from '../db/links.ts'
import { type Account, accountOf, isReused, pendingAccount } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { reportReuse } from './findings.ts'
import { mayBePending, standingFor } from './pending.ts'

/** Accounts of one answer that may all be new. */
const FEW = 8

/**
 * Each account under its link, in the given order; unseen ones get one, hidden ones are left out.
 *
 * @param met links that were read already: an account has one that is live
 */
export async function withLinks(
  endpoint: Endpoint,
  objects: readonly NativeObject[],
  met: readonly Link[] = [],
): Promise<Account[]> {
  if (objects.length === 0) return []
  const { links, definition, spec, io } = endpoint
  const type = definition.type.name
  const live = met.filter(({ state }) => state !== 'tombstone')
  const left = objects.filter(({ id }) => live.every(({ nativeId }) => nativeId !== id))
  const nativeIds = left.map((object) => object.id)
  const now = io.now()
  const unmet = (object: NativeObject): Unmet => ({
    id: io.newId(),
    nativeId: object.id,
    ...(object.fingerprint !== undefined && { fingerprint: object.fingerprint }),
    ...(typeof object.attributes[spec.naming] === 'string' && {
      display: String(object.attributes[spec.naming]),
    }),
  })
  // Of a few, whoever is met for the first time gets a link in the trip that would find it; of a page,
  // that would cost more than it saves. A pending person may stand for an account that has none.
  const isFew = left.length <= FEW && !mayBePending(endpoint)
  const read = () =>
    isFew ? links.see(type, left.map(unmet), now) : links.byNativeIds(type, nativeIds)
  const known = [...live, ...(left.length > 0 ? await read() : [])]
  const seen = new Map<string, Link>()
  const keep = (link: Link): void => {
    const { nativeId } = link
    if (nativeId !== undefined && !seen.has(nativeId)) seen.set(nativeId, link)
  }
  const byId = new Map(objects.map((object) => [object.id, object]))
  for (const link of known) {
    const object = link.nativeId === undefined ? undefined : byId.get(link.nativeId)
    // A tombstone hides the account it was made for, and nobody who has its native id after it.
    if (object && !(link.survives && isReused(link, object))) keep(link)
  }
  const standing = await standingFor(
    endpoint,
    objects.filter((object) => !seen.has(object.id)),
  )
  for (const [nativeId, link] of standing) seen.set(nativeId, link)
  const unseen = objects.filter((object) => !seen.has(object.id))
  if (unseen.length > 0) {
    for (const link of await links.see(type, unseen.map(unmet), now)) keep(link)
  }
  const accounts: Account[] = []
  for (const object of objects) {
    const link = seen.get(object.id)
    if (!link || isEnded(link)) continue
    if (link.state === 'pending') accounts.push(pendingAccount(link))
    else if (isReused(link, object)) await reportReuse(endpoint, link)
    else accounts.push(accountOf(endpoint, link, object))
  }
  return accounts
}
