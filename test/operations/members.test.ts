/** Members of groups (design decision 8), over HTTP and on the app's own data. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { connect } from '../support/gateway.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

const add = (...ids: string[]) =>
  patch({ op: 'Add', path: 'members', value: ids.map((value) => ({ value })) })
const remove = (id: string) => patch({ op: 'Remove', path: `members[value eq "${id}"]` })
const replace = (...ids: string[]) =>
  patch({ op: 'Replace', path: 'members', value: ids.map((value) => ({ value })) })

interface Team {
  readonly world: World
  readonly path: string
  readonly ids: readonly string[]
}

/** A team of the app with `n` brownfield people in it, and `more` people who are not. */
async function open(n: number, more = 0): Promise<Team> {
  const world = await openWorld()
  const { desk, ask } = world
  const accounts = Array.from({ length: n + more }, (_, i) => brownfield(world, `m${i}@x.io`))
  const team = desk.store.createTeam({ title: 'Line 4', note: null })
  for (const account of accounts.slice(0, n)) team.people.add(account.account_no)
  const found = await ask(
    'GET',
    `${match('displayName', 'Line 4', 'Groups')}&excludedAttributes=members`,
  )
  const ids: string[] = []
  for (const { login } of accounts.slice(0, 3).concat(accounts.slice(n))) {
    ids.push((await ask('GET', match('userName', login))).body.Resources[0].id)
  }
  return { world, path: `/Groups/${found.body.Resources[0].id}`, ids }
}

function size({ world }: Team): number {
  return world.desk.store.teamByTitle('Line 4')?.people.size ?? -1
}

const memberWrites = ({ world }: Team): number => {
  const { calls } = world.desk.counters.toJSON()
  const path = '/api/teams/{no}/people/{account_no}'
  return (calls[`PUT ${path}`] ?? 0) + (calls[`DELETE ${path}`] ?? 0)
}

test.each([[[{}]], [[null]], [[{ value: null }]]])(
  'a PUT with members %j, which name nobody, is 400 and leaves everybody in',
  async (members) => {
    const team = await open(2)
    const put = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members }
    const { status, body } = await team.world.ask('PUT', team.path, put)
    expect([status, body.scimType, size(team)]).toEqual([400, 'invalidValue', 2])
    const posted = await team.world.ask('POST', '/Groups', { ...put, displayName: 'Line 5' })
    expect(posted.status).toBe(400)
    expect((await team.world.ask('PUT', team.path, { ...put, members: [] })).status).toBe(200)
    expect(size(team)).toBe(0)
  },
)

test('a member id that was never given out is 400, and nothing of the request is applied', async () => {
  const team = await open(2, 1)
  const { world, path, ids } = team
  const unknown = crypto.randomUUID()
  const both = patch(
    { op: 'replace', path: 'displayName', value: 'Line 5' },
    { op: 'add', path: 'members', value: [{ value: ids[2] }, { value: unknown }] },
  )
  const before = world.changes()
  const refused = await world.ask('PATCH', path, both)
  expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
  const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 6', members: [{ value: unknown }] }
  expect((await world.ask('PUT', path, body)).status).toBe(400)
  expect((await world.ask('POST', '/Groups', body)).status).toBe(400)
  expect(world.changes()).toBe(before)
  expect(world.desk.store.teamByTitle('Line 4')?.people.size).toBe(2)
})

test('an id of another connection is as unknown as any', async () => {
  const { world, path } = await open(1)
  const other = await openWorld()
  const stranger = idOf(await other.ask('POST', '/Users', person('s@x.io')))
  expect((await world.ask('PATCH', path, add(stranger))).status).toBe(400)
})

test('a member who was deleted here is skipped with a finding, and the others are added', async () => {
  const team = await open(1, 2)
  const { world, path, ids } = team
  const [, gone = '', stays = ''] = ids
  expect((await world.ask('DELETE', `/Users/${gone}`)).status).toBe(204)
  expect((await world.ask('PATCH', path, add(gone, stays))).status).toBe(204)
  expect(size(team)).toBe(2)
  const finding = await env.DB.prepare(
    "SELECT kind FROM finding WHERE kind = 'deleted-member' AND detail LIKE ?",
  )
    .bind(`%${gone}%`)
    .first()
  expect(finding).not.toBeNull()
})

test('members whom only the app knows are kept by an add, shown by a read, removed by a replace', async () => {
  const team = await open(3, 1)
  const { world, path, ids } = team
  const [one = '', , , fresh = ''] = ids
  expect((await world.ask('PATCH', path, add(fresh))).status).toBe(204)
  expect(size(team)).toBe(4)
  expect((await world.ask('GET', path)).body.members).toHaveLength(4)
  expect((await world.ask('PATCH', path, remove(one))).status).toBe(204)
  expect(size(team)).toBe(3)
  expect((await world.ask('PATCH', path, replace(one))).status).toBe(204)
  expect(size(team)).toBe(1)
})

test('a PATCH that does not carry members empties no group', async () => {
  const team = await open(3)
  const { world, path } = team
  const named = patch({ op: 'Replace', value: { displayName: 'Line 4', externalId: 'g' } })
  expect((await world.ask('PATCH', path, named)).status).toBe(204)
  expect(size(team)).toBe(3)
})

