import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/db/database.ts'
import { parkedOf } from '../../src/db/finding-facts.ts'
import { refusalsSince } from '../../src/db/refusals.ts'
import { observed } from './observed-database.ts'

test('what was done since is found by one seek for each refusal', async () => {
  const { db, trips } = observed(env.DB)
  await refusalsSince(openDatabase(db), ['nobody'], 0)
  const [text = ''] = trips.flat()
  const places = Array.from(text.matchAll(/\?/g), () => null)
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
    .bind(...places)
    .all<{ detail: string }>()
  const plan = results.map(({ detail }) => detail).filter((step) => step.startsWith('SEARCH'))
  expect(plan).toEqual([
    expect.stringContaining('audit_refused (connection=? AND at>?)'),
    expect.stringContaining('audit_done_link (connection=? AND link=? AND op=? AND at>?)'),
    expect.stringContaining('audit_done_about (connection=? AND about=? AND op=? AND at>?)'),
  ])
})

test('a connection whose guard holds back thousands hides nobody of another one', async () => {
  const [many, one] = [crypto.randomUUID(), crypto.randomUUID()]
  const guard = (connection: string) =>
    env.DB.prepare(
      `INSERT INTO finding (id, connection, kind, subject, state, detail, first_seen, last_seen)
       VALUES (?, ?, 'guard', 'User', 'open', '{}', 1, 1)`,
    ).bind(crypto.randomUUID(), connection)
  const parked = (connection: string, count: number) =>
    env.DB.prepare(
      `INSERT INTO departure (connection, link, type, op, state, at)
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       SELECT ?, 'link ' || i, 'User', 'disable', 'parked', 1 FROM n`,
    ).bind(count, connection)
  await env.DB.batch([guard(many), guard(one), parked(many, 6_000), parked(one, 1)])
  const found = await parkedOf(openDatabase(env.DB), [many, one])
  expect(found.get(many)).toMatchObject({ count: 1_000 })
  expect(found.get(one)).toEqual({ count: 1, some: [{ link: 'link 1' }] })
  await env.DB.prepare('DELETE FROM departure WHERE connection = ?').bind(many).run()
})
