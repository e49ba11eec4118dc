/** What belongs to one connection, used on another that looks the same: unknown, and nothing is changed. */
import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { useOwnDatabases } from '../support/database.ts'
import { ORIGIN } from '../support/gateway.ts'
import type { Isolate } from '../support/isolate.ts'
import { match, patch, USER_SCHEMA } from '../support/world.ts'
import { type Command, perform } from './commands.ts'
import { ADAPTERS, groupName, type Neighbour, type Reply, userName } from './neighbour.ts'
import { lasting, openStreet, storedOf } from './street.ts'

await useOwnDatabases('foreign')

vi.setConfig({ testTimeout: 60_000 })

/** The same on both: people, one of whom was there before, a group with a member, a scan, a finding. */
const HISTORY: readonly Command[] = [
  { do: 'create', n: 0 },
  { do: 'create', n: 2 },
  { do: 'create', n: 3 },
  { do: 'group', g: 0 },
  { do: 'join', g: 0, n: 2 },
  { do: 'scan' },
  { do: 'trouble', n: 0 },
  { do: 'token' },
]

interface Two {
  readonly isolate: Isolate
  readonly mine: Neighbour
  readonly theirs: Neighbour
  /** Rows of both, and what their apps hold. */
  readonly everything: () => Promise<unknown>
}

async function openTwo(adapter: (typeof ADAPTERS)[number]): Promise<Two> {
  const at = ADAPTERS.indexOf(adapter)
  const both = [at, at + ADAPTERS.length]
  const { neighbours, isolates } = await openStreet((n) => both.includes(n))
  const [mine, theirs] = both.map((n) => neighbours[n])
  const [isolate] = isolates
  if (!mine || !theirs || !isolate) throw new Error('there are not two')
  for (const one of [mine, theirs]) {
    for (const said of HISTORY) await perform(one, isolate, said)
  }
  const everything = async () => {
    const rows = await Promise.all([mine, theirs].map(({ life, d1 }) => storedOf(life, d1)))
    return [rows.map(lasting), ...[mine, theirs].map(({ life }) => life.app?.desk.store.toState())]
  }
  return { isolate, mine, theirs, everything }
}

const idOf = (one: Neighbour, name: string): string => {
  const id = one.life.ids.get(name)
  if (id === undefined) throw new Error(`${name} has no id`)
  return id
}

