/** The reservation of a create: the lease that it holds, the link that it proposes, and which account is its own. */
import type { NativeObject } from '../adapter/contract.ts'
import type { Intent, Link } from '../db/link.ts'
import type { Resource } from '../scim/schema.ts'
import { isStamped } from './anchor.ts'
import type { Endpoint } from './endpoint.ts'
import { unseenMs } from './pending.ts'

/** What a call that was cut may still be on its way, and clocks may differ. */
const LEASE_MARGIN_MS = 5_000
/** How long a request waits for another one that is writing the same person, in steps. */
export const PATIENCE_MS = [100, 200, 400, 800] as const
/** How far the app's clock may be behind ours. */
const SKEW_MS = 60_000

/** What one POST is doing: the lease it holds and the link it has proposed. */
export interface Reservation {
  readonly intent: { readonly id: string; readonly fence: number }
  readonly link: Link
  readonly desired: Resource
  readonly ignored: readonly string[]
  /** Since when a create of ours may have reached the app; undefined: none has been sent. */
  readonly sentSince: number | undefined
  /** True: no client is answered, because its request was cut off. */
  readonly isUnheard?: boolean
}

/** True where a create that was cut off must have made this account. */
export function isOurs(
  endpoint: Endpoint,
  object: NativeObject,
  reservation: Pick<Reservation, 'link' | 'sentSince'>,
): boolean {
  if (isStamped(endpoint, reservation.link, object)) return true
  const { createdAt } = object
  const { sentSince } = reservation
  return (
    sentSince !== undefined &&
    createdAt !== undefined &&
    Date.parse(createdAt) >= sentSince - SKEW_MS
  )
}

/** The link as `reserve` writes it. */
export function proposedLink(id: string, type: string, now: number): Link {
  return {
    id,
    type,
    state: 'proposed',
    nativeId: undefined,
    fingerprint: undefined,
    survives: false,
    externalId: undefined,
    display: undefined,
    verdict: undefined,
    shadow: '{}',
    version: 1,
    membersReadAt: undefined,
    inactiveSince: undefined,
    former: undefined,
    membersManyAt: undefined,
    createdAt: now,
    modifiedAt: now,
    groups: [],
    ticket: undefined,
  }
}

/** Past all that this request may still send: whoever comes after the end of the lease may send. */
export function leaseUntil({ deadline }: Endpoint): number {
  return deadline.endsAt + LEASE_MARGIN_MS
}

/** From when on a search that finds nothing means that the create has had no effect. */
export function settledAt(endpoint: Endpoint, intent: Intent, lagMs: number): number {
  return intent.leaseUntil + unseenMs(endpoint, lagMs)
}
