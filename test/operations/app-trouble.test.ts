/** The app is down or refuses us: 503 for the client, one finding for the administrator. */
import { expect, test } from 'vitest'
import { admin } from '../support/gateway.ts'
import { match, openWorld, person, type World } from '../support/world.ts'

const LOGIN = 'Uma.Lind@example.com'
const MINUTE_MS = 60_000
const LOOKUP = 'GET /api/accounts'

async function findings({ scim }: World, state = 'open') {
  const { body } = await admin('GET', `/connections/${scim.name}/findings?state=${state}`)
  return body.items as { kind: string; state: string; detail: object; lastSeen: string }[]
}

/** The next request's look-up, and each time that it is tried again. */
function fail(world: World, status: number): void {
  const times = status >= 500 ? 3 : 1
  world.desk.failNext({ match: LOOKUP, times, when: 'before', how: 'status', status })
}

test('an app that is down is one finding, which closes when it answers again', async () => {
  const world = await openWorld()
  for (let i = 0; i < 3; i++) {
    fail(world, 503)
    expect((await world.ask('GET', match('userName', LOGIN))).status).toBe(503)
  }
  expect(await findings(world)).toMatchObject([
    { kind: 'app-failing', detail: { code: 'unavailable' } },
  ])
  fail(world, 503)
  world.clock.now += 2 * MINUTE_MS
  await world.tick()
  expect(await findings(world)).toHaveLength(1)
  world.clock.now += 2 * MINUTE_MS
  await world.tick()
  expect(await findings(world)).toEqual([])
  expect(await findings(world, 'closed')).toMatchObject([
    { detail: { passed: 'the app answers again' } },
  ])
})

test('many failing requests write at most once a minute, by isolate', async () => {
  const world = await openWorld()
  const isolate = world.open()
  const ask = async () => {
    // Neither tried again, nor a reason to pause the calls.
    fail(world, 406)
    const before = isolate.counts().trips
    await isolate.scim(world.scim, 'GET', match('userName', LOGIN))
    return isolate.counts().trips - before
  }
  await ask()
  const second = await ask()
  // The claim alone: the isolate knows the connection, and has just written the finding.
  expect(second).toBe(1)
  world.clock.now += MINUTE_MS
  // The connection is read again, the use of its token is noted, and the finding is written.
  expect(await ask()).toBeGreaterThan(second)
  expect(await ask()).toBe(second)
})

test('credentials that the app refuses are a finding, beside the 503', async () => {
  const world = await openWorld()
  fail(world, 401)
  const answer = await world.ask('POST', '/Users', person(LOGIN))
  expect(answer.status).toBe(503)
  expect(answer.body.detail).toContain('credentials')
  expect(await findings(world)).toMatchObject([
    { kind: 'app-credential', detail: { code: 'auth' } },
  ])
})

test('a right that is missing is not over because a read succeeds; an hour without it is', async () => {
  const world = await openWorld()
  fail(world, 403)
  await world.ask('POST', '/Users', person(LOGIN))
  world.clock.now += 30 * MINUTE_MS
  await world.tick()
  expect(await findings(world)).toMatchObject([{ detail: { code: 'forbidden' } }])
  world.clock.now += 31 * MINUTE_MS
  await world.tick()
  expect(await findings(world)).toEqual([])
})

test('a failure that is about one person is no finding of the app', async () => {
  const world = await openWorld()
  world.desk.failNext({
    match: 'POST /api/accounts',
    when: 'before',
    how: 'status',
    status: 422,
  })
  await world.ask('POST', '/Users', person(LOGIN))
  expect(await findings(world)).toEqual([])
})

test('a write that a protected account refuses is one finding', async () => {
  const world = await openWorld({ policy: { protected: ['root@*'] } })
  world.desk.store.createAccount({
    login: 'root@example.com',
    first_name: 'Break',
    last_name: 'Glass',
    mail: null,
    job_title: null,
    org_unit: null,
    phone: null,
    state: 'enabled',
  })
  const found = await world.ask('GET', match('userName', 'root@example.com'))
  const id = found.body.Resources[0].id
  for (let i = 0; i < 3; i++) expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(400)
  expect(await findings(world)).toMatchObject([{ kind: 'protected', subject: `User:${id}` }])
})
