/** Off-boarding from the pages alone: who is off for long, and one person in every connection. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { openPages } from '../support/pages.ts'
import { GROUP_SCHEMA, idOf, openWorld, patch, person, type World } from '../support/world.ts'

const OFF = patch({ op: 'replace', path: 'active', value: false })

async function withPerson(world: World, login: string): Promise<string> {
  return idOf(await world.ask('POST', '/Users', person(login)))
}

const open = (world: World) => openPages(world.open().fetch, env.POSTERN_ADMIN_TOKEN)

test('a leaver is listed, ticked and removed, and the page says so', async () => {
  const world = await openWorld()
  const id = await withPerson(world, 'ada.lund@example.com')
  await world.ask('PATCH', `/Users/${id}`, OFF)
  const { get, post } = await open(world)
  const at = `/connections/${world.scim.name}/leavers`
  expect((await get(at)).text).toContain('Nobody has been off for so long')
  const listed = await get(`${at}?days=0`)
  expect(listed.text).toContain('ada.lund@example.com')
  expect((await post(`${at}/remove?days=0`, {})).text).toContain('That did not work')
  const removed = await post(`${at}/remove?days=0`, { who: id })
  expect(removed.text).toContain('1 person is removed')
  expect(removed.text).toContain('Nobody has been off for so long')
  expect(world.logins('ada.lund@example.com')).toEqual([])
})

test('a person is found wherever there is an account, and removed where they are off', async () => {
  const login = `una.vale.${crypto.randomUUID()}@example.com`
  const here = await openWorld()
  const there = await openWorld({ policy: { deprovision: { onDelete: 'deactivate' } } })
  const [gone, stays] = [await withPerson(here, login), await withPerson(there, login)]
  const members = [{ value: gone }]
  const group = { schemas: [GROUP_SCHEMA], displayName: 'Night shift', members }
  await here.ask('POST', '/Groups', group)
  await here.ask('PATCH', `/Users/${gone}`, OFF)

  // Of these two alone: other tests have connections in the same database.
  const names = [here.scim.name, there.scim.name]
  const { token } = await openAdministration().administrator('operator', names)
  const { get, post } = await openPages(here.open().fetch, token)
  const found = await get(`/leavers?person=${login.toUpperCase()}`)
  expect(found.html).toContain(`value="${here.scim.name}/${gone}"`)
  expect(found.text).toContain('The account is deleted in the app. With it goes 1 membership')
  expect(found.text).toContain('Night shift')
  // Still on in the other one: said, and not offered.
  expect(found.html).toContain(`/connections/${there.scim.name}/people/${stays}`)
  expect(found.html).not.toContain(`value="${there.scim.name}/${stays}"`)
  expect(found.text).toContain('has not switched them off here')

  const who = `${here.scim.name}/${gone}`
  const done = await post('/leavers/remove', { person: login, who })
  expect(done.text).toContain(`${here.scim.name} : removed`)
  expect(here.logins(login)).toEqual([])
  expect(there.logins(login)).toHaveLength(1)
  const again = await post('/leavers/remove', { person: login, who })
  expect(again.text).toContain('not removed')
})

test('who is limited to some connections finds people in those alone', async () => {
  const login = `sol.reed.${crypto.randomUUID()}@example.com`
  const [theirs, other] = [await openWorld(), await openWorld()]
  await withPerson(theirs, login)
  await withPerson(other, login)
  const api = openAdministration()
  const { token } = await api.administrator('auditor', [theirs.scim.name])
  const { get, post } = await openPages(api.fetch, token)
  const found = await get(`/leavers?person=${login}`)
  expect(found.html).toContain(theirs.scim.name)
  expect(found.html).not.toContain(other.scim.name)
  const sent = await post('/leavers/remove', { person: login, who: `${other.scim.name}/x` })
  expect(sent.text).toContain('not removed')
})
