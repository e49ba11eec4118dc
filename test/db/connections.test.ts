import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { Connections, type NewConnection } from '../../src/db/connections.ts'
import { openDatabase } from '../../src/db/database.ts'
import { signIn } from '../../src/db/sign-in.ts'
import { observed } from './observed-database.ts'
import { aName, NOW, SEALED, storeConnection } from './stored-connection.ts'

const control = openDatabase(env.DB)
const connections = new Connections(env.DB)

describe('connections', () => {
  test('a name that an active connection has cannot be taken, and nothing of the second is stored', async () => {
    const first = await storeConnection()
    const second = await storeConnection({ name: first.row.name })
    expect(first.created).toBe(true)
    expect(second.created).toBe(false)
    expect(await connections.byId(second.row.id)).toBeUndefined()
    expect(await signIn(control, first.row.name, second.token.hash)).toBeUndefined()
  })

  test('an off-boarded name is free at once, and its tokens and secrets are gone', async () => {
    const old = await storeConnection()
    expect(await connections.offboard(old.row.name, NOW + 1)).toBe(true)
    expect(await connections.named(old.row.name)).toBeUndefined()
    expect(await signIn(control, old.row.name, old.token.hash)).toBeUndefined()
    const left = await env.DB.prepare(
      'SELECT (SELECT count(*) FROM token WHERE connection_id = ?1) + (SELECT count(*) FROM connection_secret WHERE connection_id = ?1) AS n',
    )
      .bind(old.row.id)
      .first('n')
    expect(left).toBe(0)
    expect((await storeConnection({ name: old.row.name })).created).toBe(true)
    expect(await connections.offboard(aName(), NOW)).toBe(false)
  })

  test('an off-boarded connection is listed until it is erased, and an active one is never erased', async () => {
    const { row } = await storeConnection()
    await connections.erase(row.id)
    expect(await connections.byId(row.id)).toBeDefined()
    await connections.offboard(row.name, NOW + 1)
    const listed = async () => (await connections.offboarding(10_000)).find((r) => r.id === row.id)
    expect(await listed()).toEqual({ id: row.id, name: row.name, dataDb: 'DB' })
    await connections.erase(row.id)
    expect(await listed()).toBeUndefined()
  })

  test('one query finds token, connection and sealed secrets, and nothing under another name', async () => {
    const a = await storeConnection()
    const b = await storeConnection()
    const found = await signIn(control, a.row.name, a.token.hash)
    expect(found?.connection).toMatchObject({ ...a.row, secrets: { key: SEALED }, version: 1 })
    const { id } = a.token
    expect(found?.token).toEqual({
      ...{ id, expiresAt: null, lastUsedAt: null, scope: 'scim' },
      ...{ label: null, clientId: null },
    })
    expect(await signIn(control, b.row.name, a.token.hash)).toBeUndefined()
  })

  test('a change from a version that is past changes neither the row nor a secret', async () => {
    const { row } = await storeConnection()
    const read = await connections.named(row.name)
    if (!read) throw new Error('not stored')
    const other = { ...SEALED, sealed: 'y'.repeat(40) }
    expect(await connections.change(read, { mode: 'paused' }, {}, NOW + 5)).toBe(true)
    expect(await connections.change(read, { mode: 'gate' }, { key: other }, NOW + 6)).toBe(false)
    const now = await connections.named(row.name)
    expect(now).toMatchObject({ mode: 'paused', version: 2, updatedAt: NOW + 5 })
    expect(now?.secrets).toEqual({ key: SEALED })
  })

  test('secrets are replaced and removed by name', async () => {
    const { row } = await storeConnection()
    const other = { ...SEALED, sealed: 'y'.repeat(40) }
    expect(
      await connections.change({ id: row.id, version: 1 }, {}, { key: null, two: other }, NOW),
    ).toBe(true)
    expect((await connections.byId(row.id))?.secrets).toEqual({ two: other })
  })

  test('a clock that runs behind does not stop a change', async () => {
    const { row } = await storeConnection()
    expect(await connections.change({ id: row.id, version: 1 }, { mode: 'gate' }, {}, 1)).toBe(true)
    expect(await connections.byId(row.id)).toMatchObject({ mode: 'gate', updatedAt: NOW })
  })

  test('no query scans a table', async () => {
    const { row, token } = await storeConnection()
    const { db, trips } = observed(env.DB)
    const watched = new Connections(db)
    await signIn(openDatabase(db), row.name, token.hash)
    await watched.named(row.name)
    await watched.byId(row.id)
    await watched.list({ limit: 3 })
    await watched.change({ id: row.id, version: 1 }, { mode: 'gate' }, { key: null }, NOW)
    await watched.offboard(row.name, NOW)
    await watched.offboarding(3)
    await watched.erase(row.id)
    for (const text of trips.flat()) {
      const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${text}`)
        .bind(...Array.from(text.matchAll(/\?/g), () => null))
        .all<{ detail: string }>()
      const scans = plan.results
        .map((step) => step.detail)
        .filter((detail) => /^SCAN /.test(detail))
      // A walk along an index in its own order ends at the page's limit.
      const allowed = ['SCAN CONSTANT ROW', 'SCAN connection USING INDEX connection_offboarding']
      expect(
        scans.filter((detail) => !allowed.includes(detail)),
        text,
      ).toEqual([])
    }
  })
})

describe('the tables refuse', () => {
  const refusals: [string, Partial<NewConnection> & Record<string, unknown>][] = [
    ['a name with capitals', { name: 'Upper' }],
    ['a name that begins with a hyphen', { name: '-a' }],
    ['a name of 64 characters', { name: 'a'.repeat(64) }],
    ['an unknown mode', { mode: 'off' as never }],
    ['a policy that holds a second mode', { policy: { mode: 'live' } }],
    ['settings that are no object', { settings: [] as never }],
    ['a time that is no time', { createdAt: 0 }],
  ]
  test.each(refusals)('%s', async (_, over) => {
    await expect(storeConnection(over)).rejects.toThrow()
  })
})
