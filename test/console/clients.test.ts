/** OAuth clients, administrators and sealing keys from their pages alone, without a script. */
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { openPages } from '../support/pages.ts'

async function open(role: 'auditor' | 'operator' | 'owner') {
  const api = openAdministration()
  const made = await api.administrator(role)
  return { api, me: made, ...(await openPages(api.fetch, made.token)) }
}

describe('OAuth clients', () => {
  test('are made with a secret that is shown once and gets a token', async () => {
    const { api, post, get } = await open('operator')
    const connection = await api.connect()
    const at = `/connections/${connection}/clients`
    const { html } = await post(at, { kind: 'secret', label: 'Entra', expiresAt: '2199-01-01' })
    const secret = /psc_[\w-]+/.exec(html)?.[0] ?? ''
    const [client] = (await api.must('GET', at)).items
    expect(client).toMatchObject({ label: 'Entra', kind: 'secret' })
    const granted = await api.fetch(
      new Request(`https://gw.example/scim/${connection}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${client.clientId}:${secret}`)}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      }),
    )
    expect(granted.status).toBe(200)
    expect((await get(at)).html).not.toContain('psc_')

    const of = `${at}/${client.clientId}`
    expect((await post(of, { do: 'secret' })).html).toMatch(/psc_[\w-]+/)
    const { secrets } = await api.must('GET', of)
    expect(secrets).toHaveLength(2)
    await post(of, { do: 'drop', secret: secrets[0].id })
    expect((await api.must('GET', of)).secrets).toHaveLength(1)
    await post(of, { do: 'remove' })
    expect((await api.must('GET', at)).items).toEqual([])
  })

  test('of a provider are trusted by what was entered, one value a line', async () => {
    const { api, post } = await open('operator')
    const at = `/connections/${await api.connect()}/clients`
    const tenantId = crypto.randomUUID()
    const trust = { 'trust.tenantId': tenantId, 'trust.applications': ' one \n\ntwo' }
    await post(at, { kind: 'token', scope: 'scim:read', ...trust })
    const assertion = { 'trust.tenantId': tenantId, 'trust.audiences': 'api://us' }
    const id = 'api://a/b'
    await post(at, { kind: 'assertion', clientId: id, tokenSeconds: '7200', ...assertion })
    const { items } = await api.must('GET', at)
    expect(items).toContainEqual(
      expect.objectContaining({
        ...{ kind: 'token', scope: 'scim:read' },
        trust: expect.objectContaining({ tenantId, applications: ['one', 'two'] }),
      }),
    )
    expect(items).toContainEqual(
      expect.objectContaining({ kind: 'assertion', clientId: id, tokenSeconds: 7200 }),
    )
    const of = `${at}/${encodeURIComponent(id)}`
    expect((await post(of, { do: 'remove' })).text).toContain('OAuth clients')
    expect((await api.must('GET', at)).items).toHaveLength(1)
  })

  test('come back with what is wrong, beside its field', async () => {
    const { api, post } = await open('operator')
    const at = `/connections/${await api.connect()}/clients`
    const { html } = await post(at, { kind: 'token', 'trust.tenantId': 'nobody' })
    expect(html).toContain('href="#trust.tenantId"')
    expect(html).toContain('id="trust.tenantId-error"')
    expect(html).toContain('value="nobody"')
    expect(html).toContain('<details open=""')
    expect((await api.must('GET', at)).items).toEqual([])
  })

  test('are looked at by an auditor, who changes none', async () => {
    const { api, post, get } = await open('auditor')
    const at = `/connections/${await api.connect()}/clients`
    const { clientId } = await api.must('POST', at, { kind: 'secret' })
    for (const path of [at, `${at}/${clientId}`]) {
      expect((await get(path)).html.match(/<form/g)).toHaveLength(1)
    }
    expect((await post(at, { kind: 'secret' })).text).toContain('This needs the role')
    expect((await post(`${at}/${clientId}`, { do: 'remove' })).text).toContain(
      'This needs the role',
    )
    expect((await api.must('GET', at)).items).toHaveLength(1)
  })
})

describe('administrators', () => {
  test('are made, limited, given a token that is shown once, and removed', async () => {
    const { api, post, get } = await open('owner')
    const [mine, other] = [await api.connect(), await api.connect()]
    const name = `Ann ${crypto.randomUUID()}`
    const wrong = await post('/administrators', { name, role: 'operator', connections: 'nowhere' })
    expect(wrong.html).toContain('href="#connections"')
    const { path, text } = await post('/administrators', {
      ...{ name, role: 'operator', connections: `${mine}\n${other}` },
    })
    expect(text).toContain('is an administrator now')
    const at = path.split('?')[0] ?? ''
    expect(await api.must('GET', at)).toMatchObject({ connections: [mine, other].sort() })

    const token = /psa_[\w-]+/.exec((await post(at, { do: 'token', label: 'laptop' })).html)?.[0]
    expect((await get(at)).html).not.toContain('psa_')
    const limited = await openPages(api.fetch, token ?? '')
    expect((await limited.get('')).html).not.toContain('/admin/administrators"')
    expect((await limited.get('/administrators')).status).toBe(403)

    const less = { do: 'change', name, role: 'auditor', connections: mine }
    expect((await post(at, less)).text).toContain('Saved.')
    expect(await api.must('GET', at)).toMatchObject({ role: 'auditor', connections: [mine] })
    await post(at, { ...less, all: 'yes' })
    expect(await api.must('GET', at)).toMatchObject({ connections: null })

    const [{ id }] = (await api.must('GET', at)).tokens
    await post(at, { do: 'revoke', token: id })
    expect((await limited.get('')).status).toBe(303)
    expect((await post(at, { do: 'remove' })).path).toBe('/administrators')
    await expect(api.must('GET', at)).rejects.toThrow('404')
  })

  test('nobody is given all connections by a field that was left empty', async () => {
    const { api, post } = await open('owner')
    const name = `Bo ${crypto.randomUUID()}`
    const { path } = await post('/administrators', { name, role: 'auditor', connections: '' })
    expect(await api.must('GET', path.split('?')[0] ?? '')).toMatchObject({ connections: [] })
  })
})

test('sealing keys are shown with what they seal', async () => {
  const { api, get } = await open('auditor')
  const { keys } = await api.must('GET', '/sealing')
  const { text } = await get('/sealing')
  for (const { keyId } of keys) expect(text).toContain(keyId)
  expect(text).toContain('in use')
})
