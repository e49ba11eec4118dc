/** Who is in a group: those who joined, each of them once, and nobody else. */
import type { Member } from '../contract.ts'
import { type Check, CheckBlocked, CheckFailed, demand, skipUnless } from './check.ts'
import { aGroup, aPerson, groupOfPeople, join, leave, memberIds, readMembers } from './groups.ts'
import { describe, failureOf, type Scene } from './scene.ts'
import { impossibleId } from './scratch.ts'

const MEMBERS = { needs: ['members'], mutates: true } as const
/** A batch larger than this takes too many people to try. */
const LARGEST_BATCH = 25

function demandDone(said: { readonly kind: string }, what: string): void {
  demand(said.kind === 'ok' || said.kind === 'unchanged', `${what} says ${said.kind}`)
}

/** Neither done nor with an unknown effect; undefined where it was an outcome that says no. */
async function demandNotDone(what: string, work: () => Promise<{ kind: string }>): Promise<void> {
  const failure = await failureOf(async () => {
    const { kind } = await work()
    demand(kind === 'gone', `${what} says ${kind}, not gone`)
  })
  demand(
    failure === undefined || failure.effect === 'none',
    `${what}: ${failure && describe(failure)}; the effect must be none`,
  )
}

/** In the group but for those who were there before the check. */
async function inside(
  group: Parameters<typeof memberIds>[0],
  people: readonly Member[],
): Promise<readonly string[]> {
  const ids = await memberIds(group)
  return people.map(({ id }) => id).filter((id) => ids.includes(id))
}

function ghostOf(person: Member): Member {
  return { type: person.type, id: impossibleId(person.id) }
}

