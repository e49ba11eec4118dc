/**
 * What happens under the lease of a create: search, send, adopt. Every way out either commits, gives the claims
 * back, or leaves an intent that says "unknown".
 */
import { AdapterFailure } from '../adapter/failure.ts'
import type { Link } from '../db/link.ts'
import { decide } from '../identity/decide.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, isReused, rulesOf, viewOf } from './account.ts'
import { probe, stamp } from './anchor.ts'
import { change } from './change-account.ts'
import { commit, overlay, wait } from './commit-create.ts'
import type { Endpoint } from './endpoint.ts'
import { reportReuse } from './findings.ts'
import { givenWay } from './give-way.ts'
import { whileOff } from './inactive.ts'
import { type Met, meet, refuseUndecided, ruleOf } from './meet.ts'
import { invitationOf, keyOf } from './pending.ts'
import { refuseProtected } from './protected.ts'
import { noCreate, taken } from './refuse-create.ts'
import { isOurs, type Reservation } from './reservation.ts'
import { searchByRules } from './search.ts'

export async function send(endpoint: Endpoint, reservation: Reservation): Promise<Account> {
  const found = await orRelease(endpoint, reservation, async () =>
    onlyOne(endpoint, reservation, (await searchByRules(endpoint, reservation.desired)).found),
  )
  return found ? adopt(endpoint, reservation, found) : create(endpoint, reservation)
}

export async function create(endpoint: Endpoint, reservation: Reservation): Promise<Account> {
  const { port, mapping, intents, io } = endpoint
  const { desired, intent, link } = reservation
  if (!port.create) {
    // A fixed catalogue (roles, licences): what is there was found and adopted before.
    await intents.release(intent, link.id)
    throw noCreate(endpoint)
  }
  const sent = { ...reservation, sentSince: reservation.sentSince ?? io.now() }
  const outcome = await attempt(endpoint, sent, async () =>
    port.create?.({
      attributes: stamp(endpoint, link, whileOff(endpoint, desired, await mapping.toApp(desired))),
      ...(mapping.switches && { active: desired['active'] !== false }),
      idempotencyKey: keyOf(link, intent),
    }),
  )
  switch (outcome?.kind) {
    case 'created':
      return commit(endpoint, sent, outcome.object, 'created')
    case 'invited':
    case 'accepted':
      return wait(endpoint, sent, outcome, desired)
    case 'exists': {
      const there = await orRelease(endpoint, reservation, async () =>
        onlyOne(
          endpoint,
          reservation,
          outcome.id !== undefined
            ? await inTheWay(endpoint, desired, outcome.id)
            : (await searchByRules(endpoint, desired)).found,
        ),
      )
      if (there) return adopt(endpoint, reservation, there)
      await intents.release(intent, link.id)
      throw taken(endpoint)
    }
    case 'unknown': {
      // Unknown effect is probed, never re-sent. What the probe does not find, a retry may.
      const { found } = await probe(endpoint, link, desired)
      const decision = decide(withOurs(endpoint, found, sent))
      if (decision.kind === 'none' || decision.kind === 'undecided') throw outcome.failure
      return adopt(endpoint, sent, decision.candidate)
    }
    case undefined:
      throw new Error('an operation began a create that the adapter does not offer')
  }
}

/** Sends the create; a refusal gives the claims back, a lost answer keeps them. */
async function attempt<T>(
  endpoint: Endpoint,
  { intent, link }: Reservation,
  call: () => Promise<T>,
): Promise<T | { kind: 'unknown'; failure: AdapterFailure }> {
  try {
    return await call()
  } catch (error) {
    const refused =
      error instanceof ScimError || (error instanceof AdapterFailure && error.effect === 'none')
    if (refused) {
      await endpoint.intents.release(intent, link.id)
      throw error
    }
    const answered = error instanceof AdapterFailure && error.answered
    await endpoint.intents.markUnknown(intent, {
      answeredAt: answered ? endpoint.io.now() : undefined,
    })
    if (error instanceof AdapterFailure) return { kind: 'unknown', failure: error }
    throw error
  }
}

