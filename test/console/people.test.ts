/** People and groups: searched, listed, and each with what is known of them. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openPages } from '../support/pages.ts'
import { brownfield, GROUP_SCHEMA, idOf, openWorld, patch, person } from '../support/world.ts'

async function open(policy: Readonly<Record<string, unknown>> = {}) {
  const world = await openWorld({ policy })
  const make = async (login: string, more: object = {}) =>
    idOf(await world.ask('POST', '/Users', person(login, { ...more })))
  const group = async (displayName: string, members: readonly string[], externalId?: string) => {
    const value = members.map((id) => ({ value: id }))
    const body = { schemas: [GROUP_SCHEMA], displayName, externalId, members: value }
    return idOf(await world.ask('POST', '/Groups', body))
  }
  const pages = await openPages(world.open().fetch, env.POSTERN_ADMIN_TOKEN)
  return { world, make, group, at: `/connections/${world.scim.name}`, ...pages }
}

test('a person is found by a part of the name, whatever the letter case, and by every id', async () => {
  const { world, make, at, get } = await open()
  const id = await make('Ada.Lund@example.com', { externalId: 'E-77' })
  await make('jon.falk@example.com')
  for (const text of ['ADA.l', id, 'E-77', String(world.logins('Ada.Lund@example.com')[0])]) {
    const found = await get(`${at}/people?query=${encodeURIComponent(text)}`)
    expect(found.text, text).toContain('Ada.Lund@example.com')
    expect(found.text, text).not.toContain('jon.falk')
  }
  expect((await get(`${at}/people?query=nobody`)).text).toContain('Nobody of this name')
  expect((await world.admin('GET', '/people?query=FALK')).body.items).toHaveLength(1)
})

test('a page of its own has the account, the groups and the timeline of a person', async () => {
  const { make, group, at, get } = await open()
  const id = await make('ada.lund@example.com')
  const [first] = [await group('Readers', [id]), await group('Writers', [])]
  const shown = await get(`${at}/people/${id}`)
  expect(shown.text).toContain('The account was created by the client')
  expect(shown.html).toContain(`/groups/${first}"`)
  expect(shown.text).toContain('Readers member')
  expect(shown.text).not.toContain('Writers')
  expect(shown.text).toContain('asked to create a User')
  expect((await get(`${at}/people/nobody`)).status).toBe(404)
})

test('groups are listed by name with their members, and searched', async () => {
  const { world, make, group, at, get } = await open()
  const ada = await make('ada.lund@example.com')
  const jon = await make('jon.falk@example.com')
  const writers = await group('Writers', [ada, jon])
  await group('archive', [])
  const all = await get(`${at}/groups`)
  expect(all.text).toMatch(/archive linked 0 .*Writers linked 2/)
  expect((await get(`${at}/groups?query=WRIT`)).text).not.toContain('archive')
  const off = patch({ op: 'replace', path: 'active', value: false })
  await world.ask('PATCH', `/Users/${jon}`, off)
  const shown = await get(`${at}/groups/${writers}`)
  expect(shown.text).toContain('ada.lund@example.com member')
  expect(shown.text).toMatch(/jon\.falk@example\.com (?:member|waits for the account) switched off/)
  expect((await get(`${at}/groups/${ada}`)).status).toBe(404)
})

test('where groups are roles, groups and people say which', async () => {
  const roleTable = [{ externalId: 'G-1', app: 'role', value: 'admin' }]
  const { make, group, at, get } = await open({
    groups: { mode: 'roles', roleTable, defaultRole: { role: 'staff' } },
  })
  const id = await make('ada.lund@example.com')
  await group('Chiefs', [id], 'G-1')
  const listed = await get(`${at}/groups`)
  expect(listed.text).toContain('Role table')
  expect(listed.text).toContain('role = admin')
  expect((await get(`${at}/people/${id}`)).text).toContain('Roles in the app: role = admin')
})

test('the access review lists who is off, and whom nobody manages, and exports them', async () => {
  const { world, make, at, get, post } = await open()
  const id = await make('ada.lund@example.com')
  await make('jon.falk@example.com')
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: false }))
  const off = await get(`${at}/people?which=off`)
  expect(off.text).toContain('ada.lund')
  expect(off.text).not.toContain('jon.falk')
  brownfield(world, 'stranger@example.com')
  expect((await get(`${at}/people?which=orphans`)).text).toContain('No scan has finished')
  const begun = await post(`${at}/reconcile`, { type: 'User' })
  await post(`${begun.path}/advance`)
  const orphans = await get(`${at}/people?which=orphans`)
  expect(orphans.text).toContain('stranger@example.com')
  const link = /href="\/admin([^"]*format=csv)"/.exec(orphans.html)?.[1] ?? ''
  expect((await get(link.replaceAll('&amp;', '&'))).text).toContain('stranger@example.com')
})

test('the audit is filtered by day, in UTC', async () => {
  const { world, make, at, get } = await open()
  const today = new Date(world.clock.now).toISOString().slice(0, 10)
  await make('ada.lund@example.com')
  expect((await get(`${at}/audit?from=${today}&to=${today}`)).text).toContain('asked to create')
  expect((await get(`${at}/audit?from=2100-01-01`)).text).toContain('Nothing here')
  expect((await get(`${at}/audit?to=2000-01-01`)).text).toContain('Nothing here')
})
