/**
 * What is past its time goes in bounded steps: D1 answers one query at a time, and whoever provisions waits for
 * it. A run of the cron takes so many rows of a table and no more, and the next runs take the rest.
 */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { connectionId } from '../support/tables.ts'
import { MINUTE_MS, openWorld } from '../support/world.ts'

/** `?1` is the id of the connection, `i` counts down from -1: each row is older than those of other tests. */
const OLD = {
  intent: [
    1_000,
    "(id, connection, link, op, state, lease_until, next_at, body, created_at) SELECT ?1 || i, ?1, 'l', 'update', 'done', 1, 1, '{}', i",
  ],
  departure: [
    1_000,
    "(connection, link, type, op, state, at) SELECT ?1, 'l' || i, 'User', 'disable', 'done', i",
  ],
  traffic: [2_000, "(connection, at, heard_at, request_ms, call_ms) SELECT ?1, i, i, '[]', '[]'"],
  audit: [
    2_000,
    "(connection, at, request, type, link, op, decision) SELECT ?1, i, 'r', 'User', '', 'read', ''",
  ],
  alert: [
    1_000,
    "(id, connection, kind, subject, severity, opened_at, told_at, ended_at) SELECT ?1 || i, ?1, 'guard', i, 'warning', i, i, i",
  ],
  alert_delivery: [
    1_000,
    "(id, connection, alert, channel, notice, state, created_at, next_at) SELECT ?1 || i, ?1, 'a', 'c', '{}', 'sent', i, i",
  ],
  sending: [
    200,
    "(connection, link, request, type, actor, at) SELECT ?1, 'l' || i, 'r', 'User', '{}', i",
  ],
  preflight_person: [5_000, "(preflight, person, verdict) SELECT 'p' || ?1, i, 'create'"],
  scan_account: [5_000, "(scan, native_id, situation) SELECT 's' || ?1, i, 'discovered'"],
} as const

const PARENTS = [
  `INSERT INTO link (id, connection, type, state, origin, native_id, created_at, modified_at)
   VALUES ('l', ?1, 'User', 'linked', 'created', '1', 1, 1)`,
  ...['s', 'kept'].map(
    (id) => `INSERT INTO scan (id, connection, type, dry_run, accept_shrink, basis, state, phase,
                               started_at, touched_at, finished_at)
             VALUES ('${id}' || ?1, ?1, 'User', 0, 0, '', 'done', 'findings', -1, -1, -1)`,
  ),
  // Its scan is pruned as well: `kept` has no rows of its own.
  "INSERT INTO preflight (id, connection, scan, created_at) VALUES ('p' || ?1, ?1, 'kept' || ?1, -1)",
]

test('what is past its time goes a bounded number of rows at a time, until all of it is gone', async () => {
  const world = await openWorld()
  const id = await connectionId(world.scim.name)
  for (const sql of PARENTS) await env.DB.prepare(sql).bind(id).run()
  for (const [table, [limit, rows]] of Object.entries(OLD)) {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT -1 UNION ALL SELECT i - 1 FROM n WHERE i > -?2)
       INSERT INTO ${table} ${rows} FROM n`,
    )
      .bind(id, limit + 7)
      .run()
  }
  await env.DB.prepare(
    'UPDATE connection SET audit_at = CASE id WHEN ? THEN 0 ELSE 9000000000000000 END',
  )
    .bind(id)
    .run()
  const left = async () => {
    const counts = Object.entries(OLD).map(async ([table, [, rows]]) => {
      const [, key = ''] = /SELECT ('[ps]' \|\| )?\?1/.exec(rows) ?? []
      const column = key === '' ? 'connection' : table === 'scan_account' ? 'scan' : 'preflight'
      const from = table === 'audit' ? "audit WHERE decision <> 'cut-off' AND" : `${table} WHERE`
      const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${from} ${column} = ${key}?1`)
        .bind(id)
        .first<{ n: number }>()
      return [table, row?.n ?? 0] as const
    })
    return Object.fromEntries(await Promise.all(counts))
  }
  const all = Object.entries(OLD).map(([table, [limit]]) => [table, limit + 7] as const)
  expect(await left()).toEqual(Object.fromEntries(all))
  await world.tick()
  expect(await left()).toEqual(Object.fromEntries(all.map(([table]) => [table, 7])))
  for (let runs = 0; runs < 3; runs++) {
    world.clock.now += MINUTE_MS
    await world.tick()
  }
  expect(await left()).toEqual(Object.fromEntries(all.map(([table]) => [table, 0])))
})
