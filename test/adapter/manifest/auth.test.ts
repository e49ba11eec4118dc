/** How calls show a credential: logins in order, sessions, tokens for writes, signed tokens, grants. */
import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  jwtVerify,
} from 'jose'
import { describe, expect, test } from 'vitest'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import { manifestSchema } from '../../../src/adapter/manifest/schema.ts'
import { type Answers, type Asked, empty, manifestWith, ok, openApp } from './app.ts'

const ANN = { id: 7, login: 'ann' }
const CONFIG = {
  url: { label: 'u', kind: 'url' },
  user: { label: 'User', default: 'gate' },
  key: { label: 'k', secret: true },
}
const REMOVE = { remove: { method: 'DELETE', path: '/users/{id}', kind: 'hard' } }
const withAuth = (auth: object, more: object = {}) =>
  manifestWith(REMOVE, { auth, config: CONFIG, ...more })

const faultsOf = (manifest: unknown): string => {
  const parsed = manifestSchema.safeParse(manifest)
  return parsed.success
    ? ''
    : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`).join('\n')
}
const failure = async (work: Promise<unknown> | undefined): Promise<AdapterFailure> => {
  const error = await work?.catch((e: unknown) => e)
  if (!(error instanceof AdapterFailure)) throw new Error('no AdapterFailure', { cause: error })
  return error
}
const trail = (asked: readonly Asked[]) =>
  asked.map(({ method, url }) => `${method} ${url.pathname.replace('/base', '')}`)

describe('a login', () => {
  const step = (body: object, more: object = {}) => ({
    method: 'POST',
    path: '/login',
    body,
    keep: { token: '/token' },
    ...more,
  })
  const login = (more: object = {}) => ({
    kind: 'login',
    steps: [step({ json: { name: '{config.user}', password: '{secret.key}' } })],
    place: [{ header: 'X-Session', value: 'T {token}' }],
    ttlSeconds: 60,
    ...more,
  })

  test('answers with the token of later calls, until it is over', async () => {
    const clock = { now: 0 }
    const { User, asked, connect } = openApp(
      withAuth(login()),
      ({ url }) => (url.pathname.endsWith('/login') ? ok({ token: 'abc' }) : ok(ANN)),
      { clock },
    )
    await User.get('7')
    await connect()['User']?.get('7')
    clock.now = 60_000
    await User.get('7')
    expect(trail(asked)).toEqual([
      'POST /login',
      'GET /users/7',
      'GET /users/7',
      'POST /login',
      'GET /users/7',
    ])
    expect(asked[0]?.json).toEqual({ name: 'gate', password: 's3cret' })
    expect(asked[1]?.headers.get('x-session')).toBe('T abc')
  })

  test.each<[string, object, string]>([
    ['a form', { form: { u: '{config.user}', p: '{secret.key}' } }, 'u=gate&p=s3%26c'],
    [
      'XML',
      { xml: { l: { '@u': '{config.user}', p: '{secret.key}' } } },
      '<l u="gate"><p>s3&#38;c</p></l>',
    ],
    [
      'JSON of its own',
      { json: { auth: { identity: ['{secret.key}'] } } },
      '{"auth":{"identity":["s3&c"]}}',
    ],
  ])('is told by %s', async (_, body, sent) => {
    const answers: Answers = ({ url, headers }) => {
      if (!url.pathname.endsWith('/login')) return ok(ANN)
      const isXml = headers.get('accept')?.includes('xml')
      return isXml ? new Response('<r><token>abc</token></r>') : ok({ token: 'abc' })
    }
    const keep = { token: 'xml' in body ? '/r/token' : '/token' }
    const { User, asked } = openApp(withAuth(login({ steps: [step(body, { keep })] })), answers, {
      secret: 's3&c',
    })
    await User.get('7')
    expect(asked[0]?.text).toContain(sent)
    expect(asked[1]?.headers.get('x-session')).toBe('T abc')
  })

  test('a token may come in a header, and go into a query or a body', async () => {
    const auth = login({
      steps: [
        {
          ...step({ json: { p: '{secret.key}' } }),
          keep: { token: { header: 'X-Subject-Token' } },
        },
      ],
      place: [
        { query: 'sid', value: '{token}' },
        { at: '/auth', value: '{token}' },
      ],
    })
    const { User, asked } = openApp(
      manifestWith(
        { create: { method: 'POST', path: '/users', body: { json: '{attributes}' } } },
        { auth, config: CONFIG },
      ),
      ({ url }) =>
        url.pathname.endsWith('/login') ? empty(201, { 'x-subject-token': 'abc' }) : ok(ANN),
    )
    await User.create?.({ attributes: { login: 'ann' }, idempotencyKey: 'k' })
    expect(asked[1]?.url.search).toBe('?sid=abc')
    expect(asked[1]?.json).toEqual({ login: 'ann', auth: 'abc' })
  })

  test('cookies of its answers are sent back, the last of each, and those taken back are not', async () => {
    const auth = login({
      cookies: true,
      place: [],
      steps: [
        { method: 'GET', path: '/login', keep: { ticket: '/ticket' } },
        {
          ...step({ form: { p: '{secret.key}', ticket: '{ticket}' } }),
          keep: {},
          rules: [{ status: 302, means: 'ok' }],
        },
      ],
    })
    const cookies = (...lines: string[]) => new Headers(lines.map((line) => ['set-cookie', line]))
    const { User, asked } = openApp(withAuth(auth), ({ method, url }) => {
      if (!url.pathname.endsWith('/login')) return ok(ANN)
      return method === 'GET'
        ? ok({ ticket: 't1' }, { headers: cookies('sid=one; Path=/; HttpOnly', 'gone=x') })
        : new Response(null, {
            status: 302,
            headers: cookies('sid=two; Secure', 'gone=; Max-Age=0', 'lang="en"; SameSite=Lax'),
          })
    })
    await User.get('7')
    expect(asked[1]?.headers.get('cookie')).toBe('sid=one; gone=x')
    expect(asked[1]?.text).toBe('p=s3cret&ticket=t1')
    expect(asked[2]?.headers.get('cookie')).toBe('sid=two; lang="en"')
  })

  const expiring = (refusal: () => Response, rules: object[] = []) => {
    let issued = 0
    let good = ''
    const state = { expire: () => (good = ''), issued: () => issued, refuses: false }
    const app = openApp(withAuth(login(), { rules }), ({ url, headers }) => {
      if (url.pathname.endsWith('/login')) {
        issued += 1
        if (!state.refuses) good = `T t${issued}`
        return ok({ token: `t${issued}` })
      }
      return headers.get('x-session') === good ? ok(ANN) : refusal()
    })
    return { ...app, state }
  }
  const RULE = [{ at: '/error', equals: 'session', means: { fail: 'auth' } }]

  test.each<[string, () => Response, object[]]>([
    ['a 401', () => empty(401), []],
    ['an error inside a 200', () => ok({ error: 'session' }), RULE],
    ['a 403 with a reason', () => ok({ error: 'session' }, { status: 403 }), RULE],
  ])('begins again once where the app says by %s that it is over', async (_, refusal, rules) => {
    const { User, asked, state } = expiring(refusal, rules)
    await User.get('7')
    state.expire()
    expect(await User.get('7')).toMatchObject({ id: '7' })
    expect(trail(asked).slice(2)).toEqual(['GET /users/7', 'POST /login', 'GET /users/7'])
    state.expire()
    state.refuses = true
    expect(await failure(User.get('7'))).toMatchObject({ code: 'auth', effect: 'none' })
    expect(state.issued()).toBe(3)
  })

  test('does not begin again for a session that is new: the app says no to it as well', async () => {
    const { User, asked, state } = expiring(() => empty(401))
    state.refuses = true
    expect(await failure(User.get('7'))).toMatchObject({ code: 'auth' })
    expect(trail(asked)).toEqual(['POST /login', 'GET /users/7'])
  })

  test('does not begin again where the call may have had its effect', async () => {
    const { User, asked, state } = expiring(
      () => ok({ error: 'session' }),
      [{ at: '/error', exists: true, means: { fail: 'auth', effect: 'unknown' } }],
    )
    await User.remove?.('7')
    state.expire()
    expect(await failure(User.remove?.('7'))).toMatchObject({ code: 'auth', effect: 'unknown' })
    expect(trail(asked).slice(2)).toEqual(['DELETE /users/7'])
  })

  test.each<[string, () => Response, string]>([
    ['a 400', () => ok({}, { status: 400 }), 'auth'],
    ['a 403', () => empty(403), 'auth'],
    ['a 200 without a token', () => ok({ error: 'wrong' }), 'auth'],
    ['a 429', () => empty(429), 'rate'],
    ['a 503', () => empty(503), 'unavailable'],
    ['a page for people', () => new Response('<html>'), 'protocol'],
  ])('that is answered by %s is a failure, and the app is not asked', async (_, answer, code) => {
    const { User, asked } = openApp(withAuth(login()), answer)
    expect(await failure(User.get('7'))).toMatchObject({ code, effect: 'none' })
    expect(asked).toHaveLength(1)
  })

  test.each<[string, object, string]>([
    [
      'a secret in a path',
      login({ steps: [step({ json: {} }, { path: '/login/{secret.key}' })] }),
      'auth.steps.0.path: a secret has no place in a path',
    ],
    [
      'a secret that is none',
      login({ steps: [step({ json: { p: '{secret.user}' } })] }),
      'config.user: must be declared here with "secret": true',
    ],
    [
      'something that is kept later',
      login({ steps: [step({ json: { t: '{token}' } })] }),
      'auth.steps.0.body: nothing is called {token} here',
    ],
    [
      'something that nobody keeps',
      login({ place: [{ header: 'X-A', value: '{other}' }] }),
      'auth.place.0.value: nothing is called {other} here',
    ],
    ['nothing to send', login({ place: [] }), 'auth.place: must say where'],
  ])('is refused with %s', (_, auth, fault) => {
    expect(faultsOf(withAuth(auth))).toContain(fault)
  })
})

describe('a token for writes', () => {
  const crumb = (more: object = {}) => ({
    csrf: {
      method: 'GET',
      path: '/crumb',
      keep: { crumb: '/crumb' },
      place: [{ header: 'X-Crumb', value: '{crumb}' }],
      ...more,
    },
  })
  const basic = { kind: 'basic', user: '{config.user}', secret: 'key' }

  function issuing(csrf: object, refuse = () => empty(403)) {
    let issued = 0
    let good = ''
    const state = { expire: () => (good = '') }
    const app = openApp(
      withAuth(basic, {
        ...csrf,
        rules: [{ status: 403, body: 'empty', means: { fail: 'auth' } }],
      }),
      ({ url, method, headers }) => {
        if (url.pathname.endsWith('/crumb')) {
          expect(headers.get('authorization')).toMatch(/^Basic /)
          issued += 1
          good = `c${issued}`
          return ok({ crumb: good }, { headers: { 'set-cookie': `s=${issued}` } })
        }
        if (method === 'GET') return ok(ANN)
        const shown = headers.get('cookie') === `s=${issued}` && headers.get('x-crumb') === good
        return shown ? empty(204) : refuse()
      },
    )
    return { ...app, state }
  }

  test('is asked for before the first write, sent with its cookies, and never with a read', async () => {
    const { User, asked, state } = issuing(crumb())
    await User.get('7')
    await User.remove?.('7')
    await User.remove?.('8')
    expect(trail(asked)).toEqual([
      'GET /users/7',
      'GET /crumb',
      'DELETE /users/7',
      'DELETE /users/8',
    ])
    expect(asked[0]?.headers.get('x-crumb')).toBe(null)
    state.expire()
    expect(await User.remove?.('9')).toEqual({ kind: 'ok' })
    expect(trail(asked).slice(4)).toEqual(['DELETE /users/9', 'GET /crumb', 'DELETE /users/9'])
  })

  test('may be good for one write alone', async () => {
    const { User, asked } = issuing(crumb({ per: 'write' }))
    await User.remove?.('7')
    await User.remove?.('8')
    expect(trail(asked)).toEqual(['GET /crumb', 'DELETE /users/7', 'GET /crumb', 'DELETE /users/8'])
  })

  test('goes where a write says itself, which may want another one: an app with a token an action', async () => {
    const two = crumb({
      keep: { crumb: '/crumb', rights: '/rights' },
      place: [{ at: '/token', value: '{crumb}' }],
    })
    const post = (path: string, csrf?: object) => ({
      method: 'POST',
      path,
      body: { form: { id: '{id}' } },
      ...(csrf && { csrf }),
    })
    const active = {
      at: '/state',
      on: 'on',
      off: 'off',
      enable: post('/enable', [{ at: '/righttoken', value: '{rights}' }]),
      disable: post('/disable'),
    }
    const config = { ...CONFIG, user: { label: 'User' } }
    const manifest = manifestWith({ active }, { config, auth: basic, ...two })
    const { User, asked } = openApp(
      manifest,
      ({ method }) => (method === 'GET' ? ok({ crumb: 'c', rights: 'r' }) : empty(204)),
      { settings: { user: 'gate' } },
    )
    await User.setActive?.('7', true)
    await User.setActive?.('7', false)
    expect(asked.map(({ text }) => text)).toEqual(['', 'id=7&righttoken=r', 'id=7&token=c'])
    const faults = (enable: object, more: object = two) =>
      faultsOf(manifestWith({ active: { ...active, enable } }, { config, auth: basic, ...more }))
    expect(faults(post('/enable', [{ at: '/t', value: '{other}' }]))).toContain(
      'enable.csrf.0.value: nothing is called {other} here',
    )
    expect(faults(active.enable, {})).toContain('enable.csrf: places what "csrf" of the manifest')
  })

  test('belongs to a session: MediaWiki, whose every answer is a 200', async () => {
    let session = 0
    const state = { over: () => (session += 1) }
    const api = (query: object, more: object = {}) => ({
      method: 'GET',
      path: '/api.php',
      query: { format: 'json', ...query },
      ...more,
    })
    const manifest = manifestWith(
      {
        id: '/userid',
        attributes: { name: {} },
        naming: 'name',
        mapping: { userName: 'name' },
        get: api({ list: 'users', ususerids: '{id}' }, { item: '/query/users/0' }),
        remove: {
          method: 'POST',
          path: '/api.php',
          body: { form: { action: 'block', userid: '{id}', format: 'json' } },
          kind: 'soft',
        },
      },
      {
        config: CONFIG,
        auth: {
          kind: 'login',
          cookies: true,
          ttlSeconds: 3_600,
          steps: [
            api(
              { action: 'query', meta: 'tokens', type: 'login' },
              { keep: { logintoken: '/query/tokens/logintoken' } },
            ),
            {
              method: 'POST',
              path: '/api.php',
              body: {
                form: {
                  action: 'login',
                  lgname: '{config.user}',
                  lgpassword: '{secret.key}',
                  lgtoken: '{logintoken}',
                  format: 'json',
                },
              },
              rules: [
                { at: '/login/result', equals: 'Success', means: 'ok' },
                { at: '/login/result', exists: true, means: { fail: 'auth' } },
              ],
            },
          ],
        },
        csrf: {
          ...api({ action: 'query', meta: 'tokens', assert: 'user' }),
          keep: { token: '/query/tokens/csrftoken' },
          place: [{ at: '/token', value: '{token}' }],
        },
        rules: [
          { at: '/error/code', equals: ['badtoken', 'assertuserfailed'], means: { fail: 'auth' } },
          { at: '/error', exists: true, means: { fail: 'invalid' } },
        ],
      },
    )
    const { User, asked } = openApp(manifest, ({ url, text, headers }) => {
      const given = new URLSearchParams(text === '' ? url.search : text)
      const cookie = headers.get('cookie')
      if (given.get('type') === 'login') {
        session += 1
        return ok(
          { query: { tokens: { logintoken: `l${session}+\\` } } },
          { headers: { 'set-cookie': `wiki=${session}; path=/` } },
        )
      }
      const isOurs = cookie === `wiki=${session}`
      if (given.get('action') === 'login') {
        const isRight = isOurs && given.get('lgtoken') === `l${session}+\\`
        return ok({ login: { result: isRight ? 'Success' : 'WrongToken' } })
      }
      if (given.get('meta') === 'tokens') {
        return isOurs
          ? ok({ query: { tokens: { csrftoken: `c${session}+\\` } } })
          : ok({ error: { code: 'assertuserfailed' } })
      }
      if (given.get('action') === 'block') {
        const isRight = isOurs && given.get('token') === `c${session}+\\`
        return ok(isRight ? { block: {} } : { error: { code: 'badtoken' } })
      }
      return ok({ query: { users: [{ userid: 7, name: 'Ann' }] } })
    })
    expect(await User.remove?.('7')).toEqual({ kind: 'ok' })
    expect(asked).toHaveLength(4)
    expect(await User.remove?.('7')).toEqual({ kind: 'ok' })
    expect(asked).toHaveLength(5)
    // The session is over: the write is refused, and both are had anew.
    state.over()
    expect(await User.remove?.('7')).toEqual({ kind: 'ok' })
    expect(asked).toHaveLength(10)
  })

  test('that is not given leaves the write unsent', async () => {
    const { User, asked } = openApp(withAuth(basic, crumb()), ({ url }) =>
      url.pathname.endsWith('/crumb') ? ok({ other: 1 }) : empty(204),
    )
    expect(await failure(User.remove?.('7'))).toMatchObject({ code: 'auth', effect: 'none' })
    expect(asked).toHaveLength(1)
  })

  test('a cookie may be what is sent back in a header', async () => {
    const csrf = crumb({ keep: { crumb: { cookie: 'XSRF-TOKEN' } } })
    const { User, asked } = openApp(withAuth(basic, csrf), ({ url }) =>
      url.pathname.endsWith('/crumb')
        ? empty(204, { 'set-cookie': 'XSRF-TOKEN=a%3Db; Path=/' })
        : empty(204),
    )
    await User.remove?.('7')
    expect(asked[1]?.headers.get('x-crumb')).toBe('a=b')
    expect(asked[1]?.headers.get('cookie')).toBe('XSRF-TOKEN=a%3Db')
  })
})

describe('a token that is signed here', () => {
  const NOW = Date.UTC(2026, 10, 23)
  const at = { currentDate: new Date(NOW) }

  test('is sent as it is, with the claims and key of the manifest', async () => {
    const auth = {
      kind: 'jwt',
      algorithm: 'HS256',
      encoding: 'hex',
      secret: 'key',
      keyId: '{config.user}',
      claims: { aud: '/admin/' },
      prefix: 'Ghost ',
    }
    const { User, asked } = openApp(withAuth(auth), () => ok(ANN), {
      clock: { now: NOW },
      secret: '00ff10',
    })
    await User.get('7')
    await User.get('7')
    const [scheme, token = ''] = asked[0]?.headers.get('authorization')?.split(' ') ?? []
    expect(scheme).toBe('Ghost')
    const { payload, protectedHeader } = await jwtVerify(token, Uint8Array.of(0, 255, 16), at)
    expect(protectedHeader).toEqual({ alg: 'HS256', typ: 'JWT', kid: 'gate' })
    expect(payload).toMatchObject({ aud: '/admin/', iat: NOW / 1_000, exp: NOW / 1_000 + 300 })
    expect(asked[1]?.headers.get('authorization')).toBe(`Ghost ${token}`)
  })

  const google = (more: object = {}) => ({
    kind: 'oauth2',
    grant: 'jwt_bearer',
    tokenUrl: 'https://oauth.example/token',
    secret: 'key',
    assertion: {
      algorithm: 'RS256',
      claims: { iss: '{config.user}', scope: 'users', sub: 'admin@x.example' },
    },
    ...more,
  })

  test('is a grant: a key file of a service account is enough', async () => {
    const pair = await generateKeyPair('RS256', { extractable: true })
    const file = {
      type: 'service_account',
      private_key_id: 'kid-1',
      private_key: await exportPKCS8(pair.privateKey),
    }
    const { User, asked } = openApp(
      withAuth(google()),
      ({ url }) =>
        url.host === 'oauth.example' ? ok({ access_token: 'at', expires_in: 60 }) : ok(ANN),
      { clock: { now: NOW }, secret: JSON.stringify(file) },
    )
    await User.get('7')
    const form = new URLSearchParams(asked[0]?.text)
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const verified = await jwtVerify(form.get('assertion') ?? '', pair.publicKey, {
      ...at,
      issuer: 'gate',
      audience: 'https://oauth.example/token',
      subject: 'admin@x.example',
    })
    expect(verified.protectedHeader.kid).toBe('kid-1')
    expect(asked[1]?.headers.get('authorization')).toBe('Bearer at')
  })

  test('is how a client shows who it is (private_key_jwt), another one each time', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    const auth = {
      kind: 'oauth2',
      tokenUrl: 'https://oauth.example/token',
      clientId: '{config.user}',
      secret: 'key',
      place: 'private_key_jwt',
      assertion: { algorithm: 'ES256' },
    }
    const clock = { now: NOW }
    const jwk = { ...(await exportJWK(pair.privateKey)), kid: 'k2' }
    const { User, asked } = openApp(
      withAuth(auth),
      ({ url }) =>
        url.host === 'oauth.example' ? ok({ access_token: 'at', expires_in: 60 }) : ok(ANN),
      { clock, secret: JSON.stringify(jwk) },
    )
    await User.get('7')
    clock.now += 60_000
    await User.get('7')
    const [first, second] = [asked[0], asked[2]].map((one) => new URLSearchParams(one?.text))
    const token = first?.get('client_assertion') ?? ''
    await jwtVerify(token, pair.publicKey, {
      ...at,
      issuer: 'gate',
      subject: 'gate',
      audience: 'https://oauth.example/token',
    })
    expect(decodeProtectedHeader(token).kid).toBe('k2')
    expect(first?.get('client_assertion_type')).toBe(
      'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    )
    expect(decodeJwt(second?.get('client_assertion') ?? '').jti).not.toBe(decodeJwt(token).jti)
  })

  test('with a key that fits no algorithm is auth, and nothing of the key is said', async () => {
    const { User, asked } = openApp(withAuth(google()), () => ok(ANN), { secret: 'no key at all' })
    const error = await failure(User.get('7'))
    expect(error).toMatchObject({ code: 'auth', effect: 'none' })
    expect(error.message).not.toContain('no key at all')
    expect(asked).toEqual([])
  })

  test.each<[string, object, string]>([
    ['no assertion', google({ assertion: undefined }), 'auth.assertion: must say how'],
    ['no key', google({ secret: undefined }), 'auth.secret: must name the key'],
    [
      'a refresh token of another grant',
      google({ refresh: 'key' }),
      'auth.refresh: names the secret',
    ],
    [
      'an assertion that nobody sends',
      {
        kind: 'oauth2',
        tokenUrl: 'https://o.example/t',
        clientId: 'x',
        secret: 'key',
        assertion: { algorithm: 'RS256' },
      },
      'auth.assertion: is of',
    ],
    [
      'no client',
      { kind: 'oauth2', tokenUrl: 'https://o.example/t', secret: 'key' },
      'auth.clientId: must say who asks',
    ],
    [
      'a claim of a secret',
      { kind: 'jwt', algorithm: 'HS256', secret: 'key', claims: { sub: '{config.key}' } },
      'auth.claims: {config.key} is a secret',
    ],
  ])('is refused with %s', (_, auth, fault) => {
    expect(faultsOf(withAuth(auth))).toContain(fault)
  })
})
