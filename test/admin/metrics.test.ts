/** `/metrics`, as Prometheus asks for it. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { OPEN_METRICS, PROMETHEUS_TEXT } from '../../src/govern/metrics.ts'
import { admin, ORIGIN } from '../support/gateway.ts'
import { type Isolate, openIsolate } from '../support/isolate.ts'
import { readOpenMetrics } from '../support/openmetrics.ts'
import { MINUTE_MS, match, openWorld, person, type World } from '../support/world.ts'

async function ask(isolate: Isolate, token: string | undefined, accept = OPEN_METRICS) {
  const headers = { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  const response = await isolate.fetch(new Request(`${ORIGIN}/metrics`, { headers }))
  // Not `text()`, which warns of media types that it does not know.
  return { response, text: new TextDecoder().decode(await response.arrayBuffer()) }
}

function gateway(token: string) {
  const nobody = () => Promise.reject(new TypeError('nobody is there'))
  const isolate = openIsolate({ now: Date.now() }, nobody, {
    env: { POSTERN_METRICS_TOKEN: token },
  })
  return { isolate }
}

/** The token of an auditor who is limited to these connections. */
async function auditor(...connections: readonly string[]): Promise<string> {
  const name = `auditor ${crypto.randomUUID()}`
  const made = await admin('POST', '/administrators', { name, role: 'auditor', connections })
  return (await admin('POST', `/administrators/${made.body.id}/tokens`)).body.token
}

/** Samples of one connection, without its name; `le` of histograms left out but for their counts. */
async function scrape(world: World, isolate: Isolate, token: string) {
  const { response, text } = await ask(isolate, token)
  expect(response.status).toBe(200)
  const all = [...readOpenMetrics(text).values()].flatMap(({ samples }) => [...samples])
  return Object.fromEntries(
    all.map(([sample, value]) => [
      sample.replace(`connection="${world.scim.name}"`, '').replace('{,', '{').replace('{}', ''),
      value,
    ]),
  )
}

describe('the metrics of a connection', () => {
  test('say what was asked, what came of it, and what the app took', async () => {
    const world = await openWorld()
    const token = await auditor(world.scim.name)
    const isolate = world.open()
    const made = await isolate.scim(world.scim, 'POST', '/Users', person('ada.lund@example.com'))
    await isolate.scim(world.scim, 'GET', `/Users/${made.body.id}`)
    await isolate.scim(world.scim, 'GET', '/Users?filter=nonsense')
    await isolate.scim(world.scim, 'GET', '/Schemas')
    await isolate.scim({ ...world.scim, token: 'wrong' }, 'GET', '/Users')
    const said = await scrape(world, isolate, token)
    expect(said).toMatchObject({
      postern_connections: 1,
      'postern_connection_info{adapter="example",mode="live"}': 1,
      'postern_requests_total{type="User",outcome="done"}': 1,
      'postern_requests_total{type="User",outcome="answered"}': 1,
      'postern_requests_total{type="User",outcome="refused"}': 1,
      'postern_requests_total{type="",outcome="answered"}': 1,
      'postern_requests_total{type="",outcome="denied"}': 1,
      postern_request_seconds_count: 4,
      'postern_app_calls_total{result="failed"}': 0,
      postern_audit_lost_rows_total: 0,
      postern_last_heard_timestamp_seconds: world.clock.now / 1000,
      'postern_links{type="User",state="linked"}': 1,
      'postern_intents{op="members"}': 0,
      postern_parked: 0,
      postern_app_paused: 0,
      postern_failure_ratio: 0.25,
      postern_gauges_timestamp_seconds: world.clock.now / 1000,
    })
    const calls = said['postern_app_calls_total{result="ok"}'] ?? 0
    expect(calls).toBeGreaterThan(0)
    expect(said['postern_app_call_seconds_count']).toBe(calls)
    expect(Object.keys(said).join()).not.toMatch(/lund/i)
  })

  test('are the same whichever isolate is asked, and never go down', async () => {
    const world = await openWorld()
    const token = await auditor(world.scim.name)
    const [one, other] = [world.open(), world.open()]
    const sample = 'postern_requests_total{type="User",outcome="answered"}'
    await one.scim(world.scim, 'GET', match('userName', 'nobody@example.com'))
    expect((await scrape(world, one, token))[sample]).toBe(1)
    await other.scim(world.scim, 'GET', match('userName', 'nobody@example.com'))
    expect((await scrape(world, other, token))[sample]).toBe(2)
    expect((await scrape(world, one, token))[sample]).toBe(2)
    // What is shown elsewhere is kept for a month.
    await env.DB.prepare(
      'DELETE FROM traffic WHERE connection = (SELECT id FROM connection WHERE name = ?)',
    )
      .bind(world.scim.name)
      .run()
    expect((await scrape(world, one, token))[sample]).toBe(2)
  })

  test('count what the tables hold every five minutes, and say when that was', async () => {
    const world = await openWorld()
    const token = await auditor(world.scim.name)
    const isolate = world.open()
    const links = 'postern_links{type="User",state="linked"}'
    const taken = world.clock.now / 1000
    expect(await scrape(world, isolate, token)).not.toHaveProperty([links])
    await isolate.scim(world.scim, 'POST', '/Users', person('ada.lund@example.com'))
    world.clock.now += 4 * MINUTE_MS
    const soon = await scrape(world, isolate, token)
    expect(soon).not.toHaveProperty([links])
    expect(soon['postern_gauges_timestamp_seconds']).toBe(taken)
    world.clock.now += MINUTE_MS
    const later = await scrape(world, isolate, token)
    expect(later).toMatchObject({ [links]: 1, postern_gauges_timestamp_seconds: taken + 300 })
  })

  test('tell of open findings, and of an app that is not called for a while', async () => {
    const world = await openWorld()
    const token = await auditor(world.scim.name)
    const isolate = world.open()
    world.desk.failNext({ match: 'GET /api/accounts', how: 'reset', times: 99 })
    for (let i = 0; i < 4; i++) await isolate.scim(world.scim, 'GET', match('userName', 'a@b.c'))
    const said = await scrape(world, isolate, token)
    expect(said).toMatchObject({ 'postern_findings{kind="app-failing"}': 1, postern_app_paused: 1 })
    expect(said['postern_app_calls_total{result="failed"}']).toBeGreaterThan(1)
  })
})

