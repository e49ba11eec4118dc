/**
 * Mode `gate`: what a write would have done, said instead of done. Nothing is written, in the app or
 * here, but the audit; reads are live. What live would refuse is refused in the same words. A write
 * that changes nothing is answered as in live: nothing had to happen, so the success is true
 * (docs/decisions/0007-modes-that-end.md).
 */
import { modeOf } from '../access/mode.ts'
import type { AuditEntry } from '../db/audit.ts'
import { writeAll } from '../db/database.ts'
import type { Claim, Link } from '../db/link.ts'
import { without } from '../identity/keys.ts'
import { same } from '../mapping/same.ts'
import { ScimError } from '../scim/error.ts'
import type { Json, Resource } from '../scim/schema.ts'
import { type Account, claimsIn, isReused, viewOf } from './account.ts'
import { overlay } from './commit-create.ts'
import type { Endpoint } from './endpoint.ts'
import type { Met } from './meet.ts'
import { membersOf } from './members.ts'
import type { MemberPlan } from './plan-members.ts'
import { refuseProtected } from './protected.ts'
import { taken } from './refuse-create.ts'
import { changedNames, keysTaken, refuseUpdate } from './refuse-update.ts'
import { proposedLink, type Reservation } from './reservation.ts'
import { searchByRules } from './search.ts'
import { mayAdopt, onlyOne } from './send-create.ts'

export function isGated({ connection, io }: Endpoint): boolean {
  return modeOf(connection, io.now()) === 'gate'
}

// ---- POST ----------------------------------------------------------------------------------------

/** @throws {ScimError} always: 400 with what would have happened, or what live would answer */
export async function gateCreate(
  endpoint: Endpoint,
  desired: Resource,
  plan: MemberPlan,
): Promise<never> {
  const { io, definition } = endpoint
  const { name } = definition.type
  const { length } = plan.changes
  const members = length > 0 ? ` with ${counted(length, 'member')}` : ''
  for (const holder of await holdersOf(endpoint, claimsIn(endpoint, desired))) {
    if (holder.state === 'retiring') {
      const sentence = 'a delete of this person that was cut off would be finished first.'
      throw await gated(endpoint, { op: 'create', link: holder.id, would: 'delete' }, sentence)
    }
    if (await isTaken(endpoint, holder, desired)) throw taken(endpoint)
  }
  // As the real one, but that nothing of it is in D1.
  const reservation: Reservation = {
    intent: { id: '', fence: 0 },
    link: proposedLink('', name, io.now()),
    desired,
    ignored: [],
    sentSince: undefined,
  }
  const { found: all } = await searchByRules(endpoint, desired)
  const found = await onlyOne(endpoint, reservation, all).catch(async (error: unknown) => {
    if (!(error instanceof ScimError) || error.scimType !== 'uniqueness') throw error
    const sentence = `the answer would be ${error.status}: ${error.message}`
    throw await gated(endpoint, { op: 'create', link: '', would: 'ambiguous' }, sentence)
  })
  if (!found) {
    const sentence = `a new ${name} would be created in the app${members}.`
    throw await gated(endpoint, { op: 'create', link: '', would: 'create' }, sentence)
  }
  const { may, met } = await mayAdopt(endpoint, reservation, found)
  if (!may) throw taken(endpoint)
  const { object, live } = found
  await refuseProtected(endpoint, object, live)
  const before = met ? viewOf(endpoint, met, object) : endpoint.mapping.toScim(object)
  const after = overlay(before, desired)
  const sentence = `account ${object.id} of the app would be adopted, ${whyOf(found)}${members}. ${sentenceOf(endpoint, before, after) || 'It would stay as it is.'}`
  const changed = changedNames(before, after)
  throw await gated(
    endpoint,
    { op: 'create', link: met?.id ?? '', would: 'adopt', changed },
    sentence,
  )
}

async function holdersOf({ links, definition }: Endpoint, claims: readonly Claim[]) {
  const found = await Promise.all(claims.map((claim) => links.byClaim(definition.type.name, claim)))
  const holders = found.filter((link) => link !== undefined)
  return [...new Map(holders.map((link) => [link.id, link])).values()]
}

/** False where live would free the key: its holder has lost it in the app, or was never finished. */
async function isTaken(endpoint: Endpoint, holder: Link, desired: Resource): Promise<boolean> {
  if (holder.nativeId === undefined) return holder.state !== 'proposed'
  const object = await endpoint.port.get(holder.nativeId)
  if (!object) return false
  if (isReused(holder, object)) return true
  const wanted = claimsIn(endpoint, desired)
  const borne = claimsIn(endpoint, viewOf(endpoint, holder, object))
  return without(wanted, borne).length < wanted.length
}

