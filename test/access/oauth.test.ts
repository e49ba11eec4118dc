/** The token endpoint and signed tokens, through the front door and with a client library of the field. */
import { env } from 'cloudflare:workers'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import { beforeEach, describe, expect, test } from 'vitest'
import { GRANTS_BURST, GRANTS_PER_SECOND } from '../../src/access/limits.ts'
import { type Answer, admin, connect, ORIGIN, type Scim } from '../support/gateway.ts'
import { type Isolate, openIsolate } from '../support/isolate.ts'
import { openProvider, type Provider } from '../support/provider.ts'

const HOUR_MS = 3_600_000
const ENTRA_AUDIENCE = '8adf8e6e-67b2-4cf2-a259-e3dc5476c621'

const clock = { now: 0 }
let provider: Provider
let isolate: Isolate
let scim: Scim

beforeEach(async () => {
  clock.now = Date.now()
  provider = await openProvider(clock)
  isolate = openIsolate(clock, provider.fetch)
  scim = await connect()
})

async function newClient(body: object, name = scim.name) {
  const answer = await admin('POST', `/connections/${name}/clients`, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body
}

const tokenUrl = () => `${ORIGIN}/scim/${scim.name}/oauth/token`

async function askToken(
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
  url = tokenUrl(),
) {
  const response = await isolate.fetch(
    new Request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    }),
  )
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  }
}

const users = (token: string, method = 'GET', path = '/Users', body?: unknown) =>
  isolate.scim({ baseUrl: scim.baseUrl, token }, method, path, body)

const ada = () => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: `ada-${crypto.randomUUID()}`,
})

// ---- a client library of the field ---------------------------------------------------------------

const server = (): oauth.AuthorizationServer => ({ issuer: ORIGIN, token_endpoint: tokenUrl() })
const throughUs = {
  [oauth.customFetch]: (url: string, init: RequestInit) => isolate.fetch(new Request(url, init)),
}

async function libraryToken(client: oauth.Client, auth: oauth.ClientAuth, scope?: string) {
  const response = await oauth.clientCredentialsGrantRequest(
    server(),
    client,
    auth,
    new URLSearchParams(scope === undefined ? {} : { scope }),
    throughUs,
  )
  return oauth.processClientCredentialsResponse(server(), client, response)
}

describe('client credentials, as a library asks for them', () => {
  test.each([
    ['in the header', oauth.ClientSecretBasic],
    ['in the body', oauth.ClientSecretPost],
  ])('a secret %s gets a token that provisions', async (_, way) => {
    const { clientId, clientSecret } = await newClient({ kind: 'secret' })
    const granted = await libraryToken({ client_id: clientId }, way(clientSecret))
    expect(granted).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'scim' })
    expect((await users(granted.access_token, 'POST', '/Users', ada())).status).toBe(201)
    expect((await users(granted.access_token)).body.totalResults).toBe(1)
  })

  test('an assertion of its own provider gets one (RFC 7523 §2.2)', async () => {
    const clientId = 'entra-provisioning'
    await newClient({
      kind: 'assertion',
      clientId,
      trust: { ...explicitTrust(), audiences: ['api://postern', 'postern'] },
    })
    const assertion = await provider.sign()
    const auth: oauth.ClientAuth = (_server, client, body) => {
      body.set('client_id', client.client_id)
      body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
      body.set('client_assertion', assertion)
    }
    const granted = await libraryToken({ client_id: clientId }, auth)
    expect((await users(granted.access_token)).status).toBe(200)
  })

  test('a wrong secret is a 401 with a challenge', async () => {
    const { clientId } = await newClient({ kind: 'secret' })
    const failed = libraryToken({ client_id: clientId }, oauth.ClientSecretPost('psc_wrong'))
    await expect(failed).rejects.toMatchObject({
      name: 'WWWAuthenticateChallengeError',
      status: 401,
    })
  })
})

const explicitTrust = () => ({
  tenantId: provider.tenantId,
  issuers: [provider.issuer],
  keySets: [provider.keySetUrl],
})

// ---- secrets --------------------------------------------------------------------------------------

