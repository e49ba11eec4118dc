/**
 * The end of a pending link: the account is there and becomes the link's own, or there will be none.
 * Every way out is one batch under the fence of the intent that waits.
 */
import type { NativeObject, PollOutcome } from '../adapter/contract.ts'
import { isRefusal } from '../adapter/failure.ts'
import type { Intent, Link } from '../db/link.ts'
import type { Held } from '../db/pending.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { scimValue } from '../mapping/scim-value.ts'
import { parseShadow, toView } from '../mapping/shadow.ts'
import { firstWords } from '../mapping/words.ts'
import { ScimError } from '../scim/error.ts'
import { getAt, removeAt } from '../scim/path.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, accountOf, claimsIn, factsOf } from './account.ts'
import { change } from './change-account.ts'
import type { Endpoint } from './endpoint.ts'
import { formerAfter } from './inactive.ts'
import { flushMemberships } from './memberships.ts'
import { nextPollAt, pendingBusy, pendingLinks, readWaiting } from './pending.ts'
import { rolesOfPerson } from './roles.ts'

/** Over the calls that a lease covers: the poll, and the changes to the new account. */
const LEASED_CALLS = 5

/** How long whoever asks about a ticket, or withdraws it, is left alone. */
export function pendingLease({ io, connection }: Endpoint): number {
  return io.now() + LEASED_CALLS * connection.policy.limits.requestTimeoutMs
}

/** Asks the app what became of a pending person, and settles it; nothing where it is another's turn. */
export async function settlePending(endpoint: Endpoint, link: Link, intent: Intent): Promise<void> {
  const { io, port } = endpoint
  const { ticket } = link
  if (!port.poll || ticket === undefined || intent.leaseUntil > io.now()) return
  const held = await pendingLinks(endpoint).lease(intent, pendingLease(endpoint))
  if (!held) return
  const waiting = readWaiting(intent)
  const outcome = await ask(endpoint, ticket, waiting.key)
  switch (outcome.kind) {
    case 'running': {
      const now = io.now()
      const at = nextPollAt(now, intent.createdAt, waiting, outcome.pollAfterMs)
      await pendingLinks(endpoint).rest(held, now, at)
      return
    }
    case 'done':
      await activate(endpoint, held, link.id, waiting.sent, outcome.object)
      return
    case 'expired':
    case 'failed':
      await endPending(endpoint, held, link, outcome.kind)
  }
}

async function ask(
  { port }: Endpoint,
  ticket: string,
  key: string | undefined,
): Promise<PollOutcome> {
  const outcome = await port.poll?.({
    ticket,
    ...(key !== undefined && { idempotencyKey: key }),
  })
  if (!outcome) throw new Error('a pending link of an app that cannot be asked')
  return outcome
}

// ---- the account is there --------------------------------------------------------------------------

/**
 * Brings the account to what the client wants by now, and links it. What the app refuses for good is
 * left as the app has it: the person counts for more than an attribute.
 *
 * @param sent what the app was told when it took the create on
 * @param wanted what the client wants, where it is asking right now; else what it wanted last
 * @returns undefined where somebody else has settled it
 */
export async function activate(
  endpoint: Endpoint,
  held: Held,
  id: string,
  sent: Resource,
  object: NativeObject,
  wanted?: Resource,
): Promise<Account | undefined> {
  const { links, definition } = endpoint
  let current = object
  // A client may change what it wants while this is under way: then the rest is done as well.
  for (let attempt = 0; attempt < 5; attempt++) {
    const link = await links.get(definition.type.name, id)
    if (link?.state !== 'pending') return undefined
    const [live] = await links.byNativeIds(link.type, [current.id])
    if (live && live.id !== id && live.verdict === 'protected') {
      // A person has decided that this account is nobody's to write to.
      await endPending(endpoint, held, link, 'taken')
      return undefined
    }
    const view = wanted ?? parseShadow(link.shadow).kept
    const before = withoutUnheld(endpoint.mapping, sent, current)
    const former = await formerAfter(endpoint, view, current, undefined)
    const changed = await bring(endpoint, current, before, view)
    if (changed === undefined) {
      await endPending(endpoint, held, link, 'failed')
      return undefined
    }
    current = changed.object
    const linked = await linkPending(
      endpoint,
      held,
      link,
      changed.refused ? shownBy(endpoint, view, current) : view,
      current,
      'activated',
      former,
    )
    if (linked === 'taken') {
      // A client has written under another id: that one is theirs, and this one ends.
      await endPending(endpoint, held, link, 'taken')
      return undefined
    }
    if (linked === 'lost') continue
    await onLinked(endpoint, linked, changed.refused)
    return linked
  }
  return undefined
}

/**
 * One batch: the intent is done, and the pending link is linked to this account. `taken`: the account
 * is another link's that a client has written under. `lost`: link or lease have changed since.
 */
