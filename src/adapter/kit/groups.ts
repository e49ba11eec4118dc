/** Groups and who is in them, in whichever way the app changes that. */
import type { Member, ReplaceOutcome, WriteOutcome } from '../contract.ts'
import { CheckBlocked, CheckSkipped } from './check.ts'
import type { Scene } from './scene.ts'
import { make, sceneOf } from './scratch.ts'

/** A group as a check works on it: a scene of the group's type, and the native id. */
export interface Stead {
  readonly scene: Scene
  readonly id: string
}

/** Pages of members that are read at most. */
const MAX_PAGES = 200
const MEMBER_PAGE = 50

/** The type of groups that hold members: this scene's own, or the adapter's first. */
export function groupScene(scene: Scene): Scene {
  const holds = (type: string) => {
    const spec = scene.adapter.resources[type]
    return spec !== undefined && spec.capabilities.membership !== 'none'
  }
  if (holds(scene.type)) return scene
  const type = Object.keys(scene.adapter.resources).find(holds)
  if (type === undefined) throw new CheckSkipped('the app has no groups with members')
  return sceneOf(scene, type)
}

/** The type of what groups hold. */
function memberScene(scene: Scene): Scene {
  const isPerson = (type: string) =>
    scene.adapter.resources[type]?.capabilities.membership === 'none'
  const type = Object.keys(scene.adapter.resources).find(isPerson)
  if (type === undefined) throw new CheckSkipped('the adapter has nobody who could be a member')
  return type === scene.type ? scene : sceneOf(scene, type)
}

/**
 * A group of the check's own, or one of the app's where groups are a fixed catalogue.
 *
 * @param emptied false: somebody is in it from the start, for apps whose groups must not be empty
 */
export async function aGroup(
  scene: Scene,
  { emptied }: { readonly emptied: boolean } = { emptied: true },
): Promise<Stead> {
  const groups = groupScene(scene)
  if (groups.spec.capabilities.create !== 'none') {
    const { id } = await make(groups)
    const group = { scene: groups, id }
    if (!emptied) await resident(group)
    return group
  }
  const found = (scene.survey[groups.type] ?? []).find((object) => !object.protected)
  if (!found) throw new CheckSkipped('the app has no group, and makes none')
  return { scene: groups, id: found.id }
}

/** Somebody who stays, so that a group never loses its last member. */
async function resident(group: Stead): Promise<void> {
  const { id, type } = await aPerson(group.scene)
  await join(group, [{ type, id }]).catch(() => undefined)
}

/** Somebody of the check's own, who is in no group that it asks about. */
export async function aPerson(scene: Scene): Promise<Member> {
  const people = memberScene(scene)
  const { id } = await make(people)
  return { type: people.type, id }
}

/** @throws {CheckBlocked} where somebody who has joined is not shown */
export async function groupOfPeople(
  scene: Scene,
  count: number,
): Promise<{ readonly group: Stead; readonly people: readonly Member[] }> {
  const group = await aGroup(scene, { emptied: false })
  const people: Member[] = []
  for (let made = 0; made < count; made++) {
    const person = await aPerson(scene)
    people.push(person)
    // One by one: that several at once work is a check of its own.
    await join(group, [person])
  }
  const shown = await memberIds(group)
  const lacking = people.filter(({ id }) => !shown.includes(id)).length
  if (lacking > 0) throw new CheckBlocked(`${lacking} of ${count} who joined are not in the group`)
  return { group, people }
}

type Said = WriteOutcome | ReplaceOutcome

/** These join, in one call where the app takes lists or batches. */
export async function join({ scene, id }: Stead, joining: readonly Member[]): Promise<Said> {
  const { port } = scene
  if (port.addMembers) return port.addMembers(id, joining)
  if (port.replaceMembers) {
    const { revision, members } = await readMembers({ scene, id })
    const ids = joining.map((member) => member.id)
    const kept = members.filter((member) => !ids.includes(member.id))
    return port.replaceMembers(id, [...kept, ...joining], revision)
  }
  return each(joining, async (member) => {
    const list = await port.groupsOf?.(member)
    if (!list) return { kind: 'gone', what: 'member' }
    const others = list.groups.filter((group) => group !== id)
    const single = scene.spec.capabilities.members?.single === true
    return replaceGroups(scene, member, [...(single ? [] : others), id], list.revision)
  })
}

export async function leave({ scene, id }: Stead, leaving: readonly Member[]): Promise<Said> {
  const { port } = scene
  if (port.removeMembers) return port.removeMembers(id, leaving)
  if (port.replaceMembers) {
    const { revision, members } = await readMembers({ scene, id })
    const ids = leaving.map((member) => member.id)
    return port.replaceMembers(
      id,
      members.filter((member) => !ids.includes(member.id)),
      revision,
    )
  }
  return each(leaving, async (member) => {
    const list = await port.groupsOf?.(member)
    if (!list) return { kind: 'gone', what: 'member' }
    const others = list.groups.filter((group) => group !== id)
    return replaceGroups(scene, member, others, list.revision)
  })
}

async function replaceGroups(
  { port }: Scene,
  member: Member,
  groups: readonly string[],
  revision: string | undefined,
): Promise<Said> {
  if (!port.replaceGroups) throw new CheckBlocked('there is no method replaceGroups')
  return port.replaceGroups(member, groups, revision)
}

async function each(
  members: readonly Member[],
  work: (member: Member) => Promise<Said>,
): Promise<Said> {
  let said: Said = { kind: 'unchanged' }
  for (const member of members) said = await work(member)
  return said
}

/** Everybody in the group, and the list's revision. */
export async function readMembers(
  { scene, id }: Stead,
  pageSize = MEMBER_PAGE,
): Promise<{ readonly members: readonly Member[]; readonly revision: string | undefined }> {
  const members: Member[] = []
  let revision: string | undefined
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await scene.port.members?.(id, { pageSize, ...(cursor && { cursor }) })
    if (!page) throw new CheckBlocked('there is no method members')
    if (pages === 0) revision = page.revision
    members.push(...page.items)
    cursor = page.next
    if (cursor === undefined) return { members, revision }
  }
  throw new CheckBlocked(`the list of members does not end after ${MAX_PAGES} pages`)
}

export async function memberIds(group: Stead): Promise<readonly string[]> {
  return (await readMembers(group)).members.map(({ id }) => id)
}