/** Reads have no effect: whatever ends them, the reservation is given back. */
async function orRelease<T>(
  endpoint: Endpoint,
  { intent, link }: Reservation,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read()
  } catch (error) {
    await endpoint.intents.release(intent, link.id)
    throw error
  }
}

/** The person has an account already: it becomes theirs, brought to what the client wants. */
export async function adopt(
  endpoint: Endpoint,
  reservation: Reservation,
  found: Met,
): Promise<Account> {
  const { object, live } = found
  endpoint.trail.rule = ruleOf(found)
  const { may, met } = await mayAdopt(endpoint, reservation, found)
  if (!may) {
    const { intent, link, sentSince } = reservation
    const theirs = live && sentSince !== undefined && { live, object }
    const made = isOurs(endpoint, object, reservation)
    const also = theirs ? givenWay(endpoint, link, theirs, made) : []
    await endpoint.intents.release(intent, link.id, also)
    throw taken(endpoint)
  }
  await attempt(endpoint, reservation, () => refuseProtected(endpoint, object, live))
  const invitation = invitationOf(endpoint, object)
  // Others had invited the person, or we had and its answer was lost: there is no account yet.
  if (invitation) return wait(endpoint, reservation, invitation, {})
  const before = met ? viewOf(endpoint, met, object) : endpoint.mapping.toScim(object)
  // Who is on is switched off as an update does it: past the guard, and by the policy for it.
  const isOn = before['active'] !== false && reservation.desired['active'] === false
  const desired = isOn ? { ...reservation.desired, active: true } : reservation.desired
  const changed = await attempt(endpoint, reservation, async () => {
    const subject = { link: met, object, view: before }
    return change(endpoint, subject, overlay(before, desired))
  })
  if ('kind' in changed) throw changed.failure
  return commit(endpoint, { ...reservation, desired }, changed, 'adopted', object)
}

/** Whether links and policy let this account be adopted; `met`: the link that a read gave it. */
export async function mayAdopt(
  endpoint: Endpoint,
  reservation: Reservation,
  { object, live }: Met,
): Promise<{ may: boolean; met: Link | undefined }> {
  const { connection } = endpoint
  const reused = live !== undefined && isReused(live, object)
  if (reused && !live.survives) await reportReuse(endpoint, live)
  // Who was deleted here, and whose account stayed, comes back whatever the policy (decision 10).
  const returns = live?.survives && !reused
  const adopts =
    connection.policy.onCreateExisting === 'adopt' || isOurs(endpoint, object, reservation)
  const isFree = !live || live.survives || (live.state === 'discovered' && !reused)
  const met = live?.state === 'discovered' ? live : undefined
  return { may: isFree && (adopts || returns === true), met }
}

/** What the app says is in the way may be somebody else: the rules decide, not its word. */
async function inTheWay(endpoint: Endpoint, desired: Resource, id: string): Promise<Met[]> {
  const object = await endpoint.port.get(id)
  if (!object) return []
  const met = await meet(endpoint, [object], desired, rulesOf(endpoint))
  return met.filter(({ hits }) => hits.length > 0)
}

function withOurs(endpoint: Endpoint, found: readonly Met[], reservation: Reservation): Met[] {
  return found.map((met) => ({ ...met, isOurs: isOurs(endpoint, met.object, reservation) }))
}

/**
 * The account that is this person's, free or not; none is linked on a guess.
 *
 * @throws {ScimError} 409 where a person is to decide: a finding
 */
export async function onlyOne(
  endpoint: Endpoint,
  reservation: Reservation,
  found: readonly Met[],
): Promise<Met | undefined> {
  const decision = decide(withOurs(endpoint, found, reservation))
  switch (decision.kind) {
    case 'none':
      return undefined
    case 'undecided':
      return refuseUndecided(endpoint, decision.candidates)
    case 'one':
    case 'linked':
    case 'id-reuse':
    case 'protected':
      return decision.candidate
  }
}