describe('who asks for metrics', () => {
  test('is an administrator, who is told of their own connections', async () => {
    const [own, other] = [await openWorld(), await openWorld()]
    const token = await auditor(own.scim.name)
    const { text } = await ask(own.open(), token)
    expect(text).toContain(own.scim.name)
    expect(text).not.toContain(other.scim.name)
    expect((await ask(own.open(), undefined)).response.status).toBe(401)
    expect((await ask(own.open(), own.scim.token)).response.status).toBe(401)
  })

  test('is the bearer of the metrics token, who gets nothing else for it', async () => {
    const token = 'a-token-for-metrics-of-32-characters'
    const { isolate } = gateway(token)
    expect((await ask(isolate, token)).response.status).toBe(200)
    expect((await ask(isolate, `${token}!`)).response.status).toBe(401)
    for (const path of ['/admin/api/metrics', '/admin/api/connections']) {
      const headers = { authorization: `Bearer ${token}` }
      const { status } = await isolate.fetch(new Request(ORIGIN + path, { headers }))
      expect(status, path).toBe(401)
    }
  })

  test('is not the bearer of a metrics token that could be guessed, nor of an empty one', async () => {
    expect((await ask(gateway('short').isolate, 'short')).response.status).toBe(401)
    expect((await ask(gateway('').isolate, '')).response.status).toBe(401)
  })

  test('gets the older text of Prometheus unless it takes OpenMetrics', async () => {
    const world = await openWorld()
    const token = await auditor(world.scim.name)
    const isolate = world.open()
    await isolate.scim(world.scim, 'GET', '/Users')
    const older = await ask(isolate, token, '*/*')
    expect(older.response.headers.get('content-type')).toBe(PROMETHEUS_TEXT)
    expect(older.text).toContain('# TYPE postern_audit_lost_rows_total counter\n')
    expect(older.text).not.toMatch(/# (?:EOF|UNIT)/)
    const open = await ask(isolate, token)
    expect(open.response.headers.get('content-type')).toBe(OPEN_METRICS)
  })
})
