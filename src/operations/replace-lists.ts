/** Memberships of an app that takes whole lists: of a group its members, or of each member its groups. */
import type { AnyPort, Member } from '../adapter/contract.ts'
import type { Budget } from '../membership/budget.ts'
import { halvesOf } from '../membership/chunks.ts'
import { groupsAfter, membersAfter } from '../membership/replacement.ts'
import {
  alone,
  attempt,
  block,
  busy,
  confirm,
  end,
  holds,
  isMemberGone,
  settle,
  type Task,
  type Telling,
} from './telling.ts'

/** How often a list is read again that has changed between the read and the replace. */
const REREADS = 5
/** Pages of members that are read to replace them all. */
const MAX_PAGES = 400

export async function replaceOnGroup(telling: Telling, tasks: readonly Task[]): Promise<void> {
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

export async function replaceOnUsers(telling: Telling, tasks: readonly Task[]): Promise<void> {
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
