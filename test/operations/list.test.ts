/** Lists and match queries: from the app as well as from links, and never an empty list for a doubt. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { brownfield, idOf, match, openWorld, patch, person } from '../support/world.ts'

const LOGIN = 'Zoe.Hill@example.com'
// biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes
const ids = (answer: { body: any }): string[] =>
  (answer.body.Resources ?? []).map((r: { id: string }) => r.id)

test('an account of the app is found by its login in any letter case, and keeps its id', async () => {
  const world = await openWorld()
  brownfield(world, LOGIN)
  const first = await world.ask('GET', match('userName', LOGIN.toLowerCase()))
  const second = await world.ask('GET', match('userName', LOGIN.toUpperCase()))
  expect(ids(first)).toHaveLength(1)
  expect(ids(second)).toEqual(ids(first))
})

test('two accounts that differ in letter case are listed both, and reported when matched', async () => {
  const world = await openWorld({ faults: { uniqueness: 'off' } })
  brownfield(world, LOGIN)
  brownfield(world, LOGIN.toLowerCase())
  expect((await world.ask('GET', '/Users')).body.totalResults).toBe(2)
  expect(ids(await world.ask('GET', match('userName', LOGIN)))).toHaveLength(2)
})

test('a name that another account has by now is that account’s, and the first one keeps its id', async () => {
  const world = await openWorld()
  const account = brownfield(world, LOGIN)
  const [first] = ids(await world.ask('GET', match('userName', LOGIN)))
  world.desk.store.updateAccount(account, { login: 'zoe.marsh@example.com' })
  expect(ids(await world.ask('GET', match('userName', LOGIN)))).toEqual([])
  brownfield(world, LOGIN)
  const [second] = ids(await world.ask('GET', match('userName', LOGIN)))
  expect(second).not.toBe(first)
  expect(ids(await world.ask('GET', match('userName', LOGIN)))).toEqual([second])
  const renamed = await world.ask('GET', match('userName', 'zoe.marsh@example.com'))
  expect(ids(renamed)).toEqual([first])
})

test('several hits that are not one person’s are no finding', async () => {
  const world = await openWorld()
  for (const n of ['a', 'b']) brownfield(world, `${n}@x.io`, { org_unit: 'Lab' })
  const department = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department'
  expect(ids(await world.ask('GET', match(department, 'Lab')))).toHaveLength(2)
  const row = await env.DB.prepare(
    'SELECT count(*) AS n FROM finding f JOIN connection c ON c.id = f.connection WHERE c.name = ?',
  )
    .bind(world.scim.name)
    .first<{ n: number }>()
  expect(row?.n).toBe(0)
})

test('a look-up that the app answers too widely is narrowed to equality', async () => {
  const world = await openWorld({
    capabilities: {
      lookups: [
        { attribute: 'login', exact: false, caseExact: false, includesInactive: true, lagMs: 0 },
      ],
    },
    port: {
      find: async () => [
        { id: '1', attributes: { login: `${LOGIN}.br` }, active: true },
        { id: '2', attributes: { login: LOGIN }, active: true },
      ],
    },
  })
  const found = await world.ask('GET', match('userName', LOGIN))
  expect(found.body.Resources).toMatchObject([{ userName: LOGIN }])
})

test('a look-up that hides disabled accounts is not believed: the list is walked', async () => {
  const world = await openWorld({
    capabilities: {
      lookups: [
        { attribute: 'login', exact: true, caseExact: false, includesInactive: false, lagMs: 0 },
      ],
    },
    port: { find: async () => [] },
  })
  brownfield(world, LOGIN, { state: 'suspended' })
  expect(ids(await world.ask('GET', match('userName', LOGIN)))).toHaveLength(1)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('a walk that does not reach the end is 503 with Retry-After, never an empty list', async () => {
  const world = await openWorld()
  for (let n = 0; n < 2050; n++) brownfield(world, `n${n}@x.io`)
  const answer = await world.ask('GET', match('title', 'nobody'))
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
})

describe('under search lag', () => {
  const lookup = { exact: true, caseExact: false, includesInactive: true, lagMs: 3_600_000 }
  const options = {
    capabilities: { lookups: [{ attribute: 'login', ...lookup }] },
    faults: { searchLagMs: 3_600_000_000 },
  }

  test('a person whom the app does not show yet is found by the claim', async () => {
    const { ask } = await openWorld(options)
    const id = idOf(await ask('POST', '/Users', person(LOGIN)))
    expect(ids(await ask('GET', match('userName', LOGIN.toLowerCase())))).toEqual([id])
  })

  test('a create whose effect is unknown is 503 until the search must show it', async () => {
    const { ask, clock, desk } = await openWorld(options)
    desk.failNext({ match: 'POST /api/accounts', how: 'reset' })
    expect((await ask('POST', '/Users', person(LOGIN))).status).toBe(503)
    clock.now += 3_000_000
    const waiting = await ask('GET', match('userName', LOGIN))
    expect(waiting.status).toBe(503)
    expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThan(60)
    clock.now += 3_600_000
    expect((await ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
  })

  test('an account that the search shows although it is gone is not adopted', async () => {
    const gone = { id: '999', attributes: { login: LOGIN, last_name: 'x' }, active: true }
    const { ask, logins } = await openWorld({ ...options, port: { find: async () => [gone] } })
    const created = await ask('POST', '/Users', person(LOGIN))
    expect(created.status).toBe(201)
    expect(logins(LOGIN)).toHaveLength(1)
    expect((await ask('GET', `/Users/${created.body.id}`)).status).toBe(200)
  })
})

test('externalId, which the app cannot hold, is matched from the links', async () => {
  const { ask, desk } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN, { externalId: 'X-1' })))
  const calls = () => Object.values(desk.counters.toJSON().calls).reduce((a, b) => a + b, 0)
  const before = calls()
  expect(ids(await ask('GET', match('externalId', 'X-1')))).toEqual([id])
  expect(calls() - before).toBe(1)
  expect(ids(await ask('GET', match('externalId', 'x-1')))).toEqual([])
  const other = patch({ op: 'replace', path: 'externalId', value: 'X-2' })
  await ask('PATCH', `/Users/${id}`, other)
  expect(ids(await ask('GET', match('externalId', 'X-1')))).toEqual([])
})

describe('paging', () => {
  test('walks every person once, in pages that the app does not share, with the total', async () => {
    const world = await openWorld({ seed: true })
    const seen: string[] = []
    for (let startIndex = 1; startIndex <= 40; startIndex += 7) {
      const page = await world.ask('GET', `/Users?startIndex=${startIndex}&count=7`)
      expect(page.body.totalResults).toBe(40)
      seen.push(...ids(page))
    }
    expect(new Set(seen).size).toBe(40)
    expect((await world.ask('GET', '/Users?count=0')).body).toMatchObject({ totalResults: 40 })
    expect(ids(await world.ask('GET', '/Users?startIndex=41'))).toEqual([])
  })

  test('sorts and pages over the whole set', async () => {
    const world = await openWorld({ seed: true })
    const first = await world.ask('GET', '/Users?sortBy=userName&count=5')
    const second = await world.ask('GET', '/Users?sortBy=userName&count=5&startIndex=6')
    const names = [...first.body.Resources, ...second.body.Resources].map((r) => r.userName)
    expect(names).toEqual([...names].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase())))
    expect(new Set(names).size).toBe(10)
  })

  test('a cursor that was not given out here is refused', async () => {
    const world = await openWorld({ seed: true })
    expect((await world.ask('GET', '/Users?cursor=abc')).body.scimType).toBe('invalidCursor')
  })
})

test('an app that does not say how many there are is counted, and walked by cursor all the same', async () => {
  const all = Array.from({ length: 7 }, (_, n) => ({
    id: String(n),
    attributes: { login: `p${n}@example.com`, last_name: 'P' },
    active: true,
  }))
  const world = await openWorld({
    port: {
      list: async ({ pageSize, skip = 0, cursor }) => {
        const from = cursor === undefined ? skip : Number(cursor)
        const end = from + pageSize
        return { items: all.slice(from, end), ...(end < all.length && { next: String(end) }) }
      },
    },
  })
  expect((await world.ask('GET', '/Users?count=2')).body.totalResults).toBe(7)
  const seen: string[] = []
  let cursor: string | undefined = ''
  while (cursor !== undefined) {
    const path: string = `/Users?count=3&cursor=${encodeURIComponent(cursor)}`
    const { body } = await world.ask('GET', path)
    expect(body.totalResults).toBe(7)
    seen.push(...body.Resources.map((r: { userName: string }) => r.userName))
    cursor = body.nextCursor
  }
  expect(seen).toEqual(all.map((object) => object.attributes.login))
})
