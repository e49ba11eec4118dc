/** Alerts from the pages alone: channels made, tested, silenced and removed, and what they were told. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { openAlertWorld } from '../support/alerts.ts'
import { openPages } from '../support/pages.ts'
import { brownfield, match } from '../support/world.ts'

async function open() {
  const world = await openAlertWorld()
  const pages = await openPages(world.isolate().fetch, env.POSTERN_ADMIN_TOKEN)
  return { world, at: `/connections/${world.scim.name}/alerts`, ...pages }
}

const hook = { kind: 'webhook', name: 'ops', url: 'https://ops.hook.test/postern' }

test('a webhook is made, its secret shown once, tested, and its secret changed', async () => {
  const { world, at, get, post } = await open()
  const made = await post(`${at}/channels`, hook)
  expect(made.text).toMatch(/whsec_[\w+/=]{20,}/)
  const shown = await get(at)
  expect(shown.text).toContain('ops.hook.test')
  expect(shown.html).not.toMatch(/whsec_|\/postern"/)

  expect((await post(`${at}/channels/ops/test`)).text).toContain('ops has taken a test notice')
  expect(world.received).toHaveLength(1)
  world.statuses.set('ops.hook.test', 500)
  expect((await post(`${at}/channels/ops/test`)).text).toContain('has not taken the test notice')

  expect((await post(`${at}/channels/ops/secrets`)).text).toMatch(/whsec_/)
  const two = await get(at)
  expect(two.text).toContain('2 secrets')
  const drops = [...two.html.matchAll(/action="\/admin([^"]*\/drop)"/g)].map(([, path]) => path)
  expect(drops).toHaveLength(2)
  expect((await post(drops[1] ?? '')).text).toContain('1 secret')
})

test('a channel is silenced and switched on, told less, and removed, and keeps its address', async () => {
  const { world, at, post } = await open()
  await post(`${at}/channels`, hook)
  expect((await post(`${at}/channels/ops/change`, { enabled: 'no' })).text).toContain('silent')
  const critical = await post(`${at}/channels/ops/change`, { severity: 'critical' })
  expect(critical.text).toContain('critical alerts only')
  expect(critical.text).toContain('silent')
  await post(`${at}/channels/ops/change`, { enabled: 'yes' })
  await post(`${at}/channels/ops/test`)
  expect(world.received).toHaveLength(1)
  expect((await post(`${at}/channels/ops/remove`)).text).toContain('No channels')
})

test('a channel that is not valid comes back with what is wrong, and a name is not taken twice', async () => {
  const { at, post } = await open()
  const wrong = await post(`${at}/channels`, { ...hook, url: 'ftp://ops.hook.test/' })
  expect(wrong.html).toContain('href="#url"')
  expect(wrong.html).toContain('value="ftp://ops.hook.test/"')
  const mail = { kind: 'email', name: 'mail', from: 'postern@example.com', to: 'no address' }
  expect((await post(`${at}/channels`, mail)).html).toContain('href="#to"')
  await post(`${at}/channels`, { ...mail, to: 'ops@example.com' })
  const again = await post(`${at}/channels`, { ...hook, name: 'mail' })
  expect(again.text).toContain('there is a channel of this name')
  expect(again.text).toContain('ops@example.com')
})

test('what is open says what to do, and what was told says where it came', async () => {
  const { world, at, get, post } = await open()
  await post(`${at}/channels`, hook)
  for (const login of ['Ada.Lund@example.com', 'ada.lund@EXAMPLE.com']) brownfield(world, login)
  await world.ask('GET', match('userName', 'ada.lund@example.com'))
  await world.cron()
  const shown = await get(at)
  expect(shown.text).toContain('What to do: Decide in each finding')
  expect(shown.text).toMatch(/Told lately .* People match several accounts .* ops sent/)
})

test('channels of the gateway have a page of their own, for those who are limited to nothing', async () => {
  const api = openAdministration()
  const connection = await api.connect()
  const [all, some] = [
    await api.administrator('operator'),
    await api.administrator('operator', [connection]),
  ]
  const { get, post } = await openPages(api.fetch, all.token)
  const name = `g-${crypto.randomUUID()}`
  const made = await post('/alerts/channels', { ...hook, name })
  expect(made.text).toContain(`The channel ${name} is made`)
  await post(`/alerts/channels/${name}/remove`)
  expect((await get('/alerts')).text).not.toContain(name)
  const limited = await openPages(api.fetch, some.token)
  expect((await limited.get('/alerts')).status).toBe(403)
})
