/** Scans and pre-flights from the pages alone, without a script. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { openPages, type Pages } from '../support/pages.ts'
import { brownfield, openWorld, person, type World } from '../support/world.ts'

async function open(world: World): Promise<Pages & { at: string }> {
  const pages = await openPages(world.open().fetch, env.POSTERN_ADMIN_TOKEN)
  return { ...pages, at: `/connections/${world.scim.name}` }
}

test('a scan is begun, followed by its button, and shows who differs first', async () => {
  const world = await openWorld()
  await world.ask('POST', '/Users', person('ada.lund@example.com'))
  brownfield(world, 'stranger@example.com')
  const { get, post, at } = await open(world)
  expect((await get(`${at}/reconcile`)).text).toContain('No scan yet')

  const begun = await post(`${at}/reconcile`, { type: 'User' })
  expect(begun.html).toContain('<progress')
  const done = await post(`${begun.path}/advance`)
  expect(done.text).toContain('2 accounts met')
  expect(done.text).toContain('In the app only 1')
  expect(done.text).toContain('stranger@example.com')
  const some = await get(`${begun.path}?situation=discovered`)
  expect(some.text).not.toContain('ada.lund')
  expect(some.html).toContain(`/admin${at}/findings?kind=orphan`)

  const account = world.desk.store.account(world.logins('ada.lund@example.com')[0] ?? 0)
  if (account) world.desk.store.updateAccount(account, { last_name: 'Moved' })
  const again = await post(`${at}/reconcile`, { type: 'User' })
  const drifted = await post(`${again.path}/advance`)
  expect(drifted.text).toContain('Changed in the app 1')
  expect(drifted.text).toContain('name.familyName')
  expect(drifted.text).not.toContain('stranger@example.com')
  expect((await get(`${at}/reconcile`)).text).toContain('Changed in the app: 1')
})

test('a scan that is not believed says why, and what to do', async () => {
  const world = await openWorld()
  await world.ask('POST', '/Users', person('ada.lund@example.com'))
  const { post, at } = await open(world)
  const account = world.desk.store.account(world.logins('ada.lund@example.com')[0] ?? 0)
  if (account) world.desk.store.deleteAccount(account)
  const begun = await post(`${at}/reconcile`, { type: 'User' })
  const done = await post(`${begun.path}/advance`)
  expect(done.text).toContain('This list is not believed')
  expect(done.text).toContain('say that you believe the shorter list')
})

const EXPORT = [
  'userPrincipalName,mail,surname,accountEnabled,objectId',
  'ada.lund@example.com,ada.lund@example.com,Lund,true,1',
  'old.hand@example.com,old.hand@example.com,Hand,true,2',
  'new.hire@example.com,new.hire@example.com,Hire,true,3',
  'no.name@example.com,no.name@example.com,,true,4',
].join('\n')

function upload(text: string, map = ''): FormData {
  const form = new FormData()
  form.set('export', new File([text], 'users.csv', { type: 'text/csv' }))
  form.set('map', map)
  return form
}

test('a pre-flight looks at the app first, and judges each person of the export', async () => {
  const world = await openWorld()
  await world.ask('POST', '/Users', person('ada.lund@example.com'))
  brownfield(world, 'old.hand@example.com')
  brownfield(world, 'stranger@example.com')
  const { get, post, at } = await open(world)
  const changes = world.changes()
  const judged = await post(`${at}/preflight`, upload(EXPORT))
  expect(judged.text).toContain('Pre-flight: 4 people')
  expect(judged.text).toMatch(
    /Already linked 1 Account found 1 New account 1 To be decided 0 Would be refused 1/,
  )
  expect(judged.text).toContain('the app creates nobody without name.familyName')
  expect(judged.text).toContain('stranger@example.com')
  expect(world.changes()).toBe(changes)
  expect((await get(`${at}/preflight`)).text).toContain('Nothing is changed')
})

test('a file that is no export comes back with what is wrong, and so does an unknown attribute', async () => {
  const world = await openWorld()
  const { post, at } = await open(world)
  const broken = await post(`${at}/preflight`, upload('a,b\n1,2'))
  expect(broken.text).toContain('names no column userPrincipalName')
  expect((await post(`${at}/preflight`, upload(''))).text).toContain('choose the file')
  const unknown = await post(`${at}/preflight`, upload(EXPORT, 'nickName2 = mail'))
  expect(unknown.text).toContain('no attribute of a User')
  expect(unknown.html).toContain('nickName2 = mail</textarea>')
})

test('an export of many is judged in one go, which no other form may be as long as', async () => {
  const world = await openWorld()
  const { post, at } = await open(world)
  const rows = Array.from({ length: 1_200 }, (_, nth) => {
    const login = `somebody.${nth}@example.com`
    return `${login},${login},Name,true,${nth},${'Notes. '.repeat(100)}`
  })
  const file = [`${EXPORT.split('\n')[0]},notes`, ...rows].join('\n')
  expect(file.length).toBeGreaterThan(800_000)
  const judged = await post(`${at}/preflight`, upload(file))
  expect(judged.text).toContain('New account 1,200')
  expect(judged.text).toContain('The first 200 are shown')
  expect((await post(`${at}/tokens`, { label: 'x'.repeat(800_001) })).status).toBe(413)
})

test('an auditor who sends the form by hand is refused', async () => {
  const api = openAdministration()
  const at = `/connections/${await api.connect()}/reconcile`
  const { token } = await api.administrator('auditor')
  const { post } = await openPages(api.fetch, token)
  expect((await post(at, { type: 'User' })).text).toContain('needs the role')
  expect((await api.must('GET', at)).items).toEqual([])
})
