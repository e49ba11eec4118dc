/** People who are not there at once: what a client sees and does meanwhile (docs/decisions/0005-pending.md). */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { accept, end, invite } from '../../examples/legacy-app/later.ts'
import { connectionId } from '../support/tables.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'Ida.Brandt@example.com'
const PERSON = person(LOGIN, {
  externalId: 'ida',
  title: 'Clerk',
  emails: [{ type: 'work', value: LOGIN, primary: true }],
  nickName: 'Idchen',
})
const OFF = patch({ op: 'replace', path: 'active', value: false })
const ON = patch({ op: 'replace', path: 'active', value: true })

const invited = (options: WorldOptions = {}) => openWorld({ adapter: 'example-invite', ...options })
const byJob = (options: WorldOptions = {}) =>
  openWorld({
    adapter: 'example-async',
    ...options,
    faults: { jobDelayMs: 1e9, ...options.faults },
  })

async function pollNow(world: World): Promise<void> {
  world.clock.now += 2 * 60 * MINUTE_MS
  await world.tick()
}

const openInvitations = ({ desk }: World) =>
  desk.store.invitations.filter(({ state }) => state === 'open')

async function states(world: World): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT state FROM link WHERE connection = ? AND state <> 'tombstone'",
  )
    .bind(await connectionId(world.scim.name))
    .all<{ state: string }>()
  return results.map(({ state }) => state)
}

async function found(world: World, attribute: string, value: string): Promise<string[]> {
  const answer = await world.ask('GET', match(attribute, value))
  expect(answer.status).toBe(200)
  return answer.body.Resources.map((resource: { id: string }) => resource.id)
}

describe.each([
  ['an invitation', invited],
  ['a job', byJob],
])('a person who is made by %s', (_, open) => {
  test('is there for the client at once, exactly as sent, and once', async () => {
    const world = await open()
    const created = await world.ask('POST', '/Users', PERSON)
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject(PERSON)
    const read = await world.ask('GET', `/Users/${created.body.id}`)
    expect(read.body).toEqual(created.body)
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'))
    expect(await found(world, 'userName', LOGIN.toLowerCase())).toEqual([created.body.id])
    expect(await found(world, 'externalId', 'ida')).toEqual([created.body.id])
    expect(await found(world, 'id', created.body.id)).toEqual([created.body.id])
    expect(await found(world, 'nickName', 'Idchen')).toEqual([created.body.id])
    expect(await found(world, 'emails[type eq "work"].value', LOGIN)).toEqual([created.body.id])
    const listed = await world.ask('GET', '/Users')
    expect(listed.body.totalResults).toBe(1)
    expect(listed.body.Resources).toEqual([read.body])
  })

  test('is not created again', async () => {
    const world = await open()
    idOf(await world.ask('POST', '/Users', PERSON))
    const before = world.changes()
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(409)
    expect(world.changes()).toBe(before)
  })

  test('can be changed: the client reads the change, and the app hears of it later', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const before = world.changes()
    const changed = await world.ask(
      'PATCH',
      `/Users/${id}`,
      patch({ op: 'replace', path: 'title', value: 'Head' }, { op: 'remove', path: 'nickName' }),
    )
    expect([changed.status, changed.body.title, changed.body.nickName]).toEqual([
      200,
      'Head',
      undefined,
    ])
    expect((await world.ask('GET', `/Users/${id}`)).body).toEqual(changed.body)
    expect(world.changes()).toBe(before)
  })

  test('keeps no secret, and refuses one that would be lost', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', { ...PERSON, password: 'Rosebud-1941' }))
    const { results } = await env.DB.prepare(
      'SELECT l.shadow, i.body FROM link l JOIN intent i ON i.link = l.id WHERE l.id = ?',
    )
      .bind(id)
      .all()
    expect(results).toHaveLength(1)
    expect(JSON.stringify(results)).not.toContain('Rosebud')
    const password = patch({ op: 'replace', path: 'password', value: 'Rosebud-1942' })
    expect((await world.ask('PATCH', `/Users/${id}`, password)).status).toBe(400)
  })

  test('a rename takes the new key and gives the old one back', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const other = idOf(await world.ask('POST', '/Users', person('other@example.com')))
    const rename = patch({ op: 'replace', path: 'userName', value: 'ida.neu@example.com' })
    expect((await world.ask('PATCH', `/Users/${id}`, rename)).status).toBe(200)
    expect(await found(world, 'userName', 'IDA.NEU@example.com')).toEqual([id])
    expect(await found(world, 'userName', LOGIN)).toEqual([])
    const refused = await world.ask('PATCH', `/Users/${other}`, rename)
    expect([refused.status, refused.body.scimType]).toEqual([409, 'uniqueness'])
  })

  test('an If-Match of another version changes and removes nothing', async () => {
    const world = await open()
    const created = await world.ask('POST', '/Users', PERSON)
    const path = `/Users/${created.body.id}`
    const stale = { 'if-match': 'W/"other"' }
    expect((await world.ask('PATCH', path, OFF, stale)).status).toBe(412)
    expect((await world.ask('DELETE', path, undefined, stale)).status).toBe(412)
    const fresh = { 'if-match': created.headers.get('etag') ?? '' }
    expect((await world.ask('DELETE', path, undefined, fresh)).status).toBe(204)
  })

  test('a PATCH that changes nothing writes nothing', async () => {
    const world = await open()
    const created = await world.ask('POST', '/Users', PERSON)
    const same = patch({ op: 'replace', path: 'title', value: 'Clerk' })
    const answer = await world.ask('PATCH', `/Users/${created.body.id}`, same)
    expect(answer.body).toEqual(created.body)
  })

  test('a PUT replaces what is kept', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const answer = await world.ask('PUT', `/Users/${id}`, person(LOGIN, { title: 'Head' }))
    expect([answer.status, answer.body.title, answer.body.nickName]).toEqual([
      200,
      'Head',
      undefined,
    ])
    expect(await found(world, 'externalId', 'ida')).toEqual([])
  })
})

