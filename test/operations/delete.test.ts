/** DELETE is policy, within what the app can do (design decision 10). */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { brownfield, idOf, match, openWorld, patch, person } from '../support/world.ts'

const LOGIN = 'Kai.Berg@example.com'

test('from the moment a delete begins the person is gone for clients, done or not', async () => {
  const { ask, desk, logins } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  desk.failNext({ match: 'DELETE /api/accounts/{no}', when: 'before', how: 'reset' })
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(503)
  expect(logins(LOGIN)).toHaveLength(1)
  expect((await ask('GET', `/Users/${id}`)).status).toBe(404)
  expect((await ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
  const on = patch({ op: 'replace', path: 'title', value: 'x' })
  expect((await ask('PATCH', `/Users/${id}`, on)).status).toBe(404)
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect(logins(LOGIN)).toEqual([])
})

test('a refused delete is 400 and leaves the person as they are', async () => {
  const { ask, changes } = await openWorld({ policy: { deprovision: { onDelete: 'refuse' } } })
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const before = changes()
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(400)
  expect((await ask('GET', `/Users/${id}`)).status).toBe(200)
  expect(changes()).toBe(before)
})

test('a person deactivated instead is hidden from reads, filters, totals and walks', async () => {
  const world = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
  const { ask, desk, logins } = world
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  idOf(await ask('POST', '/Users', person('stays@example.com')))
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect(desk.store.account(logins(LOGIN)[0] ?? 0)?.state).toBe('suspended')
  expect((await ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
  expect((await ask('GET', match('title', LOGIN))).body.totalResults).toBe(0)
  const listed = await ask('GET', '/Users')
  expect(listed.body.totalResults).toBe(1)
  expect(listed.body.Resources).toHaveLength(1)
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(404)
})

test('a walk by cursor passes over hidden people and misses nobody', async () => {
  const { ask } = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
  const ids: string[] = []
  for (let n = 0; n < 7; n++) ids.push(idOf(await ask('POST', '/Users', person(`p${n}.q@x.io`))))
  for (const id of ids.slice(2, 4)) expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  const seen: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page = await ask('GET', `/Users?count=2&cursor=${cursor}`)
    expect(page.status).toBe(200)
    seen.push(...(page.body.Resources ?? []).map((r: { id: string }) => r.id))
    cursor = page.body.nextCursor
  }
  expect(seen).toEqual([...ids.slice(0, 2), ...ids.slice(4)])
})

const refusing = {
  remove: async () => {
    throw new AdapterFailure('blocked', 'owns open items', { effect: 'none' })
  },
}

test('where the app refuses to remove one account it is deactivated and hidden', async () => {
  const { ask, desk, logins } = await openWorld({ port: refusing })
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  idOf(await ask('POST', '/Users', person('stays@example.com')))
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect(desk.store.account(logins(LOGIN)[0] ?? 0)?.state).toBe('suspended')
  expect((await ask('GET', '/Users')).body.totalResults).toBe(1)
})

test('where policy wants no other way the refusal is 400, and the person is as before', async () => {
  const policy = { deprovision: { onRefused: 'refuse' } }
  const { ask } = await openWorld({ port: refusing, policy })
  const id = idOf(await ask('POST', '/Users', person(LOGIN, { nickName: 'K' })))
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(400)
  expect((await ask('GET', `/Users/${id}`)).body.nickName).toBe('K')
  expect((await ask('POST', '/Users', person(LOGIN))).status).toBe(409)
})

test('an app that can neither delete nor disable refuses, and does not hide the account', async () => {
  const { ask } = await openWorld({ capabilities: { remove: 'none', active: 'none' } })
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(501)
  expect((await ask('GET', `/Users/${id}`)).status).toBe(200)
})

test('an app that cannot delete disables', async () => {
  const { ask, desk, logins } = await openWorld({ capabilities: { remove: 'none' } })
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect(desk.store.account(logins(LOGIN)[0] ?? 0)?.state).toBe('suspended')
})

test('deleting a person who vanished from the app is done, and frees what is left here', async () => {
  const { ask, desk, logins } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN, { nickName: 'K' })))
  const account = desk.store.account(logins(LOGIN)[0] ?? 0)
  if (account) desk.store.deleteAccount(account)
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  const row = await env.DB.prepare('SELECT state, shadow FROM link WHERE id = ?').bind(id).first()
  expect(row).toEqual({ state: 'tombstone', shadow: '{}' })
})

test('a tombstone hides the account it was made for, not the next one with its native id', async () => {
  const world = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
  const { ask, desk, logins } = world
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  expect((await ask('DELETE', `/Users/${id}`)).status).toBe(204)
  const account = desk.store.account(logins(LOGIN)[0] ?? 0)
  if (!account) throw new Error('no account')
  desk.store.updateAccount(account, { login: 'next@example.com' })
  Object.assign(account, { created_on: '2001-01-01T00:00:00.000Z' })
  const found = await ask('GET', match('userName', 'next@example.com'))
  expect(found.body.totalResults).toBe(1)
  expect(found.body.Resources[0].id).not.toBe(id)
  expect((await ask('GET', `/Users/${id}`)).status).toBe(404)
})

test('a group is deleted although people are only deactivated', async () => {
  const { ask, desk } = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
  const body = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'Line 4' }
  const id = idOf(await ask('POST', '/Groups', body))
  expect((await ask('DELETE', `/Groups/${id}`)).status).toBe(204)
  expect(desk.store.teamByTitle('Line 4')).toBeUndefined()
})

test('under "conflict" a person deleted here comes back to the account that stayed', async () => {
  const policy = { onCreateExisting: 'conflict', deprovision: { onDelete: 'deactivate' } }
  const world = await openWorld({ policy })
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(204)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect(world.logins(LOGIN)).toHaveLength(1)
  brownfield(world, 'other@example.com')
  expect((await world.ask('POST', '/Users', person('other@example.com'))).status).toBe(409)
})