export async function linkPending(
  endpoint: Endpoint,
  held: Held,
  link: Link,
  view: Resource,
  object: NativeObject,
  decision: 'activated' | 'created' | 'adopted',
  former: string | undefined,
): Promise<Account | 'taken' | 'lost'> {
  const { links, edges, departures, io, audit, request } = endpoint
  const now = io.now()
  const [live] = await links.byNativeIds(link.type, [object.id])
  const met = live && live.id !== link.id && !live.survives ? live : undefined
  if (met && met.state !== 'discovered') return 'taken'
  const entry = { request, type: link.type, link: link.id, op: 'create' as const, decision }
  const facts = factsOf(endpoint, view, object, former, firstWords(view))
  const claims = claimsIn(endpoint, view)
  const also = [
    audit.entry(entry, now),
    audit.linked(link.id, now),
    edges.makeDue(link.id, now),
    departures.forget(link.id),
    rolesOfPerson(endpoint, link.id),
  ]
  const outcome = await pendingLinks(endpoint).activate(held, link, facts, claims, met, now, also)
  const after = outcome === 'written' ? await links.get(link.type, link.id) : undefined
  // Where a read has minted a link since, the next try sees it.
  return after ? accountOf(endpoint, after, object) : 'lost'
}

/** The client's view where the app's own values count, because it has refused the client's. */
function shownBy(
  { mapping, connection }: Endpoint,
  view: Resource,
  object: NativeObject,
): Resource {
  const { mappingVersion } = connection
  const kept = { kept: mapping.unmapped(view), echo: {}, held: {}, mapping: mappingVersion }
  return toView(mapping, mappingVersion, object, kept)
}

/**
 * What follows once when a pending link has become linked, after its commit, which it must not fail.
 *
 * @param refused true: the app has refused a part of what the client wants
 */
export async function onLinked(
  endpoint: Endpoint,
  { link }: Account,
  refused: boolean,
): Promise<void> {
  const { findings, io } = endpoint
  // What is left of them is the sweeper's: the commit has made them due.
  await flushMemberships(endpoint, link)
  if (!refused) return
  const detail = { type: link.type, nativeId: link.nativeId ?? '', link: link.id }
  await findings.report(io.newId(), 'drift', `${link.type}:${link.id}`, detail, io.now())
}

/**
 * What the app made of an invitation counts as what the client sent, except where it holds nothing:
 * few invitations carry every attribute.
 */
function withoutUnheld(mapping: Mapping, sent: Resource, object: NativeObject): Resource {
  let before = sent
  for (const { path, app } of mapping.pairs) {
    const isHeld = scimValue(object.attributes[app]) !== undefined
    if (!isHeld && getAt(before, path) !== undefined) before = removeAt(before, path)
  }
  return before
}

/** Undefined: the account is gone again. Failures that may pass are thrown. */
async function bring(
  endpoint: Endpoint,
  object: NativeObject,
  before: Resource,
  after: Resource,
): Promise<{ object: NativeObject; refused: boolean } | undefined> {
  try {
    const subject = { link: undefined, object, view: before }
    return { object: await change(endpoint, subject, after), refused: false }
  } catch (error) {
    if (error instanceof ScimError && error.status === 404) return undefined
    if (!isNotToBe(error)) throw error
    // An attribute may have been taken before the switch was refused.
    const now = await endpoint.port.get(object.id)
    return now ? { object: now, refused: true } : undefined
  }
}

function isNotToBe(error: unknown): boolean {
  if (error instanceof ScimError) return error.status < 500 || error.status === 501
  return isRefusal(error)
}

// ---- there will be none ----------------------------------------------------------------------------

/**
 * The link ends: Entra keeps ids for ever, is told 404 for this one, matches again and creates
 * again. Nobody is invited a second time without the client.
 */
async function endPending(
  endpoint: Endpoint,
  held: Held,
  link: Link,
  reason: 'expired' | 'failed' | 'taken',
): Promise<void> {
  const { io, audit, request, findings, links } = endpoint
  const subject = `${link.type}:${link.id}`
  const entry = { request, type: link.type, link: link.id, op: 'create' as const, decision: reason }
  for (let current: Link | undefined = link, attempt = 0; attempt < 5; attempt++) {
    if (current?.state !== 'pending') return
    const now = io.now()
    const detail = { type: link.type, link: link.id, reason }
    const found = [{ id: io.newId(), subject, detail }]
    const also = [audit.entry(entry, now), findings.found('not-created', found, now)]
    if (await pendingLinks(endpoint).end(held, current, now, also)) return
    current = await links.get(link.type, link.id)
  }
}

// ---- withdrawing -----------------------------------------------------------------------------------

export type Withdrawal =
  | { readonly kind: 'withdrawn' }
  /** The person had accepted, or the job was done, before. */
  | { readonly kind: 'account'; readonly object: NativeObject }
  /** The app cannot stop what it is doing. */
  | { readonly kind: 'running' }

/** @throws {AdapterFailure} where the app refuses, or nobody knows */
export async function withdraw(
  endpoint: Endpoint,
  ticket: string,
  key: string | undefined,
): Promise<Withdrawal> {
  const { port } = endpoint
  const outcome = await port.cancel?.(ticket)
  if (outcome && outcome.kind !== 'gone') return { kind: 'withdrawn' }
  const polled = await ask(endpoint, ticket, key)
  switch (polled.kind) {
    case 'done':
      return { kind: 'account', object: polled.object }
    case 'expired':
    case 'failed':
      return { kind: 'withdrawn' }
    case 'running':
      // "There is none" and "it is open" at once: one of them will be true later.
      if (outcome) throw pendingBusy()
      return { kind: 'running' }
  }
}
