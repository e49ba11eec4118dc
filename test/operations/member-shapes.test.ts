/** Members in apps that take them in other ways, over HTTP (docs/decisions/0008-membership.md). */
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { BATCH, MEMBER_SHAPES } from '../support/member-shapes.ts'
import { connectionId } from '../support/tables.ts'
import {
  add,
  anotherGroup,
  edgesOf,
  findingsOf,
  groupNamed,
  openTeam,
  remove,
  replace,
  unfinished,
} from '../support/team.ts'
import { brownfield, CYCLE_MS, idOf, MINUTE_MS, match, patch } from '../support/world.ts'

// Hundreds of people in some tests, on machines of any speed.
vi.setConfig({ testTimeout: 60_000 })

const sorted = (...ids: (string | undefined)[]) => ids.map((id) => id ?? '').sort()

describe.each(MEMBER_SHAPES)('in an app that takes members by %s', (shape) => {
  test('an add, a remove and a replace do what they say, and keep whom they do not name', async () => {
    const team = await openTeam(6, 3, { shape })
    const [a = '', b = '', c = '', d = '', e = '', f = ''] = team.ids
    expect((await team.ask(add(d, e))).status).toBe(204)
    expect(team.held()).toEqual(sorted(a, b, c, d, e))
    expect((await team.ask(remove(a, d))).status).toBe(204)
    expect(team.held()).toEqual(sorted(b, c, e))
    expect((await team.ask(replace(b, f))).status).toBe(204)
    expect(team.held()).toEqual(sorted(b, f))
    expect(await team.shown()).toEqual(sorted(b, f))
    expect(await unfinished(team)).toEqual([])
  })

  test('a PUT makes it exactly these, and one without members empties it', async () => {
    const team = await openTeam(4, 2, { shape })
    const [a = '', , c = ''] = team.ids
    const put = (body: object) => team.world.ask('PUT', team.path, body)
    expect((await put(groupNamed('Line 4', a, c))).status).toBe(200)
    expect(team.held()).toEqual(sorted(a, c))
    const { members: _, ...without } = groupNamed('Line 4')
    expect((await put(without)).status).toBe(200)
    expect(team.held()).toEqual([])
  })

  test('what is so already is told to nobody, and a second cycle writes nothing', async () => {
    const team = await openTeam(4, 2, { shape })
    const [a = '', b = '', c = '', d = ''] = team.ids
    const cycle = [add(a, c), remove(d), replace(a, b, c)]
    for (const body of cycle) expect((await team.ask(body)).status).toBe(204)
    const writes = team.world.shape?.writes.length ?? 0
    const { changes } = team.world
    const before = changes()
    for (const body of cycle) expect((await team.ask(body)).status).toBe(204)
    expect(changes()).toBe(before)
    expect(team.world.shape?.writes.length).toBe(writes)
    expect(team.held()).toEqual(sorted(a, b, c))
  })

  test('members added by two clients at once are all members, and the removed ones are none', async () => {
    const team = await openTeam(8, 2, { shape })
    const { world, path, ids } = team
    const [a = '', b = '', ...others] = ids
    const ask = async (body: object) => {
      // As a client does: told to come back, it does.
      for (let tries = 0; tries < 20; tries++) {
        const { status } = await world.open().scim(world.scim, 'PATCH', path, body)
        if (status !== 503) return status
        world.clock.now += 5_000
      }
      return 503
    }
    const bodies = [...others.map((id) => add(id)), remove(a), remove(b)]
    expect(await Promise.all(bodies.map(ask))).toEqual(bodies.map(() => 204))
    expect(team.held()).toEqual([...others].sort())
  })

  test('a member whom the app refuses for good is a finding, the others join, and it heals', async () => {
    if (shape === 'single-calls') return // The example app refuses nobody.
    const team = await openTeam(6, 1, { shape })
    const { world, ids } = team
    const [a = '', b = '', c = '', d = ''] = ids
    const no = world.logins('m2@x.io')[0] ?? 0
    world.shape?.refused.add(no)
    const refused = await team.ask(add(b, c, d))
    expect(refused.status).toBe(400)
    expect(team.held()).toEqual(sorted(a, b, d))
    expect(await findingsOf(team, 'member-blocked')).toMatchObject([
      { subject: `Group:${team.group}/${c}`, state: 'open' },
    ])
    expect((await edgesOf(team)).find((edge) => edge.member_link === c)).toMatchObject({
      state: 'blocked',
      wanted: 1,
    })
    // The sweeper does not ask again what was refused for good.
    const writes = world.shape?.writes.length
    world.clock.now += CYCLE_MS
    await world.tick()
    expect(world.shape?.writes.length).toBe(writes)
    world.shape?.refused.delete(no)
    expect((await team.ask(add(b, c, d))).status).toBe(204)
    expect(team.held()).toEqual(sorted(a, b, c, d))
    expect(await findingsOf(team, 'member-blocked')).toMatchObject([{ state: 'closed' }])
  })

  test('an account that the app no longer has is a finding where it is to join, and none where it leaves', async () => {
    const team = await openTeam(3, 2, { shape })
    const { world, ids } = team
    const [a = '', b = '', c = ''] = ids
    const store = world.desk.store
    for (const login of ['m1@x.io', 'm2@x.io']) {
      const [account] = store.accountsBy('login', login)
      if (account) store.deleteAccount(account)
    }
    expect((await team.ask(remove(b))).status).toBe(204)
    expect((await team.ask(add(c))).status).toBe(400)
    expect(team.held()).toEqual([a])
    expect(await findingsOf(team, 'member-blocked')).toHaveLength(1)
  })

  test('a group that the app no longer has is 404, and nothing is left to be done', async () => {
    const team = await openTeam(2, 0, { shape })
    const { world, ids } = team
    let isGone = false
    const delay = world.open()
    const store = world.desk.store
    if (world.shape) {
      world.shape.before = async () => {
        if (!isGone) store.deleteTeam(store.teamByTitle('Line 4')?.team_no ?? 0)
        isGone = true
      }
    }
    if (shape === 'single-calls') store.deleteTeam(store.teamByTitle('Line 4')?.team_no ?? 0)
    const { status } = await delay.scim(world.scim, 'PATCH', team.path, add(ids[0] ?? ''))
    expect([404, 503]).toContain(status)
    expect(world.desk.store.teamByTitle('Line 4')).toBeUndefined()
  })
})

