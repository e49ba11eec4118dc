/** Writes before which the app is not read (`neverProtected`): what its answers may mean is found out after. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { AnyPort } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { MemberShape } from '../support/member-shapes.ts'
import { GROUP_SCHEMA, idOf, openWorld, patch, person, type World } from '../support/world.ts'

const LOGIN = 'unni.moe@example.com'
const add = (...ids: string[]) =>
  patch({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) })
const remove = (id: string) => patch({ op: 'remove', path: `members[value eq "${id}"]` })

interface Opened {
  readonly world: World
  readonly team: string
  readonly path: string
  readonly id: string
  readonly people: () => number | undefined
}

async function open(
  port: (real: AnyPort) => Partial<AnyPort> = () => ({}),
  shape?: MemberShape,
): Promise<Opened> {
  const world = await openWorld({ groupPort: port, ...(shape && { shape }) })
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const make = async (displayName: string) =>
    idOf(await world.ask('POST', '/Groups', { schemas: [GROUP_SCHEMA], displayName }))
  await make('Other')
  const team = await make('Line 4')
  const people = () => world.desk.store.teamByTitle('Line 4')?.people.size
  return { world, team, path: `/Groups/${team}`, id, people }
}

/**
 * An app that, as long as it `isBlind`, says of every group that it has none, and shows so many in it as are
 * `shown`. It sees again after so many `looks` for a group.
 */
async function openBlind(shape?: MemberShape) {
  const blind = { isBlind: false, shown: 0, looks: Number.POSITIVE_INFINITY }
  const opened = await open(
    (real) => ({
      get: async (id) => {
        if (!blind.isBlind) return real.get(id)
        blind.looks -= 1
        blind.isBlind = blind.looks !== 0
        return null
      },
      members: async (id, page) => {
        const held = (await real.members?.(id, page)) ?? { items: [] }
        return blind.isBlind ? { items: held.items.slice(0, blind.shown) } : held
      },
      ...(real.addMembers && {
        addMembers: async (id, members) =>
          blind.isBlind
            ? { kind: 'gone' }
            : ((await real.addMembers?.(id, members)) ?? { kind: 'gone' }),
        removeMembers: async (id, members) =>
          blind.isBlind
            ? { kind: 'gone' }
            : ((await real.removeMembers?.(id, members)) ?? { kind: 'gone' }),
      }),
    }),
    shape,
  )
  return { ...opened, blind }
}

test('a change of members is one call, and its answer has no version, for nobody has read the group', async () => {
  const { world, path, id } = await open()
  await world.ask('PATCH', path, add(id))
  const isolate = world.open()
  const before = isolate.counts().calls
  const answer = await isolate.scim(world.scim, 'PATCH', path, remove(id))
  expect([answer.status, answer.headers.get('etag')]).toEqual([204, null])
  expect(isolate.counts().calls - before).toBe(1)
})

test('a group that has gone from the app is 404 for whoever joins and whoever leaves', async () => {
  for (const change of [add, remove]) {
    const { world, path, id } = await open()
    const other = idOf(await world.ask('POST', '/Users', person('other@example.com')))
    await world.ask('PATCH', path, add(id))
    world.desk.store.deleteTeam(world.desk.store.teamByTitle('Line 4')?.team_no ?? 0)
    const who = change === add ? other : id
    expect((await world.ask('PATCH', path, change(who))).status).toBe(404)
    // Nothing to tell the app of, and still it is asked.
    expect((await world.ask('PATCH', path, change(who))).status).toBe(404)
  }
})

test('an app that says of every group that it has none is not believed, and is told later', async () => {
  const { world, path, id, people, blind } = await openBlind()
  const other = idOf(await world.ask('POST', '/Users', person('other@example.com')))
  expect((await world.ask('PATCH', path, add(id))).status).toBe(204)
  blind.isBlind = true
  expect((await world.ask('PATCH', path, remove(id))).status).toBe(503)
  expect((await world.ask('PATCH', path, add(other))).status).toBe(503)
  expect(people()).toBe(1)
  blind.isBlind = false
  world.clock.now += 3_600_000
  await world.tick()
  const [no] = world.logins('other@example.com')
  expect([...(world.desk.store.teamByTitle('Line 4')?.people ?? [])]).toEqual([no])
})

