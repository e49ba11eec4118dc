/** The page of a mapping: what it saves, what it refuses, and what it never does. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { formOf } from '../support/form-of.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import { openPages } from '../support/pages.ts'
import { connectionId } from '../support/tables.ts'

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

describe('mappings of before', () => {
  test('are listed with who saved them and when, tried, and put back', async () => {
    const { api, send, get, at, mapping, connection } = await openPage()
    expect((await get(at)).text).not.toContain('Mappings so far')
    const form = { as: 'json', sample: PERSON, do: 'save' }
    await send({ ...form, version: '1', json: json(NAMES) })
    await api.must('PATCH', `/connections/${connection}`, { mapping: { User: { userName: null } } })
    const { items } = await api.must('GET', `/connections/${connection}/mapping/history`)
    expect(items).toMatchObject([
      { version: 3, by: 'bootstrap', isInForce: true },
      { version: 2, by: expect.stringMatching(/^operator /), mapping: { User: NAMES } },
      { version: 1, by: null, mapping: {}, isInForce: false },
    ])
    const shown = await get(`${at}?type=User&from=2`)
    expect(shown.text).toContain('What saving would change')
    expect(shown.text).toContain('new userName')
    expect(await mapping()).toEqual({ User: { 'name.familyName': 'last_name' } })
    expect((await send(formOf(shown.html, 'save'))).text).toContain('Saved.')
    expect(await mapping()).toEqual({ User: NAMES })
    const after = await api.must('GET', `/connections/${connection}/mapping/history`)
    expect(after.items.map((one: { version: number }) => one.version)).toEqual([4, 3, 2, 1])
  })

  test('are twenty at the most, and go with the connection', async () => {
    const { api, connection } = await openPage()
    const at = `/connections/${connection}`
    for (let n = 0; n < 22; n++) {
      const mapping = { User: { ...NAMES, '=role': { value: `${n}` } } }
      await api.must('PATCH', at, { mapping })
    }
    const { items } = await api.must('GET', `${at}/mapping/history`)
    const versions = items.map((one: { version: number }) => one.version)
    expect([versions.length, versions[0], versions.at(-1)]).toEqual([20, 23, 4])
    const kept = () =>
      env.DB.prepare('SELECT count(*) AS n FROM mapping_revision WHERE connection_id = ?')
        .bind(id)
        .first('n')
    const id = await connectionId(connection)
    expect(await kept()).toBe(20)
    await api.must('DELETE', at)
    expect(await kept()).toBe(0)
  })

  test('are shown to an auditor, with nothing to put back', async () => {
    const { api, get, at, connection } = await openPage('auditor')
    await api.must('PATCH', `/connections/${connection}`, { mapping: { User: NAMES } })
    const { html, text } = await get(at)
    expect(text).toContain('Mappings so far')
    expect(html).not.toContain('from=')
  })
})
