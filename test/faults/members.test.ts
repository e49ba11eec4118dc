/** Changes of members, cut at every step outside and retried in the next cycle. */
import { describe, expect, test, vi } from 'vitest'
import { admin } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { MEMBER_SHAPES } from '../support/member-shapes.ts'
import { add, edgesOf, openTeam, remove, unfinished } from '../support/team.ts'
import {
  brownfield,
  CYCLE_MS,
  cutsOf,
  GROUP_SCHEMA,
  idOf,
  MINUTE_MS,
  openWorld,
  patch,
  type World,
} from '../support/world.ts'

// Dozens of worlds a test, on machines of any speed.
vi.setConfig({ testTimeout: 120_000 })

interface Team {
  readonly world: World
  readonly group: string
  /** SCIM ids: a and b are members, c and d are not. */
  readonly ids: Readonly<Record<'a' | 'b' | 'c' | 'd', string>>
}

async function open(): Promise<Team> {
  const world = await openWorld()
  for (const n of ['a', 'b', 'c', 'd']) brownfield(world, `${n}.x@x.io`)
  const listed = await world.ask('GET', '/Users')
  const [a = '', b = '', c = '', d = ''] = listed.body.Resources.map((r: { id: string }) => r.id)
  const members = [{ value: a }, { value: b }]
  const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members }
  return { world, group: idOf(await world.ask('POST', '/Groups', body)), ids: { a, b, c, d } }
}

/** Logins of the team's people, as the app has them. */
function people({ world }: Team): string[] {
  const { store } = world.desk
  const team = store.teamByTitle('Line 4')
  return [...(team?.people ?? [])].map((no) => String(store.account(no)?.login[0])).sort()
}

async function shown({ world, group }: Team): Promise<string[]> {
  const { body } = await world.ask('GET', `/Groups/${group}`)
  return (body.members ?? []).map((member: { value: string }) => member.value).sort()
}

const CHANGES: Readonly<Record<string, [(ids: Team['ids']) => object, string[]]>> = {
  'adding one': [
    ({ c }) => patch({ op: 'Add', path: 'members', value: [{ value: c }] }),
    ['a', 'b', 'c'],
  ],
  'removing one': [({ a }) => patch({ op: 'Remove', path: `members[value eq "${a}"]` }), ['b']],
  'adding two and removing one': [
    ({ a, c, d }) =>
      patch(
        { op: 'Add', path: 'members', value: [{ value: c }, { value: d }] },
        { op: 'Remove', path: 'members', value: [{ value: a }] },
      ),
    ['b', 'c', 'd'],
  ],
  'replacing all': [
    ({ b, c }) => patch({ op: 'Replace', path: 'members', value: [{ value: b }, { value: c }] }),
    ['b', 'c'],
  ],
}

test.each(Object.entries(CHANGES))(
  '%s, cut at any step and retried, loses and adds nobody',
  async (_, [change, expected]) => {
    const first = await open()
    const whole = first.world.open()
    const path = `/Groups/${first.group}`
    await whole.scim(first.world.scim, 'PATCH', path, change(first.ids))
    expect(people(first)).toEqual(expected)

    for (const cut of cutsOf(whole.steps(), undefined, 2)) {
      const team = await open()
      const { world, group, ids } = team
      const body = change(ids)
      await world.open(cut).scim(world.scim, 'PATCH', `/Groups/${group}`, body)
      world.clock.now += CYCLE_MS
      expect((await world.ask('PATCH', `/Groups/${group}`, body)).status).toBe(204)
      expect(people(team)).toEqual(expected)
      expect(await shown(team)).toEqual(expected.map((n) => ids[n as 'a']).sort())
    }
  },
)

describe.each(MEMBER_SHAPES)('in an app that takes members by %s', (shape) => {
  test('a change that is cut at any step is finished by the sweeper, without its client', async () => {
    const change = (ids: readonly string[]) =>
      patch(
        { op: 'Add', path: 'members', value: [{ value: ids[2] }, { value: ids[3] }] },
        { op: 'Remove', path: 'members', value: [{ value: ids[0] }] },
      )
    const whole = await openTeam(4, 2, { shape })
    const isolate = whole.world.open()
    const first = await isolate.scim(whole.world.scim, 'PATCH', whole.path, change(whole.ids))
    expect(first.status).toBe(204)

    for (const cut of cutsOf(isolate.steps(), undefined, 2)) {
      const team = await openTeam(4, 2, { shape })
      const { world, path, ids } = team
      const [a = '', b = '', c = '', d = ''] = ids
      await world
        .open(cut)
        .scim(world.scim, 'PATCH', path, change(ids))
        .catch(() => undefined)
      const wasWritten = (await edgesOf(team)).some((edge) => edge.member_link === c)
      for (let runs = 0; runs < 3; runs++) {
        world.clock.now += CYCLE_MS
        await world.tick()
      }
      expect(await unfinished(team), JSON.stringify(cut)).toEqual([])
      // Before it was written down nothing has happened; after it, all of it.
      const expected = wasWritten ? [b, c, d] : [a, b]
      expect(team.held(), JSON.stringify(cut)).toEqual(expected.sort())
      // What is believed by then is right: a later change has its effect.
      expect((await team.ask(add(a))).status).toBe(204)
      expect((await team.ask(remove(c))).status).toBe(204)
      expect(team.held()).toEqual((wasWritten ? [a, b, d] : [a, b]).sort())
    }
  })
})

