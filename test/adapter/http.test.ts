import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import {
  createHttpClient,
  type HttpClientOptions,
  type HttpRequest,
} from '../../src/adapter/http.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0)

interface Sent {
  readonly url: string
  readonly init: RequestInit
  readonly headers: Headers
}

/** A client whose app is `answer`, and what it was sent. */
function clientOf(
  answer: (sent: Sent) => Response | Promise<Response>,
  more: Partial<HttpClientOptions> = {},
) {
  const sent: Sent[] = []
  const client = createHttpClient({
    baseUrl: 'https://app.example.com',
    fetch: async (url, init) => {
      const one = { url, init, headers: new Headers(init.headers) }
      sent.push(one)
      return answer(one)
    },
    now: () => NOW_MS,
    leftMs: () => 1_000,
    maxBytes: 10_000,
    allowInsecure: false,
    ...more,
  })
  return { client, sent }
}

async function failureFrom(call: Promise<unknown>): Promise<AdapterFailure> {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  )
  if (!(error instanceof AdapterFailure)) throw new Error('no AdapterFailure', { cause: error })
  return error
}

const get = (path: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  path,
  ...more,
})
const post = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  path: '/accounts',
  json: { login: 'a' },
  ...more,
})

/** A body that never ends by itself, and whether it was given up. */
function endless(chunk: string) {
  const state = { cancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode(chunk)),
    cancel: () => {
      state.cancelled = true
    },
  })
  return { body, state }
}