/** A person's word, or the rule that ties the account to this person. */
function whyOf({ hits, verdict }: Met): string {
  if (verdict === 'chosen') return 'as an administrator has decided'
  return `by the match rule "${(hits.find(({ auto }) => auto) ?? hits[0])?.rule ?? 'none'}"`
}

// ---- PATCH and PUT -------------------------------------------------------------------------------

/**
 * The account as it is, where live would change nothing.
 *
 * @throws {ScimError} 400 with what would have happened, or what live would answer
 */
export async function gateUpdate(
  endpoint: Endpoint,
  account: Account,
  after: Resource,
  plan: MemberPlan,
): Promise<Account> {
  const { link, object, view: before } = account
  const changed = same(after as Json, before as Json) ? [] : changedNames(before, after)
  if (changed.length > 0) {
    await refuseUpdate(endpoint, account, after)
    const renamed = without(claimsIn(endpoint, after), claimsIn(endpoint, before))
    const holders = await holdersOf(endpoint, renamed)
    if (holders.some((holder) => holder.id !== link.id)) throw keysTaken(endpoint, renamed)
  }
  const members = await differingMembers(endpoint, account, plan)
  if (members > 0) await refuseProtected(endpoint, object, link)
  if (changed.length === 0 && members === 0) return account
  const sentences = [
    link.state === 'discovered' && changed.length > 0
      ? `Account ${object.id} of the app would be adopted.`
      : '',
    sentenceOf(endpoint, before, after),
    members > 0 ? `${counted(members, 'member')} would change.` : '',
  ]
  const sentence = sentences.filter((part) => part !== '').join(' ')
  const detail = { op: 'update', link: link.id, would: 'update', changed, members } as const
  throw await gated(endpoint, detail, sentence)
}

async function differingMembers(
  endpoint: Endpoint,
  account: Account,
  plan: MemberPlan,
): Promise<number> {
  if (plan.changes.length === 0) return 0
  const values = (await membersOf(endpoint, [account])).get(account.link.id) ?? []
  const held = new Set(values.map((value) => value['value']))
  return plan.changes.filter((change) => held.has(change.link.id) !== change.wanted).length
}

/** Empty where nothing differs. */
function sentenceOf({ definition }: Endpoint, before: Resource, after: Resource): string {
  const names = changedNames(before, after)
  const turns = names.includes('active') && definition.coreAttribute('active')
  const rest = turns ? names.filter((name) => name !== 'active') : names
  const isOff = after['active'] === false
  const sentences = [
    turns ? `The ${definition.type.name} would be ${isOff ? 'disabled' : 'enabled'}.` : '',
    rest.length > 0 ? `Attributes that would change: ${rest.join(', ')}.` : '',
  ]
  return sentences.filter((part) => part !== '').join(' ')
}

// ---- DELETE --------------------------------------------------------------------------------------

type Way = 'delete' | 'disable' | 'withdraw' | 'finish' | 'forget'

/** @param way what the policy makes of a delete; `forget`: the account is gone from the app */
export async function gateRemoval(endpoint: Endpoint, link: Link, way: Way): Promise<never> {
  const detail = { op: 'delete', link: link.id, would: way } as const
  throw await gated(endpoint, detail, removalOf(link, way))
}

function removalOf({ type, nativeId }: Link, way: Way): string {
  switch (way) {
    case 'delete':
      return `account ${nativeId} would be deleted in the app.`
    case 'disable':
      return `account ${nativeId} would be disabled in the app instead of deleted.`
    case 'withdraw':
      return `the invitation of this ${type}, or the job that is to make the account, would be withdrawn.`
    case 'finish':
      return 'a delete that was cut off would be finished.'
    case 'forget':
      return `the ${type} would be forgotten: its account is gone from the app.`
  }
}

// ---- the answer ----------------------------------------------------------------------------------

interface Would {
  readonly op: AuditEntry['op']
  /** Empty where there is none. */
  readonly link: string
  readonly would: string
  readonly changed?: readonly string[]
  readonly members?: number
}

async function gated(
  { db, audit, definition, request, io }: Endpoint,
  { op, link, ...detail }: Would,
  sentence: string,
): Promise<ScimError> {
  const type = definition.type.name
  const entry = { request, type, link, op, decision: 'gated', detail }
  await writeAll(db, [audit.entry(entry, io.now())])
  return new ScimError(
    400,
    `This connection is gated: nothing was written. In mode "live": ${sentence}`,
    { reason: 'gated' },
  )
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
