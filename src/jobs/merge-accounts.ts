/**
 * Several accounts of one person become one: the kept account gets the groups of the others, then
 * those are disabled in the app, and their links end so that reads hide them. Every step can be
 * taken again: who is cut off decides once more, and what is done is found done.
 */
import { type Write, writeAll } from '../db/database.ts'
import { isProtected, isReused } from '../operations/account.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { collect, walk } from '../operations/search.ts'
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
  if (one.link.state === 'tombstone' || one.link.state === 'retiring') {
    throw new Refusal(`A client has deleted account ${one.nativeId}: keep another one`)
  }
  const others = accounts.filter((account) => account !== one)
  for (const other of others) refuseMerge(given, other)
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
function refuseMerge({ endpoint }: Given, { nativeId, object, link }: NamedAccount): void {
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
  if (link.state === 'retiring' || (link.state !== 'tombstone' && link.open)) {
    throw new Refusal(`A write of account ${nativeId} has not ended: try again in some minutes`)
  }
}

// ---- groups --------------------------------------------------------------------------------------

interface Group {
  /** SCIM id; undefined: no read has met the group yet. */
  readonly link: string | undefined
  /** Undefined where Postern itself holds the members. */
  readonly nativeId: string | undefined
}

/** Groups that one of the others is in, and the kept account is not. */
async function groupsToJoin(
  { endpoint }: Given,
  one: NamedAccount,
  others: readonly NamedAccount[],
): Promise<Group[]> {
  const groups = endpoint.sibling('Group')
  if (!groups) return []
  if (!groups.port.members) {
    const held = new Set(one.link.groups.map(({ value }) => value))
    const theirs = new Set(others.flatMap(({ link }) => link.groups.map(({ value }) => value)))
    return [...theirs].filter((id) => !held.has(id)).map((link) => ({ link, nativeId: undefined }))
  }
  // The app is the truth of its own groups, and cannot be asked for those of one account.
  const type = endpoint.definition.type.name
  const wanted = new Set(others.map(({ nativeId }) => nativeId))
  const nativeIds: string[] = []
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
      const page = await groups.port.members(group.id, {
        pageSize,
        ...(cursor !== undefined && { cursor }),
      })
      const ids = page.items.filter((member) => member.type === type).map(({ id }) => id)
      isThere ||= ids.some((id) => wanted.has(id))
      isJoined ||= ids.includes(one.nativeId)
      cursor = page.next
    } while (cursor !== undefined)
    if (isThere && !isJoined) nativeIds.push(group.id)
  }
  const known = await groups.links.byNativeIds('Group', nativeIds)
  const links = new Map(
    known.filter(({ state }) => state !== 'tombstone').map((link) => [link.nativeId, link.id]),
  )
  return nativeIds.map((nativeId) => ({ nativeId, link: links.get(nativeId) }))
}

async function join({ endpoint }: Given, group: Group, one: NamedAccount): Promise<void> {
  const { db, audit, request, io, links, edges } = endpoint
  const port = endpoint.sibling('Group')?.port
  const type = endpoint.definition.type.name
  if (group.nativeId !== undefined) {
    const outcome = await port?.addMember?.(group.nativeId, { type, id: one.nativeId })
    if (outcome?.kind === 'gone') {
      if (outcome.what === 'member') throw new Refusal(`Account ${one.nativeId} is gone`)
      return
    }
  }
  if (group.link === undefined) return
  const now = io.now()
  const entry = { request, type: 'Group', link: group.link, op: 'members' as const }
  const writes: Write[] = [
    edges.put(group.link, [{ member: one.link.id, memberType: type }], now),
    links.touch(group.link, now),
    audit.entry({ ...entry, decision: 'merged', detail: { added: 1, removed: 0 } }, now),
  ]
  await writeAll(db, writes)
}

// ---- the others ----------------------------------------------------------------------------------

/** False where the app has no switch, so that the account stays on and is only hidden. */
async function disable(endpoint: Endpoint, { object }: NamedAccount): Promise<boolean> {
  const { mapping, port } = endpoint
  if (!object) return true
  // The app's own switch, whatever policy puts in its place for the accounts of people.
  if (mapping.switches && port.setActive) {
    if (object.active !== false) await port.setActive(object.id, false)
    return true
  }
  if (!mapping.pair('active') || !port.update) return false
  const view = mapping.toScim(object)
  const delta = mapping.delta(view, { ...view, active: false }, object)
  if (Object.keys(delta.set).length > 0) await port.update(object.id, delta)
  return true
}
