/** Two administrators who change the same at once: nobody undoes unseen what the other has saved. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import smallest from '../../examples/legacy-app/smallest.manifest.json'
import { openAdministration } from '../support/administrators.ts'
import { formOf } from '../support/form-of.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import { openPages } from '../support/pages.ts'

async function open() {
  const desk = openDesk()
  const api = openAdministration({ fetch: desk.fetch, env: { POSTERN_DEV: '1' } })
  const pages = await openPages(api.fetch, (await api.administrator('owner')).token)
  return { api, desk, ...pages }
}

async function openSettings() {
  const { api, ...pages } = await open()
  const name = await api.connect({
    ...{ adapter: 'example', settings: { url: DESK_URL }, secrets: { apiKey: DESK_KEY } },
    policy: { guard: { maxCount: 7 } },
  })
  const at = `/connections/${name}/settings`
  return {
    ...{ api, name },
    form: async (action: string) => formOf((await pages.get(at)).html, action),
    send: (form: Record<string, string>) => pages.post(at, form),
    other: (body: object) => api.must('PATCH', `/connections/${name}`, body),
    stored: () => api.must('GET', `/connections/${name}/export`),
  }
}

describe('settings of a connection', () => {
  test('that somebody else has changed are not saved over: the page says what, and keeps the rest', async () => {
    const { form, send, other, stored } = await openSettings()
    const mine = { ...(await form('policy')), 'policy.guard.maxPercent': '44' }
    await other({ policy: { guard: { maxCount: 9 }, protected: ['root*'] } })
    const refused = await send(mine)
    expect(refused.status).toBe(409)
    expect(refused.text).toContain('policy.guard.maxCount : 7 became 9')
    expect((await stored()).policy.guard).toEqual({ maxCount: 9 })
    const again = formOf(refused.html, 'policy')
    expect(again).toMatchObject({
      'policy.guard.maxPercent': '44',
      'policy.guard.maxCount': '9',
      'policy.protected': '[{"pattern":"root*"}]',
    })
    expect((await send(again)).text).toContain('Saved.')
    expect((await stored()).policy).toMatchObject({
      guard: { maxCount: 9, maxPercent: 44 },
      protected: ['root*'],
    })
  })

  test('of another part are none of this form', async () => {
    const { form, send, other, stored } = await openSettings()
    const mine = { ...(await form('policy')), 'policy.guard.maxPercent': '44' }
    await other({ mode: 'paused' })
    expect((await send(mine)).text).toContain('Saved.')
    expect(await stored()).toMatchObject({ mode: 'paused', policy: { guard: { maxPercent: 44 } } })
  })

  test('that were tried meanwhile are still those that were seen', async () => {
    const { form, send, other, stored } = await openSettings()
    const mine = await form('app')
    await other({ settings: { url: `${DESK_URL}/elsewhere` }, secrets: { apiKey: 'another' } })
    const tried = formOf((await send({ ...mine, do: 'try' })).html, 'app')
    const refused = await send({ ...tried, untried: 'yes' })
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('settings.url')])
    expect((await stored()).settings.url).toBe(`${DESK_URL}/elsewhere`)
  })

  test('a mode that somebody has set is not taken back', async () => {
    const { form, send, other, stored } = await openSettings()
    const mine = await form('mode')
    await other({ mode: 'paused' })
    const refused = await send({ ...mine, mode: 'live' })
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('live became')])
    expect((await stored()).mode).toBe('paused')
  })
})

test('limits of the guard that somebody has drawn in are not drawn out again unseen', async () => {
  const { api, get, post } = await open()
  const name = await api.connect({ policy: { guard: { maxCount: 70 } } })
  const at = `/connections/${name}/guard`
  const { html } = await get(at)
  const mine = formOf(html, 'limits')
  await api.must('PATCH', `/connections/${name}`, { policy: { guard: { maxCount: 3 } } })
  const refused = await post(`${at}/limits`, { ...mine, windowMinutes: '90' })
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('70 became 3')])
  const again = formOf(refused.html, 'limits')
  expect(again).toMatchObject({ maxCount: '3', windowMinutes: '90' })
  expect((await post(`${at}/limits`, again)).text).toContain('The limits are changed')
})

test('what an administrator may is not given back by who has not seen that it was taken', async () => {
  const { api, get, post } = await open()
  const { id, name } = await api.administrator('owner')
  const at = `/administrators/${id}`
  const mine = { ...formOf((await get(at)).html, 'change'), name: `${name}, renamed` }
  await api.must('PATCH', at, { role: 'auditor' })
  const refused = await post(at, mine)
  expect(refused.status).toBe(409)
  expect(refused.text).toContain('role : owner became auditor')
  expect(await api.must('GET', at)).toMatchObject({ name, role: 'auditor' })
  expect((await post(at, formOf(refused.html, 'change'))).text).toContain('Saved.')
  const saved = await api.must('GET', at)
  expect(saved).toMatchObject({ name: `${name}, renamed`, role: 'auditor' })
})

test('a manifest that somebody else has published is not published over, nor by a new one of its name', async () => {
  const { api, get, post } = await open()
  const name = `once-${crypto.randomUUID()}`.slice(0, 30)
  const version = (of: string) => ({ ...smallest, name, version: of })
  await api.must('PUT', `/manifests/${name}`, version('1.0.0'))
  const at = `/manifests/of/${name}`
  const mine = {
    ...formOf((await get(at)).html, 'check'),
    ...{ manifest: JSON.stringify(version('1.0.1')), do: 'publish' },
  }
  await api.must('PUT', `/manifests/${name}`, version('2.0.0'))
  const refused = await post(at, mine)
  expect(refused.status).toBe(409)
  expect(refused.text).toContain('version : 1.0.0 became 2.0.0')
  expect((await api.must('GET', `/manifests/${name}`)).version).toBe('2.0.0')
  const again = formOf(refused.html, 'check')
  expect(again['manifest']).toContain('1.0.1')
  expect((await post(at, { ...again, do: 'publish' })).text).toContain('Published.')

  const other = { do: 'publish', manifest: JSON.stringify(version('3.0.0')) }
  expect((await post('/manifests/new', other)).text).toContain('of this name already')
  expect((await api.must('GET', `/manifests/${name}`)).version).toBe('1.0.1')
})

test('who writes by the API may say which version was read', async () => {
  const { api } = await open()
  const name = await api.connect()
  const { id } = await api.administrator('operator')
  const channel = `/connections/${name}/alerts/channels/ops`
  const hook = { kind: 'webhook', url: 'https://hooks.example/1' }
  await api.must('PUT', channel, hook)
  await api.must('PUT', `/manifests/${name}`, { ...smallest, name })
  const ask = (method: string, path: string, body: object, headers: Record<string, string>) =>
    api.ask(method, path, { token: env.POSTERN_ADMIN_TOKEN, body, headers })
  for (const [method, path, one, two] of [
    ['PATCH', `/connections/${name}`, { mode: 'paused' }, { mode: 'live' }],
    ['PATCH', `/administrators/${id}`, { role: 'auditor' }, { role: 'owner' }],
    ['PUT', channel, { ...hook, enabled: false }, hook],
    [
      ...(['PUT', `/manifests/${name}`] as const),
      ...[
        { ...smallest, name, version: '9.0.0' },
        { ...smallest, name, version: '9.0.1' },
      ],
    ],
  ] as [string, string, object, object][]) {
    const read = await api.ask('GET', path, { token: env.POSTERN_ADMIN_TOKEN })
    const only = { 'if-match': read.headers.get('etag') ?? '' }
    expect((await ask(method, path, one, only)).status).toBe(200)
    expect((await ask(method, path, two, only)).status).toBe(412)
  }
  expect((await ask('PUT', channel, hook, { 'if-none-match': '*' })).status).toBe(412)
})
