/**
 * Pending people: invited, or being made by a job of the app (docs/decisions/0005-pending.md). The
 * client has their id and reads back what it sent; what it changes meanwhile is kept with the link.
 */
import type { CreateOutcome, NativeObject } from '../adapter/contract.ts'
import type { Intent, Link } from '../db/link.ts'
import { type Held, type PendingFacts, PendingLinks, type Ticket } from '../db/pending.ts'
import { printShadow, withoutSecrets } from '../mapping/shadow.ts'
import { ScimError } from '../scim/error.ts'
import type { Resource } from '../scim/schema.ts'
import { type Account, claimsIn, pendingAccount, rulesOf } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { removesOff } from './inactive.ts'
import { refuseUnmatched } from './meet.ts'
import { refuseProtected } from './protected.ts'

/** The cron comes once a minute. */
const SOONEST_MS = 1_000
const RARELY_MS = 3_600_000
/** The older it is, the less likely is it that the next moment ends it. */
const SHARE_OF_AGE = 10
/** An app that names a later time than this is asked nevertheless. */
const LATEST_MS = 24 * 3_600_000
/** How long a create whose answer was lost may have had an effect that the app does not show. */
const HIDDEN_MS = 24 * 3_600_000

/** A create that the app has taken on. */
export type Awaited = Extract<CreateOutcome, { kind: 'invited' | 'accepted' }>

/** What a waiting intent remembers. */
export interface Waiting {
  /** What the app was told, without secrets; empty where others had invited the person. */
  readonly sent: Resource
  /** Milliseconds since 1970. */
  readonly expiresAt?: number
  /** The idempotency key of the create; absent where it was not ours. */
  readonly key?: string
}

export function readWaiting(intent: Pick<Intent, 'body'>): Waiting {
  return { sent: {}, ...(JSON.parse(intent.body) as Partial<Waiting>) }
}

/** True where the app, or the policy for people who are off, leaves links without an account. */
export function mayBePending(endpoint: Endpoint): boolean {
  return endpoint.port.poll !== undefined || removesOff(endpoint)
}

export function pendingLinks({ db, connection }: Endpoint): PendingLinks {
  return new PendingLinks(db, connection.id)
}

// ---- what a client sees ----------------------------------------------------------------------------

export function pendingFacts(endpoint: Endpoint, view: Resource): PendingFacts {
  const { definition, mapping, connection, spec } = endpoint
  const externalId = view['externalId']
  const name = view['displayName'] ?? mapping.pairsToApp(view)[spec.naming]
  const kept = withoutSecrets(definition, view)
  return {
    externalId: typeof externalId === 'string' ? externalId : undefined,
    display: typeof name === 'string' ? name : undefined,
    shadow: printShadow({ kept, echo: {}, held: {}, mapping: connection.mappingVersion }),
  }
}

/**
 * The pending people that unlinked accounts stand for, by native id. A read shows such an account
 * as the person it is to become, and mints no second resource (design decision 5).
 */
export async function standingFor(
  endpoint: Endpoint,
  objects: readonly NativeObject[],
): Promise<ReadonlyMap<string, Link>> {
  if (!mayBePending(endpoint) || objects.length === 0) return new Map()
  const { mapping, definition } = endpoint
  const keys = objects.flatMap((object) =>
    claimsIn(endpoint, mapping.toScim(object)).map((claim) => ({
      ...claim,
      nativeId: object.id,
      provisional: object.ticket !== undefined,
    })),
  )
  const tickets = objects.flatMap(({ id, ticket }) =>
    ticket === undefined ? [] : [{ nativeId: id, ticket }],
  )
  return pendingLinks(endpoint).standingFor(definition.type.name, keys, tickets)
}

/** Pending people whom an equality may find, no claim being on its value; a filter sorts them out. */
export async function pendingFor(endpoint: Endpoint, path: string): Promise<readonly Link[]> {
  const { definition } = endpoint
  const isKey =
    rulesOf(endpoint).some(({ key, auto }) => auto && key === path) ||
    (definition.coreAttribute(path)?.uniqueness ?? 'none') !== 'none'
  return mayBePending(endpoint) && !isKey ? pendingLinks(endpoint).all(definition.type.name) : []
}

// ---- beginning ------------------------------------------------------------------------------------

/** How long a search that finds nothing may miss what a lost create has done. */
export function unseenMs({ spec }: Endpoint, lagMs: number): number {
  const { create, pending, idempotencyKey } = spec.capabilities
  const later = create === 'invite' || create === 'async'
  return later && pending !== 'shown' && !idempotencyKey ? Math.max(lagMs, HIDDEN_MS) : lagMs
}

