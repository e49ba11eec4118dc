/**
 * The guard: a wrong filter in the directory can disable a whole company in an hour. Past a number or
 * a share of people in a window, further disables and deletes are parked until a person decides.
 */
import type { Policy } from '../access/policy.ts'
import type { Write } from '../db/database.ts'
import type { DepartureOp, Departures, GuardLimits } from '../db/departures.ts'
import type { Findings } from '../db/findings.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'

/** Of a handful of people each one is a large share. */
export const PERCENT_ABOVE = 20

/** How many people may leave within the window before the next one is parked. @param linked people */
export function mostLeavers(
  { maxCount, maxPercent }: Pick<Policy['guard'], 'maxCount' | 'maxPercent'>,
  linked: number,
): number {
  if (linked <= PERCENT_ABOVE || maxPercent >= 100) return maxCount
  return Math.min(maxCount, Math.floor((linked * maxPercent) / 100))
}

export interface Guarded {
  readonly connection: { readonly policy: Pick<Policy, 'guard'> }
  readonly departures: Departures
  readonly findings: Findings
  readonly io: { now(): number; newId(): string }
}

/** The part of the batch that begins a disable or delete; `isParked` tells that it was one too many. */
export function admit(
  { connection, departures, io }: Guarded,
  link: Link,
  op: DepartureOp,
): Write[] {
  const { windowMinutes, maxCount, maxPercent } = connection.policy.guard
  const now = io.now()
  const limits: GuardLimits = {
    since: now - windowMinutes * 60_000,
    maxCount,
    maxPercent,
    percentAbove: PERCENT_ABOVE,
  }
  return departures.admit(link, op, limits, now)
}

/** Parks it. @throws {ScimError} 400 always: the client is to try again when a person has decided */
export async function park(
  { connection, departures, findings, io }: Guarded,
  link: Link,
  op: DepartureOp,
): Promise<never> {
  const now = io.now()
  const { windowMinutes } = connection.policy.guard
  if ((await departures.park(link, op, now)) === 'rejected') {
    throw new ScimError(
      400,
      `An administrator of this connection has rejected this ${op}: nothing was changed. Take the ` +
        'person back into the scope of provisioning, or ask the administrator.',
      { reason: 'rejected' },
    )
  }
  const parked = await departures.countParked(link.type)
  const detail = { type: link.type, parked, windowMinutes }
  const finding = await findings.report(io.newId(), 'guard', link.type, detail, now)
  throw new ScimError(
    400,
    `Too many people were disabled or deleted within ${windowMinutes} minutes, so this ${op} waits ` +
      `for an administrator of this connection to allow or reject it (finding ${finding}). ` +
      'Nothing was changed; once it is allowed, it passes when it is tried again.',
    { reason: 'guard' },
  )
}