test('a list by pages shows everybody once, those who are not in the app yet last', async () => {
  const world = await byJob()
  for (const n of [1, 2, 3, 4, 5]) brownfield(world, `was${n}@example.com`)
  const pending: string[] = []
  for (const n of [1, 2, 3]) {
    world.clock.now += 1
    pending.push(idOf(await world.ask('POST', '/Users', person(`new${n}@example.com`))))
  }
  const ids: string[] = []
  for (const startIndex of [1, 4, 7]) {
    const page = await world.ask('GET', `/Users?startIndex=${startIndex}&count=3`)
    expect(page.body.totalResults).toBe(8)
    ids.push(...page.body.Resources.map((r: { id: string }) => r.id))
  }
  expect(new Set(ids).size).toBe(8)
  expect(ids.slice(5)).toEqual(pending)
  const walked: string[] = []
  let cursor: string | undefined = ''
  while (cursor !== undefined) {
    const page = await world.ask('GET', `/Users?cursor=${cursor}&count=3`)
    walked.push(...page.body.Resources.map((r: { id: string }) => r.id))
    cursor = page.body.nextCursor
  }
  expect(walked).toEqual(ids)
})

describe('switching off', () => {
  test('active false withdraws the invitation, and the person stays, switched off', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const off = await world.ask('PATCH', `/Users/${id}`, OFF)
    expect([off.status, off.body.active]).toEqual([200, false])
    expect(openInvitations(world)).toEqual([])
    expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(false)
    expect(await found(world, 'userName', LOGIN)).toEqual([id])
    await pollNow(world)
    expect((await world.ask('GET', `/Users/${id}`)).body).toEqual(off.body)
  })

  test('who is switched on again is invited again, once, under the same id', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const on = await world.ask('PATCH', `/Users/${id}`, ON)
    expect([on.status, on.body.id, on.body.active]).toEqual([200, id, true])
    expect(openInvitations(world)).toHaveLength(1)
    const [open] = openInvitations(world)
    accept(world.desk.store, open?.invitation_no ?? 0)
    await pollNow(world)
    expect(await states(world)).toEqual(['linked'])
    expect((await world.ask('GET', `/Users/${id}`)).body).toMatchObject(PERSON)
  })

  test('a rename that comes with switching on is what the new invitation says', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const both = patch(
      { op: 'replace', path: 'userName', value: 'ida.neu@example.com' },
      { op: 'replace', path: 'active', value: true },
    )
    const on = await world.ask('PATCH', `/Users/${id}`, both)
    expect([on.status, on.body.userName, on.body.active]).toEqual([
      200,
      'ida.neu@example.com',
      true,
    ])
    expect(openInvitations(world)).toMatchObject([{ login: 'ida.neu@example.com' }])
    expect(idOf(await world.ask('POST', '/Users', person(LOGIN)))).not.toBe(id)
  })

  test('who had accepted already is switched off in the app', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const { account_no } = accept(world.desk.store, 5001)
    const off = await world.ask('PATCH', `/Users/${id}`, OFF)
    expect([off.status, off.body.active]).toEqual([200, false])
    expect(world.desk.store.account(account_no)?.state).toBe('suspended')
    expect(await states(world)).toEqual(['linked'])
  })

  test('an invitation that has run out counts as withdrawn', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    end(world.desk.store, 5001, 'expired')
    const off = await world.ask('PATCH', `/Users/${id}`, OFF)
    expect([off.status, off.body.active]).toEqual([200, false])
  })

  test('a job that cannot be stopped switches the account off when it is there', async () => {
    const world = await byJob()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const off = await world.ask('PATCH', `/Users/${id}`, OFF)
    expect([off.status, off.body.active]).toEqual([200, false])
    world.desk.faults.set({ jobDelayMs: 0 })
    await pollNow(world)
    expect(world.desk.store.accountsBy('login', LOGIN)).toMatchObject([{ state: 'suspended' }])
    expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(false)
  })

  test('where the app refuses to withdraw, the person stays invited', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    world.desk.failNext({ match: 'DELETE /api/invitations/{no}', status: 503 })
    expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(503)
    expect((await world.ask('GET', `/Users/${id}`)).body.active).toBe(true)
    expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(200)
    expect(openInvitations(world)).toEqual([])
  })
})

