/** PATCH and PUT against an app (design decisions 6, 7 and 9). */
import { expect, test } from 'vitest'
import { brownfield, idOf, match, openWorld, patch, person } from '../support/world.ts'

const LOGIN = 'Per.Vik@example.com'

test('a rename to a taken name is 409, and both keep their names', async () => {
  const { ask, logins } = await openWorld({ faults: { uniqueness: 'off' } })
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  await ask('POST', '/Users', person('eva@example.com'))
  const to = patch({ op: 'replace', path: 'userName', value: 'EVA@example.com' })
  const refused = await ask('PATCH', `/Users/${id}`, to)
  expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
  expect(logins('eva@example.com')).toHaveLength(1)
  expect((await ask('GET', `/Users/${id}`)).body.userName).toBe(LOGIN)
})

test('a rename that the app refuses gives the name back', async () => {
  const world = await openWorld()
  const { ask } = world
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const taken = brownfield(world, 'eva@example.com')
  const to = patch({ op: 'replace', path: 'userName', value: 'eva@example.com' })
  expect((await ask('PATCH', `/Users/${id}`, to)).status).toBe(409)
  // Nobody claims it: the brownfield account can still be adopted.
  const adopted = await ask('POST', '/Users', person('eva@example.com'))
  expect(adopted.status).toBe(201)
  expect(taken.first_name).toBe('eva@example.com'.split('@')[0])
})

test('a rename frees the old name at once', async () => {
  const { ask } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const to = patch({ op: 'replace', path: 'userName', value: 'per.ek@example.com' })
  expect((await ask('PATCH', `/Users/${id}`, to)).status).toBe(200)
  expect((await ask('POST', '/Users', person(LOGIN))).status).toBe(201)
})

test('a change of letter case alone is sent, and is no conflict with itself', async () => {
  const { ask, desk, logins } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN.toLowerCase())))
  const to = patch({ op: 'replace', path: 'userName', value: LOGIN })
  expect((await ask('PATCH', `/Users/${id}`, to)).body.userName).toBe(LOGIN)
  expect(desk.store.account(logins(LOGIN)[0] ?? 0)?.login).toBe(LOGIN)
})

test('the first write to an account that a read found takes its keys', async () => {
  const world = await openWorld({ faults: { uniqueness: 'off' } })
  brownfield(world, LOGIN)
  const found = await world.ask('GET', match('userName', LOGIN))
  const id = found.body.Resources[0].id
  const title = patch({ op: 'add', path: 'title', value: 'Chef' })
  expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(200)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
})

test('If-Match with an old version is 412, and nothing is written', async () => {
  const { ask, changes } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const before = changes()
  const title = patch({ op: 'add', path: 'title', value: 'Chef' })
  const stale = await ask('PATCH', `/Users/${id}`, title, { 'if-match': 'W/"old"' })
  expect(stale.status).toBe(412)
  expect((await ask('DELETE', `/Users/${id}`, undefined, { 'if-match': 'W/"old"' })).status).toBe(
    412,
  )
  expect(changes()).toBe(before)
})

test('a PUT clears what it does not name, and leaves the switch alone', async () => {
  const { ask, desk, logins } = await openWorld()
  const sent = person(LOGIN, { title: 'Chef', nickName: 'P', active: false })
  const id = idOf(await ask('POST', '/Users', sent))
  const { active: _, ...silent } = person(LOGIN)
  const put = await ask('PUT', `/Users/${id}`, silent)
  expect(put.status).toBe(200)
  expect(put.body).not.toHaveProperty('title')
  expect(put.body).not.toHaveProperty('nickName')
  expect(put.body.active).toBe(false)
  const account = desk.store.account(logins(LOGIN)[0] ?? 0)
  expect(account).toMatchObject({ job_title: null, state: 'suspended' })
})

test('what the app refuses is told by the SCIM path of the attribute', async () => {
  const { ask } = await openWorld()
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const to = patch({ op: 'add', path: 'emails[type eq "work"].value', value: 'no address' })
  const refused = await ask('PATCH', `/Users/${id}`, to)
  expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } })
  expect(refused.body.detail).toContain('emails[type eq "work"].value')
  expect(refused.body.detail).not.toContain('no address')
})

test('an app without a switch does not pretend to disable', async () => {
  const { ask } = await openWorld({ capabilities: { active: 'none' } })
  const id = idOf(await ask('POST', '/Users', person(LOGIN)))
  const off = patch({ op: 'replace', path: 'active', value: false })
  const refused = await ask('PATCH', `/Users/${id}`, off)
  expect(refused.status).toBe(501)
  expect((await ask('GET', `/Users/${id}`)).body.active).toBe(true)
})
