/** One telling of an app who joins a group and who leaves it: what became of each change, and of the group. */
import type { Member, ReplaceOutcome, WriteOutcome } from '../adapter/contract.ts'
import { isRefusal } from '../adapter/failure.ts'
import type { Link } from '../db/link.ts'
import type { Hold } from '../db/want-edges.ts'
import type { Budget } from '../membership/budget.ts'
import { ScimError } from '../scim/error.ts'
import { notFound } from './account.ts'
import type { Endpoint } from './endpoint.ts'
import { underLease } from './lease.ts'
import { type Found, lookFor } from './unread-group.ts'

export interface MemberTask {
  readonly link: Link
  readonly wanted: boolean
}

/**
 * `done`: as wanted. `waits`: the account is not there yet. `blocked`: the app refuses it. `failed`:
 * this try had no certain effect. `left`: it was not tried. `dropped`: it makes no sense any more.
 */
export type Fate = 'done' | 'waits' | 'blocked' | 'failed' | 'left' | 'dropped'

export interface Task extends MemberTask {
  readonly member: Member
}

export interface Telling {
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

export async function alone(
  telling: Telling,
  link: string,
  work: () => Promise<void>,
): Promise<void> {
  const outcome = await underLease(telling.endpoint, link, telling.hold, work)
  if (outcome === 'busy') telling.failure ??= busy()
}

/** Nothing is sent under a hold that may end before the answer: whoever comes after it may send. */
export function holds({ endpoint: { io, connection }, hold }: Telling): boolean {
  return io.now() + connection.policy.limits.requestTimeoutMs < hold.until
}

/** `refused`: the app said no to this change. `failed`: it passes with time, and the rest is left. */
export async function attempt<T extends WriteOutcome | ReplaceOutcome>(
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

export function isMemberGone(outcome: ReplaceOutcome): boolean {
  return outcome.kind === 'gone' && outcome.what === 'member'
}

/** False: the group is gone, and whoever is left cannot join it. */
export async function settle(
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
export async function confirm(telling: Telling, tasks: readonly Task[]): Promise<boolean> {
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
export function end(telling: Telling, tasks: readonly Task[]): void {
  telling.failure ??= notFound(telling.endpoint)
  for (const { link, wanted } of tasks) telling.fates.set(link.id, wanted ? 'dropped' : 'done')
}

export async function block(
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
