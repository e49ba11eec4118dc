/** Import of SCIM ids that another server gave out, and export of links. */
import { describe, expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { adminOf } from '../support/reconcile.ts'
import {
  brownfield,
  cutsOf,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'ada.lund@example.com'

async function open(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const call = adminOf(world.open(), world.scim)
  const importing = (items: unknown, dryRun = false) => call('POST', '/links', { items, dryRun })
  const one = async (item: object) => (await importing([item])).body.items[0]
  return { ...world, call, importing, one }
}

const native = (world: Pick<World, 'desk'>, login: string, more: object = {}) =>
  String(brownfield(world, login, more).account_no)

describe('an imported id', () => {
  test('answers for its account, which is linked and claimed, and nothing is written in the app', async () => {
    const world = await open()
    const nativeId = native(world, LOGIN)
    const item = {
      id: 'vendor-000017',
      nativeId,
      externalId: 'e-17',
      attributes: { nickName: 'Ada' },
    }
    const { status, body } = await world.importing([item])
    expect(status).toBe(200)
    expect(body.counts).toEqual({ imported: 1, unchanged: 0, refused: 0 })
    expect(body.items[0]).toEqual({
      type: 'User',
      id: 'vendor-000017',
      nativeId,
      status: 'imported',
    })

    const read = await world.ask('GET', '/Users/vendor-000017')
    expect(read.body).toMatchObject({ userName: LOGIN, externalId: 'e-17', nickName: 'Ada' })
    for (const filter of [match('userName', LOGIN), match('externalId', 'e-17')]) {
      expect((await world.ask('GET', filter)).body.Resources[0].id).toBe('vendor-000017')
    }
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    expect(world.changes()).toBe(0)
  })

  test.each([
    '1',
    'a@b.example',
    "o'neil(2)",
    'x'.repeat(255),
    'AAaa==',
    'Ünïcode',
    'a b',
    'a/b',
    'x'.repeat(256),
    '.search',
    '..',
    'a%20b',
    'bulkId:1',
  ])('%s works in every path, or is refused', async (id) => {
    const world = await open()
    const { status, reason } = await world.one({ id, nativeId: native(world, LOGIN) })
    const isUrlSafe = /^[\w@'()=]{1,255}$|^a@b/.test(id)
    expect([status, reason]).toEqual(
      isUrlSafe ? ['imported', undefined] : ['refused', 'invalid-id'],
    )
    if (!isUrlSafe) return
    for (const path of [id, encodeURIComponent(id)]) {
      expect((await world.ask('GET', `/Users/${path}`)).body.id).toBe(id)
    }
    const change = patch({ op: 'replace', path: 'title', value: 'Welder' })
    const changed = await world.ask('PATCH', `/Users/${id}`, change)
    expect(changed).toMatchObject({ status: 200, body: { title: 'Welder' } })
    expect(new URL(changed.body.meta.location).pathname.endsWith(`/Users/${id}`)).toBe(true)
    const members = [{ value: id }]
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk', members }
    const created = await world.ask('POST', '/Groups', group)
    expect(created.body.members).toMatchObject([{ value: id }])
    const filter = encodeURIComponent(`id eq "${id}"`)
    expect((await world.ask('GET', `/Users?filter=${filter}`)).body.totalResults).toBe(1)
    expect((await world.ask('DELETE', `/Users/${encodeURIComponent(id)}`)).status).toBe(204)
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
  })

  test('may be the same in two connections, and a change in one leaves the other alone', async () => {
    const worlds = [await open(), await open()] as const
    for (const world of worlds) await world.one({ id: '1', nativeId: native(world, LOGIN) })
    const [gone, stays] = worlds
    expect((await gone.ask('DELETE', '/Users/1')).status).toBe(204)
    const { status, body } = await stays.ask('GET', match('userName', LOGIN))
    expect([status, body.Resources[0].id]).toEqual([200, '1'])
    expect((await stays.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
  })

  test('takes the place of the id that a read had given to the account, and its memberships', async () => {
    const world = await open({ policy: { groups: { mode: 'record' } } })
    const nativeId = native(world, LOGIN)
    const met = (await world.ask('GET', match('userName', LOGIN))).body.Resources[0].id
    const members = [{ value: met }]
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk', members }
    const groupId = idOf(await world.ask('POST', '/Groups', group))

    expect(await world.one({ id: 'v1', nativeId })).toMatchObject({ replaced: met })
    expect((await world.ask('GET', `/Users/${met}`)).status).toBe(404)
    expect((await world.ask('GET', match('userName', LOGIN))).body.Resources[0].id).toBe('v1')
    const read = await world.ask('GET', `/Groups/${groupId}`)
    expect(read.body.members.map((m: { value: string }) => m.value)).toEqual(['v1'])
    // The former id is never given out again.
    expect(await world.one({ id: met, nativeId: native(world, 'b@c.de') })).toMatchObject({
      reason: 'id-used',
      heldBy: met,
    })
  })

  test('imported a second time changes nothing, whatever a client has written since', async () => {
    const world = await open()
    const item = { id: 'v1', nativeId: native(world, LOGIN), attributes: { nickName: 'Old' } }
    await world.importing([item])
    const change = patch({ op: 'replace', path: 'nickName', value: 'New' })
    expect((await world.ask('PATCH', '/Users/v1', change)).status).toBe(200)
    expect(await world.one(item)).toMatchObject({ status: 'unchanged' })
    expect((await world.ask('GET', '/Users/v1')).body.nickName).toBe('New')
  })
})

describe('a refusal is for one item, has a reason, and leaves nothing behind', () => {
  test('of an id that stands for another account, or stood for one', async () => {
    const world = await open()
    await world.one({ id: 'v1', nativeId: native(world, LOGIN) })
    const other = native(world, 'b@c.de')
    expect(await world.one({ id: 'v1', nativeId: other })).toMatchObject({ reason: 'id-used' })
    expect((await world.ask('DELETE', '/Users/v1')).status).toBe(204)
    expect(await world.one({ id: 'v1', nativeId: other })).toMatchObject({ reason: 'id-used' })
    expect(await world.one({ id: 'v2', nativeId: other })).toMatchObject({ status: 'imported' })
  })

  test('of an account that a client has linked under another id', async () => {
    const world = await open()
    const nativeId = native(world, LOGIN)
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    expect(await world.one({ id: 'v1', nativeId })).toMatchObject({
      reason: 'account-linked',
      heldBy: id,
    })
    expect((await world.ask('GET', '/Users/v1')).status).toBe(404)
  })

  test('of an account that is not in the app', async () => {
    const world = await open()
    expect(await world.one({ id: 'v1', nativeId: '999' })).toMatchObject({ reason: 'no-account' })
  })

  test('of an account whose key another link holds', async () => {
    const world = await open({ faults: { uniqueness: 'off' } })
    const first = native(world, LOGIN)
    const second = native(world, LOGIN)
    expect(await world.one({ id: 'v1', nativeId: first })).toMatchObject({ status: 'imported' })
    const refused = { status: 'refused', reason: 'key-taken', heldBy: 'v1' }
    const again = { id: 'v2', nativeId: second }
    expect((await world.importing([again], true)).body.items[0]).toMatchObject(refused)
    expect(await world.one(again)).toMatchObject(refused)
    expect((await world.ask('GET', '/Users/v2')).status).toBe(404)
  })

  test('of attributes that the schema or the policy refuses', async () => {
    const world = await open({ policy: { attributes: { nickName: 'reject' } } })
    const nativeId = native(world, LOGIN)
    for (const attributes of [{ nickName: 'A' }, { addresses: 7 }]) {
      const reason = 'invalid-attributes'
      expect(await world.one({ id: 'v1', nativeId, attributes })).toMatchObject({ reason })
    }
    const attributes = { shoeSize: 38, title: 'not what the app says' }
    const done = await world.one({ id: 'v1', nativeId, attributes })
    expect(done).toMatchObject({ status: 'imported', ignored: ['shoeSize'] })
    expect((await world.ask('GET', '/Users/v1')).body.title).toBeUndefined()
  })

  test('of a type that the connection does not have, and of what the request names twice', async () => {
    const world = await open()
    const nativeId = native(world, LOGIN)
    const { body } = await world.importing([
      { type: 'Device', id: 'd1', nativeId: '1' },
      { id: 'v1', nativeId },
      { id: 'v1', nativeId: '5' },
      { id: 'v2', nativeId },
    ])
    const reasons = body.items.map((i: { reason?: string }) => i.reason)
    expect(reasons).toEqual(['no-type', undefined, 'repeated', 'repeated'])
  })

  test('while the app is down, which is asked no more than once in a wave', async () => {
    const world = await open()
    const items = Array.from({ length: 20 }, (_, i) => ({
      id: `v${i}`,
      nativeId: native(world, `p${i}@example.com`),
    }))
    let calls = 0
    const desk = world.desk.fetch
    const down = openIsolate(world.clock, async (input, init) => {
      calls += 1
      if (calls > 3) throw new TypeError('the connection was lost')
      return desk(input, init)
    })
    const call = adminOf(down, world.scim)
    const { body } = await call('POST', '/links', { items })
    expect(body.counts).toEqual({ imported: 3, unchanged: 0, refused: 17 })
    expect(body.items[19]).toMatchObject({ reason: 'app-failed' })
    expect((await world.importing(items)).body.counts).toEqual({
      imported: 17,
      unchanged: 3,
      refused: 0,
    })
  })
})

test('a dry run says the same and writes nothing', async () => {
  const world = await open()
  const item = { id: 'v1', nativeId: native(world, LOGIN) }
  const { body } = await world.importing([item], true)
  expect(body).toMatchObject({ dryRun: true, counts: { imported: 1 } })
  expect((await world.ask('GET', '/Users/v1')).status).toBe(404)
  expect((await world.call('GET', '/links')).body.items).toEqual([])
})

test('two imports of one account at once end with one id, and a reason for the other', async () => {
  const world = await open()
  const nativeId = native(world, LOGIN)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      adminOf(world.open(), world.scim)('POST', '/links', { items: [{ id: `v${i}`, nativeId }] }),
    ),
  )
  const items = answers.map(({ body }) => body.items[0])
  expect(items.filter((i) => i.status === 'imported')).toHaveLength(1)
  for (const { status, reason } of items) {
    if (status === 'refused') expect(['account-linked', 'busy', 'key-taken']).toContain(reason)
  }
  expect((await world.call('GET', '/links')).body.items).toHaveLength(1)
})

test('an import and a POST for one person at once end with one account and one live link', async () => {
  for (let round = 0; round < 5; round++) {
    const world = await open()
    const nativeId = native(world, LOGIN)
    if (round % 2 === 0) await world.ask('GET', match('userName', LOGIN))
    const [imported, posted] = await Promise.all([
      world.one({ id: 'v1', nativeId }),
      world.open().scim(world.scim, 'POST', '/Users', person(LOGIN)),
    ])
    expect(world.logins(LOGIN)).toEqual([Number(nativeId)])
    const { items } = (await world.call('GET', '/links')).body
    expect(items).toHaveLength(1)
    // Whoever was told of a success reaches the person under that id.
    if (imported.status === 'imported') expect(items[0].id).toBe('v1')
    if (posted.status === 201) expect(items[0].id).toBe(posted.body.id)
    expect([201, 409, 503]).toContain(posted.status)
    expect(imported.status === 'imported' && posted.status === 201).toBe(false)
  }
})

test('an import that is cut at any step is finished by its repetition', {
  timeout: 60_000,
}, async () => {
  const prepare = async () => {
    const world = await open()
    const items = ['a@x.io', 'b@x.io'].map((login, i) => ({
      id: `v${i}`,
      nativeId: native(world, login),
    }))
    await world.ask('GET', match('userName', 'a@x.io'))
    return { world, items }
  }
  const { world, items } = await prepare()
  const isolate = world.open()
  await adminOf(isolate, world.scim)('POST', '/links', { items })
  for (const cut of cutsOf(isolate.steps())) {
    const { world, items } = await prepare()
    await adminOf(world.open(cut), world.scim)('POST', '/links', { items }).catch(() => undefined)
    const { body } = await world.importing(items)
    expect(body.counts.refused, JSON.stringify([cut, body])).toBe(0)
    for (const { id } of items) expect((await world.ask('GET', `/Users/${id}`)).status).toBe(200)
    expect((await world.ask('GET', '/Users')).body.totalResults).toBe(2)
  }
})

test('more than 100 items are 413, and what is no item is 422 with its path', async () => {
  const world = await open()
  const items = Array.from({ length: 101 }, (_, i) => ({ id: `v${i}`, nativeId: '1' }))
  expect(await world.importing(items)).toMatchObject({ status: 413 })
  const { status, body } = await world.importing([
    { id: 'v', nativeId: '1' },
    { id: 7, x: 1 },
  ])
  expect(status).toBe(422)
  const paths = body.errors.map((e: { path: string }) => e.path)
  expect(paths).toEqual(['items.1.id', 'items.1.nativeId', 'items.1.x'])
  const nowhere = adminOf(world.open(), { name: 'nowhere' })
  expect((await nowhere('POST', '/links', { items: [] })).status).toBe(404)
  expect((await nowhere('GET', '/links')).status).toBe(404)
})

describe('an export of links', () => {
  test('is what an import into another gateway takes, so that clients see no difference', async () => {
    const from = await open()
    native(from, 'met@example.com')
    const more = { nickName: 'Ada', externalId: 'e-1', emails: [{ type: 'work' }] }
    idOf(await from.ask('POST', '/Users', person('Ada.Lund@Example.com', more)))
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk' }
    idOf(await from.ask('POST', '/Groups', group))
    const before = (await from.ask('GET', '/Users')).body.Resources
    const { items, nextCursor } = (await from.call('GET', '/links')).body
    expect(nextCursor).toBeUndefined()
    expect(items.map((i: { state: string }) => i.state).sort()).toEqual([
      'discovered',
      'linked',
      'linked',
    ])

    // The same app, behind a connection that knows nothing.
    const to = await open()
    const isolate = openIsolate(to.clock, from.desk.fetch)
    const imported = await adminOf(isolate, to.scim)('POST', '/links', { items })
    expect(imported.body.counts).toEqual({ imported: 3, unchanged: 0, refused: 0 })
    const after = (await isolate.scim(to.scim, 'GET', '/Users')).body.Resources
    const plain = (all: { meta?: object }[]) => all.map(({ meta: _, ...rest }) => rest)
    expect(plain(after)).toEqual(plain(before))
  })

  test('goes by pages, in the order of ids, and leaves out who was deleted', {
    timeout: 60_000,
  }, async () => {
    const world = await open()
    const ids: string[] = []
    for (let from = 0; from < 502; from += 100) {
      const items = Array.from({ length: Math.min(100, 502 - from) }, (_, i) => ({
        id: `v${String(from + i).padStart(4, '0')}`,
        nativeId: native(world, `p${from + i}@example.com`),
      }))
      ids.push(...items.map(({ id }) => id))
      expect((await world.importing(items)).body.counts.imported).toBe(items.length)
    }
    expect((await world.ask('DELETE', '/Users/v0003')).status).toBe(204)
    const first = (await world.call('GET', '/links')).body
    const path = `/links?cursor=${encodeURIComponent(first.nextCursor)}`
    const second = (await world.call('GET', path)).body
    const got = [...first.items, ...second.items].map((i: { id: string }) => i.id)
    expect(got).toEqual(ids.filter((id) => id !== 'v0003'))
    expect(second.nextCursor).toBeUndefined()
    expect((await world.call('GET', '/links?cursor=nonsense')).status).toBe(400)
  })
})
