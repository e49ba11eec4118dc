/**
 * Tells an app who joins a group and who leaves it, in whatever way the app takes that (the capability
 * `membership`), within a budget of calls. It keeps nothing: what became of each change is the answer.
 */

import type { AnyPort, Member, ReplaceOutcome, WriteOutcome } from '../adapter/contract.ts'
import { isRefusal } from '../adapter/failure.ts'
import type { Link } from '../db/link.ts'
import type { Hold } from '../db/want-edges.ts'
import type { Budget } from '../membership/budget.ts'
import { chunksOf, halvesOf } from '../membership/chunks.ts'
import { groupsAfter, membersAfter } from '../membership/replacement.ts'
import { ScimError } from '../scim/error.ts'
import { notFound } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { strips } from './inactive.ts'
import { underLease } from './lease.ts'
import { type Found, lookFor, mayMeanGone } from './unread-group.ts'

/** How often a list is read again that has changed between the read and the replace. */
const REREADS = 5
/** Pages of members that are read to replace them all. */
const MAX_PAGES = 400

export interface MemberTask {
  readonly link: Link
  readonly wanted: boolean
}

/**
 * `done`: as wanted. `waits`: the account is not there yet. `blocked`: the app refuses it. `failed`:
 * this try had no certain effect. `left`: it was not tried. `dropped`: it makes no sense any more.
 */
export type Fate = 'done' | 'waits' | 'blocked' | 'failed' | 'left' | 'dropped'

export interface Told {
  /** By SCIM id of the member. */
  readonly fates: ReadonlyMap<string, Fate>
  /** What the client is to hear: that which passes with time before that which does not. */
  readonly failure: unknown
  /** True: the app has shown that it holds the group. */
  readonly isThere: boolean
}

interface Task extends MemberTask {
  readonly member: Member
}

interface Telling {
  readonly endpoint: Endpoint
  readonly group: Link
  /** The group's native id. */
  readonly id: string
  readonly budget: Budget
  readonly hold: Hold
  readonly fates: Map<string, Fate>
  /** False: the group was not read before its members are told of. */
  isThere: boolean
  /** What a look for it has found, so that it is looked for once. `doubted`: the app is not to be believed. */
  looked: Found | 'doubted' | undefined
  refusal: unknown
  failure: unknown
}

/**
 * Never fails: whatever happens, the fate of each task is known.
 *
 * @param options `isUnread`: the group was not read before; an answer that may mean that the app has not got
 *   it is then not believed before it is
 */
export async function tellMembers(
  endpoint: Endpoint,
  group: Link,
  tasks: readonly MemberTask[],
  options: { readonly budget: Budget; readonly hold: Hold; readonly isUnread?: boolean },
): Promise<Told> {
  const { budget, hold, isUnread = false } = options
  const fates = new Map<string, Fate>()
  const open: Task[] = []
  for (const task of tasks) {
    const fate = fateWithoutCall(endpoint, group, task)
    fates.set(task.link.id, fate ?? 'left')
    const { type, nativeId } = task.link
    if (!fate && nativeId !== undefined) open.push({ ...task, member: { type, id: nativeId } })
  }
  const id = group.nativeId
  if (open.length === 0 || id === undefined) {
    return { fates, failure: undefined, isThere: !isUnread }
  }
  const rest = { isThere: !isUnread, looked: undefined, refusal: undefined, failure: undefined }
  const telling: Telling = { endpoint, group, id, budget, hold, fates, ...rest }
  try {
    await tell(telling, open)
  } catch (error) {
    // Nobody knows how far it came, but where there is no group.
    const left = open.filter(({ link }) => fates.get(link.id) === 'left')
    const isLost = !telling.isThere && mayMeanGone(error) && (await confirm(telling, left))
    if (isLost && !telling.isThere) end(telling, left)
    else for (const { link } of left) fates.set(link.id, 'failed')
    telling.failure ??= error
  }
  const { failure, refusal, isThere } = telling
  return { fates, failure: failure ?? refusal, isThere }
}

/** Some changes need no call: there is nobody in the app, or not yet. */
function fateWithoutCall(
  endpoint: Endpoint,
  group: Link,
  { link, wanted }: MemberTask,
): Fate | undefined {
  const isEnded = link.state === 'tombstone' || link.state === 'retiring'
  if (wanted && isEnded) return 'dropped'
  // An account that was deleted left its groups, and its id may be another one's by now.
  if (!wanted && link.state === 'tombstone' && !link.survives) return 'done'
  // Invited, or being made: the app's id of now may not be that of the account.
  const isUnborn = link.nativeId === undefined || link.state === 'pending'
  if (isUnborn) return wanted ? 'waits' : 'done'
  if (wanted && link.inactiveSince !== undefined && strips(endpoint)) return 'waits'
  return group.nativeId === undefined ? 'waits' : undefined
}

