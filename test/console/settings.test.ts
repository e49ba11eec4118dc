/** The settings of a connection from its page alone, without a script. */
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { formOf } from '../support/form-of.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import { openPages } from '../support/pages.ts'

async function open(role: 'auditor' | 'operator' | 'owner' = 'operator') {
  const desk = openDesk()
  const api = openAdministration({ fetch: desk.fetch, env: { POSTERN_DEV: '1' } })
  const name = await api.connect({
    ...{ adapter: 'example', settings: { url: DESK_URL }, secrets: { apiKey: DESK_KEY } },
    policy: { guard: { maxCount: 7 } },
  })
  const pages = await openPages(api.fetch, (await api.administrator(role)).token)
  const at = `/connections/${name}/settings`
  return {
    ...{ api, name, at, desk, get: () => pages.get(at) },
    send: (form: Record<string, string>) => pages.post(at, form),
    /** As a browser sends it back that changes nothing. */
    policy: async () => formOf((await pages.get(at)).html, 'policy'),
    stored: () => api.must('GET', `/connections/${name}/export`),
  }
}

describe('what leads to the app', () => {
  test('is tried before it is saved, and saved only where the app answers', async () => {
    const { send, stored, get } = await open()
    const before = await stored()
    const wrong = { 'settings.url': DESK_URL, 'secrets.apiKey': 'hunter2-key' }
    const refused = await send({ ...wrong, do: 'app' })
    expect(refused.text).toContain('nothing was saved')
    expect(refused.text).toContain('refuses the credentials')
    expect(refused.html).not.toContain('hunter2-key')
    expect(await stored()).toEqual(before)
    expect((await send({ 'settings.url': DESK_URL, do: 'try' })).text).toContain('The app answered')

    const untried = await send({ ...wrong, untried: 'yes', do: 'app' })
    expect(untried.text).toContain('Saved.')
    expect((await send({ 'settings.url': DESK_URL, do: 'try' })).text).toContain('refuses the cred')
    expect((await get()).html).not.toContain('hunter2-key')
  })

  test('says since when each secret is kept', async () => {
    const { api, send, get, name } = await open()
    const now = () => new Date(api.clock.now).toISOString()
    expect((await get()).text).toContain(`Kept since ${now().slice(0, 10)}`)
    const setAt = async () => {
      const { secrets } = await api.must('GET', `/connections/${name}/adapter`)
      return secrets[0].setAt
    }
    const before = await setAt()
    api.clock.now += 60_000
    await send({ 'settings.url': DESK_URL, untried: 'yes', do: 'app' })
    expect(await setAt()).toBe(before)
    await send({ 'settings.url': DESK_URL, 'secrets.apiKey': DESK_KEY, do: 'app' })
    expect(await setAt()).toBe(now())
  })

  test('stays as it is where nothing is entered', async () => {
    const { send, stored } = await open()
    const before = await stored()
    const sent = await send({ 'settings.url': DESK_URL, do: 'app' })
    expect(sent.text).toContain('That is with what is stored')
    expect(await stored()).toEqual(before)
  })
})

describe('the policy', () => {
  test('that comes back as it was shown changes nothing', async () => {
    const { send, policy, stored } = await open()
    const before = await stored()
    const sent = await send({ ...(await policy()), do: 'policy' })
    expect(sent.text).toContain('Nothing differs')
    expect(await stored()).toEqual(before)
  })

  test('is changed where a field was, and goes back to its default where one is emptied', async () => {
    const { send, policy, stored } = await open()
    const form = await policy()
    expect(form['policy.guard.maxCount']).toBe('7')
    const { 'policy.audit.reads': _, ...unticked } = form
    const protect = { 'policy.protected': '["admin*"]', 'policy.guard.maxCount': '' }
    expect((await send({ ...unticked, ...protect, do: 'policy' })).text).toContain('Saved.')
    expect((await stored()).policy).toEqual({
      guard: {},
      protected: ['admin*'],
      audit: { reads: false },
    })
  })

  test('that is not valid leads to its field', async () => {
    const { send, policy, stored } = await open()
    const before = await stored()
    const form = { ...(await policy()), 'policy.match': '[{"scim":"nope"}]', do: 'policy' }
    const sent = await send(form)
    expect(sent.html).toContain('href="#policy.match"')
    expect(sent.html).toContain('aria-describedby="policy.match-hint policy.match-error"')
    const broken = await send({ ...form, 'policy.match': '[{' })
    expect(broken.text).toContain('is no JSON')
    expect(await stored()).toEqual(before)
  })
})

test('a mode is set with its end', async () => {
  const { send, api, name } = await open()
  const at = new Date(api.clock.now + 2 * 3_600_000).toISOString().slice(0, 16)
  expect((await send({ do: 'mode', mode: 'gate', modeUntil: at })).text).toContain('Saved.')
  const { mode, modeUntil } = await api.must('GET', `/connections/${name}`)
  expect([mode, modeUntil]).toEqual(['gate', `${at}:00.000Z`])
})

test('extensions that are no JSON are refused with the line', async () => {
  const { send, stored } = await open()
  expect((await send({ do: 'extensions', extensions: '[\n{' })).text).toContain('line 2')
  expect((await stored()).extensions).toEqual([])
})

describe('the end of a connection', () => {
  test('needs its name, and an owner', async () => {
    const { send, get, api, name } = await open('owner')
    expect((await get()).text).toContain('Nobody is disabled or deleted there')
    const other = await send({ do: 'remove', confirmed: 'another' })
    expect(other.text).toContain(`must be “${name}”`)
    await api.must('GET', `/connections/${name}`)
    expect((await send({ do: 'remove', confirmed: name })).text).toContain(`${name} is removed`)
    await expect(api.must('GET', `/connections/${name}`)).rejects.toThrow('404')

    const operators = await open('operator')
    expect((await operators.get()).text).not.toContain('Remove this connection')
    const sent = await operators.send({ do: 'remove', confirmed: operators.name })
    expect(sent.text).toContain('This needs the role')
  })
})

test('an auditor sees what is set, and no form', async () => {
  const { get } = await open('auditor')
  const { text, html } = await get()
  expect(text).toContain('&quot;maxCount&quot;: 7')
  expect(html).not.toContain('<textarea')
})
