/** What a collector of OpenTelemetry is told. */
import { describe, expect, test } from 'vitest'
import type { Line } from '../../src/log/events.ts'
import { Exporter } from '../../src/telemetry/exporter.ts'
import type { Span } from '../../src/telemetry/spans.ts'
import { match, person } from '../support/world.ts'
import { COLLECTOR, openWatched, type Sent } from './watched.ts'

const OTLP = { OTLP_ENDPOINT: COLLECTOR, OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant=one' }

function spansIn({ body }: Sent): Span[] {
  return body.resourceSpans[0].scopeSpans[0].spans
}

const attributeOf = ({ attributes }: Span, key: string) =>
  Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0]

describe('the trace of a request', () => {
  test('has a span of the request, and one for each call of the app and trip to D1', async () => {
    const { ask, pass, sent, lines, scim } = await openWatched(OTLP)
    const answer = await ask('POST', '/Users', person('ada.lund@example.com'))
    await pass()
    expect(sent.map(({ path }) => path)).toEqual(['/v1/traces'])
    const [root, ...steps] = spansIn(sent[0] as Sent)
    const line = lines.find(({ event }) => event === 'scim.request') as Extract<
      Line,
      { event: 'scim.request' }
    >
    expect(root).toMatchObject({
      name: 'POST Users',
      kind: 2,
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
    expect(root).not.toHaveProperty('parentSpanId')
    expect(root && attributeOf(root, 'postern.connection')).toBe(scim.name)
    expect(root && attributeOf(root, 'postern.decision')).toBe('created')
    const request = answer.headers.get('x-request-id') ?? ''
    expect(steps.filter(({ name }) => name === 'D1')).toHaveLength(line.d1Trips)
    expect(steps.filter(({ name }) => name !== 'D1')).toHaveLength(line.appCalls)
    expect(steps.map(({ name }) => name)).toContain('POST /api/accounts')
    for (const span of [root, ...steps]) {
      // Whoever has the id of the request has the trace.
      expect(span?.traceId).toBe(request.replaceAll('-', ''))
      expect(Number(span?.startTimeUnixNano)).toBeGreaterThanOrEqual(
        Number(root?.startTimeUnixNano),
      )
      expect(Number(span?.endTimeUnixNano)).toBeLessThanOrEqual(Number(root?.endTimeUnixNano))
    }
    expect(steps.every(({ parentSpanId }) => parentSpanId === root?.spanId)).toBe(true)
    expect(new Set([root, ...steps].map((span) => span?.spanId)).size).toBe(steps.length + 1)
    expect(JSON.stringify(sent[0]?.body)).not.toMatch(/lund/i)
  })

  test('is the one that the client has begun, where it has', async () => {
    const { ask, pass, sent } = await openWatched(OTLP)
    const [trace, parent] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331']
    await ask('GET', '/Users', undefined, { traceparent: `00-${trace}-${parent}-01` })
    await ask('GET', '/Users', undefined, { traceparent: `00-${'0'.repeat(32)}-${parent}-01` })
    await ask('GET', '/Users', undefined, { traceparent: 'ada@example.com' })
    await pass()
    const roots = sent.flatMap(spansIn).filter(({ kind }) => kind === 2)
    expect(roots[0]).toMatchObject({ traceId: trace, parentSpanId: parent })
    for (const root of roots.slice(1)) {
      expect(root.traceId).not.toMatch(/^0+$/)
      expect(root).not.toHaveProperty('parentSpanId')
    }
    expect(roots).toHaveLength(3)
  })

  test('says which call has failed', async () => {
    const { ask, pass, sent, desk } = await openWatched(OTLP)
    desk.failNext({ match: 'GET /api/accounts', how: 'reset', times: 9 })
    expect((await ask('GET', match('userName', 'ada.lund@example.com'))).status).toBe(503)
    await pass()
    const failed = sent.flatMap(spansIn).filter(({ status }) => status?.code === 2)
    const names = new Set(failed.map(({ name }) => name))
    expect(names).toEqual(new Set(['GET Users', 'GET /api/accounts']))
  })
})

describe('a collector', () => {
  test('is sent what waits together, with the headers that it wants, after the answers', async () => {
    const { ask, pass, sent } = await openWatched(OTLP)
    await ask('GET', '/Users')
    await ask('GET', '/Groups')
    expect(sent).toEqual([])
    await pass()
    expect(sent).toHaveLength(1)
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer abc')
    expect(sent[0]?.headers.get('x-tenant')).toBe('one')
    expect(sent[0]?.headers.get('content-type')).toBe('application/json')
  })

  test.each([
    ['refuses', async () => new Response('for ada@example.com', { status: 429 }), 429],
    ['is not there', () => Promise.reject(new TypeError('ada@example.com')), 0],
  ])(
    'that %s costs nobody an answer, is not asked again, and is in the log',
    async (_, answer, status) => {
      const { ask, pass, sent, lines } = await openWatched(OTLP, answer)
      expect((await ask('GET', '/Users')).status).toBe(200)
      await pass()
      const items = spansIn(sent[0] as Sent).length
      expect(lines.at(-1)).toEqual({ event: 'otlp.lost', signal: 'traces', items, status })
      await pass()
      expect(sent).toHaveLength(1)
    },
  )

  test('is told of the metrics by the cron', async () => {
    const { isolate, sent } = await openWatched(OTLP)
    await isolate.tick()
    const metrics = sent.flatMap(({ path, body }) =>
      path === '/v1/metrics' ? body.resourceMetrics[0].scopeMetrics[0].metrics : [],
    )
    const named = (name: string) => metrics.find((metric) => metric.name === name)
    expect(named('postern_connections').gauge.dataPoints[0].asDouble).toBeGreaterThan(0)
    expect(named('postern_connection_info').gauge.dataPoints.length).toBeGreaterThan(0)
  })
})

test('sums are cumulative, and a histogram has a class more than bounds', async () => {
  const { exporter, bodies } = open(async () => Response.json({}))
  await exporter.metrics([
    { metric: 'postern_requests', labels: ['acme', 'User', 'done'], value: 3 },
    {
      metric: 'postern_request_seconds',
      labels: ['acme'],
      value: { bounds: [5, 1_000], counts: [1, 0, 2], sumMs: 4_500 },
    },
  ])
  const [requests, seconds] = bodies[0].resourceMetrics[0].scopeMetrics[0].metrics
  expect(requests.sum).toMatchObject({
    aggregationTemporality: 2,
    isMonotonic: true,
    dataPoints: [{ asDouble: 3, timeUnixNano: '1000000000' }],
  })
  expect(requests.sum.dataPoints[0].attributes).toContainEqual({
    key: 'outcome',
    value: { stringValue: 'done' },
  })
  expect(seconds).toMatchObject({ unit: 's', histogram: { aggregationTemporality: 2 } })
  expect(seconds.histogram.dataPoints[0]).toMatchObject({
    ...{ count: '3', sum: 4.5, explicitBounds: [0.005, 1], bucketCounts: ['1', '0', '2'] },
  })
})

test('spans that wait for a collector that hangs are bounded, and those left out are counted', async () => {
  const { exporter, lines, elapse } = open(() => new Promise(() => {}))
  const span = { attributes: [] } as unknown as Span
  for (let i = 0; i < 300; i++) exporter.add(Array.from({ length: 10 }, () => span))
  await elapse()
  const lost = lines.reduce((sum, line) => sum + Number((line as { items: number }).items), 0)
  expect(lost).toBe(3_000)
})

function open(collector: () => Promise<Response>) {
  const lines: Line[] = []
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  const bodies: any[] = []
  const timers: (() => void)[] = []
  const later: Promise<unknown>[] = []
  const exporter = new Exporter({
    endpoint: COLLECTOR,
    headers: async () => '',
    fetch: (_, { body }) => {
      bodies.push(JSON.parse(String(body)))
      return collector()
    },
    now: () => 1_000,
    after: (_, then) => {
      timers.push(then)
      return () => {}
    },
    waitUntil: (work) => later.push(work),
    log: (line) => lines.push(line),
  })
  const elapse = async () => {
    for (let turns = 0; turns < 50; turns++) {
      for (const then of timers.splice(0)) then()
      await Promise.resolve()
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    await Promise.all(later)
  }
  return { exporter, lines, bodies, elapse }
}