test('a batch app is told of as many as it takes in one call', async () => {
  const team = await openTeam(2 * BATCH + 1, 0, { shape: 'batches' })
  expect((await team.ask(add(...team.ids))).status).toBe(204)
  expect(team.world.shape?.writes).toHaveLength(3)
  expect(team.held()).toHaveLength(2 * BATCH + 1)
})

test('a list that somebody changes in the app between the read and the replace loses nobody', async () => {
  const team = await openTeam(4, 1, { shape: 'group-list-with-revision' })
  const { world, ids } = team
  const [a = '', b = '', c = ''] = ids
  const people = world.desk.store.teamByTitle('Line 4')?.people
  let hooked = false
  if (world.shape) {
    world.shape.before = async (method) => {
      if (method !== 'PUT' || hooked) return
      hooked = true
      people?.add(world.logins('m2@x.io')[0] ?? 0)
    }
  }
  expect((await team.ask(add(b))).status).toBe(204)
  expect(hooked).toBe(true)
  expect(team.held()).toEqual(sorted(a, b, c))
})

describe('where a person holds one role at most', () => {
  test('joining a second one leaves the first, in the app and in what is shown', async () => {
    const team = await openTeam(2, 1, { shape: 'one-role' })
    const { world, ids, ask } = team
    const [a = '', b = ''] = ids
    const editor = await anotherGroup(team, 'Editor')
    expect((await ask(add(a, b))).status).toBe(204)
    expect((await world.ask('PATCH', editor, add(a))).status).toBe(204)
    expect(team.held()).toEqual([b])
    const { body } = await world.ask('GET', `/Users/${a}?attributes=groups`)
    expect(body.groups).toMatchObject([{ value: editor.split('/').at(-1) }])
    // Entra takes the old role away after it has given the new one.
    expect((await ask(remove(a))).status).toBe(204)
    expect((await world.ask('GET', editor)).body.members).toMatchObject([{ value: a }])
  })
})

describe('groups within groups', () => {
  test('are members where the app has them', async () => {
    const team = await openTeam(1, 1, { shape: 'nested' })
    const inner = await anotherGroup(team, 'Inner')
    const id = inner.split('/').at(-1) ?? ''
    expect((await team.ask(add(id))).status).toBe(204)
    const { body } = await team.world.ask('GET', team.path)
    expect(body.members).toContainEqual(expect.objectContaining({ value: id, type: 'Group' }))
    expect((await team.ask(remove(id))).status).toBe(204)
    expect((await team.world.ask('GET', team.path)).body.members).toHaveLength(1)
  })

  test('are refused where it has none, and nothing of the request is applied', async () => {
    const team = await openTeam(2, 0)
    const inner = (await anotherGroup(team, 'Inner')).split('/').at(-1) ?? ''
    const refused = await team.ask(add(team.ids[0] ?? '', inner))
    expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
    expect(refused.body.detail).toContain('no groups within groups')
    expect(team.held()).toEqual([])
  })
})

