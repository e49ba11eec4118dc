/** How long a body may take, and how many requests a client and a stranger may send. */
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test } from 'vitest'
import { BODY_TIMEOUT_MS, BURST_SECONDS, STRANGERS_BURST } from '../../src/access/limits.ts'
import { BULK_REQUEST, ERROR, USER } from '../../src/scim/urn.ts'
import { connect, ORIGIN, type Scim } from '../support/gateway.ts'
import { type Clock, type Isolate, openIsolate } from '../support/isolate.ts'

const nobody = async (): Promise<Response> => {
  throw new Error('no app is asked here')
}

let clock: Clock
beforeEach(() => {
  clock = { now: Date.now() }
})

describe('a slow body', () => {
  /** Timers that end when the test says so; those of other parts of the gateway never do. */
  function timers() {
    const running = new Map<number, () => void>()
    const asked: number[] = []
    return {
      asked,
      running,
      after: (ms: number, then: () => void) => {
        if (ms !== BODY_TIMEOUT_MS) return () => {}
        const id = asked.push(ms)
        running.set(id, then)
        return () => void running.delete(id)
      },
      async end() {
        while (running.size === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        for (const then of running.values()) then()
      },
    }
  }

  const dripping = (cancelled: () => void) =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"userName":')),
      cancel: cancelled,
    })

  test.each([
    ['SCIM', '/v2/Users', 'application/scim+json'],
    ['the token endpoint', '/oauth/token', 'application/x-www-form-urlencoded'],
    ['the admin API', '', 'application/json'],
  ])('of %s is cut off when its time is over', async (_, path, type) => {
    const { name, token } = await connect()
    const { after, end, asked, running } = timers()
    const isolate = openIsolate(clock, nobody, { after })
    const isAdmin = path === ''
    const url = isAdmin ? `${ORIGIN}/admin/api/connections` : `${ORIGIN}/scim/${name}${path}`
    let cancelled = false
    const request = new Request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${isAdmin ? env.POSTERN_ADMIN_TOKEN : token}`,
        'content-type': type,
      },
      body: dripping(() => {
        cancelled = true
      }),
    })
    const [response] = await Promise.all([isolate.fetch(request), end()])
    expect(response.status).toBe(408)
    expect(await response.text()).toContain(`${BODY_TIMEOUT_MS / 1000} s`)
    expect(asked).toEqual([BODY_TIMEOUT_MS])
    expect(running.size).toBe(0)
    expect(cancelled).toBe(true)
  })

  test('that comes in time stops the clock', async () => {
    const scim = await connect()
    const { after, asked, running } = timers()
    const isolate = openIsolate(clock, nobody, { after })
    const made = await isolate.scim(scim, 'POST', '/Users', { schemas: [USER], userName: 'a' })
    expect(made.status).toBe(201)
    expect([asked.length, running.size]).toEqual([1, 0])
  })
})

describe('the rate of a connection', () => {
  const RATE = 3
  const limited = () => connect({ policy: { limits: { requestsPerSecond: RATE } } })
  const statuses = async (times: number, ask: () => Promise<{ status: number }>) => {
    const seen: number[] = []
    for (let i = 0; i < times; i++) seen.push((await ask()).status)
    return seen
  }

  test('lets a burst pass, then 429 that says when to come again, and then again', async () => {
    const scim = await limited()
    const isolate = openIsolate(clock, nobody)
    const get = () => isolate.scim(scim, 'GET', '/ServiceProviderConfig')
    const burst = RATE * BURST_SECONDS
    expect(await statuses(burst, get)).toEqual(Array.from({ length: burst }, () => 200))
    const refused = await get()
    expect(refused.status).toBe(429)
    expect(refused.body).toMatchObject({ schemas: [ERROR], status: '429' })
    expect(refused.body.detail).toContain('limits.requestsPerSecond')
    expect(refused.headers.get('retry-after')).toBe('1')
    clock.now += 1_000
    expect(await statuses(RATE + 1, get)).toEqual([200, 200, 200, 429])
  })

  test('is of that connection alone', async () => {
    const [one, other] = [await limited(), await limited()]
    const isolate = openIsolate(clock, nobody)
    const get = (scim: Scim) => () => isolate.scim(scim, 'GET', '/ServiceProviderConfig')
    expect(await statuses(RATE * BURST_SECONDS + 1, get(one))).toContain(429)
    expect((await get(other)()).status).toBe(200)
  })

  test('counts each operation of a Bulk request', async () => {
    const scim = await limited()
    const isolate = openIsolate(clock, nobody)
    const operations = Array.from({ length: 20 }, () => ({ method: 'DELETE', path: '/Users/x' }))
    const message = { schemas: [BULK_REQUEST], Operations: operations }
    const bulk = () => isolate.scim(scim, 'POST', '/Bulk', message)
    expect((await bulk()).status).toBe(200)
    const refused = await bulk()
    expect(refused.status).toBe(429)
    // 20 of a burst of 6: 14 are owed, and the next one is to be had.
    expect(refused.headers.get('retry-after')).toBe('5')
    clock.now += 5_000
    expect((await bulk()).status).toBe(200)
  })

  test('is not got round by a Bulk within a Bulk: an operation is on a resource', async () => {
    const scim = await connect()
    const { body } = await scim('POST', '/Users', { schemas: [USER], userName: 'kept' })
    const remove = { method: 'DELETE', path: `/Users/${body.id}` }
    const inner = { schemas: [BULK_REQUEST], Operations: [remove] }
    const Operations = [{ method: 'POST', path: '/Bulk', bulkId: 'b', data: inner }]
    const answer = await scim('POST', '/Bulk', { schemas: [BULK_REQUEST], Operations })
    expect(answer.body.Operations).toMatchObject([{ bulkId: 'b', status: '404' }])
    expect((await scim('GET', `/Users/${body.id}`)).status).toBe(200)
  })

  test('is not used up by a stranger', async () => {
    const scim = await limited()
    const isolate = openIsolate(clock, nobody)
    const stranger = { ...scim, token: `${scim.token}x` }
    const seen = await statuses(RATE * BURST_SECONDS + 5, () =>
      isolate.scim(stranger, 'GET', '/ServiceProviderConfig'),
    )
    expect(new Set(seen)).toEqual(new Set([401]))
    expect((await isolate.scim(scim, 'GET', '/ServiceProviderConfig')).status).toBe(200)
  })
})

describe('strangers', () => {
  const from = (address: string) => ({ 'cf-connecting-ip': address })
  const wrong = (scim: Scim) => ({ ...scim, token: 'pst_wrong' })

  async function exhausted(isolate: Isolate, scim: Scim, address: string): Promise<void> {
    for (let i = 0; i < STRANGERS_BURST; i++) {
      const answer = await isolate.scim(wrong(scim), 'GET', '/Users', undefined, from(address))
      if (answer.status !== 401) throw new Error(`${i}: ${answer.status}`)
    }
  }

  test('who try too often are refused without a look at D1, until a while has passed', async () => {
    const scim = await connect()
    const isolate = openIsolate(clock, nobody)
    await exhausted(isolate, scim, '192.0.2.1')
    const { trips } = isolate.counts()
    const refused = await isolate.scim(wrong(scim), 'GET', '/Users', undefined, from('192.0.2.1'))
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(isolate.counts().trips).toBe(trips)
    const other = await isolate.scim(wrong(scim), 'GET', '/Users', undefined, from('192.0.2.2'))
    expect(other.status).toBe(401)
    clock.now += 1_000
    const later = await isolate.scim(wrong(scim), 'GET', '/Users', undefined, from('192.0.2.1'))
    expect(later.status).toBe(401)
  })

  test('who try all at once are counted as well', async () => {
    const scim = await connect()
    const isolate = openIsolate(clock, nobody)
    const ask = () => isolate.scim(wrong(scim), 'GET', '/Users', undefined, from('192.0.2.5'))
    const answers = await Promise.all(Array.from({ length: STRANGERS_BURST + 10 }, ask))
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10)
    expect(isolate.counts().trips).toBe(STRANGERS_BURST)
  })

  test('are one for the whole network of an IPv6 address', async () => {
    const scim = await connect()
    const isolate = openIsolate(clock, nobody)
    await exhausted(isolate, scim, '2001:db8:0:7::1')
    const status = async (address: string) =>
      (await isolate.scim(wrong(scim), 'GET', '/Users', undefined, from(address))).status
    expect(await status('2001:db8:0:7:ffff::2')).toBe(429)
    expect(await status('2001:db8:0:8::1')).toBe(401)
  })

  test('are not those who sign in, however often', async () => {
    const scim = await connect({ policy: { limits: { requestsPerSecond: 1_000 } } })
    const isolate = openIsolate(clock, nobody)
    for (let i = 0; i <= STRANGERS_BURST; i++) {
      const get = isolate.scim(scim, 'GET', '/Schemas', undefined, from('192.0.2.6'))
      expect((await get).status).toBe(200)
    }
    const other = await isolate.scim(wrong(scim), 'GET', '/Users', undefined, from('192.0.2.6'))
    expect(other.status).toBe(401)
  })

  test('lock out nobody at their address whom this isolate knows', async () => {
    const scim = await connect()
    const isolate = openIsolate(clock, nobody)
    const get = (headers: Record<string, string>) =>
      isolate.scim(scim, 'GET', '/Users', undefined, headers)
    expect((await get(from('192.0.2.3'))).status).toBe(200)
    await exhausted(isolate, scim, '192.0.2.3')
    expect((await get(from('192.0.2.3'))).status).toBe(200)
  })

  test('at the token endpoint are counted as well', async () => {
    const { name } = await connect()
    const isolate = openIsolate(clock, nobody)
    const ask = () =>
      isolate.fetch(
        new Request(`${ORIGIN}/scim/${name}/oauth/token`, {
          method: 'POST',
          headers: {
            ...from('192.0.2.4'),
            'content-type': 'application/x-www-form-urlencoded',
          },
          body: 'grant_type=client_credentials&client_id=a&client_secret=b',
        }),
      )
    for (let i = 0; i < STRANGERS_BURST; i++) expect((await ask()).status).toBe(401)
    const { trips } = isolate.counts()
    const refused = await ask()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect(isolate.counts().trips).toBe(trips)
  })
})
