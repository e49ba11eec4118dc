/** How a connection gets to another database: it is made anew there, by its export and its links. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { adminApi } from '../support/admin-api.ts'
import { openIsolate } from '../support/isolate.ts'
import { DESK_KEY } from '../support/open-desk.ts'
import { idOf, match, openWorld, patch, person } from '../support/world.ts'

test('people keep their ids where their connection is made anew in another database', async () => {
  const world = await openWorld()
  const { name, baseUrl } = world.scim
  const login = 'ada.lund@example.com'
  const id = idOf(await world.ask('POST', '/Users', person(login)))
  const isolate = openIsolate(world.clock, world.desk.fetch, {
    databases: new Map([['DB_2', env.SECOND_D1]]),
  })
  const admin = adminApi(isolate, '/connections')
  const call: typeof admin = async (method, path, body) => {
    const answer = await admin(method, path, body)
    expect([path, answer.status < 300, answer.body]).toEqual([path, true, answer.body])
    return answer
  }
  const { body: document } = await call('GET', `/${name}/export`)
  // An export is about another gateway perhaps: where the data was is no part of it.
  expect(document).not.toHaveProperty('database')
  const { items } = (await call('GET', `/${name}/links`)).body
  await call('DELETE', `/${name}`)
  const { body: made } = await call('POST', '', {
    ...{ ...document, database: 'DB_2', secrets: { apiKey: DESK_KEY } },
  })
  expect(made).toMatchObject({ name, scimBaseUrl: baseUrl, database: 'DB_2' })
  await call('POST', `/${name}/links`, { items })

  const changes = world.changes()
  const moved = { baseUrl, token: made.token as string }
  const found = await isolate.scim(moved, 'GET', match('userName', login))
  expect(found.body.Resources.map((one: { id: string }) => one.id)).toEqual([id])
  const same = patch({ op: 'replace', path: 'active', value: true })
  expect((await isolate.scim(moved, 'PATCH', `/Users/${id}`, same)).status).toBe(200)
  expect(world.changes()).toBe(changes)
  const link = env.SECOND_D1.prepare('SELECT state FROM link WHERE id = ?').bind(id)
  expect(await link.first()).toEqual({ state: 'linked' })
})
