/**
 * Changes to the members of a group: who is named, what differs, what is sent, what is recorded. A
 * change to one member makes at most one call, whatever the size of the group.
 */
import type { AnyPort, WriteOutcome } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { type Write, writeAll } from '../db/database.ts'
import type { Link } from '../db/link.ts'
import { ScimError } from '../scim/error.ts'
import { matches } from '../scim/match.ts'
import type { ValueChange } from '../scim/patch-delta.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { type Account, refuseProtected } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { reportDeletedMembers } from './findings.ts'
import { membersOf, readMembers } from './members.ts'

/** Pages that are read only to save calls later; in a larger group each change is sent. */
const IMPORT_PAGES = 10
/** How long edges are believed to be all members: the app may change them behind our back. */
const IMPORT_HOLDS_MS = 3_600_000

/** What a request wants of each member it speaks of, by SCIM id. */
export type MemberPlan = ReadonlyMap<string, { readonly link: Link; readonly wanted: boolean }>

// ---- who is named --------------------------------------------------------------------------------

/**
 * Finds out who is meant, and writes nothing.
 *
 * @param account the group; undefined where it is still to be created
 * @throws {ScimError} `invalidValue` where an id was never given out here
 */
export async function planMembers(
  endpoint: Endpoint,
  account: Account | undefined,
  changes: readonly ValueChange[],
): Promise<MemberPlan> {
  const plan = new Map<string, { link: Link; wanted: boolean }>()
  const want = (link: Link, wanted: boolean): void => {
    plan.set(link.id, { link, wanted })
  }
  const additive = endpoint.connection.policy.groups.additiveSingleReplace
  let whole: Link[] | undefined
  const everyone = async (): Promise<Link[]> => {
    whole ??= account ? await presentLinks(endpoint, account) : []
    return whole
  }
  /** Members by now, earlier operations of this request included. */
  const present = async (): Promise<Link[]> => {
    const held = (await everyone()).filter((link) => plan.get(link.id)?.wanted !== false)
    const added = [...plan.values()].filter((p) => p.wanted).map((p) => p.link)
    return [...new Map([...held, ...added].map((link) => [link.id, link])).values()]
  }

  for (const change of changes) {
    switch (change.op) {
      case 'add':
        for (const link of await named(endpoint, account, change.values)) want(link, true)
        break
      case 'remove':
        // Whoever was never a member is absent already.
        for (const link of await endpoint.links.getAll(change.values.map(idOf))) want(link, false)
        break
      case 'removeAll':
        for (const link of await present()) want(link, false)
        break
      case 'removeWhere':
        for (const link of await present()) {
          const member: JsonObject = { value: link.id, type: link.type }
          if (matches(change.filter, member)) want(link, false)
        }
        break
      case 'replace': {
        const links = await named(endpoint, account, change.values)
        // Entra may replace with one member at a time where a read once showed it members.
        if (!(additive && change.values.length === 1)) {
          const keep = new Set(links.map((link) => link.id))
          for (const link of await present()) if (!keep.has(link.id)) want(link, false)
        }
        for (const link of links) want(link, true)
        break
      }
    }
  }
  return plan
}

/** The links of members that a client wants in the group. */
async function named(
  endpoint: Endpoint,
  account: Account | undefined,
  values: readonly JsonObject[],
): Promise<Link[]> {
  if (values.length === 0) return []
  const ids = [...new Set(values.map(idOf))]
  const known = new Map((await endpoint.links.getAll(ids)).map((link) => [link.id, link]))
  const [unknown, ...others] = ids.filter((id) => !known.has(id))
  if (unknown !== undefined) {
    const more = others.length > 0 ? ` (and ${others.length} more)` : ''
    throw new ScimError(
      'invalidValue',
      `No resource of this connection has the id "${unknown}"${more}. Members must be ` +
        'provisioned before they are added; nothing was changed.',
    )
  }
  // A person who was deleted here is skipped: the client's view of the group is behind.
  const links = ids.flatMap((id) => known.get(id) ?? [])
  const gone = links.filter((link) => link.state === 'tombstone' || link.state === 'retiring')
  if (gone.length > 0) {
    const members = gone.map((link) => link.id)
    await reportDeletedMembers(endpoint, account?.link.id ?? 'new', members)
  }
  return links.filter((link) => !gone.includes(link))
}

function idOf(value: JsonObject): string {
  const id = value['value']
  if (typeof id !== 'string' || id === '') {
    throw new ScimError('invalidValue', 'A member needs a "value": the id of a user or group.')
  }
  return id
}

