/** What is sent to an app that fails: less and less, and nothing twice that may have had an effect. */
import { describe, expect, test } from 'vitest'
import { admin, connect } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { DESK_KEY, openDesk } from '../support/open-desk.ts'
import { idOf, match, openWorld, person, type World } from '../support/world.ts'

const LOGIN = 'Ole.Brandt@example.com'
const MATCH = match('userName', LOGIN)
const MINUTE_MS = 60_000
const DOWN = { match: '*', times: 1_000, when: 'before', how: 'status', status: 503 } as const

async function findings({ scim }: World) {
  const { body } = await admin('GET', `/connections/${scim.name}/findings?state=open`)
  return body.items as { kind: string; detail: object }[]
}

/** One isolate of this world, and how many calls of the app a request of it makes. */
function counting(world: World) {
  const isolate = world.open()
  return async (method = 'GET', path = MATCH, body?: unknown) => {
    const before = isolate.counts().calls
    const answer = await isolate.scim(world.scim, method, path, body)
    return { answer, calls: isolate.counts().calls - before }
  }
}

describe('tries again', () => {
  test('a read whose answer is lost is made again within the same request', async () => {
    const world = await openWorld({ seed: true })
    const ask = counting(world)
    world.desk.failNext({ ...DOWN, times: 2, how: 'reset' })
    const { answer, calls } = await ask()
    expect(answer.status).toBe(200)
    expect(calls).toBe(3)
  })

  test('a write whose answer is lost is not, though the app has done nothing', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext({ match: 'POST /api/accounts', when: 'before', how: 'reset' })
    const { answer } = await ask('POST', '/Users', person(LOGIN))
    expect(answer.status).toBe(503)
    expect(world.desk.counters.writes).toBe(0)
  })

  test('a write is sent again where the app says that it did nothing, and when to come back', async () => {
    const world = await openWorld()
    const failure = { match: 'POST /api/accounts', when: 'before', how: 'status' } as const
    world.desk.failNext({ ...failure, status: 429, retryAfter: '2' })
    const startedAt = world.clock.now
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    expect(world.clock.now - startedAt).toBeGreaterThanOrEqual(2_000)
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('a longer wait is the client’s', async () => {
    const world = await openWorld()
    const failure = { match: 'POST /api/accounts', when: 'before', how: 'status' } as const
    world.desk.failNext({ ...failure, status: 429, retryAfter: '20' })
    const answer = await world.ask('POST', '/Users', person(LOGIN))
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('20')
    expect(world.desk.counters.writes).toBe(0)
  })

  test('what the app refuses is asked once', async () => {
    const world = await openWorld()
    const ask = counting(world)
    for (const status of [401, 403, 404, 409, 422, 429]) {
      world.desk.failNext({ ...DOWN, times: 1, status })
      expect((await ask()).calls).toBe(1)
    }
  })
})

describe('an app that is down', () => {
  test('is soon not called any more, and everybody hears why', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext(DOWN)
    await ask()
    await ask()
    const { answer, calls } = await ask()
    expect(calls).toBe(0)
    expect(answer.status).toBe(503)
    expect(answer.body.detail).toContain('not called for a while')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(6)
    expect(await findings(world)).toMatchObject([
      { kind: 'app-failing', detail: { code: 'unavailable', calls: 'paused' } },
    ])
    expect((await ask('POST', '/Users', person(LOGIN))).calls).toBe(0)
  })

  test('is tried by one call after a while, whose answer lets everybody through', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext(DOWN)
    await ask()
    await ask()
    world.clock.now += 6_000
    // It is still down: of many requests at once one tries.
    const isolate = world.open()
    const down = await Promise.all(Array.from({ length: 10 }, () => ask()))
    expect(isolate.counts().calls).toBe(0)
    for (const { answer } of down) expect(answer.status).toBe(503)
    expect((await ask()).calls).toBe(0)
    world.desk.faults.reset()
    world.clock.now += 12_000
    const back = await ask()
    expect(back.calls).toBe(1)
    expect(back.answer.status).toBe(200)
    expect((await ask('POST', '/Users', person(LOGIN))).answer.status).toBe(201)
  })

  test('is left alone no longer where the clock is set back meanwhile', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext({ ...DOWN, times: 1_000 })
    while ((await ask()).calls > 0);
    world.desk.faults.reset()
    world.clock.now -= 60 * MINUTE_MS
    expect((await ask()).calls).toBe(0)
    world.clock.now += MINUTE_MS
    expect((await ask()).answer.status).toBe(200)
  })

  test('loses nothing: what was refused meanwhile succeeds when it is tried again', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person('there@example.com')))
    const ask = counting(world)
    world.desk.failNext(DOWN)
    for (let i = 0; i < 4; i++) {
      expect((await ask('POST', '/Users', person(LOGIN))).answer.status).toBe(503)
      expect((await ask('DELETE', `/Users/${id}`)).answer.status).toBe(503)
    }
    world.desk.faults.reset()
    world.clock.now += MINUTE_MS
    expect((await ask('POST', '/Users', person(LOGIN))).answer.status).toBe(201)
    expect((await ask('DELETE', `/Users/${id}`)).answer.status).toBe(204)
    expect(world.logins(LOGIN)).toHaveLength(1)
    expect(world.logins('there@example.com')).toHaveLength(0)
  })

  test('keeps no other connection of the same isolate from its own', async () => {
    const world = await openWorld()
    const desk = openDesk()
    const url = `http://${crypto.randomUUID()}.test`
    const settings = { settings: { url }, secrets: { apiKey: DESK_KEY } }
    const other = await connect({ adapter: 'example', ...settings })
    const isolate = openIsolate(world.clock, (input, init) =>
      (input.startsWith(url) ? desk : world.desk).fetch(input, init),
    )
    world.desk.failNext(DOWN)
    for (let i = 0; i < 4; i++) {
      expect((await isolate.scim(world.scim, 'GET', MATCH)).status).toBe(503)
      expect((await isolate.scim(other, 'GET', MATCH)).status).toBe(200)
    }
  })

  test('closes its finding when it answers again', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext(DOWN)
    for (let i = 0; i < 3; i++) await ask()
    world.desk.faults.reset()
    world.clock.now += 2 * MINUTE_MS
    await world.tick()
    expect(await findings(world)).toEqual([])
  })
})

