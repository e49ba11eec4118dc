/** A new version of an adapter, and the links that were made by the one before (decision 0017). */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { adapters } from '../../adapters/index.ts'
import type { Adapter } from '../../src/adapter/contract.ts'
import { identityOf, movedTypes } from '../../src/adapter/identity.ts'
import { openIsolate } from '../support/isolate.ts'
import { openWorld, person, type World } from '../support/world.ts'

function example(): Adapter {
  const found = adapters.get('example')
  if (!found) throw new Error('there is no example adapter')
  return found
}

/** The same connection, clock and app, behind another version of the adapter. */
function upgraded({ clock, desk, scim }: World, version: Partial<Adapter>) {
  const other = new Map([['example', { ...example(), ...version }]])
  const fetch = async (input: string, init: RequestInit) => desk.fetch(input, init)
  const isolate = openIsolate(clock, fetch, { adapters: other })
  return (method: string, path: string, body?: unknown) => isolate.scim(scim, method, path, body)
}

const renamed = (naming: string): Partial<Adapter> => {
  const { User, ...others } = example().resources
  if (!User) throw new Error('the example adapter has no people')
  return { resources: { ...others, User: { ...User, naming } } }
}

const REFUSED = {
  status: 503,
  body: { detail: expect.stringMatching(/means something else by what is linked \(User\)/) },
}

test.each([
  ['another identity', { identity: 2 }],
  ['another naming attribute', renamed('mail')],
])('%s is refused while people are linked, and the version before goes on', async (_, version) => {
  const world = await openWorld()
  await world.ask('POST', '/Users', person('a.b@x.example'))
  const ask = upgraded(world, version)
  expect(await ask('GET', '/Users')).toMatchObject(REFUSED)
  expect(await ask('POST', '/Users', person('c.d@x.example'))).toMatchObject(REFUSED)
  expect(world.changes()).toBe(1)
  expect((await world.ask('GET', '/Users')).body.totalResults).toBe(1)
})

test('it is taken where nobody is linked, and is what counts from then on', async () => {
  const world = await openWorld()
  const ask = upgraded(world, { identity: 2 })
  expect((await ask('POST', '/Users', person('a.b@x.example'))).status).toBe(201)
  expect(await world.ask('GET', '/Users')).toMatchObject(REFUSED)
})

test('a version that declares more goes on', async () => {
  const world = await openWorld()
  await world.ask('POST', '/Users', person('a.b@x.example'))
  const { User, ...others } = example().resources
  if (!User) throw new Error('the example adapter has no people')
  const attributes = { ...User.attributes, nick: { type: 'string', write: 'always' } } as const
  const resources = { ...others, User: { ...User, attributes } }
  const ask = upgraded(world, { version: '9.0.0', resources })
  expect((await ask('GET', '/Users')).body.totalResults).toBe(1)
})

test('the cron writes down what links of older connections go by', async () => {
  const world = await openWorld()
  await world.ask('POST', '/Users', person('a.b@x.example'))
  const set = (identity: string | null) =>
    env.DB.prepare(
      'UPDATE connection SET adapter_identity = ?, version = version + 1 WHERE name = ?',
    )
      .bind(identity, world.scim.name)
      .run()
  // Those of other tests are written down, so that this one's turn comes.
  await env.DB.prepare(
    `UPDATE connection SET adapter_identity = '{}' WHERE adapter_identity IS NULL`,
  ).run()
  await set(null)
  const ask = upgraded(world, { identity: 2 })
  expect((await ask('GET', '/Users')).status).toBe(200)
  await world.tick()
  expect(await upgraded(world, { identity: 2 })('GET', '/Users')).toMatchObject(REFUSED)
})

test('a type that is gone has moved, one that is new has not', () => {
  const { User, Group } = example().resources
  if (!User || !Group) throw new Error('the example adapter has people and groups')
  const both = identityOf({ resources: { Group, User } })
  expect(both).toBe(identityOf({ resources: { User, Group }, identity: 1 }))
  const people = identityOf({ resources: { User } })
  expect(movedTypes(both, people)).toEqual(['Group'])
  expect(movedTypes(people, both)).toEqual([])
  const kept = { ...Group, capabilities: { ...Group.capabilities, membership: 'none' } } as const
  expect(movedTypes(both, identityOf({ resources: { User, Group: kept } }))).toEqual(['Group'])
})