test('who is to leave is told of, though the group was read of a blind app, which showed nobody or not all', async () => {
  for (const shown of [0, 1]) {
    const { world, path, id, people, blind } = await openBlind()
    const other = idOf(await world.ask('POST', '/Users', person('other@example.com')))
    await world.ask('PATCH', path, add(other))
    await world.ask('PATCH', path, add(id))
    // What is known of the members is not believed any more, and is read again.
    world.clock.now += 2 * 3_600_000
    Object.assign(blind, { isBlind: true, shown })
    const leaver = shown === 0 ? other : id
    expect((await world.ask('PATCH', path, remove(leaver))).status).toBe(503)
    if (shown === 0) expect((await world.ask('PATCH', path, add(id))).status).toBe(503)
    expect(people()).toBe(2)
    blind.isBlind = false
    expect((await world.ask('PATCH', path, remove(leaver))).status).toBe(204)
    expect(people()).toBe(1)
  }
})

test('an empty list of an app that shows the group at the second look is not believed', async () => {
  const { world, path, id, people, blind } = await openBlind()
  await world.ask('PATCH', path, add(id))
  world.clock.now += 2 * 3_600_000
  blind.isBlind = true
  blind.looks = 1
  expect((await world.ask('PATCH', path, remove(id))).status).toBe(204)
  expect(people()).toBe(0)
})

test('a group that has gone from the app is 404 also where its list fails, and that is no trouble of the app', async () => {
  for (const shape of [undefined, 'group-list'] as const) {
    for (const change of [add, remove]) {
      const { world, path, id } = await open(undefined, shape)
      const other = idOf(await world.ask('POST', '/Users', person('other@example.com')))
      await world.ask('PATCH', path, add(id))
      world.desk.store.deleteTeam(world.desk.store.teamByTitle('Line 4')?.team_no ?? 0)
      world.clock.now += 2 * 3_600_000
      const who = change === add ? other : id
      expect((await world.ask('PATCH', path, change(who))).status).toBe(404)
      expect((await world.ask('PATCH', path, change(who))).status).toBe(404)
      const trouble = await env.DB.prepare(
        "SELECT kind FROM finding WHERE kind = 'app-failing' AND connection = (SELECT connection FROM link WHERE id = ?)",
      )
        .bind(id)
        .all()
      expect(trouble.results).toEqual([])
    }
  }
})

test('a list that fails of a group that is there is the failure of the app', async () => {
  const failure = new AdapterFailure('protocol', 'a page that is none', { effect: 'none' })
  let isFailing = false
  const { world, path, id, people } = await open((real) => ({
    members: async (group, page) => {
      if (isFailing) throw failure
      return (await real.members?.(group, page)) ?? { items: [] }
    },
  }))
  isFailing = true
  expect((await world.ask('PATCH', path, add(id))).status).toBe(503)
  expect(people()).toBe(0)
})

test('a blind app whose list is replaced loses nobody', async () => {
  const { world, path, id, people, blind } = await openBlind('group-list')
  const other = idOf(await world.ask('POST', '/Users', person('other@example.com')))
  await world.ask('PATCH', path, add(id))
  world.clock.now += 2 * 3_600_000
  blind.isBlind = true
  expect((await world.ask('PATCH', path, add(other))).status).toBe(503)
  expect((await world.ask('PATCH', path, remove(id))).status).toBe(503)
  expect(people()).toBe(1)
})

test('a member who is not known is 400, and nobody else joins', async () => {
  const { world, path, id, people, team } = await open()
  expect((await world.ask('PATCH', path, add(id, 'nobody'))).status).toBe(400)
  expect((await world.ask('PATCH', path, add(id, team))).status).toBe(400)
  expect(people()).toBe(0)
  const rows = await env.DB.prepare('SELECT 1 FROM edge WHERE group_link = ?').bind(team).all()
  expect(rows.results).toEqual([])
})

test('whoever asks for a version is compared with the group as it is', async () => {
  const { world, path, id, people } = await open()
  const headers = { 'if-match': 'W/"another"' }
  expect((await world.ask('PATCH', path, add(id), headers)).status).toBe(412)
  expect(people()).toBe(0)
})

test('a policy that protects by a name has the account read before it is removed', async () => {
  const policy = { protected: [{ pattern: 'unni.*' }] }
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  await world.admin('PATCH', '', { policy })
  world.clock.now += 10_000
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(400)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('a delete of an account that has gone from the app is done', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const [no = 0] = world.logins(LOGIN)
  const account = world.desk.store.account(no)
  if (account) world.desk.store.deleteAccount(account)
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
})