describe('DELETE', () => {
  test('withdraws the invitation, and the key is free for another person', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(openInvitations(world)).toEqual([])
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
    expect(await found(world, 'userName', LOGIN)).toEqual([])
    expect(idOf(await world.ask('POST', '/Users', PERSON))).not.toBe(id)
  })

  test('of somebody whose invitation was withdrawn asks the app for nothing', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    await world.ask('PATCH', `/Users/${id}`, OFF)
    const before = world.desk.counters.writes
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(world.desk.counters.writes).toBe(before)
    expect(await found(world, 'userName', LOGIN)).toEqual([])
  })

  test('of somebody who has accepted removes the account', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    accept(world.desk.store, 5001)
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(world.logins(LOGIN)).toEqual([])
    expect(await states(world)).toEqual([])
  })

  test('of somebody whom a job is making is done when the job is', async () => {
    const world = await byJob()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
    // The job may still make the account: the person is in doubt, not free.
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(503)
    world.desk.faults.set({ jobDelayMs: 0 })
    await pollNow(world)
    await pollNow(world)
    expect(world.logins(LOGIN)).toEqual([])
    expect(await states(world)).toEqual([])
    expect((await world.ask('POST', '/Users', PERSON)).status).toBe(201)
  })

  test('is refused where the policy says so, and withdraws nothing', async () => {
    const world = await invited({ policy: { deprovision: { onDelete: 'refuse' } } })
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(400)
    expect(openInvitations(world)).toHaveLength(1)
  })
})

