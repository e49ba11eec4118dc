import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { Connections } from '../../src/db/connections.ts'
import { isLostRace, isUniqueViolation, openDatabase } from '../../src/db/database.ts'
import { signIn } from '../../src/db/sign-in.ts'
import { noteUse, Tokens } from '../../src/db/tokens.ts'
import { aToken, NOW, storeConnection } from './stored-connection.ts'

const db = env.DB
const connections = new Connections(db)

test('a connection neither lists nor removes the tokens of another', async () => {
  const a = await storeConnection()
  const b = await storeConnection()
  const tokens = new Tokens(db, b.row.id)
  expect((await tokens.list({ limit: 10 })).map((t) => t.id)).toEqual([b.token.id])
  expect(await tokens.remove(a.token.id)).toBe(false)
  expect(await signIn(openDatabase(env.DB), a.row.name, a.token.hash)).toBeDefined()
  expect(await tokens.remove(b.token.id)).toBe(true)
  expect(await signIn(openDatabase(env.DB), b.row.name, b.token.hash)).toBeUndefined()
})

test('pages are newest first and miss none that were made in the same millisecond', async () => {
  const { row, token } = await storeConnection()
  const tokens = new Tokens(db, row.id)
  const made = [token.id]
  for (let i = 0; i < 4; i++) {
    const { plain: _, ...more } = await aToken({ createdAt: NOW + (i % 2) })
    expect(await tokens.add(more, 5)).toBe(true)
    made.push(more.id)
  }
  const seen: string[] = []
  let after: { createdAt: number; id: string } | undefined
  for (;;) {
    const page = await tokens.list({ after, limit: 2 })
    seen.push(...page.map((t) => t.id))
    after = page.at(-1)
    if (page.length < 2) break
  }
  expect(seen).toHaveLength(5)
  expect(new Set(seen)).toEqual(new Set(made))
})

test('a connection that is being off-boarded gets no token', async () => {
  const { row } = await storeConnection()
  await connections.offboard(row.name, NOW + 1)
  expect(await new Tokens(db, row.id).add(await aToken(), 5)).toBe(false)
})

test('a connection has so many tokens at most, those that have expired among them', async () => {
  const { row } = await storeConnection()
  const tokens = new Tokens(db, row.id)
  expect(await tokens.add(await aToken({ expiresAt: NOW + 1 }), 2)).toBe(true)
  expect(await tokens.add(await aToken(), 2)).toBe(false)
  const [newest] = await tokens.list({ limit: 1 })
  await tokens.remove(newest?.id ?? '')
  expect(await tokens.add(await aToken(), 2)).toBe(true)
})

test('a use is noted only where none was noted since', async () => {
  const { row, token } = await storeConnection()
  const lastUsed = async () => (await new Tokens(db, row.id).list({ limit: 1 }))[0]?.lastUsedAt
  await noteUse(db, token.id, NOW + 100, NOW + 40)
  expect(await lastUsed()).toBe(NOW + 100)
  await noteUse(db, token.id, NOW + 150, NOW + 90)
  expect(await lastUsed()).toBe(NOW + 100)
  await noteUse(db, token.id, NOW + 160, NOW + 100)
  expect(await lastUsed()).toBe(NOW + 160)
})

test('a second token of the same hash is a violation of uniqueness', async () => {
  const { row, token } = await storeConnection()
  const again = new Tokens(db, row.id).add(await aToken({ hash: token.hash }), 5)
  const error = await again.catch((e: unknown) => e)
  expect(isUniqueViolation(error)).toBe(true)
  expect(isLostRace(error)).toBe(false)
})
