/**
 * Off-boarding, end to end: no table keeps a row of the connection. Tables are those that D1 has, so
 * a new one fails this test until `fill` puts a row in it and the eraser takes it out.
 */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { admin } from '../support/gateway.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import { connectionId, dataTables, rowsById } from '../support/tables.ts'
import { GROUP_SCHEMA, idOf, match, openWorld, patch, person } from '../support/world.ts'

async function open() {
  // Groups that the app knows nothing of are documents; two people who share a login are a finding;
  // a role that the app refuses waits for somebody to ask again.
  const roleTable = [{ externalId: 'desk', app: 'role', value: 'emperor' }]
  const world = await openWorld({
    policy: { groups: { mode: 'roles', roleTable, defaultRole: { role: 'staff' } } },
    faults: { uniqueness: 'off' },
  })
  const call = adminOf(world.open(), world.scim)
  const id = idOf(await world.ask('POST', '/Users', person('ada.lund@example.com')))
  const members = [{ value: id }]
  const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk', externalId: 'desk', members }
  expect((await world.ask('POST', '/Groups', group)).status).toBe(400)
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'T' }))
  for (const login of ['twin@example.com', 'twin@example.com']) {
    const nobody = { first_name: 'T', last_name: 'W', mail: null, job_title: null }
    world.desk.store.createAccount({
      ...{ login, ...nobody, org_unit: null, phone: null, state: 'enabled' },
    })
  }
  await world.ask('GET', match('userName', 'twin@example.com'))
  // An intent that is open, and one that is done; somebody who left.
  const left = idOf(await world.ask('POST', '/Users', person('left@example.com')))
  await world.ask('PATCH', `/Users/${left}`, patch({ op: 'replace', path: 'active', value: false }))
  await world.open({ step: 6, how: 'dies' }).scim(world.scim, 'POST', '/Users', person('b@c.de'))
  await reconcile(call)
  // An alert, and a notice of it that nobody takes.
  const hook = { kind: 'webhook', url: 'https://hook.example/alerts' }
  expect((await call('PUT', '/alerts/channels/ops', hook)).status).toBe(201)
  await world.open().alerts()
  // The audit's own rows, and an update that has not ended.
  await world.admin('GET', '/audit')
  await world.ask('PATCH', `/Users/${id}`, patch({ op: 'replace', path: 'title', value: 'T' }))
  const people = [{ userPrincipalName: 'ada.lund@example.com', accountEnabled: true }]
  expect((await call('POST', '/preflight', { value: people })).status).toBe(200)
  return { ...world, call, connection: await connectionId(world.scim.name) }
}

async function counts(connection: string): Promise<Record<string, number>> {
  const entries = (await dataTables()).map(
    async (table) => [table.name, (await rowsById(table, connection)).length] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

test('no table keeps a row of an off-boarded connection, and another one loses none', async () => {
  const [gone, stays] = [await open(), await open()]
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