/** What a provisional account says of itself; undefined where it is an account like any other. */
export function invitationOf({ port }: Endpoint, object: NativeObject): Awaited | undefined {
  const { ticket } = object
  return ticket !== undefined && port.poll ? { kind: 'invited', ticket, object } : undefined
}

/** The idempotency key of a create: of the link, and of the attempt where it is not the first. */
export function keyOf(link: Link, intent: Pick<Intent, 'id'>): string {
  return link.state === 'pending' ? intent.id : link.id
}

/**
 * The app has taken a create on: from here on the person is there for clients.
 *
 * @param sent what the app was told; empty where somebody else had invited the person
 * @returns undefined where another link has the invitation, or the lease is lost
 */
export async function beginPending(
  endpoint: Endpoint,
  { intent, link, desired }: { intent: Held; link: Link; desired: Resource },
  outcome: Awaited,
  sent: Resource,
): Promise<Account | undefined> {
  const { links, io, definition, audit, request } = endpoint
  const type = definition.type.name
  const facts = pendingFacts(endpoint, desired)
  const ticket = ticketOf(endpoint, outcome, { sent, key: keyOf(link, intent) })
  for (let attempt = 0; attempt < 3; attempt++) {
    const now = io.now()
    // Its id is out already, unlike the proposed one; that of a pending link is out as well.
    const [live] =
      ticket.nativeId === undefined ? [] : await links.byNativeIds(type, [ticket.nativeId])
    if (live && live.id !== link.id && (live.state !== 'discovered' || link.state === 'pending')) {
      return undefined
    }
    const met = live?.id === link.id ? undefined : live
    const id = met?.id ?? link.id
    const entry = { request, type, link: id, op: 'create' as const, decision: outcome.kind }
    const also = [audit.entry(entry, now)]
    const begun = await pendingLinks(endpoint).begin(intent, link, facts, ticket, met, now, also)
    if (begun === 'lost') break
    const after = begun === 'written' ? await links.get(type, id) : undefined
    if (after) return pendingAccount(after)
  }
  return undefined
}

/**
 * A provisional account that only a read has met, because others had invited the person: it becomes
 * pending, and whatever the client wants of it goes that way. False: it is an account like any other.
 */
export async function takeOverProvisional(
  endpoint: Endpoint,
  { link, object, view }: Account,
): Promise<boolean> {
  const { io, audit, request } = endpoint
  const invitation = link.state === 'pending' ? undefined : invitationOf(endpoint, object)
  if (!invitation) return false
  await refuseProtected(endpoint, object, link)
  await refuseUnmatched(endpoint, link, object)
  const now = io.now()
  const entry = { request, type: link.type, link: link.id, op: 'update' as const }
  const outcome = await pendingLinks(endpoint).beginKnown(
    link,
    io.newId(),
    pendingFacts(endpoint, view),
    ticketOf(endpoint, invitation, { sent: {} }),
    claimsIn(endpoint, view),
    now,
    [audit.entry({ ...entry, decision: 'invited' }, now)],
  )
  if (outcome === 'key-taken') throw keyTaken(endpoint)
  return true
}

function ticketOf(endpoint: Endpoint, outcome: Awaited, { sent, ...more }: Waiting): Ticket {
  const now = endpoint.io.now()
  const expiresAt =
    outcome.kind === 'invited' && outcome.expiresAt !== undefined
      ? Date.parse(outcome.expiresAt)
      : Number.NaN
  const waiting: Waiting = {
    ...more,
    sent: withoutSecrets(endpoint.definition, sent),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
  }
  return {
    ticket: outcome.ticket,
    nativeId: outcome.object?.id,
    body: JSON.stringify(waiting),
    pollAt: nextPollAt(
      now,
      now,
      waiting,
      'pollAfterMs' in outcome ? outcome.pollAfterMs : undefined,
    ),
  }
}

/** The app's word first; else ever more rarely, and once more right after the invitation's end. */
export function nextPollAt(
  now: number,
  since: number,
  { expiresAt }: Waiting,
  pollAfterMs: number | undefined,
): number {
  const waitMs =
    pollAfterMs === undefined
      ? Math.min(Math.max((now - since) / SHARE_OF_AGE, SOONEST_MS), RARELY_MS)
      : Math.min(Math.max(pollAfterMs, SOONEST_MS), LATEST_MS)
  const at = Math.round(now + waitMs)
  return expiresAt !== undefined && expiresAt > now ? Math.min(at, expiresAt + SOONEST_MS) : at
}

export function keyTaken({ definition }: Endpoint): ScimError {
  return new ScimError(
    'uniqueness',
    `Another ${definition.type.name} has one of these unique values already.`,
  )
}

export function pendingBusy(): ScimError {
  return new ScimError(
    503,
    'The app is being asked about the invitation of this resource, or did not answer clearly. ' +
      'Retry later.',
    { retryAfterSeconds: 5 },
  )
}
