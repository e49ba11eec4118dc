/** Where being off, being adopted, being pending and being protected meet. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { accept } from '../../examples/legacy-app/later.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import { connectionId } from '../support/tables.ts'
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

const LOGIN = 'Ole.Dahl@example.com'
const HOUR_MS = 3_600_000
const OFF = patch({ op: 'Replace', path: 'active', value: 'False' })
const ON = patch({ op: 'Replace', path: 'active', value: 'True' })

async function rows(world: World, sql: string): Promise<Record<string, unknown>[]> {
  const id = await connectionId(world.scim.name)
  return (await env.DB.prepare(sql).bind(id).all()).results
}

const group = (member: string) => ({
  schemas: [GROUP_SCHEMA],
  displayName: 'Line 4',
  members: [{ value: member }],
})

describe('an account that goes while its person is off', () => {
  const policy = { deprovision: { onInactive: 'remove' } }

  test('leaves the link with its keys, a rename in the same PATCH included', async () => {
    const world = await openWorld({ policy })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const other = 'old.ole@example.com'
    const both = patch({ op: 'replace', path: 'userName', value: other }, ...OFF.Operations)
    expect((await world.ask('PATCH', `/Users/${id}`, both)).body).toMatchObject({
      id,
      userName: other,
      active: false,
    })
    const found = await world.ask('GET', match('userName', other))
    expect(found.body.Resources).toMatchObject([{ id }])
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  })

  test('leaves one link where the first write of a person was that one', async () => {
    const world = await openWorld({ policy })
    brownfield(world, LOGIN)
    const [{ id }] = (await world.ask('GET', match('userName', LOGIN))).body.Resources
    expect((await world.ask('PATCH', `/Users/${id}`, OFF)).body.active).toBe(false)
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.Resources).toMatchObject([{ id, active: false }])
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    expect((await world.ask('PATCH', `/Users/${id}`, ON)).body).toMatchObject({ id, active: true })
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('is forgotten by scans as well when the person is erased', async () => {
    const world = await openWorld({ policy })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    idOf(await world.ask('POST', '/Users', person('b.c@example.com')))
    const call = adminOf(world.open(), world.scim)
    await reconcile(call)
    await world.ask('PATCH', `/Users/${id}`, OFF)
    await world.ask('DELETE', `/Users/${id}`)
    expect((await call('DELETE', `/people/${id}`)).status).toBe(204)
    const left = await rows(
      world,
      'SELECT k.norm FROM scan_key k JOIN scan s ON s.id = k.scan WHERE s.connection = ?',
    )
    expect(left.map(({ norm }) => norm)).not.toContain(LOGIN.toLowerCase())
  })
})

describe('members whom Postern itself records', () => {
  test.each(['strip', 'remove'])('with %s, who is off can be taken out', async (onInactive) => {
    const groups = { mode: 'record' }
    const world = await openWorld({ policy: { groups, deprovision: { onInactive } } })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const path = `/Groups/${idOf(await world.ask('POST', '/Groups', group(id)))}`
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const leave = patch({ op: 'remove', path: `members[value eq "${id}"]` })
    expect((await world.ask('PATCH', path, leave)).status).toBe(204)
    await world.ask('PATCH', `/Users/${id}`, ON)
    expect((await world.ask('GET', path)).body.members).toBeUndefined()
  })
})

describe('a POST that finds somebody who is on, and wants them off', () => {
  test('passes the guard like any other disable', async () => {
    const world = await openWorld({ policy: { guard: { maxCount: 1 } } })
    const statuses: number[] = []
    const states: unknown[] = []
    for (const name of ['a', 'b', 'c']) {
      const login = `${name}.x@example.com`
      const no = brownfield(world, login).account_no
      statuses.push((await world.ask('POST', '/Users', person(login, { active: false }))).status)
      states.push(world.desk.store.account(no)?.state)
    }
    expect(statuses).toEqual([201, 400, 400])
    expect(states).toEqual(['suspended', 'enabled', 'enabled'])
  })

  test('carries out the policy for being off', async () => {
    const world = await openWorld({ policy: { deprovision: { onInactive: 'strip' } } })
    const account = brownfield(world, LOGIN)
    const team = world.desk.store.createTeam({ title: 'Sales', note: null })
    team.people.add(account.account_no)
    const [sales] = (await world.ask('GET', match('displayName', 'Sales', 'Groups'))).body.Resources
    const other = idOf(await world.ask('POST', '/Users', person('b.c@example.com')))
    // The first change of a group reads who is in it.
    const join = patch({ op: 'add', path: 'members', value: [{ value: other }] })
    await world.ask('PATCH', `/Groups/${sales.id}`, join)
    const answer = await world.ask('POST', '/Users', person(LOGIN, { active: false }))
    expect(answer).toMatchObject({ status: 201, body: { active: false } })
    expect([...team.people]).toEqual(world.logins('b.c@example.com'))
  })
})

describe('somebody who was switched on in the app', () => {
  test('is not removed as a leaver, and has not left once the client wants them on', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
    if (account) world.desk.store.updateAccount(account, { state: 'enabled' })
    const call = adminOf(world.open(), world.scim)
    const remove = await call('POST', '/leavers/remove', { ids: [id] })
    expect(remove.body.items).toMatchObject([{ id, removed: false }])
    expect(remove.body.items[0].detail).toContain('switched on')
    expect((await world.ask('PATCH', `/Users/${id}`, ON)).status).toBe(200)
    expect((await call('GET', '/leavers?days=0')).body.items).toEqual([])
  })
})

describe('a policy that was changed while somebody is off', () => {
  test('gives the memberships back that the former one had taken', async () => {
    const world = await openWorld({ policy: { deprovision: { onInactive: 'strip' } } })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    await world.ask('POST', '/Groups', group(id))
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const call = adminOf(world.open(), world.scim)
    await call('PATCH', '', { policy: { deprovision: { onInactive: 'native' } } })
    world.clock.now += HOUR_MS
    await world.ask('PATCH', `/Users/${id}`, OFF)
    await world.ask('PATCH', `/Users/${id}`, ON)
    world.clock.now += HOUR_MS
    await world.tick()
    expect(world.desk.store.teamByTitle('Line 4')?.people.size).toBe(1)
  })

  test('gives the values back that a downgrade had replaced', async () => {
    const deprovision = { onInactive: 'downgrade', downgradeTo: { job_title: 'Guest' } }
    const world = await openWorld({ policy: { deprovision } })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { title: 'Chef' })))
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const call = adminOf(world.open(), world.scim)
    await call('PATCH', '', { policy: { deprovision: { onInactive: 'native' } } })
    world.clock.now += HOUR_MS
    await world.ask('PATCH', `/Users/${id}`, OFF)
    await world.ask('PATCH', `/Users/${id}`, ON)
    const [no = 0] = world.logins(LOGIN)
    expect(world.desk.store.account(no)).toMatchObject({ job_title: 'Chef', state: 'enabled' })
  })
})

describe('a delete that is to follow after some days', () => {
  test('leaves the account alone that somebody else has linked since', async () => {
    const deprovision = { onDelete: 'deactivateThenDelete', deleteAfterDays: 7 }
    const world = await openWorld({ policy: { deprovision } })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const [no = 0] = world.logins(LOGIN)
    await world.ask('DELETE', `/Users/${id}`)
    const call = adminOf(world.open(), world.scim)
    const item = { type: 'User', id: 'from-another-server', nativeId: String(no) }
    const imported = await call('POST', '/links', { items: [item] })
    expect(imported.status).toBe(200)
    expect((await world.ask('GET', '/Users/from-another-server')).status).toBe(200)
    world.clock.now += 8 * 24 * HOUR_MS
    await world.tick()
    expect(world.logins(LOGIN)).toHaveLength(1)
  })
})

describe('an invitation', () => {
  test('that is accepted writes nothing to an account that a person has protected', async () => {
    const world = await openWorld({ adapter: 'example-invite' })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN, { title: 'Clerk' })))
    await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'Boss' }))
    const { account_no } = accept(world.desk.store, 5001)
    const c = await connectionId(world.scim.name)
    await env.DB.prepare(
      `INSERT INTO link (id, connection, type, state, origin, native_id, verdict, created_at,
                         modified_at)
       VALUES (?, ?, 'User', 'discovered', 'discovered', ?, 'protected', 1, 1)`,
    )
      .bind(crypto.randomUUID(), c, String(account_no))
      .run()
    world.clock.now += 2 * HOUR_MS
    await world.tick()
    expect(world.desk.store.account(account_no)?.job_title).not.toBe('Boss')
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
  })
})
