/** Entra disables whom it unassigns, and never sends the DELETE: those people are listed. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openAdministration } from '../support/administrators.ts'
import { awayDatabase, useOwnDatabases } from '../support/database.ts'
import { adminOf } from '../support/reconcile.ts'
import { idOf, openWorld, patch, person } from '../support/world.ts'

// A person is asked for in every database there is: those of other tests are not bound here.
await useOwnDatabases('leavers')

const DAY_MS = 24 * 3_600_000
const OFF = patch({ op: 'Replace', path: 'active', value: 'False' })
const ON = patch({ op: 'Replace', path: 'active', value: 'True' })

async function open(policy: Readonly<Record<string, unknown>> = {}) {
  const world = await openWorld({ policy })
  const call = adminOf(world.open(), world.scim)
  const make = async (login: string) => `${idOf(await world.ask('POST', '/Users', person(login)))}`
  const off = async (id: string) => {
    expect((await world.ask('PATCH', `/Users/${id}`, OFF)).status).toBe(200)
  }
  return { world, call, make, off }
}

test('whom a client disabled long enough ago is listed, the longest first', async () => {
  const { world, call, make, off } = await open()
  const [a, b, c] = [await make('a.x@x.io'), await make('b.x@x.io'), await make('c.x@x.io')]
  await off(b)
  world.clock.now += 20 * DAY_MS
  await off(a)
  await off(c)
  // Changed while off, and back again.
  await world.ask('PATCH', `/Users/${a}`, patch({ op: 'replace', path: 'title', value: 'Dr' }))
  await world.ask('PATCH', `/Users/${c}`, ON)
  world.clock.now += 15 * DAY_MS
  const listed = async (query = '') => (await call('GET', `/leavers${query}`)).body.items
  expect(await listed()).toMatchObject([{ id: b, days: 35, type: 'User', display: 'b.x@x.io' }])
  expect((await listed('?days=10')).map(({ id }: { id: string }) => id)).toEqual([b, a])
  expect(await listed('?days=100')).toEqual([])
  expect((await call('GET', '/leavers?days=soon')).status).toBe(422)
})

test('a person removes them, by policy and past the guard, and nobody else', async () => {
  const { world, call, make, off } = await open({ guard: { maxCount: 2 } })
  const ids = [await make('a.x@x.io'), await make('b.x@x.io')]
  const active = await make('c.x@x.io')
  for (const id of ids) await off(id)
  const answer = await call('POST', '/leavers/remove', { ids: [...ids, active, 'nobody'] })
  expect(answer.body.items).toEqual([
    { id: ids[0], removed: true },
    { id: ids[1], removed: true },
    { id: active, removed: false, detail: expect.stringContaining('disabled') },
    { id: 'nobody', removed: false, detail: expect.any(String) },
  ])
  expect(world.logins('a.x@x.io')).toEqual([])
  expect(world.logins('c.x@x.io')).toHaveLength(1)
  expect((await world.ask('GET', `/Users/${ids[0]}`)).status).toBe(404)
})

test('what the app or policy refuses is said for each', async () => {
  const { call, make, off } = await open({ deprovision: { onDelete: 'refuse' } })
  const id = await make('a.x@x.io')
  await off(id)
  const answer = await call('POST', '/leavers/remove', { ids: [id] })
  expect(answer.body.items).toMatchObject([{ id, removed: false }])
  expect(answer.body.items[0].detail).toContain('deprovision.onDelete')
})

test('what stands against a removal is said before it is tried', async () => {
  const { call, make, off, world } = await open()
  const refusing = await open({ deprovision: { onDelete: 'refuse' } })
  const login = `leif.${crypto.randomUUID()}@x.io`
  const [id, other] = [await make(login), await refusing.make(login)]
  const api = openAdministration()
  const names = [world.scim.name, refusing.world.scim.name]
  const keptBy = async () => {
    const { items } = await api.must('GET', `/people?named=${login}`)
    return names.map(
      (name) => items.find((one: { connection: string }) => one.connection === name).keptBy,
    )
  }
  expect(await keptBy()).toEqual(['active', 'active'])
  await off(id)
  await refusing.off(other)
  expect(await keptBy()).toEqual([null, 'policy'])
  await call('PATCH', '', { mode: 'observe' })
  expect(await keptBy()).toEqual(['mode', 'policy'])
  await call('PATCH', '', { mode: 'live' })
  expect((await call('POST', '/leavers/remove', { ids: [id] })).body.items).toMatchObject([
    { removed: true },
  ])
  const { items } = await api.must('GET', `/people?named=${id}`)
  expect(items).toMatchObject([{ connection: world.scim.name, keptBy: 'removed' }])
})

test('whose database fails, or is not bound, is named beside those that could be asked', async () => {
  const login = `lost.${crypto.randomUUID()}@x.io`
  const fine = await open()
  const lost = await openWorld({ isElsewhere: true })
  const id = await fine.make(login)
  idOf(await lost.ask('POST', '/Users', person(login)))
  const asked = async (databases: ReadonlyMap<string, D1Database>) => {
    const { must } = openAdministration({ databases })
    const { items, notAsked } = await must('GET', `/people?named=${login}`)
    return { ids: items.map((one: { person: { id: string } }) => one.person.id), notAsked }
  }
  const known = await asked(new Map([['DB_2', env.SECOND_D1]]))
  expect(known).toMatchObject({ ids: expect.arrayContaining([id]), notAsked: [] })
  expect(known.ids).toHaveLength(2)
  for (const databases of [new Map([['DB_2', awayDatabase()]]), new Map()]) {
    expect(await asked(databases)).toEqual({ ids: [id], notAsked: [lost.scim.name] })
  }
})
