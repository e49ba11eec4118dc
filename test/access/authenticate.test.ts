import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Access } from '../../src/access/authenticate.ts'
import { Sealing } from '../../src/access/seal.ts'
import { Connections } from '../../src/db/connections.ts'
import { Tokens } from '../../src/db/tokens.ts'
import { ScimError } from '../../src/scim/error.ts'
import { observed } from '../db/observed-database.ts'
import { aName, NOW, storeConnection } from '../db/stored-connection.ts'
import { noKeySets } from '../support/key-sets.ts'

const d1 = env.DB
const sealing = new Sealing(env.POSTERN_SEALING_KEY)

/** One isolate, with a clock of its own. */
function isolate(start = NOW) {
  const clock = { now: start }
  const { db, trips } = observed(env.DB)
  const work: Promise<unknown>[] = []
  const lost: string[] = []
  const access = new Access({
    db,
    sealing,
    keySets: noKeySets,
    now: () => clock.now,
    waitUntil: (promise) => work.push(promise),
    lost: (what) => lost.push(what),
  })
  return { access, clock, trips, work, lost }
}

async function refusalOf(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!(error instanceof ScimError)) throw new Error('expected a ScimError')
  return { status: error.status, body: error.toBody() }
}

describe('a client is let in', () => {
  test('with a token of the connection that the URL names', async () => {
    const { row, token } = await storeConnection({ settings: { url: 'https://app.example' } }, {})
    const { access } = isolate()
    const { connection } = await access.admit(row.name, `Bearer ${token.plain}`, 'fresh')
    expect(connection).toMatchObject({
      id: row.id,
      name: row.name,
      adapter: 'sandbox',
      settings: { url: 'https://app.example' },
      mapping: undefined,
      mappingVersion: 1,
      dataDatabase: 'DB',
      createdAt: NOW,
    })
    expect(connection.policy.mode).toBe('live')
    expect([...connection.definitions.keys()]).toEqual(['User', 'Group'])
  })

  test('and two connections each get their own, whoever asked before', async () => {
    const a = await storeConnection({ mode: 'gate' }, {})
    const b = await storeConnection({}, {})
    const { access } = isolate()
    for (const freshness of ['recent', 'fresh', 'recent'] as const) {
      for (const { row, token } of [a, b]) {
        const { connection: found } = await access.admit(
          row.name,
          `Bearer ${token.plain}`,
          freshness,
        )
        expect(found.id).toBe(row.id)
        expect(found.policy.mode).toBe(row.mode)
      }
    }
  })

  test('and its secrets open without another trip to D1', async () => {
    const id = crypto.randomUUID()
    const secrets = {
      user: await sealing.seal('admin', { connectionId: id, name: 'user' }),
      password: await sealing.seal('hunter2', { connectionId: id, name: 'password' }),
    }
    const { row, token } = await storeConnection({ id }, secrets)
    const { access, trips, work } = isolate()
    const { connection } = await access.admit(row.name, `Bearer ${token.plain}`, 'fresh')
    await Promise.all(work)
    const before = trips.length
    expect(await connection.secrets()).toEqual({ user: 'admin', password: 'hunter2' })
    expect(trips).toHaveLength(before)
  })
})

describe('a client is refused, always with the same 401', () => {
  test('for an unknown connection, a wrong, foreign or expired token, none, and an ended connection', async () => {
    const a = await storeConnection({}, {})
    const b = await storeConnection({}, {})
    const expired = await storeConnection({}, {}, { expiresAt: NOW + 1 })
    const ended = await storeConnection({}, {})
    await new Connections(d1).offboard(ended.row.name, NOW)
    const { access } = isolate(NOW + 1)
    const attempts: [string, string | undefined][] = [
      [aName(), `Bearer ${a.token.plain}`],
      [a.row.name, 'Bearer wrong'],
      [a.row.name, `Bearer ${b.token.plain}`],
      [a.row.name, `Bearer ${a.token.hash}`],
      [a.row.name, `Basic ${a.token.plain}`],
      [a.row.name, undefined],
      [expired.row.name, `Bearer ${expired.token.plain}`],
      [ended.row.name, `Bearer ${ended.token.plain}`],
    ]
    const refusals = new Set<string>()
    for (const [name, header] of attempts) {
      for (const freshness of ['fresh', 'recent'] as const) {
        const refusal = await refusalOf(access.admit(name, header, freshness))
        expect(refusal).toMatchObject({ status: 401 })
        refusals.add(JSON.stringify(refusal))
      }
    }
    expect(refusals.size).toBe(1)
  })

  test('and each refusal of a token costs the same one trip, so that time tells nothing', async () => {
    const a = await storeConnection({}, {})
    const b = await storeConnection({}, {})
    for (const [name, header] of [
      [aName(), `Bearer ${a.token.plain}`],
      [a.row.name, 'Bearer wrong'],
      [a.row.name, `Bearer ${b.token.plain}`],
    ] as const) {
      const { access, trips } = isolate()
      await refusalOf(access.admit(name, header, 'fresh'))
      expect(trips).toHaveLength(1)
    }
  })
})