describe.each(ADAPTERS)('an adapter %s', (adapter) => {
  test('an id of another connection is not found, and changes nothing', async () => {
    const { isolate, mine, theirs, everything } = await openTwo(adapter)
    const id = idOf(theirs, userName(2))
    const group = idOf(theirs, groupName(0))
    const own = idOf(mine, groupName(0))
    const title = patch({ op: 'replace', path: 'title', value: 'x' })
    const join = patch({ op: 'add', path: 'members', value: [{ value: id }] })
    const body = { schemas: [USER_SCHEMA], userName: 'x@shared.example' }
    const bulk = (method: string, path: string, data?: unknown) => ({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [{ method, path, ...(data !== undefined && { data }) }],
    })
    const before = await everything()
    const asked: [string, string, unknown, number][] = [
      ['GET', `/Users/${id}`, undefined, 404],
      ['PUT', `/Users/${id}`, body, 404],
      ['PATCH', `/Users/${id}`, title, 404],
      ['DELETE', `/Users/${id}`, undefined, 404],
      ['GET', `/Groups/${group}`, undefined, 404],
      ['PATCH', `/Groups/${group}`, join, 404],
      ['DELETE', `/Groups/${group}`, undefined, 404],
      ['PATCH', `/Groups/${own}`, join, 400],
    ]
    for (const [method, path, sent, status] of asked) {
      const answer = await mine.scim(isolate, method, path, sent)
      expect([method, path, answer.status]).toEqual([method, path, status])
    }
    for (const [method, path, data] of [
      ['PATCH', `/Users/${id}`, title],
      ['DELETE', `/Groups/${group}`, undefined],
    ] as const) {
      const answer = await mine.scim(isolate, 'POST', '/Bulk', bulk(method, path, data))
      expect(answer.body.Operations[0].status).toBe('404')
    }
    const found = await mine.scim(isolate, 'GET', match('id', id))
    expect([found.status, found.body.totalResults]).toEqual([200, 0])
    expect(await everything()).toEqual(before)
  })

  test('a token of another connection is no token, for reads and writes, seen before or not', async () => {
    const { isolate, mine, theirs, everything } = await openTwo(adapter)
    const [token] = theirs.life.tokens.slice(-1)
    if (!token) throw new Error('there is no token')
    const before = await everything()
    const as = { life: mine.life, token: token.token }
    // Reads of their own are in the isolate's memory by then.
    expect((await theirs.scim(isolate, 'GET', '/Users')).status).toBe(200)
    for (const [method, path] of [
      ['GET', '/Users'],
      ['GET', `/Users/${idOf(mine, userName(0))}`],
      ['DELETE', `/Users/${idOf(mine, userName(0))}`],
      ['GET', '/ServiceProviderConfig'],
    ] as const) {
      expect((await mine.scim(isolate, method, path, undefined, as)).status).toBe(401)
    }
    expect(await everything()).toEqual(before)
  })

  test('a cursor of another connection is refused', async () => {
    const { isolate, mine, theirs } = await openTwo(adapter)
    const page = await theirs.scim(isolate, 'GET', '/Users?cursor=&count=1')
    const { nextCursor } = page.body
    expect(nextCursor).toBeTypeOf('string')
    const path = `/Users?cursor=${encodeURIComponent(nextCursor)}&count=1`
    expect((await theirs.scim(isolate, 'GET', path)).status).toBe(200)
    const answer = await mine.scim(isolate, 'GET', path)
    expect([answer.status, answer.body.scimType]).toEqual([400, 'expiredCursor'])
  })

  test('a version of another connection matches nothing here', async () => {
    const { isolate, mine, theirs, everything } = await openTwo(adapter)
    const read = await theirs.scim(isolate, 'GET', `/Users/${idOf(theirs, userName(2))}`)
    const { version } = read.body.meta
    const before = await everything()
    const ask = (method: string, header: string, body?: unknown) =>
      isolate.scim(
        { baseUrl: `${ORIGIN}/scim/${mine.name}/v2`, token: mine.life.tokens.at(-1)?.token ?? '' },
        method,
        `/Users/${idOf(mine, userName(2))}`,
        body,
        { [header]: version },
      )
    expect((await ask('GET', 'if-none-match')).status).toBe(200)
    const change = patch({ op: 'replace', path: 'title', value: 'x' })
    expect((await ask('PATCH', 'if-match', change)).status).toBe(412)
    expect(await everything()).toEqual(before)
  })

  test('what another connection has is not found below this one by an administrator', async () => {
    const { isolate, mine, theirs, everything } = await openTwo(adapter)
    const id = idOf(theirs, userName(2))
    const of = async (path: string): Promise<Reply['body']> =>
      (await theirs.admin(isolate, 'GET', path)).body.items ?? []
    const [scan] = await of('/reconcile')
    const made = await theirs.admin(isolate, 'POST', '/clients', { kind: 'secret' })
    expect(made.status).toBe(201)
    const { clientId: client, secretId } = made.body
    const preflight = await theirs.admin(isolate, 'POST', '/preflight', { value: [] })
    const [token] = theirs.life.tokens
    const before = await everything()
    const asked: [string, string, unknown][] = [
      ['DELETE', `/tokens/${token?.id}`, undefined],
      ['GET', `/clients/${client}`, undefined],
      ['DELETE', `/clients/${client}`, undefined],
      ['POST', `/clients/${client}/secrets`, {}],
      ['DELETE', `/clients/${client}/secrets/${secretId}`, undefined],
      ['DELETE', `/people/${id}?force=true`, undefined],
      ...(scan
        ? ([
            ['GET', `/reconcile/${scan.id}`, undefined],
            ['POST', `/reconcile/${scan.id}/advance`, {}],
          ] as [string, string, unknown][])
        : []),
    ]
    for (const finding of await of('/findings')) {
      asked.push(['POST', `/findings/${finding.id}/decide`, { decision: 'ignore' }])
    }
    if (preflight.status === 200) {
      asked.push(['GET', `/preflight/${preflight.body.preflight}`, undefined])
      asked.push(['POST', '/preflight', { value: [], preflight: preflight.body.preflight }])
    }
    for (const [method, path, body] of asked) {
      const answer = await mine.admin(isolate, method, path, body)
      expect([method, path, answer.status]).toEqual([method, path, 404])
    }
    const removed = await mine.admin(isolate, 'POST', '/leavers/remove', { ids: [id] })
    expect(removed.body.items).toMatchObject([{ id, removed: false }])
    expect(await everything()).toEqual(before)
    expect((await theirs.admin(isolate, 'GET', `/clients/${client}`)).status).toBe(200)
  })

  test('a client of another connection gets no token here, and its access token is none', async () => {
    const { isolate, mine, theirs } = await openTwo(adapter)
    const { body: made } = await theirs.admin(isolate, 'POST', '/clients', { kind: 'secret' })
    const grant = async (name: string) => {
      const response = await isolate.fetch(
        new Request(`${ORIGIN}/scim/${name}/oauth/token`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: made.clientId,
            client_secret: made.clientSecret,
          }),
        }),
      )
      return { status: response.status, body: (await response.json()) as Reply['body'] }
    }
    const granted = await grant(theirs.name)
    expect(granted.status).toBe(200)
    expect(await grant(mine.name)).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    const as = { life: mine.life, token: granted.body.access_token }
    expect((await mine.scim(isolate, 'GET', '/Users', undefined, as)).status).toBe(401)
    const own = { life: theirs.life, token: granted.body.access_token }
    expect((await theirs.scim(isolate, 'GET', '/Users', undefined, own)).status).toBe(200)
  })
})