export const MEMBERSHIP_CHECKS: readonly Check[] = [
  {
    ...MEMBERS,
    id: 'membership.add',
    why: 'Who joins is in the group.',
    async run(scene) {
      const group = await aGroup(scene)
      const person = await aPerson(scene)
      demandDone(await join(group, [person]), 'a join')
      const ids = await memberIds(group)
      demand(ids.includes(person.id), 'who has joined is not in the group')
      demand(ids.filter((id) => id === person.id).length === 1, 'who has joined is shown twice')
    },
  },
  {
    ...MEMBERS,
    id: 'membership.add-again',
    why: 'Adding who is in the group is no failure: it is repeated after a crash.',
    async run(scene) {
      const { group, people } = await groupOfPeople(scene, 1)
      demandDone(await join(group, people), 'a second join')
      demand((await inside(group, people)).length === 1, 'who joined twice is not in the group')
    },
  },
  {
    ...MEMBERS,
    id: 'membership.remove',
    why: 'Who leaves is out: whoever keeps access by a group was not removed from it.',
    async run(scene) {
      const { group, people } = await groupOfPeople(scene, 1)
      demandDone(await leave(group, people), 'a leave')
      demand((await inside(group, people)).length === 0, 'who has left is still in the group')
    },
  },
  {
    ...MEMBERS,
    id: 'membership.remove-again',
    why: 'Removing who is not in the group is no failure: it is repeated after a crash.',
    async run(scene) {
      const { group } = await groupOfPeople(scene, 1)
      const stranger = await aPerson(scene)
      demandDone(await leave(group, [stranger]), 'a leave of who is not in it')
    },
  },
  {
    ...MEMBERS,
    id: 'membership.others',
    why: 'A change to one member leaves the others where they are.',
    async run(scene) {
      const { group, people } = await groupOfPeople(scene, 1)
      const late = await aPerson(scene)
      await join(group, [late])
      demand((await inside(group, people)).length === 1, 'a join has put somebody else out')
      await leave(group, [late])
      demand((await inside(group, people)).length === 1, 'a leave has put somebody else out')
    },
  },
  {
    ...MEMBERS,
    id: 'membership.pages',
    why: 'Members beyond the first page are members: who is not seen is added for ever.',
    async run(scene) {
      const { group, people } = await groupOfPeople(scene, 5)
      const ids = (await readMembers(group, 2)).members.map(({ id }) => id)
      const missed = people.filter(({ id }) => !ids.includes(id)).length
      demand(missed === 0, `${missed} of ${people.length} are missing from pages of 2`)
      demand(new Set(ids).size === ids.length, 'somebody comes more than once')
    },
  },
  {
    id: 'membership.batch',
    needs: ['add-remove', 'members.batch'],
    mutates: true,
    why: 'As many as declared join and leave in one call, all of them.',
    async run(scene) {
      const { batch = 1 } = scene.spec.capabilities.members ?? {}
      const count = Math.min(batch, LARGEST_BATCH)
      const group = await aGroup(scene, { emptied: false })
      const people: Member[] = []
      for (let made = 0; made < count; made++) people.push(await aPerson(scene))
      demandDone(await join(group, people), `a join of ${count}`)
      const joined = (await inside(group, people)).length
      demand(joined === count, `${joined} of ${count} who joined at once are in the group`)
      demandDone(await leave(group, people), `a leave of ${count}`)
      const stayed = (await inside(group, people)).length
      demand(stayed === 0, `${stayed} of ${count} who left at once are still in the group`)
    },
  },
  {
    ...MEMBERS,
    id: 'membership.unknown-member',
    why: 'Whom the app does not have cannot join: "done" would be believed.',
    async run(scene) {
      const group = await aGroup(scene, { emptied: false })
      const ghost = ghostOf(await aPerson(scene))
      if (scene.port.groupsOf) {
        const list = await scene.port.groupsOf(ghost)
        demand(list === null, 'groupsOf somebody whom the app does not have is a list')
        return
      }
      await demandNotDone('a join of somebody whom the app does not have', async () => {
        const said = await join(group, [ghost])
        demand(
          said.kind !== 'gone' || said.what === 'member',
          'a join of somebody whom the app does not have says that the group is gone',
        )
        return said
      })
    },
  },
  {
    ...MEMBERS,
    id: 'membership.unknown-group',
    why: 'A group that is gone says so: it is how the core learns of it.',
    async run(scene) {
      const { group, people } = await groupOfPeople(scene, 1)
      const nowhere = impossibleId(group.id)
      const { port } = scene
      await demandNotDone('a join of a group that the app does not have', async () => {
        if (port.addMembers) return port.addMembers(nowhere, people)
        if (port.replaceMembers) return port.replaceMembers(nowhere, people, undefined)
        const [person] = people
        if (!person || !port.replaceGroups) throw new CheckBlocked('there is no method')
        const list = await port.groupsOf?.(person)
        return port.replaceGroups(person, [nowhere], list?.revision)
      })
    },
  },
  {
    ...MEMBERS,
    id: 'membership.last',
    why: 'The last member leaves, or is refused and stays: an app that says yes must mean it.',
    async run(scene) {
      const group = await aGroup(scene)
      const person = await aPerson(scene)
      await join(group, [person])
      if (!(await memberIds(group)).includes(person.id)) throw new CheckBlocked('nobody can join')
      const failure = await failureOf(async () => {
        demandDone(await leave(group, [person]), 'a leave of the last one')
      })
      const stays = (await memberIds(group)).includes(person.id)
      if (!failure) demand(!stays, 'the last one has left, and is still in the group')
      else demand(failure.effect === 'none' && stays, `the last one: ${describe(failure)}`)
    },
  },
  {
    id: 'membership.stale',
    needs: ['replace'],
    mutates: true,
    why: "A list that has changed since it was read is not replaced: somebody else's change would be lost.",
    async run(scene) {
      const { group, people } = await groupOfPeople(scene, 1)
      const [person] = people
      if (!person) throw new CheckBlocked('there is nobody')
      if (scene.port.replaceMembers) {
        const { revision, members } = await readMembers(group)
        skipUnless(revision !== undefined, 'the app gives lists no revision')
        await join(group, [await aPerson(scene)])
        const said = await scene.port.replaceMembers(group.id, members, revision)
        demand(said.kind === 'stale', `a replace of a list that has changed says ${said.kind}`)
        return
      }
      const list = await scene.port.groupsOf?.(person)
      skipUnless(list?.revision !== undefined, 'the app gives lists no revision')
      await join(await aGroup(scene), [person])
      const said = await scene.port.replaceGroups?.(person, list.groups, list.revision)
      demand(said?.kind === 'stale', `a replace of a list that has changed says ${said?.kind}`)
    },
  },
  {
    id: 'membership.single',
    needs: ['members.single'],
    mutates: true,
    why: 'Where one group is the most, joining another one leaves the first.',
    async run(scene) {
      const [one, other] = await twoGroups(scene)
      const person = await aPerson(scene)
      await join(one, [person])
      await join(other, [person])
      if (!(await memberIds(other)).includes(person.id)) throw new CheckBlocked('nobody can join')
      demand(!(await memberIds(one)).includes(person.id), 'who has joined another is in both')
    },
  },
  {
    id: 'membership.nested',
    needs: ['members.nested'],
    mutates: true,
    why: 'A group that joins a group is a member of it, with its own type.',
    async run(scene) {
      const [outer, inner] = await twoGroups(scene)
      const member = { type: scene.type, id: inner.id }
      demandDone(await join(outer, [member]), 'a join of a group')
      const { members } = await readMembers(outer)
      const found = members.find(({ id, type }) => id === inner.id && type === scene.type)
      if (!found) throw new CheckFailed('the group that has joined is not shown as a group')
    },
  },
]

async function twoGroups(scene: Scene) {
  if (scene.spec.capabilities.create !== 'none')
    return [await aGroup(scene), await aGroup(scene)] as const
  const [one, other] = (scene.survey[scene.type] ?? []).filter((object) => !object.protected)
  skipUnless(one !== undefined && other !== undefined, 'the app has not two groups')
  return [
    { scene, id: one.id },
    { scene, id: other.id },
  ] as const
}