describe('where a call goes', () => {
  test('a path joins below the base URL, and its query is encoded', async () => {
    const { client, sent } = clientOf(() => Response.json({}), {
      baseUrl: 'https://app.example.com/tenant/',
    })
    await client.call(get('/accounts', { query: { login: "a+b'c@x&y", page: 2, none: undefined } }))
    expect(sent[0]?.url).toBe(
      'https://app.example.com/tenant/accounts?login=a%2Bb%27c%40x%26y&page=2',
    )
  })

  test.each([
    '//evil.example/x',
    'https://evil.example/',
    '@evil.example/',
    '/accounts/..',
    '/accounts/%2e%2E/admin',
    '/./accounts',
    '/accounts/.%2e',
    '/a\\..\\b',
    '/a?b=c',
    '/a#b',
    '/a\n/b',
    '/a/..\u0001',
    '/accounts/..%2fadmin',
    '/accounts/x%2F..%2f..%2Fadmin',
    '/accounts/%252e%252e%252fadmin',
    '/accounts/..%5cadmin',
    '/accounts/..;x/admin',
    '/accounts/1%00',
    '/accounts/1%0d%0aHost:%20evil',
    'accounts',
    '',
  ])('%j never leaves, or climbs out of, the app', async (path) => {
    const { client, sent } = clientOf(() => Response.json({}), {
      baseUrl: 'https://app.example.com/tenant',
    })
    const outcome = await client.call(get(path)).catch((error: unknown) => error)
    const isRefused = outcome instanceof AdapterFailure
    if (isRefused) expect(outcome).toMatchObject({ effect: 'none' })
    expect(sent).toHaveLength(isRefused ? 0 : 1)
    for (const { url } of sent) {
      expect(url).toMatch(/^https:\/\/app\.example\.com\/tenant\//)
      expect(decodeURIComponent(decodeURIComponent(url))).not.toMatch(
        /[/\\]\.\.?(?:[/\\;]|$)|[\0\r\n]/,
      )
    }
  })

  test('a native id of two dots cannot reach the collection', async () => {
    const { client, sent } = clientOf(() => Response.json({}))
    const path = `/accounts/${encodeURIComponent('..')}`
    const failure = await failureFrom(client.call({ method: 'DELETE', path }))
    expect(failure).toMatchObject({ code: 'protocol', effect: 'none' })
    expect(sent).toEqual([])
  })

  test('a base URL that checkAppUrl refuses makes no client', () => {
    expect(() => clientOf(() => Response.json({}), { baseUrl: 'https://127.0.0.1' })).toThrow(
      AdapterFailure,
    )
  })

  test('a redirect is not followed: protocol, and what became of a write is unknown', async () => {
    const { client, sent } = clientOf(() =>
      Response.redirect('https://app.example.com/sign-in', 302),
    )
    expect(await failureFrom(client.call(get('/accounts')))).toMatchObject({
      code: 'protocol',
      effect: 'none',
    })
    expect(await failureFrom(client.call(post()))).toMatchObject({
      code: 'protocol',
      effect: 'unknown',
    })
    expect(sent).toHaveLength(2)
    for (const { init } of sent) expect(init.redirect).toBe('manual')
  })
})

describe('what is sent', () => {
  test('the credential goes with every call, JSON with its content type', async () => {
    const { client, sent } = clientOf(() => Response.json({}), {
      headers: () => ({ 'X-Desk-Key': 'k' }),
    })
    await client.call(get('/a', { headers: { 'If-Match': '"1"' } }))
    await client.call(post())
    expect(sent[0]?.headers.get('x-desk-key')).toBe('k')
    expect(sent[0]?.headers.get('if-match')).toBe('"1"')
    expect(sent[0]?.headers.get('content-type')).toBe(null)
    expect(sent[0]?.init.body).toBe(null)
    expect(sent[1]?.headers.get('x-desk-key')).toBe('k')
    expect(sent[1]?.headers.get('content-type')).toBe('application/json')
    expect(sent[1]?.init.body).toBe('{"login":"a"}')
  })

  test('fetch is called as a plain function: workerd refuses another this', async () => {
    let receiver: unknown = 'unset'
    const { client } = clientOf(() => Response.json({}), {
      fetch: function (this: unknown) {
        receiver = this
        return Promise.resolve(Response.json({}))
      },
    })
    await client.call(get('/a'))
    expect(receiver).toBeUndefined()
  })

  test('a secret that no header can hold fails without being quoted', async () => {
    const { client, sent } = clientOf(() => Response.json({}), {
      headers: () => ({ 'X-Desk-Key': 'top\nsecret' }),
    })
    const failure = await failureFrom(client.call(post()))
    expect(failure).toMatchObject({ code: 'auth', effect: 'none', cause: undefined })
    expect(failure.message).not.toContain('secret')
    expect(sent).toEqual([])
  })
})

describe('answers', () => {
  test('JSON is parsed, an empty or blank body is undefined', async () => {
    const bodies = ['{"a":[1]}', '', ' \n', '\ufeff{"a":"é"}']
    const { client } = clientOf(() => new Response(bodies.shift()))
    expect((await client.call(get('/a'))).json).toEqual({ a: [1] })
    expect((await client.call(get('/a'))).json).toBeUndefined()
    expect((await client.call(get('/a'))).json).toBeUndefined()
    expect((await client.call(get('/a'))).json).toEqual({ a: 'é' })
  })

  test('204 is undefined', async () => {
    const { client } = clientOf(() => new Response(null, { status: 204 }))
    expect(await client.call({ method: 'DELETE', path: '/a' })).toMatchObject({
      status: 204,
      json: undefined,
    })
  })

  test('an expected status is the adapter’s to handle', async () => {
    const { client } = clientOf(() => Response.json({ fault: 1 }, { status: 404 }))
    const { status, json } = await client.call(get('/a', { expect: [404] }))
    expect([status, json]).toEqual([404, { fault: 1 }])
  })

  test('HTML with 200 is protocol, and its words are nowhere in the failure', async () => {
    const { client } = clientOf(() => new Response('<html>Sign in, Grace</html>'))
    for (const [request, effect] of [
      [get('/a'), 'none'],
      [post(), 'unknown'],
    ] as const) {
      const failure = await failureFrom(client.call(request))
      expect(failure).toMatchObject({ code: 'protocol', effect, cause: undefined })
      expect(`${failure.message}${failure.stack}`).not.toMatch(/Sign in|Grace/)
    }
  })

  test('HTML with an expected 404 is no word of the app: protocol', async () => {
    const { client } = clientOf(() => new Response('<h1>Not found</h1>', { status: 404 }))
    expect(await failureFrom(client.call(post({ expect: [404] })))).toMatchObject({
      code: 'protocol',
      effect: 'none',
    })
  })

  test('cut JSON and broken UTF-8 are protocol', async () => {
    const bodies: BodyInit[] = ['{"rows":[{"a":1', new Uint8Array([0x22, 0xc3, 0x28, 0x22])]
    const { client } = clientOf(() => new Response(bodies.shift()))
    expect(await failureFrom(client.call(get('/a')))).toMatchObject({ code: 'protocol' })
    expect(await failureFrom(client.call(get('/a')))).toMatchObject({ code: 'protocol' })
  })

  test('JSON that nests without end is protocol', async () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    const bodies = [nested(100_000), nested(65), nested(64)]
    const { client } = clientOf(() => new Response(bodies.shift()))
    expect(await failureFrom(client.call(get('/a')))).toMatchObject({ code: 'protocol' })
    expect(await failureFrom(client.call(get('/a')))).toMatchObject({ code: 'protocol' })
    expect((await client.call(get('/a'))).body).toBe('json')
  })

  test('characters that straddle chunks stay whole', async () => {
    const bytes = new TextEncoder().encode('"é山"')
    const { client } = clientOf(() => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (const byte of bytes) controller.enqueue(new Uint8Array([byte]))
          controller.close()
        },
      })
      return new Response(body)
    })
    expect((await client.call(get('/a'))).json).toBe('é山')
  })

  test('a body over maxBytes is given up while it is read', async () => {
    const { body, state } = endless('[1,1,1,1,1,1,1,1]')
    const { client } = clientOf(() => new Response(body), { maxBytes: 100 })
    expect(await failureFrom(client.call(post()))).toMatchObject({
      code: 'protocol',
      effect: 'unknown',
    })
    expect(state.cancelled).toBe(true)
  })

  test('a body of exactly maxBytes is read', async () => {
    const { client } = clientOf(() => new Response('"12345678"'), { maxBytes: 10 })
    expect((await client.call(get('/a'))).json).toBe('12345678')
  })

  test('a body that says its length is held to it, to maxBytes and to UTF-8', async () => {
    const answer = async (body: BodyInit, headers: Record<string, string>) =>
      clientOf(() => new Response(body, { headers }), { maxBytes: 10 }).client.call(get('/a'))
    expect((await answer('"12345678"', { 'content-length': '10' })).json).toBe('12345678')
    const refused: readonly [BodyInit, Record<string, string>][] = [
      ['"123456789"', { 'content-length': '11' }],
      ['"123456789"', { 'content-length': '4' }],
      ['"123456789"', { 'content-length': '4', 'content-encoding': 'gzip' }],
      [new Uint8Array([0x22, 0xff, 0x22]), { 'content-length': '3' }],
    ]
    for (const [body, headers] of refused) {
      expect(await failureFrom(answer(body, headers))).toMatchObject({ code: 'protocol' })
    }
  })

  test('the body of a failed call is cancelled, not left open', async () => {
    const { body, state } = endless('x')
    const { client } = clientOf(() => new Response(body, { status: 500 }))
    await failureFrom(client.call(get('/a')))
    expect(state.cancelled).toBe(true)
  })

  test('parse gives what the schema has, and fails with the effect of the call', async () => {
    const { client } = clientOf(() => Response.json({ id: 7, name: 'Ada' }))
    const response = await client.call(post())
    expect(response.parse(z.object({ id: z.int() }))).toEqual({ id: 7 })
    const failure = await failureFrom((async () => response.parse(z.object({ id: z.string() })))())
    expect(failure).toMatchObject({ code: 'protocol', effect: 'unknown', cause: undefined })
    const read = await client.call(get('/a'))
    expect(read.misunderstood()).toMatchObject({ code: 'protocol', effect: 'none' })
  })
})

