/** The sweeper ends what requests began (design decision 5); the faults suite cuts each step. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { brownfield, idOf, MINUTE_MS, openWorld, person, type World } from '../support/world.ts'

const LOGIN = 'Ole.Dahl@example.com'

async function openIntents({
  scim,
}: World): Promise<{ op: string; state: string; next_at: number }[]> {
  const { results } = await env.DB.prepare(
    `SELECT i.op, i.state, i.next_at FROM intent i JOIN connection c ON c.id = i.connection
      WHERE c.name = ? AND i.state IN ('ready', 'sending', 'unknown', 'waiting')`,
  )
    .bind(scim.name)
    .all<{ op: string; state: string; next_at: number }>()
  return results
}

async function cutOff(): Promise<World> {
  const world = await openWorld({ faults: { uniqueness: 'off' } })
  world.desk.failNext({ match: 'POST /api/accounts', when: 'before', how: 'reset' })
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(503)
  return world
}

test('a create whose account is not there waits for its client, who may send it again', async () => {
  const world = await cutOff()
  for (let n = 0; n < 5; n++) {
    world.clock.now += 15 * MINUTE_MS
    await world.tick()
    expect(world.logins(LOGIN)).toEqual([])
  }
  expect(await openIntents(world)).toHaveLength(1)
  // The sweeper's own turn stands in nobody's way.
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect(await openIntents(world)).toEqual([])
})

test('a create that nobody asks for again is given up after a day, and its keys are free', async () => {
  const world = await cutOff()
  world.clock.now += 25 * 60 * MINUTE_MS
  await world.tick()
  expect(await openIntents(world)).toEqual([])
  const id = idOf(await world.ask('POST', '/Users', person('other@example.com')))
  const rename = [{ op: 'replace', path: 'userName', value: LOGIN }]
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp']
  const answer = await world.ask('PATCH', `/Users/${id}`, { schemas, Operations: rename })
  expect(answer.status).toBe(200)
})

test('an account that appeared late is committed without the client', async () => {
  const world = await cutOff()
  brownfield(world, LOGIN)
  world.clock.now += 15 * MINUTE_MS
  await world.tick()
  expect(await openIntents(world)).toEqual([])
  // The answer that the client has missed, and no other one.
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('what cannot be settled now is put behind the others, and tried again', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  world.desk.failNext({ match: 'DELETE /api/accounts/{no}', how: 'status', status: 503, times: 2 })
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(503)
  world.clock.now += 2 * MINUTE_MS
  await world.tick()
  const [intent] = await openIntents(world)
  expect(intent?.next_at).toBeGreaterThan(world.clock.now)
  world.clock.now += 15 * MINUTE_MS
  await world.tick()
  expect(await openIntents(world)).toEqual([])
  expect(world.logins(LOGIN)).toEqual([])
})

test('a request that is still at work is left alone', async () => {
  const world = await openWorld()
  await world.open({ step: 4, how: 'dies' }).scim(world.scim, 'POST', '/Users', person(LOGIN))
  const before = await openIntents(world)
  await world.tick()
  expect(await openIntents(world)).toEqual(before)
})

test('an intent that a request takes over while the sweeper is on its way is left to it', async () => {
  const world = await cutOff()
  world.clock.now += 1_000
  world.desk.failNext({ match: 'POST /api/accounts', when: 'before', how: 'reset' })
  expect((await world.ask('POST', '/Users', person('other@example.com'))).status).toBe(503)
  world.clock.now += 25 * 60 * MINUTE_MS
  // The client's retry has taken the second one over, and its create is on its way to the app.
  const [atApp, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = openIsolate(world.clock, async (input, init) => {
    if (init.method === 'POST') {
      atApp.resolve()
      await goOn.promise
    }
    return world.desk.fetch(input, init)
  })
  let retry: Promise<{ status: number }> | undefined
  const sweeper = openIsolate(world.clock, async (input, init) => {
    retry ??= slow.scim(world.scim, 'POST', '/Users', person('other@example.com'))
    await atApp.promise
    return world.desk.fetch(input, init)
  })
  await world.holdOthers()
  await sweeper.tick()
  expect(await openIntents(world)).toMatchObject([{ op: 'create', state: 'sending' }])
  goOn.resolve()
  expect((await retry)?.status).toBe(201)
  expect(await openIntents(world)).toEqual([])
})