describe('freshness', () => {
  test('a write sees in one query what another isolate has just changed', async () => {
    const { row, token } = await storeConnection({}, {})
    const { access, trips, work } = isolate()
    const header = `Bearer ${token.plain}`
    await access.admit(row.name, header, 'recent')
    await new Connections(d1).change({ id: row.id, version: 1 }, { mode: 'paused' }, {}, NOW)
    await Promise.all(work)
    const before = trips.length
    expect((await access.admit(row.name, header, 'fresh')).connection.policy.mode).toBe('paused')
    expect(trips).toHaveLength(before + 1)
    await new Tokens(d1, row.id).remove(token.id)
    await refusalOf(access.admit(row.name, header, 'fresh'))
    await refusalOf(access.admit(row.name, header, 'recent'))
  })

  test('a read is served from memory for five seconds and no longer', async () => {
    const { row, token } = await storeConnection({}, {})
    const { access, clock, trips, work } = isolate()
    const header = `Bearer ${token.plain}`
    await access.admit(row.name, header, 'recent')
    await Promise.all(work)
    const before = trips.length
    await new Tokens(d1, row.id).remove(token.id)
    clock.now += 4_999
    expect((await access.admit(row.name, header, 'recent')).connection.id).toBe(row.id)
    expect(trips).toHaveLength(before)
    clock.now += 1
    expect(await refusalOf(access.admit(row.name, header, 'recent'))).toMatchObject({
      status: 401,
    })
  })

  test('a clock that is set back prolongs nothing', async () => {
    const { row, token } = await storeConnection({}, {})
    const { access, clock } = isolate()
    const header = `Bearer ${token.plain}`
    await access.admit(row.name, header, 'recent')
    await new Tokens(d1, row.id).remove(token.id)
    clock.now -= 3_600_000
    expect((await access.admit(row.name, header, 'recent')).connection.id).toBe(row.id)
    clock.now += 5_000
    await refusalOf(access.admit(row.name, header, 'recent'))
  })

  test('a token that expires within those five seconds is refused on time', async () => {
    const { row, token } = await storeConnection({}, {}, { expiresAt: NOW + 2_000 })
    const { access, clock } = isolate()
    const header = `Bearer ${token.plain}`
    await access.admit(row.name, header, 'recent')
    clock.now += 2_000
    await refusalOf(access.admit(row.name, header, 'recent'))
  })
})

describe('the last use of a token', () => {
  test('is noted outside the request, at most once a minute whatever the number of isolates', async () => {
    const { row, token } = await storeConnection({}, {})
    const header = `Bearer ${token.plain}`
    const lastUsed = async () => (await new Tokens(d1, row.id).list({ limit: 1 }))[0]?.lastUsedAt
    const [a, b] = [isolate(), isolate(NOW + 30_000)]

    await a.access.admit(row.name, header, 'fresh')
    await a.access.admit(row.name, header, 'fresh')
    expect(a.work).toHaveLength(1)
    await Promise.all(a.work)
    expect(await lastUsed()).toBe(NOW)

    await b.access.admit(row.name, header, 'fresh')
    expect(b.work).toHaveLength(0)
    a.clock.now += 60_000
    await a.access.admit(row.name, header, 'fresh')
    await Promise.all(a.work)
    expect(await lastUsed()).toBe(NOW + 60_000)
  })

  test('is noted by the clock as it is, where that was set back', async () => {
    const { row, token } = await storeConnection({}, {})
    const header = `Bearer ${token.plain}`
    const { access, clock, work } = isolate()
    await access.admit(row.name, header, 'fresh')
    clock.now -= 3_600_000
    for (const ms of [0, 59_999, 1, 0]) {
      clock.now += ms
      await access.admit(row.name, header, 'fresh')
    }
    expect(work).toHaveLength(2)
  })

  test('that cannot be noted costs the client nothing, and is told', async () => {
    const { row, token } = await storeConnection({}, {})
    const broken = new Proxy(env.DB, {
      get(target, key) {
        if (key !== 'prepare') return Reflect.get(target, key)
        return (text: string) =>
          target.prepare(text.startsWith('update') ? 'SELECT * FROM nowhere' : text)
      },
    })
    const work: Promise<unknown>[] = []
    const lost: string[] = []
    const access = new Access({
      db: broken,
      sealing,
      keySets: noKeySets,
      now: () => NOW,
      waitUntil: (promise) => work.push(promise),
      lost: (what) => lost.push(what),
    })
    const { connection: found } = await access.admit(row.name, `Bearer ${token.plain}`, 'fresh')
    expect(found.id).toBe(row.id)
    await Promise.all(work)
    expect(lost).toEqual(['token last use'])
  })
})

describe('for jobs and administrators', () => {
  test('a connection is found by id and by name until it is off-boarded', async () => {
    const { row } = await storeConnection({}, {})
    const { access } = isolate()
    expect((await access.byId(row.id))?.name).toBe(row.name)
    expect((await access.named(row.name))?.id).toBe(row.id)
    await new Connections(d1).offboard(row.name, NOW)
    expect(await access.byId(row.id)).toBeUndefined()
    expect(await access.named(row.name)).toBeUndefined()
  })
})
