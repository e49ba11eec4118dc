/** What becomes of people who are not there at once: the cron asks the app, and settles it. */
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { accept, end } from '../../examples/legacy-app/later.ts'
import { admin } from '../support/gateway.ts'
import { reconcile } from '../support/reconcile.ts'
import { connectionId } from '../support/tables.ts'
import {
  brownfield,
  idOf,
  MINUTE_MS,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

// A hundred runs of the cron, on machines of any speed.
vi.setConfig({ testTimeout: 60_000 })

const LOGIN = 'Ida.Brandt@example.com'
const PERSON = person(LOGIN, {
  externalId: 'ida',
  title: 'Clerk',
  emails: [{ type: 'work', value: LOGIN, primary: true }],
})
const DAY_MS = 24 * 60 * MINUTE_MS

const invited = (options: WorldOptions = {}) => openWorld({ adapter: 'example-invite', ...options })
const byJob = (options: WorldOptions = {}) =>
  openWorld({
    adapter: 'example-async',
    ...options,
    faults: { jobDelayMs: 1e9, ...options.faults },
  })

/** The next run of the cron in which the app is asked, however rarely it is by now. */
async function pollNow(world: World): Promise<void> {
  world.clock.now += 2 * 60 * MINUTE_MS
  await world.tick()
}

async function rows(
  world: World,
): Promise<{ id: string; state: string; native_id: string | null }[]> {
  const { results } = await env.DB.prepare(
    "SELECT id, state, native_id FROM link WHERE connection = ? AND state <> 'tombstone'",
  )
    .bind(await connectionId(world.scim.name))
    .all<{ id: string; state: string; native_id: string | null }>()
  return results
}

async function findings(world: World) {
  const { body } = await admin('GET', `/connections/${world.scim.name}/findings`)
  return body.items as { kind: string; detail: Record<string, unknown> }[]
}

const polls = ({ desk }: World) => desk.counters.toJSON().calls['GET /api/invitations/{no}'] ?? 0

describe.each([
  [
    'an invitation that is accepted',
    invited,
    (world: World) => void accept(world.desk.store, 5001),
  ],
  ['a job that ends', byJob, (world: World) => void world.desk.faults.set({ jobDelayMs: 0 })],
])('%s', (_, open, come) => {
  test('links the person to the account under its own id, and reads what was sent', async () => {
    const world = await open()
    const created = await world.ask('POST', '/Users', PERSON)
    come(world)
    const before = world.changes()
    await pollNow(world)
    const [account] = world.desk.store.accountsBy('login', LOGIN)
    expect(await rows(world)).toEqual([
      { id: created.body.id, state: 'linked', native_id: String(account?.account_no) },
    ])
    expect((await world.ask('GET', `/Users/${created.body.id}`)).body).toMatchObject(PERSON)
    // Nothing changed: nothing is sent.
    expect(world.changes() - before).toBeLessThanOrEqual(1)
    expect(account?.job_title).toBe('Clerk')
  })

  test('brings the account to what the client wants by now', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    const change = patch(
      { op: 'replace', path: 'title', value: 'Head' },
      { op: 'replace', path: 'userName', value: 'ida.neu@example.com' },
    )
    await world.ask('PATCH', `/Users/${id}`, change)
    come(world)
    await pollNow(world)
    expect(world.logins(LOGIN)).toEqual([])
    expect(world.desk.store.accountsBy('login', 'ida.neu@example.com')).toMatchObject([
      { job_title: 'Head' },
    ])
    const read = await world.ask('GET', `/Users/${id}`)
    expect(read.body).toMatchObject({ title: 'Head', userName: 'ida.neu@example.com' })
  })

  test('a read that meets the account first shows the same resource', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    come(world)
    for (const path of [match('userName', LOGIN), match('externalId', 'ida'), '/Users']) {
      const { body } = await world.ask('GET', path)
      expect([path, body.totalResults, body.Resources[0].id]).toEqual([path, 1, id])
    }
    expect(await rows(world)).toHaveLength(1)
    await pollNow(world)
    expect(await rows(world)).toMatchObject([{ id, state: 'linked' }])
  })

  test('a reconcile that meets the account first gives it no second link', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    come(world)
    await reconcile(world.admin)
    expect(await rows(world)).toMatchObject([{ id, state: 'pending' }])
    expect(await findings(world)).toEqual([])
  })

  test('a link that a read of members had minted gives way, and the person keeps the group', async () => {
    const world = await open()
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    come(world)
    // The jobs run with the next call.
    await world.ask('GET', match('userName', LOGIN))
    const [account] = world.desk.store.accountsBy('login', LOGIN)
    const team = world.desk.store.createTeam({ title: 'Sales', note: null })
    team.people.add(account?.account_no ?? 0)
    const { body } = await world.ask('GET', match('displayName', 'Sales', 'Groups'))
    const other = body.Resources[0].members[0].value
    expect(other).not.toBe(id)
    await pollNow(world)
    expect((await world.ask('GET', `/Users/${other}`)).status).toBe(404)
    expect((await world.ask('GET', `/Users/${id}`)).body).toMatchObject(PERSON)
    const group = await world.ask('GET', `/Groups/${body.Resources[0].id}`)
    expect(group.body.members).toMatchObject([{ value: id }])
    expect(
      (await rows(world)).filter(({ native_id }) => native_id === String(account?.account_no)),
    ).toHaveLength(1)
  })
})