async function presentLinks(endpoint: Endpoint, account: Account): Promise<Link[]> {
  const values = (await membersOf(endpoint, [account])).get(account.link.id) ?? []
  return endpoint.links.getAll(
    values.map((value) => String(value['value'] satisfies Json | undefined)),
  )
}

// ---- what is sent and recorded ---------------------------------------------------------------------

/**
 * Sends what differs and records it. An add or remove is skipped as done only where edges are known
 * to be complete: always where Postern itself holds the members, else after all were read.
 */
export async function sendMembers(
  endpoint: Endpoint,
  account: Account,
  plan: MemberPlan,
): Promise<Account> {
  if (plan.size === 0) return account
  const { edges, port, io } = endpoint
  const { link: group, object } = account
  const complete = await completeEdges(endpoint, account)
  const held = complete ? await edges.present(group.id, [...plan.keys()]) : new Set<string>()
  const differs = [...plan.values()].filter((p) => !complete || held.has(p.link.id) !== p.wanted)
  if (differs.length === 0) return account
  refuseProtected(endpoint, object)
  if (port.addMember) refuseUnborn(differs)

  const done: Done = { added: [], dropped: [] }
  let isInDoubt = false
  let at = io.now()
  try {
    for (const { link, wanted } of differs) {
      await sendOne(port, object.id, link, wanted)
      if (wanted) done.added.push(link)
      else done.dropped.push(link)
    }
  } catch (error) {
    isInDoubt = !(error instanceof ScimError) && !hasNoEffect(error)
    throw error
  } finally {
    // What the app has done is recorded even where a later member failed: the retry skips it.
    at = io.now()
    await record(endpoint, group, done, isInDoubt, at)
  }
  // As `record` wrote it: the client compares this answer's version with that of its next read.
  return { ...account, link: { ...group, version: group.version + 1, modifiedAt: at } }
}

interface Done {
  readonly added: Link[]
  readonly dropped: Link[]
}

/** The app can only be told of an account that it has. */
function refuseUnborn(differs: readonly { link: Link; wanted: boolean }[]): void {
  if (differs.some(({ link, wanted }) => wanted && link.nativeId === undefined)) {
    throw new ScimError(503, 'A member is still being created; nothing was changed. Retry later.', {
      retryAfterSeconds: 5,
    })
  }
}

async function sendOne(
  port: AnyPort,
  group: string,
  { type, nativeId, state, survives }: Link,
  wanted: boolean,
): Promise<void> {
  if (!port.addMember || !port.removeMember || nativeId === undefined) return
  if (wanted) refuseGone(await port.addMember(group, { type, id: nativeId }))
  // An account that was deleted left its groups, and its id may be another one's by now. A group or
  // account that is gone holds no such member either.
  else if (state !== 'tombstone' || survives) await port.removeMember(group, { type, id: nativeId })
}

function refuseGone(outcome: WriteOutcome): void {
  if (outcome.kind !== 'gone') return
  if (outcome.what === 'member') {
    throw new ScimError('invalidValue', 'The app no longer holds one of the members to be added.')
  }
  throw new ScimError(404, 'The app no longer holds this group.')
}

function hasNoEffect(error: unknown): boolean {
  return error instanceof AdapterFailure && error.effect === 'none'
}

async function record(
  { db, links, edges, audit, request }: Endpoint,
  group: Link,
  { added, dropped }: Done,
  isInDoubt: boolean,
  at: number,
): Promise<void> {
  const writes: Write[] = []
  if (added.length > 0) writes.push(edges.put(group.id, added.map(toEdge), at))
  if (dropped.length > 0) {
    const ids = dropped.map((link) => link.id)
    writes.push(edges.drop(group.id, ids))
  }
  if (writes.length > 0) {
    const detail = { added: added.length, removed: dropped.length }
    const entry = { request, type: group.type, link: group.id, op: 'members' as const, detail }
    writes.push(links.touch(group.id, at), audit.entry({ ...entry, decision: 'updated' }, at))
  }
  if (isInDoubt) writes.push(links.doubtMembers(group.id))
  await writeAll(db, writes)
}

function toEdge(link: Link): { member: string; memberType: string } {
  return { member: link.id, memberType: link.type }
}

/**
 * True where edges hold every member of the group; the first change to it reads them from the app,
 * and so does one long after.
 */
async function completeEdges(endpoint: Endpoint, { link, object }: Account): Promise<boolean> {
  const { port, links, edges, io } = endpoint
  if (!port.members) return true
  const since = io.now() - IMPORT_HOLDS_MS
  if (link.membersReadAt !== undefined && link.membersReadAt > since) return true
  const members = await readMembers(endpoint, object.id, IMPORT_PAGES)
  if (!members) return false
  const now = io.now()
  return links.importMembers(link, edges.replace(link.id, members, now), now)
}
