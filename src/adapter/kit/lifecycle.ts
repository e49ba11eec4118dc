/** Off, on and away: what leavers keep, and what is left of them. */
import { type Check, CheckBlocked, demand, skipUnless } from './check.ts'
import { differences } from './differences.ts'
import { aGroup, join, memberIds } from './groups.ts'
import { failureOf, type Scene } from './scene.ts'
import { isThere, make, read, removedId, settled, switchOff, walk } from './scratch.ts'

const SWITCHES = { needs: ['create', 'switch'], mutates: true } as const

async function turn(scene: Scene, id: string, active: boolean): Promise<void> {
  const outcome = await scene.port.setActive?.(id, active)
  demand(outcome?.kind === 'ok' || outcome?.kind === 'unchanged', `setActive says ${outcome?.kind}`)
}

async function demandActive(scene: Scene, id: string, active: boolean): Promise<void> {
  const object = await read(scene, id)
  demand(object.active === active, `afterwards get says active: ${object.active}`)
}

export const LIFECYCLE_CHECKS: readonly Check[] = [
  {
    ...SWITCHES,
    id: 'lifecycle.off',
    why: 'Who is switched off is off: a leaver who still gets in is the worst that can happen.',
    async run(scene) {
      const { id } = await make(scene)
      await turn(scene, id, false)
      await demandActive(scene, id, false)
    },
  },
  {
    ...SWITCHES,
    id: 'lifecycle.off-again',
    why: 'Switching off who is off is no failure: it is repeated after a crash.',
    async run(scene) {
      const { id } = await make(scene)
      await switchOff(scene, id)
      await turn(scene, id, false)
      await demandActive(scene, id, false)
    },
  },
  {
    ...SWITCHES,
    id: 'lifecycle.on',
    why: 'Who returns is switched on again.',
    async run(scene) {
      const { id } = await make(scene)
      await switchOff(scene, id)
      await turn(scene, id, true)
      await demandActive(scene, id, true)
    },
  },
  {
    ...SWITCHES,
    id: 'lifecycle.created-off',
    why: 'Who is to be off from the first day is never on in between.',
    async run(scene) {
      const invites = scene.spec.capabilities.create === 'invite'
      skipUnless(!invites, 'who has accepted an invitation is on')
      const { id } = await make(scene, { active: false })
      await demandActive(scene, id, false)
    },
  },
  {
    ...SWITCHES,
    id: 'lifecycle.off-keeps',
    why: 'Off and on again changes nothing else of a person.',
    async run(scene) {
      const { id } = await make(scene)
      const before = await read(scene, id)
      await switchOff(scene, id)
      await scene.port.setActive?.(id, true)
      const apart = differences(scene.spec, before, await read(scene, id))
      demand(
        apart.every((name) => name === 'active'),
        `off and on again has changed ${apart.filter((name) => name !== 'active').join(', ')}`,
      )
    },
  },
  {
    id: 'lifecycle.off-groups',
    needs: ['create', 'switch', 'groups'],
    mutates: true,
    why: 'What becomes of the groups of who is off is what offLeavesGroups says.',
    async run(scene) {
      const { id } = await make(scene)
      const group = await aGroup(scene, { emptied: false })
      await join(group, [{ type: scene.type, id }])
      if (!(await memberIds(group)).includes(id)) throw new CheckBlocked('nobody can join a group')
      await switchOff(scene, id)
      const stays = (await memberIds(group)).includes(id)
      const leaves = scene.spec.capabilities.offLeavesGroups === true
      demand(leaves || stays, 'who is off has left the group; declare "offLeavesGroups": true')
      demand(!leaves || !stays, 'who is off is still in the group, and offLeavesGroups is declared')
    },
  },
  {
    id: 'lifecycle.switch-gone',
    needs: ['create', 'switch', 'remove: hard'],
    mutates: true,
    why: 'Switching who is gone says so: it is how the core learns of it.',
    async run(scene) {
      const id = await removedId(scene)
      const outcome = await scene.port.setActive?.(id, false)
      demand(outcome?.kind === 'gone', `setActive of a removed id says ${outcome?.kind}, not gone`)
    },
  },
  {
    id: 'lifecycle.remove',
    needs: ['create', 'remove: hard'],
    mutates: true,
    why: 'Who is removed is there no more: neither by id nor in the list.',
    async run(scene) {
      const { id } = await settled(scene, await make(scene))
      const outcome = await scene.port.remove?.(id)
      demand(outcome?.kind === 'ok', `remove says ${outcome?.kind}`)
      demand(!(await isThere(scene, id)), 'get still shows who was removed; declare it "soft"')
      const { objects } = await walk(scene)
      demand(!objects.some((object) => object.id === id), 'the list still shows who was removed')
    },
  },
  {
    id: 'lifecycle.remove-soft',
    needs: ['create', 'remove: soft'],
    mutates: true,
    why: 'A soft removal leaves the account where Postern finds it when the person returns.',
    async run(scene) {
      const { id } = await settled(scene, await make(scene))
      const outcome = await scene.port.remove?.(id)
      demand(outcome?.kind === 'ok', `remove says ${outcome?.kind}`)
      demand(
        await isThere(scene, id),
        'the app shows no more of who was removed; declare it "hard"',
      )
    },
  },
  {
    id: 'lifecycle.removed-again',
    needs: ['create', 'remove: hard'],
    mutates: true,
    why: 'Removing who is gone says so, and is no failure: it is repeated after a crash.',
    async run(scene) {
      const id = await removedId(scene)
      let said: string | undefined
      const failure = await failureOf(async () => {
        said = (await scene.port.remove?.(id))?.kind
      })
      demand(failure === undefined && said === 'gone', `it says ${said ?? 'failure'}, not gone`)
    },
  },
  {
    id: 'lifecycle.id-not-reused',
    needs: ['create', 'remove: hard', 'idsReused: false'],
    mutates: true,
    why: 'An id that comes to name somebody else hands them what belonged to the leaver.',
    async run(scene) {
      const id = await removedId(scene)
      const next = await make(scene)
      demand(
        next.id !== id,
        'the next object has the id of the removed one; declare "idsReused": true',
      )
      skipUnless(next.id !== '', 'it has no id')
    },
  },
]
