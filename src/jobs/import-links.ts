/**
 * Import of SCIM ids that another SCIM server gave out. A client caches ids for ever, so a gateway
 * that takes that server's place answers to them. Each item is decided and written by itself: a
 * refusal has a reason and leaves nothing behind, and a second import of the same items changes
 * nothing. Nothing is written in the app.
 */
import type { Connection } from '../access/connection.ts'
import type { NativeObject } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Claim, Link } from '../db/link.ts'
import { MovedLinks } from '../db/moved-links.ts'
import { stillHeld } from '../mapping/drift.ts'
import { parseShadow, type Shadow, toView } from '../mapping/shadow.ts'
import { noWords } from '../mapping/words.ts'
import { claimsIn, factsOf, isReused } from '../operations/account.ts'
import { holdable } from '../operations/attributes.ts'
import { type Endpoint, openEndpoint } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { splitMembers } from '../operations/members.ts'
import { ScimError } from '../scim/error.ts'
import { openFor } from './endpoint.ts'
import {
  busy,
  conflict,
  type ImportItem,
  type ImportOutcome,
  INVALID_ID,
  isId,
  type Known,
  refused,
  repeatedIn,
} from './import-conflict.ts'
import type { Jobs } from './jobs.ts'

/** Each costs a call to the app and a batch; an invocation may make 1000 of both together. */
export const MAX_IMPORT = 100
/** Connections that a Worker may hold open at once. */
const AT_ONCE = 6

/** One outcome for each item, in their order. */
export async function importLinks(
  jobs: Jobs,
  connection: Connection,
  items: readonly ImportItem[],
  dryRun: boolean,
): Promise<ImportOutcome[]> {
  const open = await openFor(jobs, connection, 'import')
  const endpoints = new Map<string, Endpoint | undefined>()
  for (const { type } of items) {
    if (!endpoints.has(type)) endpoints.set(type, openEndpoint(open, type))
  }
  const known = await readKnown(items, endpoints)
  const repeated = repeatedIn(items)
  const outcomes: ImportOutcome[] = []
  let isAppDown = false
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const wave = await Promise.all(
      items.slice(from, from + AT_ONCE).map((item, at) => {
        const endpoint = endpoints.get(item.type)
        if (!isId(item.id)) return refused('invalid-id', INVALID_ID)
        if (!endpoint) return refused('no-type', `The connection has no type "${item.type}".`)
        if (repeated.has(from + at)) {
          return refused('repeated', 'This request names the id, or the account, before.')
        }
        if (isAppDown) return refused('app-failed', 'The app does not answer.')
        return importOne(endpoint, item, known(item), dryRun)
      }),
    )
    outcomes.push(...wave)
    // Each further call would wait for its time limit as well.
    isAppDown ||= wave.every((o) => o.status === 'refused' && o.reason === 'app-failed')
  }
  return outcomes
}

async function readKnown(
  items: readonly ImportItem[],
  endpoints: ReadonlyMap<string, Endpoint | undefined>,
): Promise<(item: ImportItem) => Known> {
  const byId = new Map<string, Link>()
  const byAccount = new Map<string, Link>()
  for (const [type, endpoint] of endpoints) {
    if (!endpoint) continue
    const ofType = items.filter((item) => item.type === type)
    const [ids, accounts] = await Promise.all([
      endpoint.links.getAll(ofType.map(({ id }) => id)),
      endpoint.links.byNativeIds(
        type,
        ofType.map(({ nativeId }) => nativeId),
      ),
    ])
    for (const link of ids) byId.set(link.id, link)
    for (const link of accounts) {
      if (link.state !== 'tombstone') byAccount.set(JSON.stringify([type, link.nativeId]), link)
    }
  }
  return ({ type, id, nativeId }) => ({
    byId: byId.get(id),
    byAccount: byAccount.get(JSON.stringify([type, nativeId])),
  })
}

// ---- one item ---------------------------------------------------------------------------------------

