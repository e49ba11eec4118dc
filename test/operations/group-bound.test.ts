/** Apps in which groups are more than groups: being off is one, and nobody may be in none. */
import { expect, test } from 'vitest'
import type { AnyPort, RemoveOutcome } from '../../src/adapter/contract.ts'
import { add, openTeam } from '../support/team.ts'
import { patch } from '../support/world.ts'

const off = patch({ op: 'replace', path: 'active', value: false })

test.each([
  { switchReplaces: true, meanwhile: 0 },
  { switchReplaces: false, meanwhile: 1 },
])(
  'while a switch replaces a list of the account ($switchReplaces), nobody else replaces one',
  async ({ switchReplaces, meanwhile }) => {
    const team = await openTeam(1, 0, { shape: 'user-list', capabilities: { switchReplaces } })
    const { world, path, ids } = team
    const [ann = ''] = ids
    let other: Promise<{ status: number }> | undefined
    let written: number | undefined
    const no = world.logins('m0@x.io')[0]
    const slow = world.racing('POST', `/api/accounts/${no}/suspend`, async () => {
      other = world.open().scim(world.scim, 'PATCH', path, add(ann))
      await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 300))])
      written = world.shape?.writes.length
    })
    expect((await slow.scim(world.scim, 'PATCH', `/Users/${ann}`, off)).status).toBe(200)
    expect(written).toBe(meanwhile)
    // The other one was served after it, or told to come back.
    await other
    for (let tries = 0; tries < 10 && (await team.ask(add(ann))).status !== 204; tries++) {
      world.clock.now += 30_000
    }
    expect(team.held()).toEqual([ann])
  },
)

/** An app that lets a group go only when it is empty. */
const unlessEmpty = (port: AnyPort): Partial<AnyPort> => ({
  async remove(id): Promise<RemoveOutcome> {
    const page = await port.members?.(id, { pageSize: 1 })
    if (page && page.items.length > 0) return { kind: 'occupied' }
    return (await port.remove?.(id)) ?? { kind: 'gone' }
  },
})

test.each(['user-list', 'single-calls', 'group-list'] as const)(
  'a group that goes only when nobody is in it is emptied first (%s)',
  async (shape) => {
    const team = await openTeam(3, 3, { shape, groupPort: unlessEmpty })
    const { ask, desk } = team.world
    expect((await ask('DELETE', team.path)).status).toBe(204)
    expect(desk.store.teamByTitle('Line 4')).toBeUndefined()
    expect((await ask('GET', team.path)).status).toBe(404)
  },
)

test('a group of more members than one delete may take out loses some with each try', async () => {
  const groupPort = (port: AnyPort): Partial<AnyPort> => ({
    ...unlessEmpty(port),
    members: async (id, request) =>
      (await port.members?.(id, { ...request, pageSize: 1 })) ?? { items: [] },
  })
  const team = await openTeam(23, 23, { shape: 'single-calls', groupPort })
  const { world } = team
  expect((await world.ask('DELETE', team.path)).status).toBe(503)
  expect(team.held()).toHaveLength(3)
  world.clock.now += 10 * 60_000
  await world.tick()
  expect(world.desk.store.teamByTitle('Line 4')).toBeUndefined()
})

test('a group that the app keeps although it is empty is refused', async () => {
  const groupPort = () => ({ remove: async (): Promise<RemoveOutcome> => ({ kind: 'occupied' }) })
  const team = await openTeam(1, 1, { shape: 'user-list', groupPort })
  const { ask } = team.world
  const answer = await ask('DELETE', team.path)
  expect([answer.status, answer.body.detail]).toEqual([400, expect.stringContaining('refuses')])
  expect((await ask('GET', team.path)).status).toBe(200)
})

test('a delete that was cut off while the members leave is finished by the cron', async () => {
  let calls = 0
  const groupPort = (port: AnyPort): Partial<AnyPort> => ({
    ...unlessEmpty(port),
    async replaceGroups(member, list, revision) {
      calls += 1
      if (calls === 2) throw new TypeError('the connection was lost')
      return (await port.replaceGroups?.(member, list, revision)) ?? { kind: 'unchanged' }
    },
  })
  const team = await openTeam(3, 3, { shape: 'user-list', groupPort })
  const { world } = team
  expect((await world.ask('DELETE', team.path)).status).toBeGreaterThanOrEqual(500)
  expect(team.held()).toHaveLength(2)
  world.clock.now += 10 * 60_000
  await world.tick()
  expect(world.desk.store.teamByTitle('Line 4')).toBeUndefined()
})
