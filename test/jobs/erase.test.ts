/** Off-boarding erases every row of a connection, and none of another. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/db/database.ts'
import { eraseData } from '../../src/db/sweeping.ts'
import { admin } from '../support/gateway.ts'
import { GROUP_SCHEMA, idOf, match, openWorld, person, type World } from '../support/world.ts'

/** Every table whose rows belong to a connection, whoever added it. */
async function tables(): Promise<{ name: string; column: string }[]> {
  const { results } = await env.DB.prepare(
    "SELECT name, sql FROM sqlite_master WHERE type = 'table'",
  ).all<{ name: string; sql: string }>()
  return results.flatMap(({ name, sql }) => {
    const column = /\bconnection(_id)?\b(?= TEXT)/.exec(sql)?.[0]
    return column === undefined ? [] : [{ name, column }]
  })
}

/** Those that `fill` puts a row in. */
const FILLED = [
  'audit',
  'claim',
  'connection_secret',
  'document',
  'document_key',
  'edge',
  'finding',
  'intent',
  'link',
  'token',
]

async function rowsOf(id: string): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { name, column } of await tables()) {
    const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${name} WHERE ${column} = ?`)
      .bind(id)
      .first<{ n: number }>()
    counts[name] = row?.n ?? 0
  }
  return counts
}

async function connectionId({ scim }: World): Promise<string> {
  const row = await env.DB.prepare('SELECT id FROM connection WHERE name = ?')
    .bind(scim.name)
    .first<{ id: string }>()
  return row?.id ?? ''
}

/** A row in each of `FILLED`, at least. */
async function fill(world: World): Promise<string> {
  const id = await connectionId(world)
  const user = idOf(await world.ask('POST', '/Users', person('a.q@x.io')))
  const members = [{ value: user }]
  await world.ask('POST', '/Groups', { schemas: [GROUP_SCHEMA], displayName: 'G', members })
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO finding (id, connection, kind, subject, first_seen, last_seen)
       VALUES (?, ?, 'ambiguous', 's', 1, 1)`,
    ).bind(crypto.randomUUID(), id),
  ])
  return id
}

test('no table keeps a row of an off-boarded connection, and no other connection loses one', async () => {
  const [gone, stays] = [
    await openWorld({ policy: { groups: { mode: 'record' } } }),
    await openWorld({ policy: { groups: { mode: 'record' } } }),
  ]
  const [goneId, staysId] = [await fill(gone), await fill(stays)]
  const before = await rowsOf(staysId)
  for (const table of FILLED) expect([table, before[table]]).not.toEqual([table, 0])
  expect(Object.keys(before)).toEqual(expect.arrayContaining(FILLED))

  expect((await admin('DELETE', `/connections/${gone.scim.name}`)).status).toBe(202)
  // Reads may be served from settings that are up to 5 s old; writes never.
  gone.clock.now += 6_000
  expect((await gone.ask('GET', '/Users')).status).toBe(401)
  await stays.tick()
  await stays.tick()
  expect(Object.values(await rowsOf(goneId)).every((n) => n === 0)).toBe(true)
  const row = await env.DB.prepare('SELECT 1 FROM connection WHERE id = ?').bind(goneId).first()
  expect(row).toBeNull()

  expect(await rowsOf(staysId)).toEqual(before)
  const found = await stays.ask('GET', match('userName', 'a.q@x.io'))
  expect(found.body.totalResults).toBe(1)
})

test('erasing goes in bounded steps, and is over only when a step finds nothing', async () => {
  const world = await openWorld({ policy: { groups: { mode: 'record' } } })
  const id = await fill(world)
  const db = openDatabase(env.DB)
  let steps = 0
  while (!(await eraseData(db, id, 1))) {
    steps += 1
    expect(steps).toBeLessThan(100)
  }
  expect(steps).toBeGreaterThan(5)
  const { connection_secret, token, ...data } = await rowsOf(id)
  expect(connection_secret).toBe(1)
  expect(token).toBe(1)
  expect(Object.values(data).every((n) => n === 0)).toBe(true)
})
