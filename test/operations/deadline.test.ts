/** The time of a request, whatever it waits for. The clock is the test's: no call takes real time. */
import { expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { idOf, match, openWorld, patch, person, type World } from '../support/world.ts'

const LOGIN = 'Mila.Sand@example.com'
const SECOND_MS = 1_000

/** An isolate whose app takes so long over each call of this method. */
function slow(world: World, tookMs: Readonly<Record<string, number>>) {
  return openIsolate(world.clock, async (input, init) => {
    world.clock.now += tookMs[init.method ?? 'GET'] ?? 0
    return world.desk.fetch(input, init)
  })
}

test('a create is not sent where the search has used up the time, and the next try is free to', async () => {
  const world = await openWorld()
  const answer = await slow(world, { GET: 24_500 }).scim(
    world.scim,
    'POST',
    '/Users',
    person(LOGIN),
  )
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(answer.body.detail).toContain('too slowly')
  expect(world.desk.counters.writes).toBe(0)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('a create that still has time is sent', async () => {
  const world = await openWorld()
  const isolate = slow(world, { GET: 20 * SECOND_MS })
  expect((await isolate.scim(world.scim, 'POST', '/Users', person(LOGIN))).status).toBe(201)
})

test('an update is not sent where reading has used up the time', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const before = world.changes()
  const change = patch({ op: 'replace', path: 'name.givenName', value: 'Mina' })
  const isolate = slow(world, { GET: 24_900 })
  expect((await isolate.scim(world.scim, 'PATCH', `/Users/${id}`, change)).status).toBe(503)
  expect(world.changes()).toBe(before)
  expect((await world.ask('PATCH', `/Users/${id}`, change)).status).toBe(200)
})

test('the limit is the connection’s own', async () => {
  const world = await openWorld({ policy: { limits: { requestTimeoutMs: 4_000 } } })
  const isolate = slow(world, { GET: 3_700 })
  expect((await isolate.scim(world.scim, 'POST', '/Users', person(LOGIN))).status).toBe(503)
  expect(world.desk.counters.writes).toBe(0)
})

test('the operations of a Bulk share one time: what is left over is told so, one by one', async () => {
  const world = await openWorld()
  const isolate = slow(world, { POST: 15 * SECOND_MS })
  const people = [1, 2, 3].map((n) => ({
    method: 'POST',
    path: '/Users',
    bulkId: `b${n}`,
    data: person(`p${n}@example.com`),
  }))
  const startedAt = world.clock.now
  const { status, body } = await isolate.scim(world.scim, 'POST', '/Bulk', {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
    Operations: people,
  })
  expect(status).toBe(200)
  const statuses = body.Operations.map((one: { status: string }) => one.status)
  expect(statuses).toEqual(['201', '201', '503'])
  expect(world.logins('p3@example.com')).toHaveLength(0)
  // The clock is ours: a real call would have been cut when the time was over.
  expect(world.clock.now - startedAt).toBe(30 * SECOND_MS)
})

test('members that there is no time for are left to the cron, and none is told twice', async () => {
  const world = await openWorld()
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    ids.push(idOf(await world.ask('POST', '/Users', person(`m${n}@example.com`))))
  }
  const group = idOf(await world.ask('POST', '/Groups', { displayName: 'Line 9' }))
  const before = world.changes()
  const add = patch({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) })
  const isolate = slow(world, { PUT: 7 * SECOND_MS, POST: 7 * SECOND_MS })
  const answer = await isolate.scim(world.scim, 'PATCH', `/Groups/${group}`, add)
  expect(answer.status).toBe(503)
  expect(answer.body.detail).toContain('more changes of members')
  const told = world.changes() - before
  expect(told).toBeGreaterThan(0)
  expect(told).toBeLessThan(5)
  world.clock.now += 60 * SECOND_MS
  await world.tick()
  expect(world.changes() - before).toBe(5)
})

test('waiting for another request ends with the time of this one', async () => {
  const world = await openWorld({ policy: { limits: { requestTimeoutMs: 600 } } })
  let waitedMs: number | undefined
  const other = world.racing('POST', '/api/accounts', async () => {
    const startedAt = world.clock.now
    const answer = await world.ask('POST', '/Users', person(LOGIN))
    expect(answer.status).toBe(503)
    waitedMs = world.clock.now - startedAt
  })
  await other.scim(world.scim, 'POST', '/Users', person(LOGIN))
  // Its patience would be 1,500 ms.
  expect(waitedMs).toBe(600)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('a read that is tried again waits no longer than its request may', async () => {
  const world = await openWorld({ policy: { limits: { requestTimeoutMs: 1_000 } } })
  const failure = { match: 'GET /api/accounts', times: 9, when: 'before', how: 'status' } as const
  world.desk.failNext({ ...failure, status: 503, retryAfter: '1' })
  const startedAt = world.clock.now
  const answer = await world.ask('GET', match('userName', LOGIN))
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('1')
  expect(world.clock.now).toBe(startedAt)
})