test('answers about one person never pause the calls', async () => {
  const world = await openWorld()
  const ask = counting(world)
  for (let i = 0; i < 12; i++) {
    world.desk.failNext({
      ...{ match: 'POST /api/accounts', when: 'before', how: 'status' },
      status: [409, 422, 402, 403][i % 4] ?? 409,
    })
    await ask('POST', '/Users', person(`p${i}@example.com`))
  }
  expect((await ask()).answer.status).toBe(200)
})

describe('credentials that the app refuses', () => {
  const REFUSED = { ...DOWN, status: 401 } as const

  test('are not shown again and again, lest the app lock the account', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext(REFUSED)
    for (let i = 0; i < 3; i++) expect((await ask()).calls).toBe(1)
    const { answer, calls } = await ask()
    expect(calls).toBe(0)
    expect(answer.status).toBe(503)
    expect(answer.body.detail).toContain('must renew them')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(60)
    expect(await findings(world)).toMatchObject([
      { kind: 'app-credential', detail: { code: 'auth', calls: 'paused' } },
    ])
    world.clock.now += 4 * MINUTE_MS
    expect((await ask()).calls).toBe(0)
    world.clock.now += 3 * MINUTE_MS
    expect((await ask()).calls).toBe(1)
    expect((await ask()).calls).toBe(0)
  })

  test('are shown by the cron every five minutes, however many isolates it runs in', async () => {
    const world = await openWorld()
    world.desk.failNext(REFUSED)
    await world.ask('GET', MATCH)
    const left = () => world.desk.faults.settings.failNext?.times ?? 0
    const shown: number[] = []
    for (const minutes of [1, 3, 1, 1]) {
      const before = left()
      world.clock.now += minutes * MINUTE_MS
      await world.tick()
      shown.push(before - left())
    }
    expect(shown).toEqual([0, 0, 1, 0])
    world.desk.faults.reset()
    world.clock.now += 5 * MINUTE_MS
    await world.tick()
    expect(await findings(world)).toEqual([])
  })

  test('that were renewed in the connection end the pause at once', async () => {
    const world = await openWorld()
    const ask = counting(world)
    world.desk.failNext(REFUSED)
    for (let i = 0; i < 4; i++) await ask()
    world.desk.faults.reset()
    const secrets = { apiKey: DESK_KEY }
    expect((await world.admin('PATCH', '', { secrets })).status).toBe(200)
    // A write goes by the connection as it is now; a read may be up to five seconds behind.
    expect((await ask('POST', '/Users', person(LOGIN))).answer.status).toBe(201)
    expect((await ask()).answer.status).toBe(200)
  })
})
