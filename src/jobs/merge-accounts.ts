/**
 * Several accounts of one person become one: the kept account gets the groups of the others, then
 * those are disabled in the app, and their links end so that reads hide them. Every step can be
 * taken again: who is cut off decides once more, and what is done is found done.
 */
import type { NativeObject } from '../adapter/contract.ts'
import { isEnded } from '../db/link.ts'
import { type Account, accountOf, isReused } from '../operations/account.ts'
import { sendMembers } from '../operations/change-members.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { GROUP, linksOf } from '../operations/members.ts'
import { isProtected } from '../operations/protected.ts'
import { collect, walk } from '../operations/search.ts'
import { switchAccount } from '../operations/switch-account.ts'
import {
  entryOf,
  type Given,
  kept,
  type NamedAccount,
  Refusal,
  readNamed,
  verdictsOf,
  write,
} from './deciding.ts'
import { accountsOf } from './decisions.ts'

/** An invocation may make 1,000 calls, of the app and of D1. */
const MAX_GROUP_CALLS = 600

export async function mergeAccounts(given: Given): Promise<void> {
  const { endpoint, decided, finding } = given
  const { io } = endpoint
  const accounts = await readNamed(endpoint, accountsOf(finding).nativeIds)
  const one = kept(given, accounts)
  if (isEnded(one.link)) {
    throw new Refusal(`A client has deleted account ${one.nativeId}: keep another one`)
  }
  const others = accounts.filter((account) => account !== one)
  for (const other of others) await refuseMerge(given, other)
  const isDone = ({ link }: NamedAccount) => link.state === 'tombstone'
  // Known before anything is written: an app whose groups cannot be read in one request is left alone.
  const groups = await groupsToJoin(given, one, others)

  await write(given, verdictsOf(given, one, accounts))
  for (const group of groups) await join(given, group, one)
  const notDisabled: string[] = []
  for (const other of others) {
    if (!(await disable(endpoint, other))) notDisabled.push(other.nativeId)
    if (isDone(other)) continue
    await write(given, [
      ...decided.end(other.link, other.object !== undefined, io.now()),
      entryOf(given, other.link, 'merged'),
    ])
  }
  const facts = {
    decided: {
      decision: 'merge',
      nativeId: one.nativeId,
      merged: others.map(({ nativeId }) => nativeId),
      groups: groups.length,
      notDisabled,
    },
  }
  await write(given, decided.finding(finding, 'closed', facts, io.now()))
}

/** @throws {Refusal} where this account must not be wound up */
async function refuseMerge(
  { endpoint }: Given,
  { nativeId, object, link }: NamedAccount,
): Promise<void> {
  if (object && isProtected(endpoint, object, link)) {
    throw new Refusal(
      `Account ${nativeId} is protected and refuses every write: it cannot be merged. Link the ` +
        'other one instead',
    )
  }
  if (object && isReused(link, object)) {
    throw new Refusal(
      `The app has given the identifier ${nativeId} to another account: decide that finding first`,
    )
  }
  const isOpen = link.state !== 'tombstone' && (await endpoint.intents.open(link.id))
  if (link.state === 'retiring' || link.state === 'pending' || isOpen) {
    throw new Refusal(`A write of account ${nativeId} has not ended: try again in some minutes`)
  }
}

// ---- groups --------------------------------------------------------------------------------------

/** Groups that one of the others is in, and the kept account is not. */
async function groupsToJoin(
  { endpoint }: Given,
  one: NamedAccount,
  others: readonly NamedAccount[],
): Promise<Account[]> {
  const groups = endpoint.sibling(GROUP)
  if (!groups) return []
  const found = groups.port.members
    ? await appGroups(groups, endpoint.definition.type.name, one, others)
    : await recordedGroups(groups, one, others)
  const closed = found.find(({ object, link }) => isProtected(groups, object, link))
  if (!closed) return found
  throw new Refusal(
    `Group ${closed.object.id} is protected and refuses every write: take the others out of it, or ` +
      'the kept account into it, in the app',
  )
}

async function recordedGroups(
  groups: Endpoint,
  one: NamedAccount,
  others: readonly NamedAccount[],
): Promise<Account[]> {
  const held = new Set(one.link.groups.map(({ value }) => value))
  const theirs = new Set(others.flatMap(({ link }) => link.groups.map(({ value }) => value)))
  const found: Account[] = []
  for (const link of await groups.links.getAll([...theirs].filter((id) => !held.has(id)))) {
    const object = link.nativeId === undefined ? null : await groups.port.get(link.nativeId)
    if (object) found.push(accountOf(groups, link, object))
  }
  return found
}

/** The app is the truth of its own groups, and most cannot be asked for those of one account. */
async function appGroups(
  groups: Endpoint,
  type: string,
  one: NamedAccount,
  others: readonly NamedAccount[],
): Promise<Account[]> {
  const theirs = new Set(others.map(({ nativeId }) => nativeId))
  const found = new Map<string, NativeObject>()
  let calls = 0
  for (const group of await collect(walk(groups))) {
    let isThere = false
    let isJoined = false
    let cursor: string | undefined
    do {
      calls += 1
      if (calls > MAX_GROUP_CALLS) {
        throw new Refusal(
          'The app has more groups than can be read in one request: give the kept account the ' +
            'groups of the others in the app, then decide "link"',
        )
      }
      const pageSize = groups.spec.capabilities.list.maxPage
      const page = await groups.port.members?.(group.id, {
        pageSize,
        ...(cursor !== undefined && { cursor }),
      })
      const members = page?.items.filter((member) => member.type === type) ?? []
      isThere ||= members.some(({ id }) => theirs.has(id))
      isJoined ||= members.some(({ id }) => id === one.nativeId)
      cursor = page?.next
    } while (cursor !== undefined)
    if (isThere && !isJoined) found.set(group.id, group)
  }
  const links = await linksOf(groups, GROUP, [...found.keys()])
  return links.flatMap((link) => {
    const object = found.get(link.nativeId ?? '')
    return object && !isEnded(link) ? [accountOf(groups, link, object)] : []
  })
}

/** As a client's own change of members; the sweeper finishes what is cut off. */
async function join({ endpoint }: Given, group: Account, { link }: NamedAccount): Promise<void> {
  const groups = endpoint.sibling(GROUP)
  if (!groups) return
  const plan = { changes: [{ link, wanted: true }], read: undefined, additive: 0 }
  await sendMembers(groups, group, plan)
}

// ---- the others ----------------------------------------------------------------------------------

/** False where the app has no switch, so that the account stays on and is only hidden. */
async function disable(endpoint: Endpoint, { link, object }: NamedAccount): Promise<boolean> {
  const { mapping, port } = endpoint
  if (!object) return true
  // The app's own switch, whatever policy puts in its place for the accounts of people.
  if (mapping.switches && port.setActive) {
    if (object.active !== false) await switchAccount(endpoint, link.id, object.id, false)
    return true
  }
  if (!mapping.pair('active') || !port.update) return false
  const view = mapping.toScim(object)
  const delta = await mapping.delta(view, { ...view, active: false }, object)
  if (Object.keys(delta.set).length > 0) await port.update(object.id, delta)
  return true
}
