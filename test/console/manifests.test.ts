/** Manifests from their pages alone, without a script. */
import { expect, test } from 'vitest'
import smallest from '../../examples/legacy-app/smallest.manifest.json'
import { openAdministration } from '../support/administrators.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import { openPages } from '../support/pages.ts'

async function open(role: 'auditor' | 'operator' = 'operator') {
  const desk = openDesk()
  const api = openAdministration({ fetch: desk.fetch, env: { POSTERN_DEV: '1' } })
  const name = `desk-${crypto.randomUUID()}`.slice(0, 30)
  const pages = await openPages(api.fetch, (await api.administrator(role)).token)
  const text = (over: object = {}) => JSON.stringify({ ...smallest, name, ...over }, null, 2)
  const at = `/manifests/of/${name}`
  return {
    ...{ api, name, desk, at, text, ...pages },
    send: (path: string, action: string, manifest: string, more = {}) =>
      pages.post(path, { do: action, manifest, ...more }),
    publish: () => api.must('PUT', `/manifests/${name}`, JSON.parse(text())),
    connect: () =>
      api.connect({ adapter: name, settings: { url: DESK_URL }, secrets: { apiKey: DESK_KEY } }),
    version: async () => (await api.must('GET', `/manifests/${name}`)).version,
  }
}

test('what is checked is not stored, and what is published is', async () => {
  const { send, text, api, name, version, get } = await open()
  const checked = await send('/manifests/new', 'check', text())
  expect(checked.text).toContain('Nothing is wrong with it')
  await expect(api.must('GET', `/manifests/${name}`)).rejects.toThrow('404')
  expect((await send('/manifests/new', 'publish', text())).text).toContain('Published.')
  expect(await version()).toBe('1.0.0')
  expect((await get('/manifests')).html).toContain(`/admin/manifests/of/${name}"`)
})

test('each error leads to its line, of JSON and of the manifest', async () => {
  const { send, text } = await open()
  const lines = text().split('\n')
  const at = lines.findIndex((line) => line.includes('"naming"')) + 1
  const wrong = text().replace('"naming": "login"', '"naming": "nobody"')
  expect((await send('/manifests/new', 'check', wrong)).html).toContain(`data-line="${at}"`)
  const broken = lines.with(at - 1, lines[at - 1]?.replace(',', '') ?? '').join('\n')
  const sent = await send('/manifests/new', 'check', broken)
  expect(sent.text).toContain(`Line ${at + 1}`)
  expect(sent.text).toContain('comma')
  expect((await send('/manifests/new', 'publish', '[]')).text).toContain('must be the adapter')
})

test('it is tried on the app of a connection that uses it, which stays as it is', async () => {
  const { send, publish, connect, text, at, desk, version, api, name } = await open()
  await publish()
  const connection = await connect()
  const good = await send(at, 'check', text({ version: '1.1.0' }), { connection })
  expect(good.text).toContain('revision 2, version 1.1.0')
  expect(good.text).toContain(`The app of ${connection} answers to it`)
  const bad = text({ version: '1.1.0' }).replaceAll('"/rows"', '"/nothing"')
  const failed = await send(at, 'check', bad, { connection })
  expect(failed.text).toContain('the app does not answer to it')
  const gone = text({ version: '1.1.0', config: { ...smallest.config, more: { label: 'More' } } })
  expect((await send(at, 'publish', gone)).text).toContain(
    `connections.${connection}.settings.more`,
  )
  expect([await version(), desk.counters.writes]).toEqual(['1.0.0', 0])
  const other = await api.connect()
  await expect(
    api.must('POST', `/manifests/${name}/try`, { manifest: JSON.parse(text()), connection: other }),
  ).rejects.toThrow('422')
})

test('a version is gone back to, and a manifest that nobody uses is removed', async () => {
  const { send, publish, text, at, post, version, api, name } = await open()
  await publish()
  await send(at, 'publish', text({ version: '1.1.0' }))
  expect(await version()).toBe('1.1.0')
  expect((await post(at, { do: 'rollback', revision: '1' })).text).toContain('Published.')
  expect(await version()).toBe('1.0.0')
  expect((await post(at, { do: 'remove' })).text).toContain(`${name} is removed`)
  await expect(api.must('GET', `/manifests/${name}`)).rejects.toThrow('404')
})

test('an auditor sees it, and no form', async () => {
  const { publish, at, get } = await open('auditor')
  await publish()
  const { html, text } = await get(at)
  expect(text).toContain('idsReused')
  expect(html).not.toContain('<textarea')
  expect(html).not.toContain('Remove this manifest')
})
