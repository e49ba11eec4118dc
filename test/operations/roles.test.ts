/** Groups that are roles in the app: `groups.mode: "roles"`. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { accept } from '../../examples/legacy-app/later.ts'
import { admin } from '../support/gateway.ts'
import { changeGroups, GROUPS, openRoles, ROLE_TABLE, untold } from '../support/roles.ts'
import { add, findingsOf, groupNamed, remove, replace } from '../support/team.ts'
import { CYCLE_MS, idOf, MINUTE_MS, patch, person } from '../support/world.ts'

test('a member of a listed group gets its role, by one write and no team in the app', async () => {
  const it = await openRoles(2)
  const [a = ''] = it.ids
  const before = it.writes()
  const path = await it.group('admins', a)
  expect(it.roles()).toEqual(['admin', 'staff'])
  expect(it.writes()).toBe(before + 1)
  expect([...it.world.desk.store.teams()]).toEqual([])
  const { body } = await it.world.ask('GET', path)
  expect(body.members).toMatchObject([{ value: a }])
  expect(await untold(it)).toEqual([])
})

test('a group that the table does not name is recorded, and costs no call', async () => {
  const it = await openRoles(1)
  const before = it.calls()
  const path = await it.group('others', ...it.ids)
  expect((await it.world.ask('PATCH', path, remove(...it.ids))).status).toBe(204)
  expect(it.calls()).toBe(before)
  expect(await untold(it)).toEqual([])
})

test('a member who has the role already is not written to', async () => {
  const it = await openRoles(1)
  const [account] = it.world.desk.store.accounts()
  if (account) it.world.desk.store.updateAccount(account, { role: 'admin' })
  const before = it.writes()
  await it.group('admins', ...it.ids)
  expect(it.writes()).toBe(before)
})

test('remove-one, replace, replace without members: who is out has the default role', async () => {
  const it = await openRoles(4)
  const [a = '', b = '', c = '', d = ''] = it.ids
  const path = await it.group('leads', a, b, c)
  expect(it.roles()).toEqual(['lead', 'lead', 'lead', 'staff'])
  const change = async (body: unknown) => {
    const before = it.writes()
    expect((await it.world.ask('PATCH', path, body)).status).toBe(204)
    return it.writes() - before
  }
  expect(await change(remove(a))).toBe(1)
  expect(it.roles()).toEqual(['staff', 'lead', 'lead', 'staff'])
  expect(await change(replace(c, d))).toBe(2)
  expect(it.roles()).toEqual(['staff', 'staff', 'lead', 'lead'])
  expect(await change(replace(c, d))).toBe(0)
  expect(await change(patch({ op: 'replace', path: 'members', value: [] }))).toBe(2)
  expect(it.roles()).toEqual(['staff', 'staff', 'staff', 'staff'])
  const put = { ...groupNamed('Group leads', b), externalId: 'leads' }
  expect((await it.world.ask('PUT', path, put)).status).toBe(200)
  expect(it.roles()).toEqual(['staff', 'lead', 'staff', 'staff'])
})

test('of two groups the one that stands first in the table wins, in whatever order they come', async () => {
  const it = await openRoles(1)
  const [a = ''] = it.ids
  const leads = await it.group('leads', a)
  const admins = await it.group('admins', a)
  expect(it.role(0)).toBe('admin')
  const before = it.writes()
  await it.world.ask('PATCH', leads, remove(a))
  expect(it.writes()).toBe(before)
  await it.world.ask('PATCH', leads, add(a))
  await it.world.ask('PATCH', admins, remove(a))
  expect(it.role(0)).toBe('lead')
  await it.world.ask('PATCH', leads, remove(a))
  expect(it.role(0)).toBe('staff')
})

test('a deleted group takes its role along, with at most one write a person', async () => {
  const it = await openRoles(3)
  const [a = '', b = ''] = it.ids
  const admins = await it.group('admins', a, b)
  await it.group('leads', b)
  const before = it.writes()
  expect((await it.world.ask('DELETE', admins)).status).toBe(204)
  expect(it.roles()).toEqual(['staff', 'lead', 'staff'])
  expect(it.writes()).toBe(before + 2)
  expect(await untold(it)).toEqual([])
})

test('a group whose externalId changes gives the role of the new one', async () => {
  const it = await openRoles(2)
  const path = await it.group('leads', ...it.ids)
  const rename = (externalId: string) =>
    it.world.ask('PATCH', path, patch({ op: 'replace', path: 'externalId', value: externalId }))
  expect((await rename('admins')).status).toBeLessThan(300)
  expect(it.roles()).toEqual(['admin', 'admin'])
  expect((await rename('others')).status).toBeLessThan(300)
  expect(it.roles()).toEqual(['staff', 'staff'])
  const named = patch({ op: 'replace', path: 'displayName', value: 'admins' })
  expect((await it.world.ask('PATCH', path, named)).status).toBeLessThan(300)
  expect(it.roles()).toEqual(['staff', 'staff'])
})

test('a changed table is followed by the cron, whatever the clients do', async () => {
  const it = await openRoles(3)
  const [a = '', b = '', c = ''] = it.ids
  await it.group('leads', a)
  await it.group('admins', b)
  await it.group('others', c)
  await changeGroups(it, {
    roleTable: [
      { externalId: 'others', app: 'role', value: 'lead' },
      { externalId: 'leads', app: 'role', value: 'admin' },
    ],
  })
  const before = it.writes()
  it.world.clock.now += MINUTE_MS
  await it.world.nightlyTick()
  expect(it.roles()).toEqual(['admin', 'staff', 'lead'])
  expect(it.writes()).toBe(before + 3)
  await it.world.nightlyTick()
  expect(it.writes()).toBe(before + 3)
  expect(await untold(it)).toEqual([])
})

test('a changed table is followed by the next change of any group', async () => {
  const it = await openRoles(2)
  const [a = '', b = ''] = it.ids
  await it.group('leads', a)
  const leads = { externalId: 'leads', app: 'role', value: 'admin' }
  await changeGroups(it, { roleTable: [leads] })
  await it.group('anything', b)
  await it.world.tick()
  expect(it.role(0)).toBe('admin')
})

test('an emptied table leaves roles as they are, unless a default says otherwise', async () => {
  const kept = await openRoles(1)
  await kept.group('admins', ...kept.ids)
  await changeGroups(kept, { roleTable: [], defaultRole: null })
  await kept.world.nightlyTick()
  expect(kept.role(0)).toBe('admin')
  expect(await untold(kept)).toEqual([])
  const taken = await openRoles(1)
  await taken.group('admins', ...taken.ids)
  await changeGroups(taken, { roleTable: [] })
  await taken.world.nightlyTick()
  expect(taken.role(0)).toBe('staff')
})

test('a protected account refuses its role; the others get theirs', async () => {
  const it = await openRoles(2, { policy: { protected: ['p0.*'], groups: GROUPS } })
  const path = await it.group('others')
  await it.world.ask('PATCH', path, patch({ op: 'add', path: 'externalId', value: 'admins' }))
  const refused = await it.world.ask('PATCH', path, add(...it.ids))
  expect(refused.status).toBe(400)
  expect(refused.body.detail).toContain('protected')
  expect(it.roles()).toEqual(['staff', 'admin'])
  expect(await findingsOf(it, 'member-blocked')).toMatchObject([
    { subject: `User:${it.ids[0]}`, state: 'open' },
  ])
  // Who leaves again is as the table wants, without a write.
  expect((await it.world.ask('PATCH', path, remove(...it.ids))).status).toBe(204)
  expect(await findingsOf(it, 'member-blocked')).toMatchObject([{ state: 'closed' }])
  expect(await untold(it)).toEqual([])
})

test('a role outside the catalogue of the app is refused, and told again when somebody asks', async () => {
  const roleTable = [{ externalId: 'admins', app: 'role', value: 'emperor' }]
  const it = await openRoles(1, { groups: { roleTable } })
  const path = await it.group('others')
  await it.world.ask('PATCH', path, patch({ op: 'add', path: 'externalId', value: 'admins' }))
  const refused = await it.world.ask('PATCH', path, add(...it.ids))
  expect([refused.status, refused.body.scimType]).toEqual([400, 'invalidValue'])
  expect(refused.body.detail).toContain('member-blocked')
  const before = it.calls()
  it.world.clock.now += CYCLE_MS
  await it.world.tick()
  expect(it.calls()).toBe(before)
  expect((await it.world.ask('PATCH', path, add(...it.ids))).status).toBe(400)
  await changeGroups(it, { roleTable: ROLE_TABLE })
  expect((await it.world.ask('PATCH', path, add(...it.ids))).status).toBe(204)
  expect(it.role(0)).toBe('admin')
})

test('an app that is down is told later, and the client hears to come back', async () => {
  const it = await openRoles(2)
  const path = await it.group('admins')
  it.world.desk.failNext({ match: 'PATCH /api/accounts/{no}', times: 1 })
  expect((await it.world.ask('PATCH', path, add(...it.ids))).status).toBe(503)
  expect(it.roles()).toEqual(['staff', 'staff'])
  it.world.clock.now += CYCLE_MS
  await it.world.tick()
  expect(it.roles()).toEqual(['admin', 'admin'])
  expect((await it.world.ask('PATCH', path, add(...it.ids))).status).toBe(204)
})

test('an invited person gets the role when the account is there', async () => {
  const it = await openRoles(0, { adapter: 'example-invite' })
  const { world } = it
  const id = idOf(await world.ask('POST', '/Users', person('ida.q@x.io')))
  const path = await it.group('leads')
  const before = world.changes()
  expect((await world.ask('PATCH', path, add(id))).status).toBe(204)
  expect(world.changes()).toBe(before)
  accept(world.desk.store, 5001)
  world.clock.now += CYCLE_MS
  await world.tick()
  await world.tick()
  const [account] = world.desk.store.accountsBy('login', 'ida.q@x.io')
  expect(account).toMatchObject({ state: 'enabled', role: 'lead' })
  expect(await untold(it)).toEqual([])
})

test('a person who is deleted, or erased with the group, leaves nothing to tell', async () => {
  const it = await openRoles(2)
  const [a = '', b = ''] = it.ids
  const path = await it.group('admins', a, b)
  expect((await it.world.ask('DELETE', `/Users/${a}`)).status).toBe(204)
  const group = path.split('/').at(-1)
  const erase = `/connections/${it.world.scim.name}/people/${group}?force=true`
  expect((await admin('DELETE', erase)).status).toBe(204)
  it.world.clock.now += MINUTE_MS
  await it.world.tick()
  expect(it.role(1)).toBe('staff')
  expect(await untold(it)).toEqual([])
})

test('an observed connection is told nothing, and catches up when it is live', async () => {
  const it = await openRoles(1)
  const path = await it.group('admins')
  it.world.desk.failNext({ match: 'PATCH /api/accounts/{no}', times: 1 })
  await it.world.ask('PATCH', path, add(...it.ids))
  await admin('PATCH', `/connections/${it.world.scim.name}`, { mode: 'observe' })
  it.world.clock.now += CYCLE_MS
  await it.world.tick()
  expect(it.role(0)).toBe('staff')
  await admin('PATCH', `/connections/${it.world.scim.name}`, { mode: 'live' })
  it.world.clock.now += CYCLE_MS
  await it.world.tick()
  expect(it.role(0)).toBe('admin')
})

test('two groups of one person that change at once end with the right role', async () => {
  const it = await openRoles(1)
  const [a = ''] = it.ids
  const leads = await it.group('leads')
  const admins = await it.group('admins', a)
  // The first request is about to take the role of the admins away.
  const { desk, scim } = it.world
  const [account] = desk.store.accounts()
  const racing = it.world.racing('PATCH', `/api/accounts/${account?.account_no}`, async () => {
    const second = it.world.open().scim(scim, 'PATCH', leads, add(a))
    expect((await second).status).toBe(503)
  })
  const first = await racing.scim(scim, 'PATCH', admins, remove(a))
  expect(first.status).toBe(204)
  it.world.clock.now += MINUTE_MS
  await it.world.tick()
  expect(it.role(0)).toBe('lead')
  expect(await untold(it)).toEqual([])
})

test('licences: the values of all groups that apply, and none where none does', async () => {
  const held = new Map<string, string[]>()
  const roleTable = ['draw', 'write', 'count'].map((value) => ({
    externalId: `g-${value}`,
    app: 'licences',
    value,
  }))
  const updates: unknown[] = []
  const it = await openRoles(1, {
    groups: { roleTable: [], defaultRole: {} },
    attributes: { licences: { type: 'string', multiValued: true, write: 'always' } },
    port: {
      update: async (id, delta) => {
        updates.push(delta)
        held.set(id, (delta.set['licences'] ?? []) as string[])
        return { kind: 'ok' }
      },
    },
    shows: (object) => ({
      ...object,
      attributes: { ...object.attributes, licences: held.get(object.id) ?? [] },
    }),
  })
  // The admin API knows the adapters of this build only.
  await env.DB.prepare(
    `UPDATE connection SET policy = json_set(policy, '$.groups.roleTable', json(?)),
            version = version + 1 WHERE name = ?`,
  )
    .bind(JSON.stringify(roleTable), it.world.scim.name)
    .run()
  const [a = ''] = it.ids
  const draw = await it.group('g-draw', a)
  const write = await it.group('g-write', a)
  expect([...held.values()]).toEqual([['draw', 'write']])
  await it.world.ask('PATCH', draw, remove(a))
  expect([...held.values()]).toEqual([['write']])
  await it.world.ask('PATCH', write, remove(a))
  expect([...held.values()]).toEqual([[]])
  expect(updates).toHaveLength(4)
  expect(updates.at(-1)).toEqual({ set: {}, unset: ['licences'] })
})

test('who is off has no role by the groups, and has it again when on again (onInactive: strip)', async () => {
  const it = await openRoles(2, {
    policy: { groups: GROUPS, deprovision: { onInactive: 'strip' } },
  })
  const [a = ''] = it.ids
  const path = await it.group('admins', ...it.ids)
  const turn = (value: boolean) =>
    it.world.ask('PATCH', `/Users/${a}`, patch({ op: 'replace', path: 'active', value }))
  const before = it.writes()
  expect((await turn(false)).status).toBe(200)
  expect(it.roles()).toEqual(['staff', 'admin'])
  expect((await it.world.ask('GET', path)).body.members).toHaveLength(2)
  expect((await turn(true)).status).toBe(200)
  expect(it.roles()).toEqual(['admin', 'admin'])
  expect(it.writes()).toBe(before + 2)
  expect(await untold(it)).toEqual([])
})
