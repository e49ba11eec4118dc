/** Groups, members and people by the admin API: pages, and what each is told of. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { GROUP_SCHEMA, idOf, openWorld, patch, person, type World } from '../support/world.ts'

async function connectionId(world: World): Promise<string> {
  const row = await env.DB.prepare('SELECT id FROM connection WHERE name = ?')
    .bind(world.scim.name)
    .first<{ id: string }>()
  return row?.id ?? ''
}

/** Links as a client's creates leave them; so many would take a test minutes by the front door. */
async function manyLinks(world: World, type: 'User' | 'Group', count: number): Promise<string[]> {
  const connection = await connectionId(world)
  const ids = Array.from({ length: count }, (_, nth) => `${type}-${String(nth).padStart(4, '0')}`)
  await env.DB.prepare(
    `INSERT INTO link (connection, id, type, state, native_id, origin, display, created_at, modified_at)
     SELECT ?, value, ?, 'linked', 'n-' || value, 'created', 'Many ' || (key % 3), 1, 1
       FROM json_each(?)`,
  )
    .bind(connection, type, JSON.stringify(ids))
    .run()
  return ids
}

async function everyPage(world: World, route: string): Promise<Record<string, unknown>[]> {
  const items = []
  let cursor: string | undefined
  do {
    const more = cursor === undefined ? '' : `${route.includes('?') ? '&' : '?'}cursor=${cursor}`
    const { status, body } = await world.admin('GET', `${route}${more}`)
    expect(status).toBe(200)
    items.push(...body.items)
    cursor = body.nextCursor
  } while (cursor !== undefined)
  return items
}

const idsOf = (items: readonly Record<string, unknown>[]) => items.map(({ id }) => id)

test('every group is on one page, although many have one name', async () => {
  const world = await openWorld()
  const ids = await manyLinks(world, 'Group', 230)
  const all = await everyPage(world, '/groups')
  expect(idsOf(all).sort()).toEqual(ids)
  const some = await everyPage(world, '/groups?query=MANY%201')
  expect(some).toHaveLength(77)
})

test('every member is on one page, with how far the membership is', async () => {
  const world = await openWorld()
  const made = await world.ask('POST', '/Groups', { schemas: [GROUP_SCHEMA], displayName: 'All' })
  const group = idOf(made)
  const ids = await manyLinks(world, 'User', 130)
  await env.DB.prepare(
    `INSERT INTO edge (connection, group_link, member_link, member_type, state, wanted, at, next_at)
     SELECT ?, ?, value, 'User', CASE key WHEN 0 THEN 'blocked' WHEN 1 THEN 'retry' ELSE 'have' END,
            key <> 2, 1, CASE WHEN key IN (1, 2) THEN 9000000000000000 END FROM json_each(?)`,
  )
    .bind(await connectionId(world), group, JSON.stringify(ids))
    .run()
  const members = await everyPage(world, `/groups/${group}/members`)
  expect(idsOf(members)).toEqual(ids)
  const standings = members.map(({ standing }) => standing)
  expect(standings.slice(0, 4)).toEqual(['blocked', 'joining', 'leaving', 'member'])
  const { body } = await world.admin('GET', `/groups/${group}`)
  expect(body).toMatchObject({ display: 'All', members: 127, changing: 3 })
})

test('people are searched page by page', async () => {
  const world = await openWorld()
  await manyLinks(world, 'User', 120)
  expect(await everyPage(world, '/people?query=many%202')).toHaveLength(40)
  expect(await everyPage(world, '/people')).toHaveLength(120)
  expect((await world.admin('GET', '/people?type=Nothing')).status).toBe(422)
  const cursor = await world.admin('GET', '/people?cursor=nonsense')
  expect(cursor.status).toBe(400)
})

test('whom a group waits for, because the account is off, is told so where the app lets them go', async () => {
  const world = await openWorld({ policy: { deprovision: { onInactive: 'strip' } } })
  const id = idOf(await world.ask('POST', '/Users', person('ada.lund@example.com')))
  const members = [{ value: id }]
  const body = { schemas: [GROUP_SCHEMA], displayName: 'Readers', members }
  const group = idOf(await world.ask('POST', '/Groups', body))
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'active', value: false }))
  const [member] = await everyPage(world, `/groups/${group}/members`)
  expect(member).toMatchObject({ id, standing: 'waiting', active: false })
  const { body: person_ } = await world.admin('GET', `/people/${id}`)
  expect(person_.groups).toMatchObject([{ id: group, standing: 'waiting' }])
})
