/** The adapter of a connection, and a trial of its app before anything is changed. */
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'

async function open() {
  const desk = openDesk()
  const api = openAdministration({ fetch: desk.fetch, env: { POSTERN_DEV: '1' } })
  const name = await api.connect({
    ...{ adapter: 'example', settings: { url: DESK_URL }, secrets: { apiKey: DESK_KEY } },
  })
  return { desk, api, name, at: `/connections/${name}` }
}

describe('the adapter of a connection', () => {
  test('says what may be entered and mapped, and which secrets are kept, without them', async () => {
    const { api, name, at } = await open()
    const auditor = await api.administrator('auditor', [name])
    const { status, body } = await api.ask('GET', `${at}/adapter`, { token: auditor.token })
    expect(status).toBe(200)
    expect(body.settings.properties).toHaveProperty('url')
    const setAt = new Date(api.clock.now).toISOString()
    expect(body.secrets).toEqual([{ name: 'apiKey', isKept: true, setAt }])
    const { attributes, mapping, paths } = body.resources.User
    expect(mapping.userName).toBe('login')
    expect(attributes).toContainEqual({
      ...{ name: 'login', type: 'string', write: 'always', isMultiValued: false, isRequired: true },
    })
    for (const path of ['userName', 'name.givenName', 'emails[type eq "work"].value']) {
      expect(paths).toContain(path)
    }
    expect(JSON.stringify(body)).not.toContain(DESK_KEY)
  })

  test('has nothing to map where it takes whatever SCIM has', async () => {
    const { api } = await open()
    const sandbox = await api.connect()
    const body = await api.must('GET', `/connections/${sandbox}/adapter`)
    expect(body).toMatchObject({ name: 'sandbox', resources: {}, resourceTypes: ['User', 'Group'] })
  })
})

describe('a trial', () => {
  test('asks the app as it is kept, and as it would be changed, and changes nothing', async () => {
    const { api, at, desk } = await open()
    const before = await api.must('GET', at)
    expect(await api.must('POST', `${at}/try`, {})).toMatchObject({ ok: true, type: 'User' })
    const wrong = await api.must('POST', `${at}/try`, { secrets: { apiKey: 'another key' } })
    expect(wrong).toMatchObject({ ok: false, detail: expect.stringContaining('credentials') })
    expect(await api.must('POST', `${at}/try`, {})).toMatchObject({ ok: true })
    expect(await api.must('GET', at)).toEqual(before)
    expect(desk.counters.writes).toBe(0)
  })

  test('refuses what could not be saved either', async () => {
    const { api, name, at } = await open()
    const { token } = await api.administrator('operator', [name])
    const body = { settings: { url: 'http://elsewhere.test' } }
    const moved = await api.ask('POST', `${at}/try`, { token, body })
    expect(moved.status).toBe(422)
    expect(moved.body.errors).toMatchObject([{ path: 'secrets.apiKey' }])
    const invalid = await api.ask('POST', `${at}/try`, { token, body: { settings: { url: 7 } } })
    expect(invalid.status).toBe(422)
  })
})
