/**
 * What happens under the lease of a create: search, send, adopt, commit. Every way out either
 * commits, gives the claims back, or leaves an intent that says "unknown".
 */
import type { NativeObject } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Intent, Link } from '../db/link.ts'
import { decide } from '../identity/decide.ts'
import { firstWords } from '../mapping/words.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'

import {
  type Account,
  change,
  factsOf,
  isReused,
  refuseProtected,
  rulesOf,
  viewOf,
} from './account.ts'
import { linkPending, onLinked } from './activate.ts'
import { isStamped, probe, stamp } from './anchor.ts'
import type { Endpoint } from './endpoint.ts'
import { reportReuse } from './findings.ts'
import { givenWay } from './give-way.ts'
import { formerAfter, whileOff, withFormer } from './inactive.ts'
import { type Met, meet, refuseUndecided, ruleOf } from './meet.ts'
import { type Awaited, beginPending, invitationOf, keyOf, unseenMs } from './pending.ts'
import { searchByRules } from './search.ts'

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

// ---- search and send -----------------------------------------------------------------------------

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

// ---- adopt and commit ----------------------------------------------------------------------------

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

/** What the client did not send stays as the app has it. */
export function overlay(before: Resource, sent: Resource): Resource {
  const merged: Resource = { ...before }
  for (const [name, value] of Object.entries(sent)) {
    const held = merged[name]
    const both = isObject(held) && isObject(value)
    merged[name] = both ? { ...held, ...value } : value
  }
  return merged
}

/** The app has taken the create on: the person is there for clients, and the cron asks the app. */
async function wait(
  endpoint: Endpoint,
  reservation: Reservation,
  outcome: Awaited,
  sent: Resource,
): Promise<Account> {
  const begun = await beginPending(endpoint, reservation, outcome, sent)
  if (begun) return begun
  const { links, intents, definition } = endpoint
  const nativeId = outcome.object?.id
  const [live] =
    nativeId === undefined ? [] : await links.byNativeIds(definition.type.name, [nativeId])
  // The app has it now, and so has the intent: whoever comes next finds it there.
  if (!live || live.id === reservation.link.id || live.state === 'discovered') throw inDoubt(2)
  await intents.release(reservation.intent, reservation.link.id)
  throw taken(endpoint)
}

async function commit(
  endpoint: Endpoint,
  reservation: Reservation,
  object: NativeObject,
  origin: 'created' | 'adopted',
  before?: NativeObject,
): Promise<Account> {
  const { links, intents, definition, audit, request, io } = endpoint
  const { intent, desired, ignored } = reservation
  const type = definition.type.name
  const now = io.now()
  const former = await formerAfter(endpoint, desired, before ?? { attributes: {} }, undefined)
  const held = endpoint.mapping.toScim(withFormer({ former }, object))
  const view = origin === 'created' ? desired : overlay(held, desired)
  if (reservation.link.state === 'pending') {
    const pending = reservation.link
    const linked = await linkPending(endpoint, intent, pending, view, object, origin, former)
    if (linked === 'lost') throw inDoubt(2)
    if (linked === 'taken') throw taken(endpoint)
    await onLinked(endpoint, linked, false)
    return linked
  }
  const facts = factsOf(endpoint, view, object, former, firstWords(desired))
  const entry = (link: string) =>
    audit.entry({ request, type, link, op: 'create', decision: origin, detail: { ignored } }, now)
  const { link } = reservation
  const outcome = await intents.commitCreate(intent, link.id, facts, origin, now, [
    entry(link.id),
    audit.linked(link.id, now),
    ...(reservation.isUnheard ? [intents.unheard(intent)] : []),
  ])
  switch (outcome) {
    case 'committed':
      return accountOf(endpoint, { ...link, ...facts, state: 'linked', modifiedAt: now }, object)
    case 'met': {
      // A read met the account before this commit and minted a link: that id is out already.
      const [met] = await links.byNativeIds(type, [object.id])
      if (met && met.state !== 'discovered') {
        const also = givenWay(endpoint, link, { live: met, object }, origin === 'created')
        await intents.release(intent, link.id, also)
        throw taken(endpoint)
      }
      const also = met ? [entry(met.id), audit.linked(met.id, now)] : []
      if (met && (await intents.commitOnto(intent, link.id, met, facts, now, also))) {
        const version = met.version + 1
        return accountOf(
          endpoint,
          { ...met, ...facts, state: 'linked', version, modifiedAt: now },
          object,
        )
      }
      throw inDoubt(2)
    }
    case 'lost': {
      // Another request took the lease over and has settled this create, or is about to.
      const [settled] = await links.byNativeIds(type, [object.id])
      if (settled?.state !== 'linked') throw inDoubt(2)
      return accountOf(endpoint, settled, object)
    }
  }
}

function accountOf(endpoint: Endpoint, link: Link, object: NativeObject): Account {
  return { link, object, view: viewOf(endpoint, link, object) }
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

// ---- refusals ------------------------------------------------------------------------------------

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

export function noCreate({ definition: { type } }: Endpoint): ScimError {
  return new ScimError(
    501,
    `The app does not let ${type.name}s be created, and has none that matches this one. Create it ` +
      `in the app first, or take it out of the scope of provisioning.`,
    { reason: 'no-create' },
  )
}

export function taken(endpoint: Endpoint): ScimError {
  const { name } = endpoint.definition.type
  return new ScimError(
    'uniqueness',
    `A ${name} with the same ${uniqueNames(endpoint)} exists already. Find it by a filter and ` +
      'update it.',
    { reason: 'taken' },
  )
}

function uniqueNames(endpoint: Endpoint): string {
  const unique = [...endpoint.definition.attributes].filter(
    (a) => a.uniqueness !== 'none' && a.mutability !== 'readOnly',
  )
  return unique.map((a) => a.name).join(' or ') || 'key'
}

export function inDoubt(retryAfterSeconds: number): ScimError {
  return new ScimError(
    503,
    'Another request is creating this resource, or was cut off while it did. Retry later.',
    { retryAfterSeconds, reason: 'in-doubt' },
  )
}

/** Past all that this request may still send: whoever comes after the end of the lease may send. */
export function leaseUntil({ deadline }: Endpoint): number {
  return deadline.endsAt + LEASE_MARGIN_MS
}

/** From when on a search that finds nothing means that the create has had no effect. */
export function settledAt(endpoint: Endpoint, intent: Intent, lagMs: number): number {
  return intent.leaseUntil + unseenMs(endpoint, lagMs)
}
