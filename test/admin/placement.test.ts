/** Which database a new connection's data goes to. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { Env } from '../../src/env.ts'
import { adminApi } from '../support/admin-api.ts'
import { openIsolate } from '../support/isolate.ts'

const BOTH = new Map([['DB_2', env.SECOND_D1]])
/** Bound and made, and no migration was applied to it. */
const EMPTY = new Map([['DB_3', env.EMPTY_D1]])

async function make(
  databases: ReadonlyMap<string, D1Database>,
  body: object = {},
  changed: Partial<Env> = {},
) {
  const nobody = () => Promise.reject(new TypeError('nobody is there'))
  const isolate = openIsolate({ now: Date.now() }, nobody, { databases, env: changed })
  const name = `t-${crypto.randomUUID()}`
  return adminApi(isolate)('POST', '/connections', { name, adapter: 'sandbox', ...body })
}

const bytesOf = async (db: D1Database) => (await db.prepare('SELECT 1').run()).meta.size_after

test('a connection goes to the database that it is to be made in', async () => {
  for (const database of ['DB', 'DB_2']) {
    expect(await make(BOTH, { database })).toMatchObject({ status: 201, body: { database } })
  }
})

test('a database that is not bound is refused, and those that are bound are named', async () => {
  expect(await make(BOTH, { database: 'DB_9' })).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'database', message: expect.stringContaining('DB, DB_2') }] },
  })
})

test('where nobody says, it goes to the one that the operator has set for new connections', async () => {
  const set = { NEW_CONNECTIONS_DB: 'DB_2' }
  expect(await make(BOTH, {}, set)).toMatchObject({ status: 201, body: { database: 'DB_2' } })
  expect(await make(BOTH, { database: 'DB' }, set)).toMatchObject({ body: { database: 'DB' } })
  const { status, body } = await make(BOTH, {}, { NEW_CONNECTIONS_DB: 'DB_9' })
  expect(status).toBe(503)
  expect(body.detail).toContain('NEW_CONNECTIONS_DB names DB_9')
})

test('where the operator has set none, it goes to the smallest', async () => {
  expect(await make(new Map())).toMatchObject({ status: 201, body: { database: 'DB' } })
  const [first, second] = [await bytesOf(env.DB), await bytesOf(env.SECOND_D1)]
  const database = second < first ? 'DB_2' : 'DB'
  expect(await make(BOTH)).toMatchObject({ status: 201, body: { database } })
})

test('it never goes to a database that lacks migrations', async () => {
  const { status, body } = await make(EMPTY)
  expect(status).toBe(503)
  expect(body.detail).toMatch(/DB_3 lacks \d+ migrations.*wrangler d1 migrations apply DB_3/)
})