function tell(telling: Telling, tasks: readonly Task[]): Promise<void> {
  const { membership } = telling.endpoint.spec.capabilities
  switch (membership) {
    case 'add-remove':
      return addAndRemove(telling, tasks)
    case 'replace-on-group':
      return replaceOnGroup(telling, tasks)
    case 'replace-on-user':
      return replaceOnUsers(telling, tasks)
    case 'none':
      throw new Error('an app that holds no members is told of none')
  }
}

// ---- some join, some leave -----------------------------------------------------------------------

async function addAndRemove(telling: Telling, tasks: readonly Task[]): Promise<void> {
  const { endpoint, id, budget } = telling
  const { port, spec } = endpoint
  const size = spec.capabilities.members?.batch ?? 1
  // Joins first: an app may insist on one member, or on one group.
  const queue = [true, false].flatMap((wanted) =>
    chunksOf(
      tasks.filter((task) => task.wanted === wanted),
      size,
    ),
  )
  for (let chunk = queue.shift(); chunk; chunk = queue.shift()) {
    if (!budget.take()) return
    const members = chunk.map(({ member }) => member)
    const isJoin = chunk[0]?.wanted === true
    const outcome = await attempt(telling, chunk, () =>
      isJoin ? port.addMembers?.(id, members) : port.removeMembers?.(id, members),
    )
    if (outcome === 'failed') return
    const isRefused = outcome === 'refused' || (isJoin && isMemberGone(outcome))
    if (!isRefused) {
      if (!(await settle(telling, chunk, outcome))) return
    } else if (chunk.length > 1) {
      // One of them is refused: which one shows when there are fewer.
      queue.unshift(...halvesOf(chunk))
    } else await block(telling, chunk, outcome)
  }
}

// ---- the group's list is replaced -------------------------------------------------------------------

async function replaceOnGroup(telling: Telling, tasks: readonly Task[]): Promise<void> {
  await alone(telling, telling.group.id, () => replaceMembers(telling, tasks))
}

async function replaceMembers(telling: Telling, tasks: readonly Task[]): Promise<void> {
  const { endpoint, id, budget } = telling
  const { port } = endpoint
  for (let reads = 0; reads < REREADS; reads++) {
    const list = await readAll(port, id, endpoint.spec.capabilities.list.maxPage, budget)
    if (!list) return
    // Of an app that has lost its rights; whoever is not on the list would be put out.
    if (list.items.length === 0 && !telling.isThere) {
      if (!(await confirm(telling, tasks))) return
      if (!telling.isThere) {
        end(telling, tasks)
        return
      }
      if (telling.looked === 'again') continue
    }
    const next = membersAfter(list.items, tasks)
    if (!next) {
      await settle(telling, tasks, { kind: 'unchanged' })
      return
    }
    if (!budget.take() || !holds(telling)) return
    const outcome = await attempt(telling, tasks, () =>
      port.replaceMembers?.(id, next, list.revision),
    )
    if (outcome === 'failed') return
    if (outcome !== 'refused' && outcome.kind === 'stale') continue
    if (outcome !== 'refused' && !isMemberGone(outcome)) {
      await settle(telling, tasks, outcome)
      return
    }
    if (tasks.length === 1) {
      await block(telling, tasks, outcome)
      return
    }
    for (const half of halvesOf(tasks)) await replaceMembers(telling, half)
    return
  }
  telling.failure ??= busy()
}

async function readAll(
  port: AnyPort,
  group: string,
  pageSize: number,
  budget: Budget,
): Promise<{ items: Member[]; revision: string | undefined } | undefined> {
  const items: Member[] = []
  let revision: string | undefined
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES && budget.take(); pages++) {
    const page = await port.members?.(group, {
      pageSize,
      ...(cursor !== undefined && { cursor }),
    })
    revision ??= page?.revision
    items.push(...(page?.items ?? []))
    if (page?.next === undefined) return { items, revision }
    cursor = page.next
  }
  return undefined
}

// ---- each member's list of groups is replaced -------------------------------------------------------

async function replaceOnUsers(telling: Telling, tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) {
    await alone(telling, task.link.id, () => replaceGroups(telling, task))
    if (telling.failure !== undefined && telling.fates.get(task.link.id) === 'failed') return
  }
}

async function replaceGroups(telling: Telling, task: Task): Promise<void> {
  const { endpoint, id, budget } = telling
  const { port, spec } = endpoint
  const single = spec.capabilities.members?.single ?? false
  for (let reads = 0; reads < REREADS; reads++) {
    if (!budget.take()) return
    const list = await port.groupsOf?.(task.member)
    if (!list) {
      if (task.wanted) await block(telling, [task], { kind: 'gone', what: 'member' })
      else await settle(telling, [task], { kind: 'unchanged' })
      return
    }
    const next = groupsAfter(list.groups, id, task.wanted, single)
    if (!next) {
      await settle(telling, [task], { kind: 'unchanged' })
      return
    }
    if (!budget.take() || !holds(telling)) return
    const outcome = await attempt(telling, [task], () =>
      port.replaceGroups?.(task.member, next, list.revision),
    )
    if (outcome === 'failed') return
    if (outcome !== 'refused' && outcome.kind === 'stale') continue
    const isRefused = outcome === 'refused' || (task.wanted && isMemberGone(outcome))
    if (isRefused) await block(telling, [task], outcome)
    else await settle(telling, [task], outcome)
    return
  }
  telling.failure ??= busy()
}

