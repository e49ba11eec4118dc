/**
 * POST: reserve -> search -> send -> commit (design decision 5). The order must not change. Claims
 * are durable before the app is asked, so that two requests for one person meet in D1; the app is
 * searched before it is told, so that people who have an account are found; and a commit needs the
 * fence of its lease. A crash after any step leads to one account and one link.
 */
import type { Claim, Link } from '../db/link.ts'
import { without } from '../identity/keys.ts'
import { parseShadow, withoutSecrets } from '../mapping/shadow.ts'
import { furtherWords } from '../mapping/words.ts'
import { refuseLarge } from '../scim/resource-size.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, claimsIn, isReused, loadAccount, staleBefore, viewOf } from './account.ts'
import { apply } from './apply.ts'
import { holdable } from './attributes.ts'
import { sendMembers } from './change-members.ts'
import { overlay } from './commit-create.ts'
import { finishRemoval } from './delete.ts'
import type { Endpoint } from './endpoint.ts'
import { gateCreate, isGated } from './gate.ts'
import { readAgain } from './gone.ts'
import { refuseDisable } from './inactive.ts'
import { splitMembers } from './members.ts'
import { planMembers } from './plan-members.ts'
import { refuseProtected } from './protected.ts'
import { recover } from './recover.ts'
import { refuseByMode } from './refuse-by-mode.ts'
import { inDoubt, taken } from './refuse-create.ts'
import { leaseUntil, proposedLink, type Reservation } from './reservation.ts'
import { send } from './send-create.ts'

export async function createResource(endpoint: Endpoint, body: unknown): Promise<Account> {
  refuseByMode(endpoint)
  const { resource, ignored } = holdable(endpoint, body)
  const { rest, members } = splitMembers(endpoint, resource, body)
  refuseLarge(rest)
  // Who is named is known before anything is written.
  const plan = await planMembers(endpoint, undefined, [{ op: 'add', values: members ?? [] }])
  const desired = withActive(endpoint, rest)
  refuseDisable(endpoint, desired)
  const attributes = await endpoint.mapping.toApp(desired)
  await refuseProtected(endpoint, { attributes }, undefined)
  if (isGated(endpoint)) return gateCreate(endpoint, desired, plan)
  const account = await reserve(endpoint, desired, ignored)
  return sendMembers(endpoint, await switchedOff(endpoint, account, desired), plan)
}

/** An account that was adopted switched on, and is wanted off. */
function switchedOff(endpoint: Endpoint, adopted: Account, desired: Resource): Promise<Account> {
  return brought(endpoint, adopted, ({ link, view }) => {
    const isOn = link.state === 'linked' && view['active'] !== false
    return desired['active'] !== false || !isOn ? view : { ...view, active: false }
  })
}

/** The account, brought to what is wanted of it; once more where somebody else writes it. */
async function brought(
  endpoint: Endpoint,
  found: Account,
  wanted: (account: Account) => Resource,
): Promise<Account> {
  let account = found
  for (let attempt = 0; attempt < 5; attempt++) {
    const { link, object, view } = account
    const after = wanted(account)
    if (after === view) return account
    const known = { shadow: parseShadow(link.shadow), object }
    const words = furtherWords(known, { before: view, after }, () => false)
    const made = await apply(endpoint, account, after, { ignored: [], words, decision: undefined })
    if (made) return made
    account = await loadAccount(endpoint, link.id)
  }
  throw inDoubt(5)
}

/** A new account is on unless the client says otherwise. */
function withActive(endpoint: Endpoint, resource: Resource): Resource {
  return endpoint.definition.coreAttribute('active') && resource['active'] === undefined
    ? { ...resource, active: true }
    : resource
}

async function reserve(
  endpoint: Endpoint,
  desired: Resource,
  ignored: readonly string[],
): Promise<Account> {
  const { io, intents, definition } = endpoint
  const claims = claimsIn(endpoint, desired)
  const body = JSON.stringify(withoutSecrets(definition, desired))
  for (let attempt = 0; attempt < 3; attempt++) {
    const now = io.now()
    const intent = { id: io.newId(), body, leaseUntil: leaseUntil(endpoint) }
    const link = proposedLink(io.newId(), definition.type.name, now)
    const outcome = await intents.reserve(link, claims, intent, now)
    const reservation: Reservation = {
      desired,
      ignored,
      intent: { id: intent.id, fence: 1 },
      link,
      sentSince: undefined,
    }
    if (outcome.reserved) return send(endpoint, reservation)
    const settled = outcome.holder && (await settle(endpoint, outcome.holder, reservation, claims))
    if (settled) return settled
  }
  throw inDoubt(2)
}

// ---- somebody holds the key ----------------------------------------------------------------------

/** Undefined: the key is free, or about to be, and the caller may reserve again. */
async function settle(
  endpoint: Endpoint,
  holder: Link,
  reservation: Reservation,
  claims: readonly Claim[],
): Promise<Account | undefined> {
  switch (holder.state) {
    case 'proposed':
      return recover(endpoint, holder, reservation, claims)
    case 'retiring':
      await finishRemoval(endpoint, holder)
      return undefined
    case 'tombstone':
      return undefined
    case 'pending':
      throw taken(endpoint)
    case 'linked':
    case 'discovered':
    case 'ambiguous':
    case 'missing':
      if (await vacate(endpoint, holder, claims)) return undefined
      return answerAgain(endpoint, holder, reservation, claims)
  }
}

/**
 * A create that was cut off is finished by the cron, and its client asks once more: the answer is the
 * one that it has missed (design decision 5).
 *
 * @throws {ScimError} 409 where the person is somebody else, or the client has had the answer
 */
async function answerAgain(
  endpoint: Endpoint,
  { id, state, externalId }: Link,
  { desired }: Reservation,
  claims: readonly Claim[],
): Promise<Account> {
  const { intents } = endpoint
  if (state !== 'linked' || externalId !== desired['externalId']) throw taken(endpoint)
  if (!(await intents.isUnheard(id))) throw taken(endpoint)
  const account = await loadAccount(endpoint, id)
  const borne = claimsIn(endpoint, account.view)
  if (without(claims, borne).length > 0) throw taken(endpoint)
  const answered = await brought(endpoint, account, ({ view }) => overlay(view, desired))
  if (!(await intents.heard(id))) throw taken(endpoint)
  return answered
}

/** True where the holder has lost the key in the app itself: its account, or its name. */
async function vacate(
  endpoint: Endpoint,
  holder: Link,
  claims: readonly Claim[],
): Promise<boolean> {
  const { links, port, io, audit, request } = endpoint
  if (holder.nativeId === undefined) return false
  const object = (await port.get(holder.nativeId)) ?? (await readAgain(endpoint, holder))
  if (object) {
    if (isReused(holder, object)) return false
    const borne = claimsIn(endpoint, viewOf(endpoint, holder, object))
    const lost = without(claims, borne)
    return lost.length === claims.length && links.unclaimStale(holder, lost, staleBefore(endpoint))
  }
  const now = io.now()
  const entry = { request, type: holder.type, link: holder.id, op: 'delete' as const }
  return links.bury(holder, now, [audit.entry({ ...entry, decision: 'vanished' }, now)])
}
