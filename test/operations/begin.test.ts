/** What a request begins with (decision 29): the link with the sign-in, and the app beside the link. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openIsolate } from '../support/isolate.ts'
import { brownfield, GROUP_SCHEMA, idOf, openWorld, patch, person } from '../support/world.ts'

const LOGIN = 'ida.rask@example.com'
const title = (value: string) => patch({ op: 'replace', path: 'title', value })

async function begun(link: string): Promise<number> {
  const { results } = await env.DB.prepare('SELECT 1 FROM sending WHERE link = ?').bind(link).all()
  return results.length
}

/** The native id behind a link, which no client changes. */
async function stands(link: string, nativeId: number): Promise<void> {
  await env.DB.prepare('UPDATE link SET native_id = ?, fingerprint = NULL WHERE id = ?')
    .bind(String(nativeId), link)
    .run()
}

test('an update is written down before the app hears of it, and no more when it is done', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const [no] = world.logins(LOGIN)
  let before = -1
  const racing = world.racing('PATCH', `/api/accounts/${no}`, async () => {
    before = await begun(id)
  })
  expect((await racing.scim(world.scim, 'PATCH', `/Users/${id}`, title('Cook'))).status).toBe(200)
  expect([before, await begun(id)]).toEqual([1, 0])
})

test('a token that does not let in, or lets only read, writes nothing down', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const { body } = await world.admin('POST', '/tokens', { scope: 'scim:read' })
  const isolate = world.open()
  const tokens = { [body.token]: 403, 'psc_nobody-has-this-token-or-ever-will-have-it': 401 }
  for (const [token, status] of Object.entries(tokens)) {
    const as = { baseUrl: world.scim.baseUrl, token }
    expect((await isolate.scim(as, 'PATCH', `/Users/${id}`, title('Cook'))).status).toBe(status)
    expect(await begun(id)).toBe(0)
  }
  const ofConnection = 'connection_id = (SELECT id FROM connection WHERE name = ?)'
  await env.DB.prepare(`UPDATE token SET expires_at = created_at + 1 WHERE ${ofConnection}`)
    .bind(world.scim.name)
    .run()
  world.clock.now += 60_000
  expect((await world.ask('PATCH', `/Users/${id}`, title('Cook'))).status).toBe(401)
  expect(await begun(id)).toBe(0)
})

test('a link of another connection is nobody here, and nothing is written down of it', async () => {
  const [mine, other] = [await openWorld(), await openWorld()]
  const id = idOf(await other.ask('POST', '/Users', person(LOGIN)))
  for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
    const body = { PATCH: title('Cook'), PUT: person(LOGIN) }[method]
    expect((await mine.ask(method, `/Users/${id}`, body)).status).toBe(404)
  }
  expect(await begun(id)).toBe(0)
  expect(other.logins(LOGIN)).toHaveLength(1)
})

test('a person is no group, whatever came with the sign-in', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 9' }
  for (const [method, sent] of Object.entries({ GET: undefined, PUT: body, DELETE: undefined })) {
    expect((await world.open().scim(world.scim, method, `/Groups/${id}`, sent)).status).toBe(404)
  }
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(200)
})

test('a read asks the app for whom the link stood for, and believes it only where it still does', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const { account_no: other } = brownfield(world, 'tor.rask@example.com')
  const isolate = world.open()
  const read = async () => {
    const before = isolate.counts()
    const { status, body } = await isolate.scim(world.scim, 'GET', `/Users/${id}`)
    const { calls, trips } = isolate.counts()
    return [status, body.userName, calls - before.calls, trips - before.trips]
  }
  await read()
  expect(await read()).toEqual([200, LOGIN, 1, 1])
  // Somebody has decided in the meantime, on another isolate, that the resource is another account.
  await stands(id, other)
  expect(await read()).toEqual([200, 'tor.rask@example.com', 2, 1])
  expect(await read()).toEqual([200, 'tor.rask@example.com', 1, 1])
})

test('a read of a deleted person is 404, though the app was asked before', async () => {
  const world = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const isolate = world.open()
  const read = () => isolate.scim(world.scim, 'GET', `/Users/${id}`)
  expect((await read()).status).toBe(200)
  expect((await read()).status).toBe(200)
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect((await read()).status).toBe(404)
})

test('a link that is too long for one value is read by itself', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const quotes = '"'.repeat(250_000)
  await env.DB.prepare(
    "UPDATE link SET shadow = json_set(shadow, '$.kept.nickName', ?) WHERE id = ?",
  )
    .bind(quotes, id)
    .run()
  const isolate = world.open()
  const { counts, scim } = isolate
  expect((await scim(world.scim, 'GET', `/Users/${id}`)).body.nickName).toBe(quotes)
  expect(counts().trips).toBe(2)
  expect((await scim(world.scim, 'DELETE', `/Users/${id}`)).status).toBe(204)
})

test('a read of the app that was begun for nobody is over before the answer goes out', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  let underWay = 0
  const slow = async (input: string, init: RequestInit): Promise<Response> => {
    underWay += 1
    // Longer than what D1 is asked for meanwhile.
    for (let n = 0; n < 20; n++) await env.DB.prepare('SELECT 1').all()
    underWay -= 1
    return world.desk.fetch(input, init)
  }
  const isolate = openIsolate(world.clock, slow, { adapters: world.adapters })
  expect((await isolate.scim(world.scim, 'GET', `/Users/${id}`)).status).toBe(200)
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect((await isolate.scim(world.scim, 'GET', `/Users/${id}`)).status).toBe(404)
  expect(underWay).toBe(0)
})
