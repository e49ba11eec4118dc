/** The page of a mapping: what it saves, what it refuses, and what it never does. */
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import { openPages } from '../support/pages.ts'

const DESK = { adapter: 'example', settings: { url: DESK_URL }, secrets: { apiKey: DESK_KEY } }

async function openPage(role: 'auditor' | 'operator' = 'operator') {
  const desk = openDesk()
  const api = openAdministration({ fetch: desk.fetch, env: { POSTERN_DEV: '1' } })
  const connection = await api.connect(DESK)
  const { get, post } = await openPages(api.fetch, (await api.administrator(role)).token)
  const at = `/connections/${connection}/mapping`
  const send = (form: Record<string, string>) => post(at, { type: 'User', ...form })
  const mapping = async () => (await api.must('GET', `/connections/${connection}`)).mapping
  return { desk, api, connection, get, at, send, mapping }
}

const json = (value: unknown) => JSON.stringify(value, null, 2)
const NAMES = { userName: 'login', 'name.familyName': 'last_name' }
const PERSON = json({ userName: 'a@x.io', name: { familyName: 'A' }, title: 'Head' })

describe('the page of a mapping', () => {
  test('shows an auditor the entries, and nothing to change them with', async () => {
    const { get, at } = await openPage('auditor')
    const { html } = await get(at)
    expect(html).toContain('<code>userName</code>')
    expect(html).not.toContain('<textarea')
    expect(html).not.toContain(`action="/admin${at}"`)
  })

  test('tries what is not saved, and says what saving it would change', async () => {
    const { send, mapping, desk } = await openPage()
    const draft = json({ ...NAMES, '=role': { from: '$ToUpper(title)' } })
    const form = { as: 'json', json: draft, version: '1', sample: PERSON }
    const { html } = await send({ ...form, do: 'try' })
    expect(html).toContain('HEAD')
    expect(html).toMatch(/goes<\/span> <code>title<\/code>/)
    expect(html).toMatch(/new<\/span> <code>=role<\/code>/)
    expect(await mapping()).toEqual({})
    expect(desk.counters.writes).toBe(0)
  })

  test('saves it, and takes the adapter’s own back by having none', async () => {
    const { send, mapping } = await openPage()
    const draft = json({ ...NAMES, '=role': { from: '$ToUpper(title)' } })
    const form = { as: 'json', version: '1', sample: PERSON }
    const saved = await send({ ...form, json: draft, do: 'save' })
    expect(saved.text).toContain('Saved. Nothing is written by that alone')
    expect(await mapping()).toEqual({ User: JSON.parse(draft) })

    const less = json(NAMES)
    await send({ ...form, version: '2', json: less, do: 'save' })
    expect(await mapping()).toEqual({ User: NAMES })

    const { html } = await send({ ...form, version: '3', json: less, do: 'adapter' })
    const own = /<textarea id="json"[^>]*>([^<]*)/.exec(html)?.[1] ?? ''
    const entries = own.replaceAll('&quot;', '"')
    await send({ ...form, version: '3', json: entries, do: 'save' })
    expect(await mapping()).toEqual({})
  })

  test('does not save over what somebody else has saved meanwhile', async () => {
    const { send, mapping, api, connection } = await openPage()
    await api.must('PATCH', `/connections/${connection}`, { mapping: { User: NAMES } })
    const form = { as: 'json', json: json({ userName: 'login' }), sample: PERSON }
    const { html } = await send({ ...form, version: '1', do: 'save' })
    expect(html).toContain('Somebody else has changed this mapping')
    expect(await mapping()).toEqual({ User: NAMES })
  })

  test('leads from an error to its line, and to its row', async () => {
    const { send } = await openPage()
    const same = { version: '1', sample: PERSON, do: 'try' }
    const text = '{\n  "userName": "login",\n  "title": "nope"\n}'
    const asJson = await send({ ...same, as: 'json', json: text })
    expect(asJson.html).toContain('data-line="3"')
    expect(asJson.html).toContain('has no attribute &quot;nope&quot;')
    const broken = await send({ ...same, as: 'json', json: '{\n"userName" "login"\n}' })
    expect(broken.html).toContain('data-line="2"')

    const row = (at: number, of: Record<string, string>) =>
      Object.fromEntries(Object.entries(of).map(([key, value]) => [`row.${at}.${key}`, value]))
    const rows = {
      ...{ as: 'table', rows: '3' },
      ...row(0, { scim: 'userName', app: 'login', flow: 'pair' }),
      ...row(1, { scim: '', app: 'role', flow: 'expression', made: '$Guid()' }),
      ...row(2, { scim: 'title', app: 'job_title', flow: 'pair', gone: 'yes' }),
    }
    const asRows = await send({ ...same, ...rows })
    expect(asRows.html).toContain('href="#row.1.scim"')
    expect(asRows.html).toContain('not the same each time')
    expect(asRows.html).not.toContain('<option value="job_title" selected')
  })

  test('tells what somebody who is linked would get, beside what the app has', async () => {
    const { send, api, connection, desk } = await openPage()
    const { token } = await api.must('POST', `/connections/${connection}/tokens`)
    const created = await api.fetch(
      new Request(`https://gw.example/scim/${connection}/v2/Users`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
        body: json({ ...JSON.parse(PERSON), active: true }),
      }),
    )
    expect(created.status).toBe(201)
    const before = desk.counters.changes
    const draft = json({ ...NAMES, title: 'role' })
    const form = { as: 'json', json: draft, version: '1', do: 'try' }
    const { html } = await send({ ...form, sample: '', person: 'A@x.io' })
    expect(html).toContain('the app is told 1 change')
    expect(html).toMatch(/<code>role<\/code><\/th><td[^>]*><code>staff<\/code>.*<code>Head<\/code>/)
    expect(desk.counters.changes).toBe(before)
    const nobody = await send({ ...form, sample: '', person: 'nobody@x.io' })
    expect(nobody.html).toContain('no User that is linked is known by this')
  })
})
