/** Failed sign-ins, and Cloudflare Access, through the front door. */
import { describe, expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { openProvider } from '../support/provider.ts'

const LONG = 'a-bootstrap-token-of-more-than-32-characters'
const from = (address: string) => ({ headers: { 'cf-connecting-ip': address } })

describe('whoever fails to sign in', () => {
  const fail = async (
    api: ReturnType<typeof openAdministration>,
    address: string,
    times: number,
  ): Promise<number[]> => {
    const statuses: number[] = []
    for (let i = 0; i < times; i++) {
      statuses.push((await api.ask('GET', '/me', { token: 'wrong', ...from(address) })).status)
    }
    return statuses
  }

  test('twenty times is told to wait, and then one try in six seconds is looked at', async () => {
    const api = openAdministration()
    expect(await fail(api, '192.0.2.1', 21)).toEqual([...Array(20).fill(401), 429])
    const slowed = await api.ask('GET', '/me', { token: 'wrong', ...from('192.0.2.1') })
    expect(Number(slowed.headers.get('retry-after'))).toBeGreaterThan(0)
    api.clock.now += Number(slowed.headers.get('retry-after')) * 1000
    expect(await fail(api, '192.0.2.1', 2)).toEqual([401, 429])
  })

  test('slows down nobody elsewhere', async () => {
    const api = openAdministration()
    await fail(api, '192.0.2.1', 21)
    expect(await fail(api, '192.0.2.2', 1)).toEqual([401])
  })

  test('fails for the whole network of an IPv6 address', async () => {
    const api = openAdministration()
    await fail(api, '2001:db8:0:7::1', 21)
    expect(await fail(api, '2001:DB8:0:7:ffff::2', 1)).toEqual([429])
    expect(await fail(api, '2001:db8:0:8::1', 1)).toEqual([401])
  })

  test('locks nobody out: a right token gets in from the same address', async () => {
    const api = openAdministration({ env: { POSTERN_ADMIN_TOKEN: LONG } })
    const made = openAdministration()
    const { token } = await made.administrator('auditor')
    await fail(api, '192.0.2.1', 30)
    for (const right of [token, LONG]) {
      expect((await api.ask('GET', '/me', { token: right, ...from('192.0.2.1') })).status).toBe(200)
    }
  })

  test('cannot go on guessing a bootstrap token that is too short, which the log complains of', async () => {
    const api = openAdministration({ env: { POSTERN_ADMIN_TOKEN: 'hunter2' } })
    await fail(api, '192.0.2.1', 21)
    const warnings = api.lines.filter(({ event }) => event === 'admin.token.short')
    expect(warnings).toEqual([{ event: 'admin.token.short', setting: 'POSTERN_ADMIN_TOKEN' }])
    const right = (address: string) => api.ask('GET', '/me', { token: 'hunter2', ...from(address) })
    expect((await right('192.0.2.1')).status).toBe(429)
    expect((await right('192.0.2.2')).status).toBe(200)
    const long = openAdministration({ env: { POSTERN_ADMIN_TOKEN: LONG } })
    await fail(long, '192.0.2.1', 1)
    expect(long.lines.map(({ event }) => event)).toEqual(['admin.request'])
  })

  test('does not use up the tries of who signs in rightly', async () => {
    const api = openAdministration({ env: { POSTERN_ADMIN_TOKEN: 'hunter2' } })
    for (let i = 0; i < 30; i++) {
      expect((await api.ask('GET', '/me', { token: 'hunter2' })).status).toBe(200)
    }
  })

  test('without a bootstrap token there is no way in by an empty one', async () => {
    const api = openAdministration({ env: { POSTERN_ADMIN_TOKEN: '' } })
    const { token } = await openAdministration().administrator('owner')
    expect((await api.ask('GET', '/me', { token: '' })).status).toBe(401)
    expect((await api.ask('GET', '/me')).status).toBe(401)
    expect((await api.ask('GET', '/me', { token })).status).toBe(200)
  })
})

describe('whom Cloudflare Access vouches for', () => {
  const AUDIENCE = 'f'.repeat(64)
  const CERTS = 'https://acme.cloudflareaccess.com/cdn-cgi/access/certs'

  async function open() {
    const clock = { now: Date.now() }
    const provider = await openProvider(clock)
    const api = openAdministration({
      env: { POSTERN_ACCESS_TEAM: 'acme', POSTERN_ACCESS_AUDIENCE: ['other', AUDIENCE] },
      fetch: async (url, init) =>
        provider.fetch(url === CERTS ? provider.keySetUrl : 'https://elsewhere.example', init),
    })
    const sign = (claims: object, header = {}) =>
      provider.sign(
        { iss: 'https://acme.cloudflareaccess.com', aud: [AUDIENCE], ...claims } as never,
        header,
      )
    const as = (jwt: string, headers = {}) => ({
      headers: { 'cf-access-jwt-assertion': jwt, ...headers },
    })
    const email = `ann-${crypto.randomUUID()}@example.com`
    const { id } = await api.must('POST', '/administrators', { name: email, role: 'auditor' })
    return { api, provider, sign, as, email, id: String(id) }
  }

  test('is the administrator of that e-mail address, in whatever letter case', async () => {
    const { api, sign, as, email, id } = await open()
    const me = await api.ask('GET', '/me', as(await sign({ email: email.toUpperCase() })))
    expect(me.body).toMatchObject({ id, role: 'auditor', signedInBy: 'access' })
    const body = await api.ask('POST', '/connections', as(await sign({ email })))
    expect(body.status).toBe(403)
  })

  test('is the administrator of that common name, where it is a service token', async () => {
    const { api, sign, as } = await open()
    const name = `${crypto.randomUUID()}.access`
    await api.must('POST', '/administrators', { name, role: 'operator' })
    const jwt = await sign({ common_name: name, sub: '' })
    expect((await api.ask('GET', '/me', as(jwt))).body).toMatchObject({ name, role: 'operator' })
  })

  test('and is no administrator here, is 403, and is told who can change that', async () => {
    const { api, sign, as } = await open()
    const { status, body } = await api.ask('GET', '/me', as(await sign({ email: 'x@example.com' })))
    expect(status).toBe(403)
    expect(body.detail).toContain('an owner can add you')
    expect(body.detail).not.toContain('x@example.com')
  })

  test.each([
    ['another audience', { aud: ['e'.repeat(64)] }, {}],
    ['another team', { iss: 'https://evil.cloudflareaccess.com' }, {}],
    ['an end in the past', { exp: 1_700_000_000 }, {}],
    ['no end', { exp: undefined }, {}],
    ['nobody in it', { email: undefined }, {}],
    ['a key that Access does not have', {}, { kid: 'made-up' }],
  ])('by a JWT with %s is nobody', async (_, claims, header) => {
    const { api, sign, as, email } = await open()
    const jwt = await sign({ email, ...claims }, header)
    expect((await api.ask('GET', '/me', as(jwt))).status).toBe(401)
  })

  test('by a JWT that nobody has signed is nobody', async () => {
    const { api, sign, as, email } = await open()
    const [, payload] = (await sign({ email })).split('.')
    const header = btoa(JSON.stringify({ alg: 'none' })).replaceAll('=', '')
    expect((await api.ask('GET', '/me', as(`${header}.${payload}.`))).status).toBe(401)
  })

  test('writes nothing by a page of another site', async () => {
    const { api, sign, as, email, id } = await open()
    await api.must('PATCH', `/administrators/${id}`, { role: 'operator' })
    const path = `/connections/${await api.connect()}/tokens`
    const jwt = await sign({ email })
    const post = async (headers: object) => (await api.ask('POST', path, as(jwt, headers))).status
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await post({ origin: 'https://evil.example' })).toBe(403)
    expect(await post({ origin: 'https://gw.example' })).toBe(201)
    expect(await post({})).toBe(201)
    expect(await post({ authorization: 'Bearer wrong' })).toBe(401)
  })

  test('has to come again while the keys of Access cannot be read', async () => {
    const { api, provider, sign, as, email } = await open()
    provider.answerWith(() => new Response('', { status: 502 }))
    const answer = await api.ask('GET', '/me', as(await sign({ email })))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10'])
  })

  test('is nobody where Access is not set up', async () => {
    const { sign, as, email } = await open()
    const api = openAdministration()
    expect((await api.ask('GET', '/me', as(await sign({ email })))).status).toBe(401)
  })
})