test('whoever is made anew under the name of one that left has nothing of it, not even for an isolate that remembers', async () => {
  const { isolate, mine, everything } = await openTwo('example')
  const { life } = mine
  const id = idOf(mine, userName(2))
  expect((await mine.scim(isolate, 'GET', `/Users/${id}`)).status).toBe(200)
  expect((await mine.admin(isolate, 'DELETE', '')).status).toBe(202)
  await mine.begin(isolate)
  const before = await everything()
  expect((await mine.scim(isolate, 'GET', `/Users/${id}`)).status).toBe(404)
  const change = patch({ op: 'replace', path: 'title', value: 'x' })
  const former = { life, token: life.tokens.at(-1)?.token ?? '' }
  expect((await mine.scim(isolate, 'PATCH', `/Users/${id}`, change, former)).status).toBe(401)
  expect(life.app?.desk.store.accountsBy('login', userName(2))).toHaveLength(1)
  expect(await everything()).toEqual(before)
})

test('nothing that is sealed for one connection opens for another', async () => {
  const { isolate, mine, theirs } = await openTwo('example')
  const { id } = theirs.life
  await env.DB.prepare(
    `UPDATE connection_secret SET (sealed, key_id) =
       (SELECT sealed, key_id FROM connection_secret WHERE connection_id = ?1)
      WHERE connection_id = ?2`,
  )
    .bind(mine.life.id, id)
    .run()
  await env.DB.prepare('UPDATE connection SET version = version + 1 WHERE id = ?').bind(id).run()
  const calls = mine.life.app?.desk.counters.toJSON()
  expect((await theirs.scim(isolate, 'POST', '/Users', {})).status).toBeGreaterThanOrEqual(500)
  expect(mine.life.app?.desk.counters.toJSON()).toEqual(calls)
})