describe('somebody whom others had invited in the app', () => {
  async function byHand(): Promise<World> {
    const world = await invited()
    invite(world.desk.store, {
      ...{ login: LOGIN, first_name: 'Was', last_name: 'Here', mail: null },
      ...{ job_title: null, org_unit: null, phone: null, state: 'invited' },
    })
    return world
  }

  test('is found by the match query and becomes the client’s with its first write', async () => {
    const world = await byHand()
    const [id] = await found(world, 'userName', LOGIN)
    const title = patch({ op: 'replace', path: 'title', value: 'Head' })
    const changed = await world.ask('PATCH', `/Users/${id}`, title)
    expect([changed.status, changed.body.title]).toEqual([200, 'Head'])
    const account = accept(world.desk.store, 5001)
    await pollNow(world)
    expect(world.desk.store.account(account.account_no)?.job_title).toBe('Head')
    expect(await found(world, 'userName', LOGIN)).toEqual([id])
    expect(await states(world)).toEqual(['linked'])
  })

  test('is adopted by a POST, and nobody is invited twice', async () => {
    const world = await byHand()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    expect(openInvitations(world)).toHaveLength(1)
    const { account_no } = accept(world.desk.store, 5001)
    await pollNow(world)
    expect(world.desk.store.account(account_no)?.job_title).toBe('Clerk')
    expect((await world.ask('GET', `/Users/${id}`)).body).toMatchObject(PERSON)
  })

  test('a DELETE withdraws that invitation', async () => {
    const world = await byHand()
    const [id] = await found(world, 'userName', LOGIN)
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
    expect(openInvitations(world)).toEqual([])
  })
})

test('an app that invites may still create at once', async () => {
  const world = await invited({ faults: { creates: 'sync' } })
  const created = await world.ask('POST', '/Users', PERSON)
  expect(created.status).toBe(201)
  expect(await states(world)).toEqual(['linked'])
})

test('a person who has an account is adopted and not invited', async () => {
  const world = await invited()
  brownfield(world, LOGIN.toUpperCase())
  idOf(await world.ask('POST', '/Users', PERSON))
  expect(world.desk.store.invitations).toEqual([])
  expect(await states(world)).toEqual(['linked'])
})

describe('a member who is pending', () => {
  const group = (members: readonly string[]) => ({
    schemas: [GROUP_SCHEMA],
    displayName: 'Line 4',
    members: members.map((value) => ({ value })),
  })
  const people = ({ desk }: World) => [...(desk.store.teamByTitle('Line 4')?.people ?? [])]

  test('is wanted until the account is there, and is a member then', async () => {
    const world = await invited()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const made = await world.ask('POST', '/Groups', group([id]))
    expect(made.status).toBe(201)
    expect(people(world)).toEqual([])
    const [invitation] = openInvitations(world)
    accept(world.desk.store, invitation?.invitation_no ?? 0)
    await pollNow(world)
    expect(people(world)).toEqual(world.logins(LOGIN))
    const read = await world.ask('GET', `/Groups/${idOf(made)}`)
    expect(read.body.members.map(({ value }: { value: string }) => value)).toEqual([id])
  })

  test('is told to the app by the sweeper where the poll that linked the account was cut off', async () => {
    for (let step = 1; step < 12; step++) {
      const world = await invited()
      const id = idOf(await world.ask('POST', '/Users', PERSON))
      await world.ask('POST', '/Groups', group([id]))
      const [invitation] = openInvitations(world)
      accept(world.desk.store, invitation?.invitation_no ?? 0)
      world.clock.now += 2 * 60 * MINUTE_MS
      await world.holdOthers()
      await world
        .open({ step, how: 'dies' })
        .tick()
        .catch(() => undefined)
      for (let n = 0; n < 3; n++) await pollNow(world)
      expect(people(world)).toEqual(world.logins(LOGIN))
      expect(people(world)).toHaveLength(1)
    }
  }, 60_000)
})
