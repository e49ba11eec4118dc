import { exports } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { ORIGIN } from './support/gateway.ts'
import { openIsolate } from './support/isolate.ts'

const nobody = () => Promise.reject(new TypeError('nobody is there'))
const health = () => new Request(`${ORIGIN}/healthz`)

test('GET /healthz answers 200 when requests can be served', async () => {
  const response = await exports.default.fetch('https://gw.example/healthz')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok' })
})

test('GET /healthz answers 503 while D1 does not', async () => {
  const down = () => {
    throw new Error('D1_ERROR: no such database')
  }
  const isolate = openIsolate({ now: Date.now() }, nobody, {
    env: { DB: { prepare: down, batch: down } as never },
  })
  const response = await isolate.fetch(health())
  expect(response.status).toBe(503)
  expect(await response.json()).toEqual({ status: 'unavailable' })
})

test('GET /healthz asks D1 once in a second, however often it is asked', async () => {
  const clock = { now: Date.now() }
  const isolate = openIsolate(clock, nobody)
  for (let i = 0; i < 10; i++) expect((await isolate.fetch(health())).status).toBe(200)
  expect(isolate.counts().trips).toBe(1)
  clock.now += 1_000
  await isolate.fetch(health())
  expect(isolate.counts().trips).toBe(2)
})

test('an accident that nobody has foreseen is a 500, and its words are neither told nor logged', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  const lines: unknown[] = []
  const isolate = openIsolate({ now: Date.now() }, nobody, {
    log: (line) => {
      if (line['event'] === 'scim.request') throw new Error('ada@example.com')
      lines.push(line)
    },
  })
  const response = await isolate.fetch(new Request(`${ORIGIN}/scim/none/v2/Users`))
  expect(response.status).toBe(500)
  expect(await response.json()).toEqual({ status: 500, title: 'Internal Server Error' })
  expect(lines).toMatchObject([{ event: 'failed', error: 'Error' }])
  expect(JSON.stringify(lines)).not.toContain('ada@')
  expect(printed).not.toHaveBeenCalled()
  printed.mockRestore()
})
