/**
 * Off-boarding, end to end: no table keeps a row of the connection. Tables are those that D1 has, so
 * a new one fails this test until `fill` puts a row in it and the eraser takes it out.
 */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { useOwnDatabases } from '../support/database.ts'
import { openFilled } from '../support/filled-world.ts'
import { admin } from '../support/gateway.ts'
import { dataTables, rowsById } from '../support/tables.ts'

// The cron erases whoever was deleted first: hundreds of connections of other tests.
await useOwnDatabases('erase-all')

async function counts(connection: string): Promise<Record<string, number>> {
  const entries = (await dataTables()).map(
    async (table) => [table.name, (await rowsById(table, connection)).length] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

test('no table keeps a row of an off-boarded connection, and another one loses none', async () => {
  const [gone, stays] = [await openFilled(), await openFilled()]
  const filled = await counts(gone.connection)
  const empty = Object.keys(filled).filter((table) => filled[table] === 0)
  expect(empty, 'tables that this test puts no row in: let `open` do so').toEqual([])
  const others = await counts(stays.connection)

  expect((await admin('DELETE', `/connections/${gone.scim.name}`)).status).toBe(202)
  for (const table of ['connection_secret', 'token']) {
    const sql = `SELECT count(*) AS n FROM ${table} WHERE connection_id = ?`
    const row = await env.DB.prepare(sql).bind(gone.connection).first<{ n: number }>()
    expect(row?.n).toBe(0)
  }
  // As cron does, until the control row goes; other tests may have off-boarded some before.
  const row = env.DB.prepare('SELECT 1 FROM connection WHERE id = ?').bind(gone.connection)
  for (let ticks = 0; ticks < 20 && (await row.first()) !== null; ticks++) await stays.tick()
  const left = Object.entries(await counts(gone.connection)).filter(([, n]) => n > 0)
  expect(left, 'tables that src/db/sweeping.ts leaves rows in').toEqual([])
  expect(await row.first()).toBeNull()

  const after = await counts(stays.connection)
  for (const [table, n] of Object.entries(others)) {
    expect([table, after[table]]).toEqual([table, n])
  }
}, 60_000)
