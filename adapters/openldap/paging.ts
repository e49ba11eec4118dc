/**
 * Everybody, page by page, over requests that share no connection. The cookie of paged results
 * (RFC 2696) ends with its connection, and an ordinary account may read no more than the server's size
 * limit by it. So a page is a range of entryUUIDs, which have an order (RFC 4530 §2.3) and never
 * change: no entry that stays is left out or met twice, whatever happens between two pages.
 */
import type { Page } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { LdapFilter } from '../../src/adapter/ldap/filter.ts'
import type { LdapEntry } from '../../src/adapter/ldap/response.ts'
import type { LdapFound, LdapSession } from '../../src/adapter/ldap/session.ts'
import { idOf } from './entries.ts'

/** Fewer are no better a sample of a range that holds more. */
const MIN_SEARCH = 50
/** Below the 500 that OpenLDAP lets an ordinary account read at once. */
export const MAX_PAGE = 250
/** A range is halved at least each time: more searches than these find nothing new. */
const MAX_SEARCHES = 150
const LAST = (1n << 128n) - 1n

export interface Range {
  readonly base: string
  readonly filter: LdapFilter
  readonly attributes: readonly string[]
}

/** After which id, and how wide a range of ids held a page of them. */
interface Place {
  readonly after: bigint
  readonly width: bigint
}

export async function pageOf(
  session: LdapSession,
  range: Range,
  { pageSize, cursor }: { readonly pageSize: number; readonly cursor?: string },
): Promise<Page<LdapEntry>> {
  const { after, width } = placeOf(cursor)
  const wanted = Math.min(pageSize, MAX_PAGE)
  const sizeLimit = Math.max(wanted, MIN_SEARCH)
  let low = after
  let high = smaller(low + width, LAST)
  for (let searches = 0; searches < MAX_SEARCHES; searches++) {
    const found = await searchBetween(session, { ...range, sizeLimit }, low, high)
    const items = found.entries
      .map((entry) => ({ entry, at: toNumber(idOf(entry)) }))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
    if (!found.isComplete) {
      // In no order: some of those in the range. Half of them are in its part up to the middle one.
      const middle = items[Math.floor((items.length - 1) / 2)]?.at
      if (middle === undefined || middle >= high) throw tooLow()
      high = middle
      continue
    }
    const kept = items.slice(0, wanted)
    const last = kept.at(-1)
    if (last === undefined && high < LAST) {
      // A gap in the ids; what is behind it may be far.
      low = high
      high = LAST
      continue
    }
    const entries = kept.map(({ entry }) => entry)
    if (high === LAST && kept.length === items.length) return { items: entries }
    const end = kept.length < items.length && last ? last.at : high
    // As wide as would hold a page if the next ids were as dense as these, and a little less.
    const dense = BigInt(Math.max(kept.length, 1))
    const next = ((end - low) * BigInt(sizeLimit) * 3n) / (dense * 4n) + 1n
    return { items: entries, next: cursorOf({ after: end, width: next }) }
  }
  throw tooLow()
}

function searchBetween(
  session: LdapSession,
  { base, filter, attributes, sizeLimit }: Range & { readonly sizeLimit: number },
  low: bigint,
  high: bigint,
): Promise<LdapFound> {
  const bounds: LdapFilter[] = []
  // Above, not at: RFC 4511 has no filter for "greater than".
  if (low >= 0n) bounds.push({ atLeast: ['entryUUID', toUuid(low + 1n)] })
  if (high < LAST) bounds.push({ atMost: ['entryUUID', toUuid(high)] })
  return session.search({ base, filter: { and: [filter, ...bounds] }, attributes, sizeLimit })
}

function tooLow(): AdapterFailure {
  const message = "the directory's size limit lets too few entries through"
  return new AdapterFailure('protocol', message, { effect: 'none' })
}

function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return { after: -1n, width: LAST + 1n }
  const [after, width] = cursor.split('.')
  if (!/^[0-9a-f]{32}$/.test(after ?? '') || !/^[0-9a-f]{1,33}$/.test(width ?? '')) {
    throw new AdapterFailure('invalid', 'this is no cursor of this list', { effect: 'none' })
  }
  return { after: BigInt(`0x${after}`), width: BigInt(`0x${width}`) }
}

function cursorOf({ after, width }: Place): string {
  return `${after.toString(16).padStart(32, '0')}.${smaller(width, LAST).toString(16)}`
}

function toNumber(uuid: string): bigint {
  return BigInt(`0x${uuid.replaceAll('-', '')}`)
}

function toUuid(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0')
  const cuts = [0, 8, 12, 16, 20, 32]
  return cuts
    .slice(1)
    .map((end, index) => hex.slice(cuts[index], end))
    .join('-')
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
