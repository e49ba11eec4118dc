/**
 * PATCH and PUT of a pending person. What the client wants is kept with the link and reaches the
 * account when it is there. Switching the person off withdraws the invitation; switching one on
 * whose invitation was withdrawn invites again, by the steps of a create.
 */
import type { Intent } from '../db/link.ts'
import type { Outcome } from '../db/pending.ts'
import { without } from '../identity/keys.ts'
import { withoutSecrets } from '../mapping/shadow.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, claimsIn, pendingAccount } from './account.ts'
import { activate, pendingLease, withdraw } from './activate.ts'
import type { Endpoint } from './endpoint.ts'
import { refuseDisable } from './inactive.ts'
import { keyTaken, pendingBusy, pendingFacts, pendingLinks, readWaiting } from './pending.ts'
import { refuseProtected } from './protected.ts'
import { recover } from './recover.ts'
import { changedNames } from './refuse-update.ts'
import { leaseUntil } from './reservation.ts'
import { send } from './send-create.ts'

interface PendingChange {
  readonly view: Resource
  readonly ignored: readonly string[]
}

/** Undefined: link or intent have changed meanwhile, and all is to be read again. */
export async function changePending(
  endpoint: Endpoint,
  account: Account,
  after: Resource,
  ignored: readonly string[],
): Promise<Account | undefined> {
  const { intents, port, mapping } = endpoint
  const { link, view: before } = account
  const change = { view: after, ignored }
  refuseSecrets(endpoint, after)
  const { attributes, faults } = await mapping.tryToApp(after)
  if (faults[0] && after['active'] !== false) throw faults[0].fault
  await refuseProtected(endpoint, { attributes }, link)
  const intent = await intents.open(link.id)
  const turnsOn = before['active'] === false && after['active'] === true
  const turnsOff = before['active'] !== false && after['active'] === false
  if (!intent) {
    // The keys first: a create that is sent under them must not meet another one's.
    const keepsKeys = !claimsDiffer(endpoint, before, after)
    if (turnsOn && keepsKeys) return inviteAgain(endpoint, account, after, ignored)
    if (!turnsOn) return keep(endpoint, account, change)
    await keep(endpoint, account, { ...change, view: { ...after, active: false } })
    return undefined
  }
  if (intent.state !== 'waiting') {
    // To be invited again, and cut off: the same request may be the client's next try.
    if (!turnsOn) throw pendingBusy()
    return recover(
      endpoint,
      link,
      proposal(endpoint, account, after, ignored),
      claimsIn(endpoint, after),
    )
  }
  if (!turnsOff) return keep(endpoint, account, change)
  if (port.cancel) return cancel(endpoint, account, intent, change)
  // A job cannot be stopped: the account is switched off when it is there.
  refuseDisable(endpoint, after)
  return keep(endpoint, account, change)
}

async function keep(
  endpoint: Endpoint,
  { link, view: before }: Account,
  { view, ignored }: PendingChange,
): Promise<Account | undefined> {
  const { io, audit, request } = endpoint
  const now = io.now()
  const detail = { changed: changedNames(before, view), ignored }
  const entry = { request, type: link.type, link: link.id, op: 'update' as const, detail }
  const outcome = await pendingLinks(endpoint).change(
    link,
    pendingFacts(endpoint, view),
    claimChange(endpoint, before, view),
    now,
    [audit.entry({ ...entry, decision: 'kept' }, now)],
  )
  return changedTo(endpoint, outcome, link.type, link.id)
}

/** Withdraws the invitation; where the person had accepted, the account is switched off instead. */
async function cancel(
  endpoint: Endpoint,
  { link, view: before }: Account,
  intent: Intent,
  { view, ignored }: PendingChange,
): Promise<Account | undefined> {
  const { io, audit, request } = endpoint
  const pending = pendingLinks(endpoint)
  if (link.ticket === undefined || intent.leaseUntil > io.now()) throw pendingBusy()
  const held = await pending.lease(intent, pendingLease(endpoint))
  if (!held) return undefined
  const { sent, key } = readWaiting(intent)
  try {
    const withdrawal = await withdraw(endpoint, link.ticket, key)
    if (withdrawal.kind === 'account') {
      refuseDisable(endpoint, view)
      return await activate(endpoint, held, link.id, sent, withdrawal.object, view)
    }
    if (withdrawal.kind === 'running') throw pendingBusy()
  } catch (error) {
    // The client is told; the next poll may be at once, and tells what has become of it.
    await pending.rest(held, io.now(), io.now())
    throw error
  }
  const now = io.now()
  const detail = { changed: changedNames(before, view), ignored }
  const entry = { request, type: link.type, link: link.id, op: 'update' as const, detail }
  const outcome = await pending.cancel(
    held,
    link,
    pendingFacts(endpoint, view),
    claimChange(endpoint, before, view),
    now,
    [audit.entry({ ...entry, decision: 'cancelled' }, now)],
  )
  // The app has withdrawn it: whoever comes next is told so by the app.
  if (outcome !== 'written') await pending.rest(held, now, now)
  return changedTo(endpoint, outcome, link.type, link.id)
}

/** The withdrawal was confirmed, so that this makes no second invitation. */
async function inviteAgain(
  endpoint: Endpoint,
  account: Account,
  wanted: Resource,
  ignored: readonly string[],
): Promise<Account | undefined> {
  const { io, definition } = endpoint
  const { link } = account
  const reservation = proposal(endpoint, account, wanted, ignored)
  const intent = {
    id: reservation.intent.id,
    body: JSON.stringify(withoutSecrets(definition, wanted)),
    leaseUntil: leaseUntil(endpoint),
  }
  if (!(await pendingLinks(endpoint).beginAgain(link, intent, io.now()))) return undefined
  return send(endpoint, { ...reservation, link: { ...link, version: link.version + 1 } })
}

function proposal(
  endpoint: Endpoint,
  { link }: Account,
  desired: Resource,
  ignored: readonly string[],
) {
  return {
    intent: { id: endpoint.io.newId(), fence: 1 },
    link,
    desired,
    ignored,
    sentSince: undefined,
  }
}

async function changedTo(
  endpoint: Endpoint,
  outcome: Outcome,
  type: string,
  id: string,
): Promise<Account | undefined> {
  if (outcome === 'key-taken') throw keyTaken(endpoint)
  const link = outcome === 'written' ? await endpoint.links.get(type, id) : undefined
  return link?.state === 'pending' ? pendingAccount(link) : undefined
}

function claimChange(endpoint: Endpoint, before: Resource, view: Resource) {
  const held = claimsIn(endpoint, before)
  const wanted = claimsIn(endpoint, view)
  return { taken: without(wanted, held), given: without(held, wanted) }
}

function claimsDiffer(endpoint: Endpoint, before: Resource, view: Resource): boolean {
  const { taken, given } = claimChange(endpoint, before, view)
  return taken.length + given.length > 0
}

/** What is never kept would be lost until the account is there. */
function refuseSecrets({ definition }: Endpoint, view: Resource): void {
  const kept = withoutSecrets(definition, view)
  const names = Object.keys(view).filter((name) => !(name in kept))
  if (names.length === 0) return
  throw new ScimError(
    'invalidValue',
    `The account is still to be made, and "${names.join('", "')}" is never kept. Send it when ` +
      'the person has accepted the invitation, or leave it to them.',
  )
}