describe('unexpected statuses', () => {
  test.each([
    [400, 'invalid', 'none'],
    [401, 'auth', 'none'],
    [402, 'limit', 'none'],
    [403, 'forbidden', 'none'],
    [404, 'protocol', 'none'],
    [405, 'protocol', 'none'],
    [408, 'timeout', 'none'],
    [409, 'conflict', 'none'],
    [422, 'invalid', 'none'],
    [429, 'rate', 'none'],
    [500, 'unavailable', 'unknown'],
    [502, 'unavailable', 'unknown'],
    [503, 'unavailable', 'unknown'],
    [504, 'timeout', 'unknown'],
    [304, 'protocol', 'unknown'],
  ])(
    '%i to a write is %s, effect %s; to a read the effect is none',
    async (status, code, effect) => {
      const { client } = clientOf(() => new Response(null, { status }))
      expect(await failureFrom(client.call(post()))).toMatchObject({ code, effect })
      expect(await failureFrom(client.call(get('/a')))).toMatchObject({ code, effect: 'none' })
      const reading = await failureFrom(client.call(post({ safe: true })))
      expect(reading).toMatchObject({ code, effect: 'none' })
    },
  )

  test('the message holds the status and no word of the app', async () => {
    const { client } = clientOf(() => Response.json({ error: 'Ada is taken' }, { status: 409 }))
    expect((await failureFrom(client.call(post()))).message).toBe('the app answered 409 to a POST')
  })

  test('the wait comes with 429 and with 503', async () => {
    for (const status of [429, 503]) {
      const { client } = clientOf(
        () => new Response(null, { status, headers: { 'Retry-After': '9' } }),
      )
      expect(await failureFrom(client.call(get('/a')))).toMatchObject({ retryAfterSeconds: 9 })
    }
  })
})