describe('an invitation or job without an account', () => {
  test.each([
    ['expired', invited, (world: World) => void end(world.desk.store, 5001, 'expired')],
    ['expired', invited, (world: World) => void end(world.desk.store, 5001, 'withdrawn')],
    [
      'failed',
      byJob,
      (world: World) => void world.desk.faults.set({ jobDelayMs: 0, jobs: 'fail' }),
    ],
  ])(
    '%s: the id ends, a finding says why, and the next POST is a new person',
    async (reason, open, fail) => {
      const world = await open()
      const id = idOf(await world.ask('POST', '/Users', PERSON))
      fail(world)
      const before = world.desk.counters.writes
      await pollNow(world)
      // Nobody is invited again without the client.
      expect(world.desk.counters.writes).toBe(before)
      expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
      expect((await world.ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
      expect(await findings(world)).toMatchObject([
        { kind: 'not-created', detail: { reason, link: id } },
      ])
      world.desk.faults.set({ jobs: 'succeed' })
      expect(idOf(await world.ask('POST', '/Users', PERSON))).not.toBe(id)
    },
  )

  test('an account that somebody else made meanwhile is found, and adopted by the next POST', async () => {
    const world = await invited({ faults: { uniqueness: 'off' } })
    const id = idOf(await world.ask('POST', '/Users', PERSON))
    end(world.desk.store, 5001, 'expired')
    brownfield(world, LOGIN)
    await pollNow(world)
    const { body } = await world.ask('GET', match('userName', LOGIN))
    expect(body.totalResults).toBe(1)
    expect(body.Resources[0].id).not.toBe(id)
    expect(idOf(await world.ask('POST', '/Users', PERSON))).toBe(body.Resources[0].id)
  })
})

test('what the app refuses of the changes is left as the app has it, and is a finding', async () => {
  const world = await invited()
  const id = idOf(await world.ask('POST', '/Users', PERSON))
  const bad = patch({ op: 'replace', path: 'emails[type eq "work"].value', value: 'no mail' })
  expect((await world.ask('PATCH', `/Users/${id}`, bad)).status).toBe(200)
  accept(world.desk.store, 5001)
  await pollNow(world)
  const read = await world.ask('GET', `/Users/${id}`)
  expect(read.body).toMatchObject({ title: 'Clerk', emails: [{ value: LOGIN.toLowerCase() }] })
  expect(await findings(world)).toMatchObject([{ kind: 'drift', detail: { link: id } }])
})

test('an app that cannot take the changes now is asked again, and the person stays pending', async () => {
  const world = await invited()
  const id = idOf(await world.ask('POST', '/Users', PERSON))
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'Head' }))
  accept(world.desk.store, 5001)
  world.desk.failNext({ match: 'PATCH /api/accounts/{no}', status: 503 })
  await pollNow(world)
  expect(await rows(world)).toMatchObject([{ state: 'pending' }])
  expect((await world.ask('GET', `/Users/${id}`)).body.title).toBe('Head')
  await pollNow(world)
  expect(await rows(world)).toMatchObject([{ state: 'linked' }])
})

test('an invitation carries little: what the app lacks of it is sent when the person is there', async () => {
  const world = await invited()
  const id = idOf(await world.ask('POST', '/Users', PERSON))
  const { account_no } = accept(world.desk.store, 5001)
  const account = world.desk.store.account(account_no)
  // The person has chosen a first name, and the app had no place for the title before.
  Object.assign(account ?? {}, { job_title: null, first_name: 'Ada' })
  await pollNow(world)
  expect(account).toMatchObject({ job_title: 'Clerk', first_name: 'Ada' })
  expect((await world.ask('GET', `/Users/${id}`)).body).toMatchObject(PERSON)
})

test('the app is asked ever more rarely, and right after the end of an invitation', async () => {
  const world = await invited()
  idOf(await world.ask('POST', '/Users', PERSON))
  for (let minute = 0; minute < 60; minute++) {
    world.clock.now += MINUTE_MS
    await world.tick()
  }
  const early = polls(world)
  expect(early).toBeGreaterThan(10)
  expect(early).toBeLessThan(40)
  world.clock.now += 2 * DAY_MS
  for (let minute = 0; minute < 30; minute++) {
    world.clock.now += MINUTE_MS
    await world.tick()
  }
  expect(polls(world) - early).toBeLessThanOrEqual(1)
  const [invitation] = world.desk.store.invitations
  world.clock.now = Date.parse(invitation?.expires_on ?? '') - 2 * MINUTE_MS
  await world.tick()
  const before = polls(world)
  world.clock.now += 3 * MINUTE_MS
  await world.tick()
  expect(polls(world)).toBe(before + 1)
})

test('an app that does not answer is asked once in a run, and for everybody later', async () => {
  const world = await invited()
  for (const n of [1, 2, 3]) idOf(await world.ask('POST', '/Users', person(`p${n}@example.com`)))
  world.desk.failNext({ match: 'GET /api/invitations/{no}', status: 503, times: 1 })
  world.clock.now += MINUTE_MS
  await world.tick()
  expect(polls(world)).toBeLessThanOrEqual(1)
  const before = polls(world)
  world.clock.now += 15 * MINUTE_MS
  await world.tick()
  expect(polls(world)).toBe(before + 3)
})

test('only a live connection polls', async () => {
  const world = await invited()
  const id = idOf(await world.ask('POST', '/Users', PERSON))
  accept(world.desk.store, 5001)
  const path = `/connections/${world.scim.name}`
  await admin('PATCH', path, { mode: 'paused' })
  await pollNow(world)
  expect(await rows(world)).toMatchObject([{ id, state: 'pending' }])
  await admin('PATCH', path, { mode: 'live' })
  world.clock.now += 10_000
  await pollNow(world)
  expect(await rows(world)).toMatchObject([{ id, state: 'linked' }])
})
