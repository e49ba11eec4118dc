/**
 * Tells an app who joins a group and who leaves it, in whatever way the app takes that (the capability
 * `membership`), within a budget of calls. It keeps nothing: what became of each change is the answer.
 */
import { isEnded, type Link } from '../db/link.ts'
import type { Hold } from '../db/want-edges.ts'
import type { Budget } from '../membership/budget.ts'
import { chunksOf, halvesOf } from '../membership/chunks.ts'
import type { Endpoint } from './endpoint.ts'
import { strips } from './inactive.ts'
import { replaceOnGroup, replaceOnUsers } from './replace-lists.ts'
import {
  attempt,
  block,
  confirm,
  end,
  type Fate,
  isMemberGone,
  type MemberTask,
  settle,
  type Task,
  type Telling,
} from './telling.ts'
import { mayMeanGone } from './unread-group.ts'

export interface Told {
  /** By SCIM id of the member. */
  readonly fates: ReadonlyMap<string, Fate>
  /** What the client is to hear: that which passes with time before that which does not. */
  readonly failure: unknown
  /** True: the app has shown that it holds the group. */
  readonly isThere: boolean
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
  if (wanted && isEnded(link)) return 'dropped'
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
