/** What a request reads of D1 does not grow with the people, groups and memberships of a connection. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

/** The directory has them, and this app does not: whoever is not asked for is not read. */
async function crowd({ scim, clock }: World, group: string, size: number): Promise<void> {
  const of = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
    c AS (SELECT id AS connection FROM connection WHERE name = ?2)`
  const link = (prefix: string, type: string, state: string) => `${of}
    INSERT INTO link (id, connection, type, state, origin, native_id, display, created_at, modified_at)
    SELECT '${prefix}' || i, connection, '${type}', '${state}', 'discovered', '${prefix}' || i,
           '${prefix}' || i, ${clock.now}, ${clock.now} FROM n, c`
  const edge = (group: string, member: string) => `${of}
    INSERT INTO edge (connection, group_link, member_link, member_type, state, at)
    SELECT connection, ${group}, ${member}, 'User', 'have', ${clock.now} FROM n, c`
  await env.DB.batch(
    [
      link('linked', 'User', 'linked'),
      link('seen', 'User', 'discovered'),
      link('gone', 'User', 'tombstone'),
      link('group', 'Group', 'linked'),
      `${of} INSERT INTO claim (connection, type, kind, norm, link, taken_at)
        SELECT connection, 'User', 'userName', 'linked' || i, 'linked' || i, ${clock.now} FROM n, c`,
      `${of} INSERT INTO intent (id, connection, link, op, state, lease_until, next_at, body, created_at)
        SELECT connection || i, connection, 'linked' || i, 'create', 'done', 1, 1, '{}', 1 FROM n, c`,
      edge(`'${group}'`, "'linked' || i"),
      edge("'group' || i", "'linked' || ((i * 7) % ?1 + 1)"),
    ].map((sql) => env.DB.prepare(sql).bind(size, scim.name)),
  )
  await env.DB.prepare('UPDATE link SET members_read_at = ? WHERE id = ?')
    .bind(clock.now, group)
    .run()
}

async function rowsAmong(size: number): Promise<Record<string, number>> {
  const world = await openWorld({ policy: { guard: { maxCount: 1_000, maxPercent: 50 } } })
  const isolate = world.open()
  const ask = (method: string, path: string, body?: unknown) =>
    isolate.scim(world.scim, method, path, body)
  const [a = '', b = '', c = ''] = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => idOf(await ask('POST', '/Users', person(`${name}@x.io`)))),
  )
  const members = [{ value: a }]
  const team = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members }
  const group = idOf(await ask('POST', '/Groups', team))
  for (const login of ['seen@x.io', 'taken@x.io']) brownfield(world, login)
  await crowd(world, group, size)
  const rows: Record<string, number> = {}
  const cost = async (name: string, method: string, path: string, body?: unknown) => {
    const before = isolate.counts().rows
    const { status } = await ask(method, path, body)
    rows[`${name}: ${status}`] = isolate.counts().rows - before
  }
  const replace = (path: string, value: unknown) => patch({ op: 'replace', path, value })
  await cost('match, linked', 'GET', match('userName', 'a@x.io'))
  await cost('match, nobody', 'GET', match('userName', 'nobody@x.io'))
  await cost('match, first seen', 'GET', match('userName', 'seen@x.io'))
  await cost('match, seen', 'GET', match('userName', 'seen@x.io'))
  await cost('read', 'GET', `/Users/${a}`)
  await cost('list', 'GET', '/Users?count=5')
  await cost('create', 'POST', '/Users', person('d@x.io'))
  await cost('create, adopts', 'POST', '/Users', person('taken@x.io'))
  await cost('create, refused', 'POST', '/Users', person('a@x.io'))
  await cost('create, refused by the app', 'POST', '/Users', { ...person('e@x.io'), name: {} })
  await cost('no change', 'PATCH', `/Users/${a}`, replace('active', true))
  await cost('change', 'PATCH', `/Users/${a}`, replace('title', 'Cook'))
  await cost('rename', 'PATCH', `/Users/${a}`, replace('userName', 'f@x.io'))
  const joins = patch({ op: 'add', path: 'members', value: [{ value: b }] })
  await cost('member joins', 'PATCH', `/Groups/${group}`, joins)
  await cost('is a member', 'PATCH', `/Groups/${group}`, joins)
  const leaves = patch({ op: 'remove', path: `members[value eq "${a}"]` })
  await cost('member leaves', 'PATCH', `/Groups/${group}`, leaves)
  await cost('group', 'GET', `/Groups/${group}?excludedAttributes=members`)
  await cost('disable', 'PATCH', `/Users/${b}`, replace('active', false))
  await cost('enable', 'PATCH', `/Users/${b}`, replace('active', true))
  await cost('delete, a member', 'DELETE', `/Users/${b}`)
  await cost('delete', 'DELETE', `/Users/${c}`)
  return rows
}

/** A range is read to the row after it, where there is one: that is another connection's, as ids fall. */
const BESIDE = 8

test('what a request reads does not grow with its connection', async () => {
  const few = await rowsAmong(200)
  const many = await rowsAmong(3_000)
  expect(Object.keys(many)).toEqual(Object.keys(few))
  for (const [name, rows] of Object.entries(many)) {
    expect(rows, name).toBeLessThanOrEqual((few[name] ?? 0) + BESIDE)
    expect(rows, name).toBeLessThan(100)
  }
})
