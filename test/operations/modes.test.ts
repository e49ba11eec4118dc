/** The modes of a connection: no mode answers a success that did not happen. */
import { expect, test } from 'vitest'
import { admin } from '../support/gateway.ts'
import { brownfield, GROUP_SCHEMA, idOf, openWorld, patch, person } from '../support/world.ts'

const LOGIN = 'Uma.Lind@example.com'

test.each(['observe', 'gate'])(
  '"%s" answers reads, and refuses each write with 400',
  async (mode) => {
    const world = await openWorld({ policy: { mode } })
    brownfield(world, LOGIN)
    const listed = await world.ask('GET', '/Users')
    expect(listed.body.totalResults).toBe(1)
    const path = `/Users/${listed.body.Resources[0].id}`
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Line 4' }
    const answers = [
      await world.ask('POST', '/Users', person('new@example.com')),
      await world.ask('POST', '/Users', person(LOGIN)),
      await world.ask('PATCH', path, patch({ op: 'replace', path: 'active', value: false })),
      await world.ask('PUT', path, person(LOGIN)),
      await world.ask('DELETE', path),
      await world.ask('POST', '/Groups', group),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(400)
      expect(body.detail).toContain('"live"')
    }
    expect(world.desk.counters.writes).toBe(0)
  },
)

test('"paused" is 503 with Retry-After for reads as well', async () => {
  const world = await openWorld({ policy: { mode: 'paused' } })
  for (const method of ['GET', 'POST']) {
    const answer = await world.ask(method, '/Users', method === 'POST' ? person(LOGIN) : undefined)
    expect(answer.status).toBe(503)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  }
})

test('a write meets a mode that another isolate has just set', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  const changed = await admin('PATCH', `/connections/${world.scim.name}`, { mode: 'observe' })
  expect(changed.status).toBe(200)
  const title = patch({ op: 'add', path: 'title', value: 'x' })
  expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(400)
})

test('what was cut off is not finished while the connection is not live', async () => {
  const world = await openWorld()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  world.desk.failNext({ match: 'DELETE /api/accounts/{no}', how: 'reset' })
  expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(503)
  await admin('PATCH', `/connections/${world.scim.name}`, { mode: 'observe' })
  world.clock.now += 3_600_000
  await world.tick()
  expect(world.logins(LOGIN)).toHaveLength(1)
  await admin('PATCH', `/connections/${world.scim.name}`, { mode: 'live' })
  world.clock.now += 3_600_000
  await world.tick()
  expect(world.logins(LOGIN)).toEqual([])
})
