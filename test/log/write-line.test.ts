/** What leaves the worker as a line of its log. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { Line } from '../../src/log/events.ts'
import { misfits, writeLine } from '../../src/log/write-line.ts'
import { openKeyed } from '../support/keyed-gateway.ts'
import { person } from '../support/world.ts'

const request = '6f1f1c1e-8f0a-4f0e-9f7e-2f1f1c1e8f0a'

test('a line begins with its level and its event', () => {
  const line: Line = { event: 'circuit.opened', connection: 'acme', cause: 'auth', seconds: 5 }
  expect(writeLine(line)).toBe(
    '{"level":"error","event":"circuit.opened","connection":"acme","cause":"auth","seconds":5}',
  )
})

test.each([
  ['a name of a person', { event: 'refused', request: 'ada.lund@example.com', status: 400 }],
  ['a login', { event: 'refused', request: 'alund', status: 400 }],
  ['a path', { event: 'token.request', request, connection: '../acme', status: 200, ms: 1 }],
  ['a foreign message', { event: 'job.failed', job: 'sweep', error: 'no row for "Ada Lund"' }],
  ['a text for a number', { event: 'refused', request, status: '400' }],
  ['a cause that nobody knows', { ...opened(), cause: 'Ada' }],
  ['a field of another event', { event: 'circuit.closed', connection: 'acme', person: 'ada' }],
  ['an address', { event: 'alert.undelivered', channel: request, attempt: 1, reason: 'to a@b.c' }],
])('a field that holds %s is withheld, and named', (_, line) => {
  const wrong = misfits(line as never)
  expect(wrong).toHaveLength(1)
  const written = JSON.parse(writeLine(line as never))
  expect(written.withheld).toEqual(wrong)
  expect(written).not.toHaveProperty(wrong[0] ?? '')
})

function opened() {
  return { event: 'circuit.opened', connection: 'acme', seconds: 5 }
}

test('the line of a request says what was decided, and what app and database took', async () => {
  const gateway = openKeyed({ current: env.POSTERN_SEALING_KEY })
  const scim = await gateway.connect()
  const before = gateway.isolate.counts()
  const body = person(`${crypto.randomUUID()}@example.com`)
  const created = await gateway.isolate.scim(scim, 'POST', '/Users', body)
  expect(created.status).toBe(201)
  const after = gateway.isolate.counts()
  expect(gateway.log.filter(({ event }) => event === 'scim.request')).toEqual([
    {
      event: 'scim.request',
      request: created.headers.get('x-request-id'),
      connection: scim.name,
      method: 'POST',
      endpoint: 'Users',
      op: 'create',
      outcome: 'done',
      decision: 'created',
      status: 201,
      ms: expect.any(Number),
      appCalls: after.calls - before.calls,
      appFailed: 0,
      appMs: expect.any(Number),
      d1Trips: after.trips - before.trips,
      d1Ms: expect.any(Number),
    },
  ])
  expect(after.trips - before.trips).toBeGreaterThan(1)
})

test('the line of a request that was not let in names its connection and nothing else', async () => {
  const gateway = openKeyed({ current: env.POSTERN_SEALING_KEY })
  const { baseUrl, name } = await gateway.connect()
  await gateway.isolate.scim({ baseUrl, token: 'wrong' }, 'GET', '/Users/ada@example.com')
  expect(gateway.log.at(-1)).toMatchObject({
    connection: name,
    ...{ endpoint: '', op: '', outcome: 'denied', decision: '', status: 401, appCalls: 0 },
  })
})

test('trips of requests that are under way at once are told apart', async () => {
  const gateway = openKeyed({ current: env.POSTERN_SEALING_KEY })
  const scim = await gateway.connect()
  const get = () => gateway.find(scim)
  // The second one knows the token and the connection.
  await get()
  await get()
  const alone = gateway.log.at(-1)?.['d1Trips']
  const before = gateway.isolate.counts().trips
  await Promise.all([get(), get(), get()])
  const trips = gateway.log.slice(-3).map((line) => line['d1Trips'])
  expect(trips).toEqual([alone, alone, alone])
  expect(gateway.isolate.counts().trips - before).toBe(3 * Number(alone))
})