test('adding who is in and removing who is out costs no call of the app', async () => {
  const team = await open(3, 1)
  const { world, path, ids } = team
  const [one = '', two = '', , out = ''] = ids
  expect((await world.ask('PATCH', path, add(one, two))).status).toBe(204)
  expect((await world.ask('PATCH', path, remove(out))).status).toBe(204)
  expect(memberWrites(team)).toBe(0)
  const version = (await world.ask('GET', path)).body.meta.version
  expect((await world.ask('PATCH', path, add(out))).status).toBe(204)
  expect((await world.ask('GET', path)).body.meta.version).not.toBe(version)
})

test('a change made in the app behind our back is not believed to be ours for ever', async () => {
  const team = await open(3)
  const { world, path, ids } = team
  const [one = ''] = ids
  expect((await world.ask('PATCH', path, add(one))).status).toBe(204)
  const people = world.desk.store.teamByTitle('Line 4')?.people
  people?.delete([...people][0] ?? 0)
  world.clock.now += 2 * 3_600_000
  expect((await world.ask('PATCH', path, add(one))).status).toBe(204)
  expect(size(team)).toBe(3)
})

test('in a group too large to be read at once each change is sent, and is one call', async () => {
  const team = await open(600, 1)
  const { world, path, ids } = team
  const [one = '', two = '', , fresh = ''] = ids
  expect((await world.ask('PATCH', path, add(fresh))).status).toBe(204)
  expect((await world.ask('PATCH', path, add(one))).status).toBe(204)
  expect((await world.ask('PATCH', path, remove(two))).status).toBe(204)
  expect(size(team)).toBe(600)
  expect(memberWrites(team)).toBe(3)
  // A replace reads them all, and sends what differs.
  expect((await world.ask('PATCH', path, remove(fresh))).status).toBe(204)
  expect((await world.ask('GET', path)).body.members).toHaveLength(599)
})

test('a read without members loads none', async () => {
  const { world, path } = await open(3)
  await world.ask('GET', `${path}?excludedAttributes=members`)
  const { calls } = world.desk.counters.toJSON()
  expect(calls['GET /api/teams/{no}/people'] ?? 0).toBe(0)
})

test('a person’s groups are shown where they are asked for', async () => {
  const { world, path, ids } = await open(1, 1)
  const fresh = ids[1] ?? ''
  await world.ask('PATCH', path, add(fresh))
  const { body } = await world.ask('GET', `/Users/${fresh}?attributes=groups`)
  expect(body.groups).toMatchObject([{ value: path.split('/').at(-1), display: 'Line 4' }])
  await world.ask('PATCH', path, remove(fresh))
  expect((await world.ask('GET', `/Users/${fresh}?attributes=groups`)).body.groups).toBeUndefined()
})

describe('the policy "additiveSingleReplace"', () => {
  test('takes a replace with one member for an add, and one with two at its word', async () => {
    const world = await openWorld({ policy: { groups: { additiveSingleReplace: true } } })
    const ids: string[] = []
    for (const n of ['a', 'b', 'c'])
      ids.push(idOf(await world.ask('POST', '/Users', person(`${n}.q@x`))))
    const [a = '', b = '', c = ''] = ids
    const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members: [{ value: a }] }
    const path = `/Groups/${idOf(await world.ask('POST', '/Groups', body))}`
    await world.ask('PATCH', path, replace(b))
    expect((await world.ask('GET', path)).body.members).toHaveLength(2)
    await world.ask('PATCH', path, replace(b, c))
    expect((await world.ask('GET', path)).body.members).toHaveLength(2)
  })
})

describe('the policy "groups.mode": "record"', () => {
  test('keeps groups and members here and writes none of it to the app', async () => {
    const world = await openWorld({ policy: { groups: { mode: 'record' } } })
    const id = idOf(await world.ask('POST', '/Users', person('a.q@x.io')))
    const before = world.desk.counters.writes
    const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members: [{ value: id }] }
    const path = `/Groups/${idOf(await world.ask('POST', '/Groups', body))}`
    expect((await world.ask('GET', path)).body.members).toMatchObject([{ value: id, type: 'User' }])
    const found = await world.ask('GET', match('displayName', 'line 4', 'Groups'))
    expect(found.body.totalResults).toBe(1)
    expect((await world.ask('PATCH', path, remove(id))).status).toBe(204)
    expect((await world.ask('DELETE', path)).status).toBe(204)
    expect(world.desk.counters.writes).toBe(before)
    expect(world.desk.store.teamByTitle('Line 4')).toBeUndefined()
  })
})

describe('where Postern itself holds the members', () => {
  test('many writers at once lose no member', async () => {
    const scim = await connect()
    const ids: string[] = []
    for (let n = 0; n < 12; n++)
      ids.push(idOf(await scim('POST', '/Users', person(`p${n}.q@x.io`))))
    const body = { schemas: [GROUP_SCHEMA], displayName: 'All' }
    const path = `/Groups/${idOf(await scim('POST', '/Groups', body))}`
    const answers = await Promise.all(ids.map((id) => scim('PATCH', path, add(id))))
    for (const { status } of answers) expect(status).toBe(204)
    expect((await scim('GET', path)).body.members).toHaveLength(12)
  })
})
