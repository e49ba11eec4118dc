/** The memberships of one person: sent late, taken away, and given back. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import { Access } from '../../src/access/authenticate.ts'
import { Sealing } from '../../src/access/seal.ts'
import { AppHealth } from '../../src/calls/app-health.ts'
import { Deadline } from '../../src/calls/deadline.ts'
import { openDatabase } from '../../src/db/database.ts'
import { Trail } from '../../src/govern/trail.ts'
import { loadAccount } from '../../src/operations/account.ts'
import { type Endpoint, openEndpoint } from '../../src/operations/endpoint.ts'
import {
  flushMemberships,
  restoreMemberships,
  stripMemberships,
} from '../../src/operations/memberships.ts'
import { openAdapter } from '../../src/operations/open-app.ts'
import { noKeySets } from '../support/key-sets.ts'
import { MEMBER_SHAPES } from '../support/member-shapes.ts'
import { connectionId } from '../support/tables.ts'
import {
  add,
  anotherGroup,
  edgesOf,
  openTeam,
  remove,
  type Team,
  unfinished,
} from '../support/team.ts'
import { CYCLE_MS } from '../support/world.ts'

/** As an operation on this person has it, but for its deadline: a test may take days. */
async function usersOf({ world }: Team): Promise<Endpoint> {
  const access = new Access({
    db: env.DB,
    sealing: new Sealing(env.POSTERN_SEALING_KEY),
    keySets: noKeySets,
    now: () => world.clock.now,
    waitUntil: () => {},
    lost: () => {},
  })
  const connection = await access.byId(await connectionId(world.scim.name))
  const adapter = (world.shape?.adapters(adapters) ?? adapters).get('example')
  if (!connection || !adapter) throw new Error('there is no such connection')
  const io = {
    now: () => world.clock.now,
    newId: () => crypto.randomUUID(),
    random: () => 0.5,
    wait: async (ms: number) => {
      world.clock.now += ms
    },
  }
  const timeoutMs = connection.policy.limits.requestTimeoutMs
  const deadline = new Deadline(io.now, Number.MAX_SAFE_INTEGER, timeoutMs)
  const outside = {
    fetch: (input: string, init: RequestInit) => (world.shape ?? world.desk).fetch(input, init),
    now: () => world.clock.now,
    allowInsecure: true,
  }
  const health = new AppHealth(connection.id, () => {})
  const calls = { health, deadline, io, timeoutMs }
  const app = await openAdapter(adapter, connection, outside, calls)
  const db = openDatabase(env.DB)
  const trail = new Trail('r', { kind: 'token', id: 't' }, world.clock.now)
  const open = { connection, app, db, io, deadline, baseUrl: '', request: 'r', trail }
  const endpoint = openEndpoint(open, 'User')
  if (!endpoint) throw new Error('there are no people')
  return endpoint
}

describe.each(MEMBER_SHAPES)('in an app that takes members by %s', (shape) => {
  test('a person is taken out of every group, stays wanted there, and comes back', async () => {
    const team = await openTeam(3, 1, { shape })
    const { world, ids } = team
    const [a = '', b = ''] = ids
    const other = await anotherGroup(team, 'Line 5', b)
    expect((await team.ask(add(b))).status).toBe(204)
    const users = await usersOf(team)
    const account = await loadAccount(users, b)
    expect(await stripMemberships(users, account)).toBeUndefined()
    expect(team.held()).toEqual([a])
    expect(world.desk.store.teamByTitle('Line 5')?.people.size).toBe(0)
    // For the client nothing has changed: it never took the person out.
    expect(await team.shown()).toEqual([a, b].sort())
    expect((await world.ask('GET', other)).body.members).toHaveLength(1)
    // Nobody gives them back before it is time.
    world.clock.now += CYCLE_MS
    await world.tick()
    expect(team.held()).toEqual([a])
    expect(await restoreMemberships(users, account)).toBeUndefined()
    expect(team.held()).toEqual([a, b].sort())
    expect(world.desk.store.teamByTitle('Line 5')?.people.size).toBe(1)
    expect(await unfinished(team)).toEqual([])
  })

  test('who leaves a group while stripped does not come back to it', async () => {
    const team = await openTeam(2, 0, { shape })
    const b = team.ids[1] ?? ''
    expect((await team.ask(add(b))).status).toBe(204)
    const users = await usersOf(team)
    const account = await loadAccount(users, b)
    await stripMemberships(users, account)
    expect((await team.ask(remove(b))).status).toBe(204)
    expect(await team.shown()).toEqual([])
    await restoreMemberships(users, account)
    expect(team.held()).toEqual([])
  })
})