describe('a client with secrets', () => {
  const ask = (client: { clientId: string; clientSecret: string }, more = {}) =>
    askToken({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
      ...more,
    })

  test('may have several at once, and one that is taken away opens no door', async () => {
    const first = await newClient({ kind: 'secret' })
    const route = `/connections/${scim.name}/clients/${first.clientId}`
    const second = (await admin('POST', `${route}/secrets`)).body
    expect((await ask(first)).status).toBe(200)
    expect((await ask(second)).status).toBe(200)
    expect((await admin('DELETE', `${route}/secrets/${first.secretId}`)).status).toBe(204)
    expect((await ask(first)).status).toBe(401)
    expect((await ask(second)).status).toBe(200)
  })

  test('has no use for a secret after its end', async () => {
    const expiresAt = new Date(clock.now + HOUR_MS).toISOString()
    const client = await newClient({ kind: 'secret', expiresAt })
    expect((await ask(client)).status).toBe(200)
    clock.now += HOUR_MS
    expect((await ask(client)).status).toBe(401)
  })

  test('is shown without its secrets, and nothing stored holds one', async () => {
    const client = await newClient({ kind: 'secret', label: 'Entra' })
    const granted = await ask(client)
    const route = `/connections/${scim.name}/clients`
    const shown = [await admin('GET', route), await admin('GET', `${route}/${client.clientId}`)]
    for (const table of ['client', 'client_secret', 'token']) {
      shown.push((await env.DB.prepare(`SELECT * FROM ${table}`).all()) as never)
    }
    expect(JSON.stringify(shown)).not.toContain(client.clientSecret)
    expect(JSON.stringify(shown)).not.toContain(granted.body.access_token)
    expect(shown[1]?.body).toMatchObject({
      label: 'Entra',
      tokenUrl: tokenUrl(),
      secrets: [{ id: client.secretId, lastUsed: expect.stringMatching(/^20/) }],
    })
  })

  test.each([3_600, 21_600])('gets tokens that live for %i seconds and no longer', async (life) => {
    const client = await newClient({ kind: 'secret', tokenSeconds: life })
    const { body } = await ask(client)
    expect(body.expires_in).toBe(life)
    clock.now += life * 1000 - 1
    expect((await users(body.access_token)).status).toBe(200)
    clock.now += 1
    expect((await users(body.access_token)).status).toBe(401)
  })

  test('loses its tokens with itself, for writes at once', async () => {
    const client = await newClient({ kind: 'secret' })
    const { access_token } = (await ask(client)).body
    expect((await users(access_token)).status).toBe(200)
    await admin('DELETE', `/connections/${scim.name}/clients/${client.clientId}`)
    expect((await users(access_token, 'POST', '/Users', ada())).status).toBe(401)
    clock.now += 5_000
    expect((await users(access_token)).status).toBe(401)
    expect((await ask(client)).status).toBe(401)
  })

  test('leaves no expired token behind, and no more than a thousand living ones', async () => {
    const client = await newClient({ kind: 'secret' })
    const count = async () =>
      (
        await env.DB.prepare('SELECT count(*) AS n FROM token WHERE client_id = ?')
          .bind(client.clientId)
          .first<{ n: number }>()
      )?.n
    await ask(client)
    await ask(client)
    expect(await count()).toBe(2)
    clock.now += HOUR_MS
    await ask(client)
    expect(await count()).toBe(1)
    await env.DB.prepare(
      `INSERT INTO token (id, connection_id, hash, created_at, expires_at, client_id)
       WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1005)
       SELECT lower(hex(randomblob(18))), connection_id, lower(hex(randomblob(32))),
              created_at - i, expires_at, client_id
         FROM n, token WHERE client_id = ?`,
    )
      .bind(client.clientId)
      .run()
    expect(await count()).toBe(1006)
    const { body } = await ask(client)
    expect(await count()).toBe(1000)
    expect((await users(body.access_token)).status).toBe(200)
  })

  test('that may only read can read and search, and is told so when it writes', async () => {
    const client = await newClient({ kind: 'secret', scope: 'scim:read' })
    const { access_token, scope } = (await ask(client)).body
    expect(scope).toBe('scim:read')
    const search = { schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'] }
    expect((await users(access_token, 'POST', '/Users/.search', search)).status).toBe(200)
    const refused = await users(access_token, 'POST', '/Users', ada())
    expect(refused).toMatchObject({ status: 403, body: { detail: /scim:read/ } })
  })

  test('may ask for less than it may have, and not for more', async () => {
    const client = await newClient({ kind: 'secret' })
    expect((await ask(client, { scope: 'scim:read' })).body.scope).toBe('scim:read')
    expect((await ask(client, { scope: 'scim scim:read' })).body.scope).toBe('scim')
    expect((await ask(client, { scope: 'everything' })).body.error).toBe('invalid_scope')
    const reader = await newClient({ kind: 'secret', scope: 'scim:read' })
    expect(await ask(reader, { scope: 'scim' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    })
  })

  test('is nobody at another connection, and its tokens are worth nothing there', async () => {
    const client = await newClient({ kind: 'secret' })
    const other = await connect()
    const form = {
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
    }
    const foreign = `${ORIGIN}/scim/${other.name}/oauth/token`
    expect((await askToken(form, {}, foreign)).status).toBe(401)
    const { access_token } = (await ask(client)).body
    const there = await isolate.scim(
      { baseUrl: other.baseUrl, token: access_token },
      'GET',
      '/Users',
    )
    expect(there.status).toBe(401)
  })
})

describe('the token endpoint', () => {
  const good = { grant_type: 'client_credentials', client_id: 'a', client_secret: 'b' }

  test.each([
    ['no grant type', { client_id: 'a', client_secret: 'b' }, 400, 'invalid_request'],
    ['another grant', { ...good, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['an unknown client', good, 401, 'invalid_client'],
    ['no secret', { grant_type: 'client_credentials', client_id: 'a' }, 401, 'invalid_client'],
    ['two ways at once', { ...good, client_assertion: 'x' }, 400, 'invalid_request'],
    [
      'another type of assertion',
      { grant_type: 'client_credentials', client_assertion: 'x', client_assertion_type: 'saml2' },
      400,
      'invalid_request',
    ],
    ['a parameter twice', 'grant_type=a&grant_type=a', 400, 'invalid_request'],
    ['nothing', '', 400, 'invalid_request'],
  ])('answers %s as RFC 6749 §5.2 says', async (_, form, status, error) => {
    const answer = await askToken(form)
    expect(answer).toMatchObject({ status, body: { error } })
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.has('www-authenticate')).toBe(status === 401)
  })

  test('takes a form and nothing else, of 64 KB at most, by POST', async () => {
    const json = { 'content-type': 'application/json' }
    expect((await askToken('{}', json)).body.error).toBe('invalid_request')
    expect((await askToken(`a=${'x'.repeat(70_000)}`)).status).toBe(413)
    const got = await isolate.fetch(new Request(tokenUrl()))
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('says the same of a connection that there is not', async () => {
    const { body, status } = await askToken(good)
    const none = await askToken(good, {}, `${ORIGIN}/scim/none-${crypto.randomUUID()}/oauth/token`)
    expect([none.status, none.body]).toEqual([status, body])
  })

  test('takes a header whose parts were not form-encoded, and refuses what is no base64', async () => {
    const { clientId, clientSecret } = await newClient({ kind: 'secret' })
    const form = { grant_type: 'client_credentials' }
    const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` })
    expect((await askToken(form, basic(`${clientId}:${clientSecret}`))).status).toBe(200)
    expect((await askToken(form, basic(`${clientId}:%E0%A4%A`))).status).toBe(401)
    expect((await askToken(form, { authorization: 'Basic %%%' })).status).toBe(401)
  })
})

// ---- signed tokens --------------------------------------------------------------------------------

type Way = (jwt: string) => Promise<{ status: number }>

describe.each(['assertion', 'token'] as const)('a token that a provider signed (%s)', (kind) => {
  const audience = () => (kind === 'token' ? ENTRA_AUDIENCE : 'api://postern')
  const show: Way = async (jwt) =>
    kind === 'token'
      ? users(jwt)
      : askToken({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: jwt,
        })
  const trust = (more: object = {}) =>
    newClient({
      kind,
      trust: {
        ...explicitTrust(),
        ...(kind === 'assertion' && { audiences: ['api://postern'] }),
        ...more,
      },
    })
  const sign = (claims = {}, header = {}) => provider.sign({ aud: audience(), ...claims }, header)

  test('is good for the connection whose client trusts it, and for no other', async () => {
    await trust()
    const jwt = await sign()
    expect((await show(jwt)).status).toBe(200)
    scim = await connect()
    expect((await show(jwt)).status).toBe(401)
  })

  test.each([
    ['another tenant', { tid: crypto.randomUUID() }],
    ['no tenant', { tid: undefined }],
    ['another audience', { aud: 'https://graph.microsoft.com' }],
    ['another issuer', { iss: 'https://login.provider.example/other/v2.0' }],
    ['an end that has passed', { exp: 1_000_000_000 }],
    ['no end', { exp: undefined }],
    ['a beginning to come', { nbf: 4_000_000_000 }],
    ['an end in ten years', { exp: 4_000_000_000 }],
    ['no subject', { sub: undefined }],
  ])('with %s is refused', async (_, claims) => {
    await trust()
    expect((await show(await sign(claims))).status).toBe(401)
  })

  test('of another subject or application is refused where these are named', async () => {
    await trust({ subjects: ['provisioning'], applications: ['app-1'] })
    expect((await show(await sign({ azp: 'app-1' }))).status).toBe(200)
    expect((await show(await sign({ appid: 'app-1' }))).status).toBe(200)
    expect((await show(await sign({ azp: 'app-2' }))).status).toBe(401)
    expect((await show(await sign({ azp: 'app-1', sub: 'somebody' }))).status).toBe(401)
  })

  test('without a signature, or with one made of the public key, is refused', async () => {
    await trust()
    const claims = jose.decodeJwt(await sign())
    const none = new jose.UnsecuredJWT(claims).encode()
    expect((await show(none)).status).toBe(401)
    const { kid } = jose.decodeProtectedHeader(await sign())
    const publicBytes = new TextEncoder().encode(JSON.stringify(provider.publicJwk()))
    const confused = await new jose.SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', ...(kid !== undefined && { kid }) })
      .sign(publicBytes)
    expect((await show(confused)).status).toBe(401)
  })

  test('whose claims were changed is refused', async () => {
    await trust()
    const [header, , signature] = (await sign()).split('.')
    const claims = jose.base64url.encode(
      JSON.stringify({ ...jose.decodeJwt(await sign()), sub: 'root' }),
    )
    expect((await show(`${header}.${claims}.${signature}`)).status).toBe(401)
  })

  test('that brings its own key along is refused', async () => {
    await trust()
    const pair = await jose.generateKeyPair('RS256', { extractable: true })
    const jwk = await jose.exportJWK(pair.publicKey)
    const forged = await new jose.SignJWT(jose.decodeJwt(await sign()))
      .setProtectedHeader({ alg: 'RS256', jwk, kid: 'mine', jku: 'https://evil.example/keys' })
      .sign(pair.privateKey)
    expect((await show(forged)).status).toBe(401)
  })

  test('is checked with keys that are read once in an hour', async () => {
    await trust()
    for (let n = 0; n < 5; n++) expect((await show(await sign({ n }))).status).toBe(200)
    expect(provider.reads()).toBe(1)
    clock.now += HOUR_MS
    expect((await show(await sign())).status).toBe(200)
    expect(provider.reads()).toBe(2)
  })

  test('with a new key is checked with keys that are read again, once a minute at most', async () => {
    await trust()
    await show(await sign())
    await provider.rotate()
    clock.now += 61_000
    expect((await show(await sign())).status).toBe(200)
    expect(provider.reads()).toBe(2)
    for (let n = 0; n < 10; n++) {
      expect((await show(await sign({ n }, { kid: `made-up-${n}` }))).status).toBe(401)
    }
    expect(provider.reads()).toBe(2)
  })

  test('with a key that nobody can look for now is a 503: it may be a new one', async () => {
    await trust()
    await show(await sign())
    await provider.rotate()
    provider.answerWith(() => new Response('no', { status: 500 }))
    clock.now += 61_000
    expect((await show(await sign())).status).toBe(503)
    provider.answerWith(undefined)
    clock.now += 61_000
    expect((await show(await sign())).status).toBe(200)
  })

  test('is still known for a day while its provider does not answer, and then is a 503', async () => {
    await trust()
    await show(await sign())
    for (const answer of [
      () => new Response('no', { status: 500 }),
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      () => Response.json({ keys: 'none' }),
      () => new Response('x'.repeat(300_000)),
    ]) {
      provider.answerWith(answer)
      clock.now += 2 * HOUR_MS
      expect((await show(await sign())).status).toBe(200)
    }
    clock.now += 24 * HOUR_MS
    expect((await show(await sign())).status).toBe(503)
    provider.answerWith(undefined)
    clock.now += 10_000
    expect((await show(await sign())).status).toBe(200)
  })
})

describe('an assertion', () => {
  test('with an id (jti) is good for once, also on another isolate', async () => {
    await newClient({ kind: 'assertion', trust: { ...explicitTrust(), audiences: ['a'] } })
    const form = async (claims: { jti?: string }) => ({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await provider.sign({ aud: 'a', ...claims }),
    })
    const once = await form({ jti: 'once' })
    expect((await askToken(once)).status).toBe(200)
    isolate = openIsolate(clock, provider.fetch)
    expect(await askToken(once)).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_description: /used already/ },
    })
    // Entra's have none, and it shows one again as long as it lasts.
    const again = await form({})
    expect((await askToken(again)).status).toBe(200)
    expect((await askToken(again)).status).toBe(200)
  })

  test('is good for once as long as the skew of clocks lets it in', async () => {
    await newClient({ kind: 'assertion', trust: { ...explicitTrust(), audiences: ['a'] } })
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await provider.sign({ aud: 'a', jti: 'late' }),
    }
    expect((await askToken(form)).status).toBe(200)
    clock.now += HOUR_MS + 30_000
    expect(await askToken(form)).toMatchObject({
      status: 401,
      body: { error_description: /used already/ },
    })
  })

  test('that is signed tells its sender what does not fit; a forged one learns nothing', async () => {
    await newClient({ kind: 'assertion', trust: { ...explicitTrust(), audiences: ['a'] } })
    const say = async (jwt: string) =>
      (
        await askToken({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: jwt,
        })
      ).body.error_description
    expect(await say(await provider.sign({ aud: 'b' }))).toContain('audience')
    expect(await say(await provider.sign({ aud: 'a', tid: 'x' }))).toContain('tenant')
    const forged = `${(await provider.sign({ aud: 'b' })).split('.').slice(0, 2).join('.')}.AAAA`
    expect(await say(forged)).toBe(await say('x.y.z'))
  })
})

describe('what an administrator may set up', () => {
  test.each([
    [{ kind: 'secret', tokenSeconds: 60 }, 'tokenSeconds'],
    [{ kind: 'secret', tokenSeconds: 86_400 }, 'tokenSeconds'],
    [{ kind: 'secret', scope: 'admin' }, 'scope'],
    [{ kind: 'secret', expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt'],
    [{ kind: 'assertion', trust: { tenantId: 'contoso' } }, 'trust.tenantId'],
    [{ kind: 'assertion', trust: { tenantId: crypto.randomUUID() } }, 'trust.audiences'],
    [{ kind: 'assertion', trust: { issuers: ['https://i.example'], audiences: ['a'] } }, 'trust'],
    [{ kind: 'password' }, 'kind'],
  ])('%j is refused, with the path', async (body, path) => {
    const answer = await admin('POST', `/connections/${scim.name}/clients`, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path)
  })

  test('a tenant of Entra is enough for tokens that it signs for custom apps', async () => {
    const tenantId = crypto.randomUUID()
    const { trust } = await newClient({ kind: 'token', trust: { tenantId } })
    expect(trust).toEqual({
      tenantId,
      issuers: [
        `https://login.microsoftonline.com/${tenantId}/v2.0`,
        `https://sts.windows.net/${tenantId}/`,
      ],
      keySets: [
        `https://login.microsoftonline.com/${tenantId}/discovery/v2.0/keys`,
        `https://login.microsoftonline.com/${tenantId}/discovery/keys`,
      ],
      audiences: [ENTRA_AUDIENCE],
    })
  })

  test('two clients of one id are a 409, and another connection may have it too', async () => {
    const client = {
      kind: 'assertion',
      clientId: 'entra',
      trust: { ...explicitTrust(), audiences: ['a'] },
    }
    await newClient(client)
    expect((await admin('POST', `/connections/${scim.name}/clients`, client)).status).toBe(409)
    await newClient(client, (await connect()).name)
  })

  test('a client of another connection is not there', async () => {
    const { clientId } = await newClient({ kind: 'secret' })
    const other = (await connect()).name
    const route = `/connections/${other}/clients/${clientId}`
    expect((await admin('GET', route)).status).toBe(404)
    expect((await admin('DELETE', route)).status).toBe(404)
    expect((await admin('POST', `${route}/secrets`)).status).toBe(404)
  })

  test('a client has ten secrets at most', async () => {
    const { clientId } = await newClient({ kind: 'secret' })
    const route = `/connections/${scim.name}/clients/${clientId}/secrets`
    for (let n = 1; n < 10; n++) expect((await admin('POST', route)).status).toBe(201)
    expect((await admin('POST', route)).status).toBe(409)
  })
})

test('a client that asks for token after token is told to wait, and others are not', async () => {
  const [eager, other] = [await newClient({ kind: 'secret' }), await newClient({ kind: 'secret' })]
  const ask = ({ clientId: client_id, clientSecret: client_secret }: typeof eager) =>
    askToken({ grant_type: 'client_credentials', client_id, client_secret })
  const many = await Promise.all(Array.from({ length: GRANTS_BURST + 5 }, () => ask(eager)))
  const refused = many.filter(({ status }) => status !== 200)
  expect(refused).toHaveLength(5)
  expect(refused[0]).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } })
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  expect((await ask(other)).status).toBe(200)
  clock.now += 1_000 / GRANTS_PER_SECOND
  expect((await ask(eager)).status).toBe(200)
})