// ---- parts --------------------------------------------------------------------------------------

async function alone(telling: Telling, link: string, work: () => Promise<void>): Promise<void> {
  const outcome = await underLease(telling.endpoint, link, telling.hold, work)
  if (outcome === 'busy') telling.failure ??= busy()
}

/** Nothing is sent under a hold that may end before the answer: whoever comes after it may send. */
function holds({ endpoint: { io, connection }, hold }: Telling): boolean {
  return io.now() + connection.policy.limits.requestTimeoutMs < hold.until
}

/** `refused`: the app said no to this change. `failed`: it passes with time, and the rest is left. */
async function attempt<T extends WriteOutcome | ReplaceOutcome>(
  telling: Telling,
  tasks: readonly Task[],
  call: () => Promise<T> | undefined,
): Promise<T | 'refused' | 'failed'> {
  try {
    const outcome = await call()
    if (outcome) return outcome
    throw new Error('a membership is changed in a way that the adapter does not offer')
  } catch (error) {
    if (isRefusal(error)) {
      telling.refusal ??= error
      return 'refused'
    }
    telling.failure ??= error
    for (const { link } of tasks) telling.fates.set(link.id, 'failed')
    return 'failed'
  }
}

function isMemberGone(outcome: ReplaceOutcome): boolean {
  return outcome.kind === 'gone' && outcome.what === 'member'
}

/** False: the group is gone, and whoever is left cannot join it. */
async function settle(
  telling: Telling,
  tasks: readonly Task[],
  outcome: ReplaceOutcome,
): Promise<boolean> {
  const { fates } = telling
  let isGroupGone = outcome.kind === 'gone' && outcome.what !== 'member'
  if (!telling.isThere) {
    const isDoubtful = isGroupGone || (outcome.kind !== 'ok' && tasks.some(({ wanted }) => !wanted))
    if (isDoubtful && !(await confirm(telling, tasks))) return false
    // Somebody else has just made it, or the app was wrong.
    if (isGroupGone && telling.isThere && tasks.some(({ wanted }) => wanted)) {
      telling.failure ??= busy()
      for (const { link } of tasks) fates.set(link.id, 'failed')
      return false
    }
    isGroupGone = isDoubtful && !telling.isThere
    if (!isGroupGone) telling.isThere = true
    else telling.failure ??= notFound(telling.endpoint)
  }
  for (const { link, wanted } of tasks) {
    fates.set(link.id, isGroupGone && wanted ? 'dropped' : 'done')
  }
  if (!isGroupGone) return true
  if (!tasks.some(({ wanted }) => wanted)) return true
  telling.failure ??= new ScimError(404, 'The app no longer holds this group.')
  for (const [id, fate] of fates) if (fate === 'left') fates.set(id, 'dropped')
  return false
}

/**
 * Reads the group that was not read before: `isThere` says what came of it. False: nobody knows, for the app
 * is not to be believed now.
 */
async function confirm(telling: Telling, tasks: readonly Task[]): Promise<boolean> {
  try {
    telling.looked ??= await lookFor(telling.endpoint, telling.group)
    telling.isThere = telling.looked === 'there' || telling.looked === 'again'
  } catch (error) {
    telling.looked = 'doubted'
    telling.failure ??= error
  }
  if (telling.looked !== 'doubted') return true
  for (const { link } of tasks) telling.fates.set(link.id, 'failed')
  return false
}

/** There is no group: who was to leave has left, and nobody can join. */
function end(telling: Telling, tasks: readonly Task[]): void {
  telling.failure ??= notFound(telling.endpoint)
  for (const { link, wanted } of tasks) telling.fates.set(link.id, wanted ? 'dropped' : 'done')
}

async function block(
  telling: Telling,
  tasks: readonly Task[],
  outcome: ReplaceOutcome | 'refused',
): Promise<void> {
  if (!telling.isThere && !(await confirm(telling, tasks))) return
  if (!telling.isThere) {
    telling.failure ??= notFound(telling.endpoint)
    for (const { link } of tasks) telling.fates.set(link.id, 'dropped')
    return
  }
  for (const { link } of tasks) telling.fates.set(link.id, 'blocked')
  if (outcome === 'refused') return
  telling.refusal ??= new ScimError(
    'invalidValue',
    'The app no longer holds one of the members to be added. An administrator must look at the ' +
      'finding "member-blocked" of this connection.',
  )
}

export function busy(): ScimError {
  return new ScimError(503, 'Another request is changing the same members. Retry later.', {
    retryAfterSeconds: 5,
  })
}