test('where the app strips by itself only the edges follow, and restoring sends them', async () => {
  const team = await openTeam(2, 0)
  const { world, ids } = team
  const b = ids[1] ?? ''
  expect((await team.ask(add(b))).status).toBe(204)
  const users = await usersOf(team)
  const account = await loadAccount(users, b)
  world.desk.store.teamByTitle('Line 4')?.people.clear()
  const before = world.changes()
  expect(await stripMemberships(users, account, 'app')).toBeUndefined()
  expect(world.changes()).toBe(before)
  await restoreMemberships(users, account)
  expect(team.held()).toEqual([b])
})

test('a strip that the app does not take now is finished by the sweeper, and stays stripped', async () => {
  const team = await openTeam(2, 0)
  const { world, ids } = team
  const b = ids[1] ?? ''
  expect((await team.ask(add(b))).status).toBe(204)
  const users = await usersOf(team)
  const account = await loadAccount(users, b)
  const match = 'DELETE /api/teams/{no}/people/{account_no}'
  world.desk.failNext({ match, how: 'status', status: 503 })
  expect(await stripMemberships(users, account)).toMatchObject({ code: 'unavailable' })
  expect(team.held()).toEqual([b])
  world.clock.now += CYCLE_MS
  await world.tick()
  expect(team.held()).toEqual([])
  expect(await edgesOf(team)).toMatchObject([{ state: 'want', wanted: 1, next_at: null }])
  await restoreMemberships(users, account)
  expect(team.held()).toEqual([b])
})

describe('a member whose account is not there yet', () => {
  /** As an app leaves it that invites people: a link without an account. */
  async function pending(team: Team, id: string): Promise<string> {
    const connection = await connectionId(team.world.scim.name)
    const row = await env.DB.prepare('SELECT native_id FROM link WHERE connection = ? AND id = ?')
      .bind(connection, id)
      .first<{ native_id: string }>()
    await env.DB.prepare(
      "UPDATE link SET native_id = NULL, state = 'pending' WHERE connection = ? AND id = ?",
    )
      .bind(connection, id)
      .run()
    return row?.native_id ?? ''
  }

  async function linked(team: Team, id: string, nativeId: string): Promise<void> {
    await env.DB.prepare(
      "UPDATE link SET native_id = ?, state = 'linked' WHERE connection = ? AND id = ?",
    )
      .bind(nativeId, await connectionId(team.world.scim.name), id)
      .run()
  }

  test('is a member for the client, and joins in the app when the link is flushed', async () => {
    const team = await openTeam(2, 0)
    const [a = '', b = ''] = team.ids
    const nativeId = await pending(team, b)
    expect((await team.ask(add(a, b))).status).toBe(204)
    expect(team.held()).toEqual([a])
    expect(await team.shown()).toEqual([a, b].sort())
    await linked(team, b, nativeId)
    const users = await usersOf(team)
    const { link } = await loadAccount(users, b)
    expect(await flushMemberships(users, link)).toBeUndefined()
    expect(team.held()).toEqual([a, b].sort())
    expect(await unfinished(team)).toEqual([])
  })

  test('joins by the sweeper where nobody flushes, and may leave before', async () => {
    const team = await openTeam(2, 0)
    const { world, ids } = team
    const [a = '', b = ''] = ids
    const [first, second] = [await pending(team, a), await pending(team, b)]
    expect((await team.ask(add(a, b))).status).toBe(204)
    expect((await team.ask(remove(a))).status).toBe(204)
    world.clock.now += CYCLE_MS
    await world.tick()
    expect(await team.shown()).toEqual([b])
    await linked(team, a, first)
    await linked(team, b, second)
    world.clock.now += CYCLE_MS
    await world.tick()
    expect(team.held()).toEqual([b])
  })
})
