/**
 * PATCH and PUT (RFC 7644 §3.5): both apply to the client's view, and only the difference, in the
 * app's terms, is written. Nothing changed: nothing is sent and nothing is stored.
 */
import { type Write, writeAll } from '../db/database.ts'
import { beginSending } from '../db/sending.ts'
import { same } from '../mapping/same.ts'
import { ScimError } from '../scim/error.ts'
import { applyPatch, parsePatchOp } from '../scim/patch.ts'
import { separate, type ValueChange } from '../scim/patch-delta.ts'
import { checkImmutable } from '../scim/resource.ts'
import { refuseLarge } from '../scim/resource-size.ts'
import type { Json, Resource } from '../scim/schema.ts'
import { type Account, loadAccount } from './account.ts'
import { apply } from './apply.ts'
import { applyPolicy, holdable } from './attributes.ts'
import { sendMembers } from './change-members.ts'
import { changePending } from './change-pending.ts'
import { type Said, saidIn } from './drift.ts'
import type { Endpoint } from './endpoint.ts'
import { settleUpdate } from './finish-update.ts'
import { gateUpdate, isGated } from './gate.ts'
import { refuseStale } from './if-match.ts'
import { membershipOf, splitMembers } from './members.ts'
import { takeOverProvisional } from './pending.ts'
import { planMembers } from './plan-members.ts'
import { isProtected } from './protected.ts'
import { refuseByMode } from './refuse-by-mode.ts'
import { refuseUpdate } from './refuse-update.ts'

/** What a client wants of a resource: its new view, and what happens to its members. */
export interface Wanted {
  readonly view: Resource
  readonly ignored: readonly string[]
  readonly members: readonly ValueChange[]
  /** For the audit, where it is not a client that wants it. */
  readonly decision?: 'restored' | undefined
}

export async function patchResource(
  endpoint: Endpoint,
  id: string,
  body: unknown,
  ifMatch: string | undefined,
): Promise<Account> {
  const { definition, profile } = endpoint
  const operations = parsePatchOp(body, profile)
  const attribute = membershipOf(endpoint)
  const { rest, changes } = attribute
    ? separate(definition, operations, attribute, profile)
    : { rest: operations, changes: [] }
  return update(endpoint, id, ifMatch, ({ view }) => {
    const { resource, ignored } = applyPatch(definition, view, rest, profile)
    const { kept, dropped } = applyPolicy(endpoint, resource, view)
    refuseLarge(kept)
    return { view: kept, ignored: [...ignored, ...dropped], members: changes }
  })
}

export async function putResource(
  endpoint: Endpoint,
  id: string,
  body: unknown,
  ifMatch: string | undefined,
): Promise<Account> {
  const { definition } = endpoint
  const { resource, ignored } = holdable(endpoint, body)
  const { rest, members } = splitMembers(endpoint, resource, body)
  refuseLarge(rest)
  return update(endpoint, id, ifMatch, ({ view }) => {
    const kept = checkImmutable(definition, view, rest)
    return {
      view: withSwitch(endpoint, view, kept),
      ignored,
      // RFC 7644 §3.5.1: what a PUT does not name is cleared.
      members: membershipOf(endpoint)
        ? [{ op: 'removeAll' }, { op: 'add', values: members ?? [] }]
        : [],
    }
  })
}

/** A PUT that does not speak of `active` must not switch a disabled person on. */
function withSwitch(endpoint: Endpoint, view: Resource, sent: Resource): Resource {
  const active = view['active']
  return endpoint.definition.coreAttribute('active') &&
    sent['active'] === undefined &&
    active !== undefined
    ? { ...sent, active }
    : sent
}

/** So that the audit knows of it also where it is cut off between the app's answer and the commit. */
export function begin(
  { connection, definition, request, trail, io }: Endpoint,
  link: string,
): Write {
  trail.begun.add(link)
  const what = { request, link, type: definition.type.name }
  return beginSending(connection.id, what, trail.actor, io.now())
}

/** Another writer may change the link between the read and the commit: then all is read again. */
export async function update(
  endpoint: Endpoint,
  id: string,
  ifMatch: string | undefined,
  want: (account: Account) => Wanted,
): Promise<Account> {
  refuseByMode(endpoint)
  for (let attempt = 0; attempt < 5; attempt++) {
    const account = await loadAccount(endpoint, id, isGated(endpoint) ? [] : [begin(endpoint, id)])
    if (account.link.open?.op === 'update' && !isGated(endpoint)) {
      await settleUpdate(endpoint, account.link)
      continue
    }
    refuseStale(endpoint, account, ifMatch)
    if (!isGated(endpoint) && (await takeOverProvisional(endpoint, account))) continue
    const wanted = want(account)
    // Who is named is known before anything is written: an unknown member applies nothing.
    const plan = await planMembers(endpoint, account, wanted.members)
    if (isGated(endpoint)) return gateUpdate(endpoint, account, wanted.view, plan)
    const updated = await write(endpoint, account, wanted, saidIn(endpoint, account, want))
    if (updated) return sendMembers(endpoint, updated, plan)
  }
  throw new ScimError(503, 'Other requests keep changing this resource. Retry later.', {
    retryAfterSeconds: 5,
  })
}

/** Undefined: the link has changed meanwhile. */
async function write(
  endpoint: Endpoint,
  account: Account,
  { view: after, ignored, decision }: Wanted,
  said: Said,
): Promise<Account | undefined> {
  const { link, object, view: before } = account
  // The person was never off: an update that changes nothing is how a client takes its wish back.
  if (link.isHeldBack && said.turnsOn()) {
    await writeAll(endpoint.db, [endpoint.departures.withdraw(link.id)])
  }
  if (same(after as Json, before as Json)) {
    // What agrees with the app changes nothing there; a protected account is nobody's to speak of.
    const isMoot = link.state === 'pending' || isProtected(endpoint, object, link)
    // Somebody switched the person on in the app before the client did.
    const isBack = link.inactiveSince !== undefined && after['active'] === true
    if (isMoot || !(said.agrees || isBack)) return account
  }
  await refuseUpdate(endpoint, account, after)
  if (link.state === 'pending') return changePending(endpoint, account, after, ignored)
  return apply(endpoint, account, after, { ignored, words: said.words(after), decision })
}