async function importOne(
  endpoint: Endpoint,
  item: ImportItem,
  known: Known,
  dryRun: boolean,
): Promise<ImportOutcome> {
  const conflicting = conflict(item, known)
  if (conflicting) return conflicting
  try {
    const object = await endpoint.port.get(item.nativeId)
    if (!object) return refused('no-account', 'The app holds no account with this native id.')
    return await put(endpoint, item, known.byAccount, object, dryRun)
  } catch (error) {
    if (error instanceof AdapterFailure) {
      return refused('app-failed', toScimError(error, endpoint.mapping).message)
    }
    if (error instanceof ScimError) return refused('invalid-attributes', error.message)
    throw error
  }
}

async function put(
  endpoint: Endpoint,
  item: ImportItem,
  met: Link | undefined,
  object: NativeObject,
  dryRun: boolean,
): Promise<ImportOutcome> {
  const { links, audit, request, io, db, connection } = endpoint
  const { id, type, state } = item
  const { shadow, ignored } = shadowOf(endpoint, item, object)
  const view = toView(endpoint.mapping, connection.mappingVersion, object, shadow)
  // Keys are those of the account as the app shows it now. A discovered link holds none.
  const claims = state === 'linked' ? claimsIn(endpoint, view) : []
  const replaced = met && met.id !== id ? met.id : undefined
  const imported: ImportOutcome = {
    status: 'imported',
    ...(replaced !== undefined && { replaced }),
    ...(ignored.length > 0 && { ignored }),
  }
  if (dryRun) return (await takenKey(endpoint, type, claims)) ?? imported
  const now = io.now()
  const detail = replaced === undefined ? {} : { replaced }
  const entry = { request, type, link: id, op: 'create' as const, decision: 'imported', detail }
  const outcome = await new MovedLinks(db, connection.id).put(
    {
      id,
      type,
      state,
      facts: factsOf(endpoint, view, object, undefined, noWords({ shadow, object })),
      claims,
    },
    met,
    met !== undefined && isReused(met, object),
    now,
    [audit.entry(entry, now), audit.linked(id, now)],
  )
  switch (outcome) {
    case 'put':
      return imported
    case 'key-taken':
      return (await takenKey(endpoint, type, claims)) ?? busy()
    case 'lost':
      return busy()
    case 'taken': {
      // Another request was faster, perhaps with the same item.
      const [byId] = await links.getAll([id])
      const [byAccount] = await links.byNativeIds(type, [item.nativeId])
      return conflict(item, { byId, byAccount }) ?? busy()
    }
  }
}

/** What is remembered of the account's attributes: those that the app cannot show back. */
function shadowOf(
  endpoint: Endpoint,
  { externalId, attributes, echo = {} }: ImportItem,
  object: NativeObject,
): { shadow: Shadow; ignored: readonly string[] } {
  const { mapping, connection, definition } = endpoint
  // Checked as the whole resource that it is part of.
  const body = {
    ...mapping.toScim(object),
    ...attributes,
    ...(externalId !== undefined && { externalId }),
    schemas: [definition.core.id],
  }
  const { resource, ignored } = holdable(endpoint, body)
  const kept = mapping.unmapped(splitMembers(endpoint, resource, body).rest)
  // As for a create: a client that reads no `active` sets it again each cycle.
  const lacksActive =
    definition.coreAttribute('active') &&
    !mapping.switches &&
    !mapping.pair('active') &&
    kept['active'] === undefined
  return {
    shadow: {
      ...parseShadow('{}'),
      kept: lacksActive ? { ...kept, active: true } : kept,
      // Only where the app still holds what it made of it: no drift comes out of another time.
      echo: stillHeld(mapping, echo, object),
      mapping: connection.mappingVersion,
    },
    ignored,
  }
}

async function takenKey(
  { links }: Endpoint,
  type: string,
  claims: readonly Claim[],
): Promise<ImportOutcome | undefined> {
  for (const claim of claims) {
    const holder = await links.byClaim(type, claim)
    if (holder) {
      return refused('key-taken', `Another ${type} has this ${claim.kind} already.`, holder)
    }
  }
  return undefined
}