describe('a fixed catalogue (roles, licences)', () => {
  test('is adopted by a POST of what is there, and takes members', async () => {
    const team = await openTeam(2, 0, { shape: 'catalogue' })
    const { world, ids } = team
    world.desk.store.createTeam({ title: 'Licence E3', note: null })
    const body = { ...groupNamed('Licence E3', ids[0] ?? ''), externalId: 'e3' }
    const created = await world.ask('POST', '/Groups', body)
    expect(created).toMatchObject({ status: 201, body: { externalId: 'e3' } })
    expect(created.body.members).toHaveLength(1)
    expect((await world.ask('POST', '/Groups', body)).status).toBe(409)
    const path = `/Groups/${idOf(created)}`
    expect((await world.ask('PATCH', path, add(ids[1] ?? ''))).status).toBe(204)
    expect(world.desk.store.teamByTitle('Licence E3')?.people.size).toBe(2)
  })

  test('takes no further one, says who must do what, and remembers nothing of it', async () => {
    const { world } = await openTeam(0, 0, { shape: 'catalogue' })
    for (let tries = 0; tries < 2; tries++) {
      const refused = await world.ask('POST', '/Groups', groupNamed('Licence E9'))
      expect(refused.status).toBe(501)
      expect(refused.body.detail).toContain('Create it in the app first')
    }
    world.desk.store.createTeam({ title: 'Licence E9', note: null })
    expect((await world.ask('POST', '/Groups', groupNamed('Licence E9'))).status).toBe(201)
  })
})

describe('more changes than one request may make', () => {
  test('are made in part, answered 503, and finished by the sweeper; the retry repeats none', async () => {
    const team = await openTeam(700, 0, { shape: 'edge-ids' })
    const { world, ids } = team
    const first = await team.ask(add(...ids))
    expect(first.status).toBe(503)
    expect(Number(first.headers.get('retry-after'))).toBeGreaterThan(0)
    const done = team.held().length
    expect(done).toBeGreaterThan(100)
    expect(done).toBeLessThan(700)
    const second = await team.ask(add(...ids))
    expect(second.status).toBe(503)
    expect(team.held().length).toBeGreaterThan(done)
    for (let runs = 0; runs < 5 && (await unfinished(team)).length > 0; runs++) {
      world.clock.now += MINUTE_MS
      await world.tick()
    }
    expect(team.held()).toHaveLength(700)
    expect(world.shape?.writes).toHaveLength(700)
    expect((await team.ask(add(...ids))).status).toBe(204)
    expect(world.shape?.writes).toHaveLength(700)
  })

  test('removals go on where they stopped', async () => {
    const team = await openTeam(700, 700, { shape: 'edge-ids' })
    const { world, ids } = team
    for (let tries = 0; tries < 10; tries++) {
      if ((await team.ask(remove(...ids))).status === 204) break
      world.clock.now += MINUTE_MS
    }
    expect(team.held()).toEqual([])
    expect(world.shape?.writes).toHaveLength(700)
    world.clock.now += 2 * 3_600_000
    await world.tick()
    await world.tick()
    expect(await edgesOf(team)).toEqual([])
  })

  test('take no longer than the connection gives a request', async () => {
    const policy = { limits: { requestTimeoutMs: 1_000 } }
    const team = await openTeam(20, 0, { shape: 'edge-ids', policy })
    const { world } = team
    if (world.shape) {
      world.shape.before = async () => {
        world.clock.now += 100
      }
    }
    expect((await team.ask(add(...team.ids))).status).toBe(503)
    expect(team.held().length).toBeGreaterThan(5)
    expect(team.held().length).toBeLessThan(15)
  })
})

test('a replace of one member that the policy takes for an add says so in the audit', async () => {
  const team = await openTeam(3, 1, { policy: { groups: { additiveSingleReplace: true } } })
  const [a = '', b = ''] = team.ids
  expect((await team.ask(replace(b))).status).toBe(204)
  expect(team.held()).toEqual(sorted(a, b))
  const audit = await env.DB.prepare(
    "SELECT detail FROM audit WHERE connection = ? AND op = 'members' ORDER BY seq DESC LIMIT 1",
  )
    .bind(await connectionId(team.world.scim.name))
    .first<{ detail: string }>()
  expect(JSON.parse(audit?.detail ?? '')).toEqual({
    added: 1,
    removed: 0,
    additiveSingleReplace: 1,
  })
  // A PUT of one member is no such replace: it names the whole group.
  expect((await team.world.ask('PUT', team.path, groupNamed('Line 4', b))).status).toBe(200)
  expect(team.held()).toEqual([b])
})

test('members are understood as bare strings, with $ref null, and by a value path', async () => {
  const team = await openTeam(4, 1)
  const [a = '', b = '', c = '', d = ''] = team.ids
  const bodies = [
    patch({ op: 'Add', path: 'members', value: b }),
    patch({ op: 'Add', path: 'members', value: [{ $ref: null, value: c }] }),
    patch({ op: 'Add', value: { members: [{ value: d }] } }),
    patch({ op: 'Remove', path: `members[value eq "${a}"]` }),
    patch({ op: 'Remove', path: 'members', value: [{ $ref: null, value: b }] }),
  ]
  for (const body of bodies) expect((await team.ask(body)).status).toBe(204)
  expect(team.held()).toEqual(sorted(c, d))
})

test('a person who is found later is known by the id that a group read gave out', async () => {
  const team = await openTeam(1, 1)
  const stranger = brownfield(team.world, 'late@x.io')
  team.world.desk.store.teamByTitle('Line 4')?.people.add(stranger.account_no)
  const shown = await team.shown()
  const found = await team.world.ask('GET', match('userName', 'late@x.io'))
  expect(shown).toContain(found.body.Resources[0].id)
})