describe('lost and late answers', () => {
  test('a lost connection is unavailable; a write’s effect is unknown', async () => {
    const { client } = clientOf(() => {
      throw new TypeError('connect ECONNREFUSED 10.1.2.3 for ada@app.example')
    })
    expect(await failureFrom(client.call(get('/a')))).toMatchObject({
      code: 'unavailable',
      effect: 'none',
    })
    const failure = await failureFrom(client.call(post()))
    expect(failure).toMatchObject({ code: 'unavailable', effect: 'unknown', cause: undefined })
    expect(failure.message).not.toContain('10.1.2.3')
  })

  test('a connection lost within the body is unavailable', async () => {
    const { client } = clientOf(() => {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"a":'))
          controller.error(new Error('Network connection lost.'))
        },
      })
      return new Response(body)
    })
    expect(await failureFrom(client.call(post()))).toMatchObject({
      code: 'unavailable',
      effect: 'unknown',
    })
  })

  test('no answer in time is timeout, and the call is aborted', async () => {
    const { client, sent } = clientOf(
      ({ init }) =>
        new Promise((_, reject) => {
          init.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        }),
      { leftMs: () => 20 },
    )
    expect(await failureFrom(client.call(get('/a')))).toMatchObject({
      code: 'timeout',
      effect: 'none',
    })
    expect(await failureFrom(client.call(post()))).toMatchObject({
      code: 'timeout',
      effect: 'unknown',
    })
    expect(sent.map(({ init }) => init.signal?.aborted)).toEqual([true, true])
  })

  test('a body that never ends is timeout too', async () => {
    const { client } = clientOf(() => new Response(new ReadableStream({ start() {} })), {
      leftMs: () => 20,
    })
    expect(await failureFrom(client.call(post()))).toMatchObject({
      code: 'timeout',
      effect: 'unknown',
    })
  })

  test('the clock of one call starts when it is sent', async () => {
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      return Response.json({})
    }
    const { client } = clientOf(slow, { leftMs: () => 200 })
    for (let i = 0; i < 8; i++) expect((await client.call(get('/a'))).status).toBe(200)
  })
})
