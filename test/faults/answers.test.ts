/** What a client is told when a step fails and the isolate lives on (design decision 9). */
import { expect, test, vi } from 'vitest'
import { cutsOf, idOf, match, openWorld, patch, person } from '../support/world.ts'

vi.setConfig({ testTimeout: 120_000 })

const LOGIN = 'Ivo.Blom@example.com'
const REQUESTS = {
  'a match query': ['GET', match('userName', LOGIN), undefined],
  'a read': ['GET', '/Users/{id}', undefined],
  'a create': ['POST', '/Users', person('new@example.com')],
  'a rename': ['PATCH', '/Users/{id}', patch({ op: 'add', path: 'userName', value: 'ivo@x.io' })],
  'a delete': ['DELETE', '/Users/{id}', undefined],
} as const

test.each(Object.entries(REQUESTS))(
  '%s that D1 or the app fails is 503 with Retry-After, or has succeeded',
  async (_, request) => {
    const [method, template, body] = request
    const open = async () => {
      const world = await openWorld()
      const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
      return { world, path: template.replace('{id}', id) }
    }
    const first = await open()
    const whole = first.world.open()
    let refused = 0
    expect((await whole.scim(first.world.scim, method, first.path, body)).status).toBeLessThan(300)
    for (const cut of cutsOf(whole.steps(), ['lost', 'refused'])) {
      const { world, path } = await open()
      const answer = await world.open(cut).scim(world.scim, method, path, body)
      expect([cut, answer.status < 300 || answer.status]).toEqual([cut, answer.status < 300 || 503])
      if (answer.status < 300) continue
      refused += 1
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(answer.headers.get('content-type')).toBe('application/scim+json')
      expect(answer.body.status).toBe('503')
      expect(JSON.stringify(answer.body).toLowerCase()).not.toContain('ivo')
    }
    // A read is tried again, and has succeeded then.
    if (method !== 'GET') expect(refused).toBeGreaterThan(0)
  },
)

test('a create that the app answers with 503 is sent again by the next try, which waits for no lease', async () => {
  const world = await openWorld()
  const failure = { match: 'POST /api/accounts', times: 1, when: 'before', how: 'status' } as const
  world.desk.failNext({ ...failure, status: 503 })
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(503)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect(world.logins(LOGIN)).toHaveLength(1)
})

test('a create whose answer is lost is sent again once it cannot be on its way any more', async () => {
  const world = await openWorld()
  const failure = { match: 'POST /api/accounts', times: 1, when: 'before', how: 'reset' } as const
  world.desk.failNext(failure)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(503)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(503)
  expect(world.logins(LOGIN)).toHaveLength(0)
  world.clock.now += 60_000
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  expect(world.logins(LOGIN)).toHaveLength(1)
})