test('the sweeper tries again later where the app is down, and asks it no more than it must', async () => {
  const team = await openTeam(3, 0)
  const { world, ids } = team
  world.desk.failNext({
    match: 'PUT /api/teams/{no}/people/{account_no}',
    how: 'status',
    status: 503,
    times: 2,
  })
  expect((await team.ask(add(...ids))).status).toBe(503)
  const waiting = await unfinished(team)
  expect(waiting).toHaveLength(3)
  expect(waiting.filter((edge) => edge.state === 'retry')).toHaveLength(1)
  // The second failure is the last one: another call in this run would have its effect.
  world.clock.now += MINUTE_MS
  await world.tick()
  expect(team.held()).toEqual([])
  for (let runs = 0; runs < 4; runs++) {
    world.clock.now += CYCLE_MS
    await world.tick()
  }
  expect(await unfinished(team)).toEqual([])
  expect(team.held()).toEqual([...ids].sort())
})

test('a connection that is not live changes no members, and goes on when it is', async () => {
  const team = await openTeam(1, 0)
  const { world, path, ids } = team
  // Token and group, members (nobody), the group, what is wanted, the one who joins.
  const cut = { step: 5, how: 'refused' } as const
  await world.open(cut).scim(world.scim, 'PATCH', path, add(ids[0] ?? ''))
  const mode = (name: string) => admin('PATCH', `/connections/${world.scim.name}`, { mode: name })
  expect((await mode('observe')).status).toBe(200)
  world.clock.now += CYCLE_MS
  await world.tick()
  expect(team.held()).toEqual([])
  expect((await mode('live')).status).toBe(200)
  world.clock.now += CYCLE_MS
  await world.tick()
  expect(team.held()).toEqual(ids)
})

describe('an answer that is lost', () => {
  test('leaves no edge that a later change would trust', async () => {
    const team = await open()
    const { world, group, ids } = team
    const path = `/Groups/${group}`
    const add = patch({ op: 'add', path: 'members', value: [{ value: ids.c }] })
    const remove = patch({ op: 'remove', path: `members[value eq "${ids.c}"]` })
    expect((await world.ask('PATCH', path, patch(...remove.Operations))).status).toBe(204)
    world.desk.failNext({
      match: 'PUT /api/teams/{no}/people/{account_no}',
      when: 'after',
      how: 'reset',
    })
    expect((await world.ask('PATCH', path, add)).status).toBe(503)
    expect(people(team)).toEqual(['a', 'b', 'c'])
    // The directory took the person out again before the retry.
    expect((await world.ask('PATCH', path, remove)).status).toBe(204)
    expect(people(team)).toEqual(['a', 'b'])
  })

  test('in the middle of many keeps the progress, and the retry finishes', async () => {
    const team = await open()
    const { world, group, ids } = team
    const add = patch({
      op: 'add',
      path: 'members',
      value: [{ value: ids.c }, { value: ids.d }],
    })
    const no = world.logins('d.x@x.io')[0]
    world.desk.failNext({ match: `PUT /api/teams/101/people/${no}`, how: 'status', status: 503 })
    expect((await world.ask('PATCH', `/Groups/${group}`, add)).status).toBe(503)
    expect(people(team)).toEqual(['a', 'b', 'c'])
    const writes = world.desk.counters.writes
    expect((await world.ask('PATCH', `/Groups/${group}`, add)).status).toBe(204)
    expect(people(team)).toEqual(['a', 'b', 'c', 'd'])
    expect(world.desk.counters.writes - writes).toBe(1)
  })
})

test('concurrent PATCHes on one group lose no member and keep no removed one', async () => {
  const team = await open()
  const { world, group, ids } = team
  const path = `/Groups/${group}`
  const change = (op: string, id: string) =>
    op === 'add'
      ? patch({ op, path: 'members', value: [{ value: id }] })
      : patch({ op, path: `members[value eq "${id}"]` })
  const answers = await Promise.all([
    world.open().scim(world.scim, 'PATCH', path, change('add', ids.c)),
    world.open().scim(world.scim, 'PATCH', path, change('remove', ids.a)),
    world.open().scim(world.scim, 'PATCH', path, change('add', ids.d)),
    world.open().scim(world.scim, 'PATCH', path, change('remove', ids.b)),
  ])
  for (const { status } of answers) expect(status).toBe(204)
  expect(people(team)).toEqual(['c', 'd'])
  // What was recorded meanwhile is right as well: each change that follows has its effect.
  expect((await world.ask('PATCH', path, change('add', ids.a))).status).toBe(204)
  expect((await world.ask('PATCH', path, change('remove', ids.c))).status).toBe(204)
  expect(people(team)).toEqual(['a', 'd'])
})

test('a list of members that was read before another request changed them is not believed', async () => {
  const team = await open()
  const { world, group, ids } = team
  const path = `/Groups/${group}`
  const add = (id: string) => patch({ op: 'add', path: 'members', value: [{ value: id }] })
  const removeA = patch({ op: 'remove', path: `members[value eq "${ids.a}"]` })
  // What was read of the group is old: the next change reads it again.
  world.clock.now += 24 * 3_600_000
  let hooked = false
  const slow = async (input: string, init: RequestInit): Promise<Response> => {
    const response = await world.desk.fetch(input, init)
    if (!hooked && init.method === 'GET' && input.includes('/people')) {
      hooked = true
      const other = await world.open().scim(world.scim, 'PATCH', path, removeA)
      expect(other.status).toBe(204)
    }
    return response
  }
  const late = openIsolate(world.clock, slow)
  expect((await late.scim(world.scim, 'PATCH', path, add(ids.c))).status).toBe(204)
  expect(hooked).toBe(true)
  expect(people(team)).toEqual(['b', 'c'])
  expect((await world.ask('PATCH', path, add(ids.a))).status).toBe(204)
  expect(people(team)).toEqual(['a', 'b', 'c'])
})
