/** What may be imported: items, and what refuses them before anything is read of the app or written. Pure. */
import { isEnded, type Link } from '../db/link.ts'
import type { MovedState } from '../db/moved-links.ts'
import type { Shadow } from '../mapping/shadow.ts'
import type { JsonObject } from '../scim/schema.ts'

export interface ImportItem {
  readonly type: string
  readonly id: string
  readonly nativeId: string
  readonly state: MovedState
  readonly externalId?: string | undefined
  /** As a client would send them. Those that the app holds are read from the app instead. */
  readonly attributes?: JsonObject | undefined
  /** Of an export: what was sent, and what the app had made of it. */
  readonly echo?: Shadow['echo'] | undefined
}

export type ImportRefusal =
  | 'invalid-id'
  | 'invalid-attributes'
  | 'no-type'
  | 'repeated'
  | 'id-used'
  | 'account-linked'
  | 'no-account'
  | 'key-taken'
  /** These two pass with time: send the item again. */
  | 'app-failed'
  | 'busy'

export type ImportOutcome =
  | { readonly status: 'unchanged' }
  | {
      readonly status: 'imported'
      /** The id that a read had given to the account, which is gone now. */
      readonly replaced?: string
      /** Names in `attributes` that no schema knows, or that policy drops. */
      readonly ignored?: readonly string[]
    }
  | {
      readonly status: 'refused'
      readonly reason: ImportRefusal
      readonly detail: string
      /** The id of the link that is in the way. */
      readonly heldBy?: string
    }

export const INVALID_ID =
  'An id is 1 to 255 characters of those that stand in a URL path as they are (RFC 3986 §3.3, ' +
  'without "%"), does not begin with ".", and does not hold "bulkId" (RFC 7643 §3.1).'

export function isId(id: string): boolean {
  // "." and ".." are no path segments, and `.search` is an endpoint.
  return /^(?!\.)[\w\-.~!$&'()*+,;=:@]{1,255}$/.test(id) && !/bulkid/i.test(id)
}

/** Places of items that come again, as the same id or as the same account. */
export function repeatedIn(items: readonly ImportItem[]): ReadonlySet<number> {
  const seen = new Set<string>()
  const repeated = new Set<number>()
  for (const [at, { type, id, nativeId }] of items.entries()) {
    const keys = [JSON.stringify(['id', id]), JSON.stringify([type, nativeId])]
    if (keys.some((key) => seen.has(key))) repeated.add(at)
    for (const key of keys) seen.add(key)
  }
  return repeated
}

export interface Known {
  /** The link of this id, whatever it stands for. */
  readonly byId: Link | undefined
  /** The live link of this account. */
  readonly byAccount: Link | undefined
}

/**
 * The link that gives way, if any; else an outcome.
 *
 * A `discovered` link of the account gives way although a read may have told its id. Its id is days
 * old at most; the imported one is what the client has cached for years, and an account has one id.
 * A client that did cache the former gets 404 for it, as for any id that ended, searches again and
 * finds the imported one; refusing the import instead would leave the old id dead for ever, since
 * nothing makes a client forget it. A link that a client has written under never gives way.
 */
export function conflict(
  { id, type, nativeId, state }: ImportItem,
  { byId, byAccount }: Known,
): ImportOutcome | undefined {
  if (byId) {
    if (isEnded(byId)) {
      return refused(
        'id-used',
        'This id stood for a resource that was deleted here, and no id comes back.',
        byId,
      )
    }
    if (byId.type !== type || byId.nativeId !== nativeId) {
      return refused('id-used', `This id stands for another account (${byId.type}).`, byId)
    }
    // What a client has written since the first import stays.
    if (byId.state !== 'discovered' || state === 'discovered') return { status: 'unchanged' }
  }
  if (byAccount && byAccount.id !== id && byAccount.state !== 'discovered') {
    return refused(
      'account-linked',
      `The account is linked as "${byAccount.id}" already, and a client has used that id.`,
      byAccount,
    )
  }
  return undefined
}

export function busy(): ImportOutcome {
  return refused('busy', 'Another request is changing this account. Send the item again.')
}

export function refused(reason: ImportRefusal, detail: string, holder?: Link): ImportOutcome {
  return { status: 'refused', reason, detail, ...(holder && { heldBy: holder.id }) }
}
