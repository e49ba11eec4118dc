/** What the tests take for D1 answers as Miniflare's D1 does, which answers as D1. */
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'

const TABLE = `CREATE TABLE IF NOT EXISTS thing (
  id INTEGER PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE, size REAL, bytes BLOB,
  owner INTEGER REFERENCES thing (id)
)`

/** What one of both makes of it: a result, or an error. */
async function outcome(ask: (db: D1Database) => Promise<unknown>, db: D1Database) {
  try {
    return { result: await ask(db) }
  } catch (error) {
    const { message, cause } = error as Error
    return { message, cause: cause instanceof Error ? cause.message : cause }
  }
}

async function bothAnswer(ask: (db: D1Database) => Promise<unknown>) {
  const [here, there] = [await outcome(ask, env.DB), await outcome(ask, env.MINIFLARE_D1)]
  expect(here).toEqual(there)
  return here
}

const all = (sql: string, ...values: unknown[]) =>
  bothAnswer(
    async (db) =>
      (
        await db
          .prepare(sql)
          .bind(...values)
          .all()
      ).results,
  )

const batch = (...queries: readonly [string, ...unknown[]][]) =>
  bothAnswer(async (db) => {
    const statements = queries.map(([sql, ...values]) => db.prepare(sql).bind(...values))
    return (await db.batch(statements)).map(({ results }) => results)
  })

test('they differ: a database of one cannot be read through the other', async () => {
  if (env.TEST_D1 === 'miniflare') return
  await env.DB.prepare('CREATE TABLE only_here (a)').run()
  await expect(env.MINIFLARE_D1.prepare('SELECT * FROM only_here').all()).rejects.toThrow(
    'no such table',
  )
})

test('values come back as they were bound', async () => {
  await all(TABLE)
  await all('DELETE FROM thing')
  const bytes = new Uint8Array([0, 1, 255])
  await all('INSERT INTO thing VALUES (?, ?, ?, ?, ?)', 1, 'Ä', 0.5, bytes, null)
  await all('INSERT INTO thing VALUES (?1, ?2, ?3, ?4, ?1)', 2, 'b', 1e300, [7])
  await all('SELECT * FROM thing ORDER BY id')
  await all('SELECT ?, ?, ?, ?, ?', true, 2 ** 53, -0.25, '', null)
  await all('SELECT value FROM json_each(?)', '[1,"a",null,{"b":[]}]')
  await all('SELECT id FROM thing WHERE name = ? COLLATE NOCASE', 'ä')
  await all('UPDATE thing SET size = 2 WHERE id = 1 RETURNING id, size')
  await bothAnswer((db) => db.prepare('SELECT id, bytes FROM thing ORDER BY id').raw())
  await bothAnswer((db) => db.prepare('SELECT 1 AS a, 2 AS b').raw({ columnNames: true }))
  await bothAnswer((db) => db.prepare('SELECT id FROM thing ORDER BY id').first())
  await bothAnswer((db) => db.prepare('SELECT id FROM thing ORDER BY id').first('id'))
  await bothAnswer((db) => db.prepare('SELECT id FROM thing WHERE id = 9').first())
})

test('two columns of one name are one in an object, in a batch as well', async () => {
  await all('SELECT 1 AS a, 2 AS a')
  await bothAnswer((db) => db.prepare('SELECT 1 AS a, 2 AS a').raw())
  await batch(['SELECT 1 AS a, 2 AS a'], ['SELECT 3 AS b'])
})

test('a batch is a transaction, and changes() is of the statement before', async () => {
  await all(TABLE)
  await all('DELETE FROM thing')
  await batch(['INSERT INTO thing (id) VALUES (?)', 1], ['SELECT changes() AS n'])
  const guard = "SELECT CASE WHEN changes() = 1 THEN 1 ELSE json('!') END"
  const lost = await batch(
    ['INSERT INTO thing (id) VALUES (2)'],
    ['UPDATE thing SET size = 1 WHERE id = 9'],
    [guard],
  )
  expect(lost).toHaveProperty('message')
  expect(await all('SELECT id FROM thing')).toEqual({ result: [{ id: 1 }] })
})

test('how many rows were changed, read and written is told', async () => {
  await all(TABLE)
  await all('DELETE FROM thing')
  const told = (...queries: readonly string[]) =>
    bothAnswer(async (db) => {
      const results = await db.batch(queries.map((sql) => db.prepare(sql)))
      return results.map(({ meta }) => [meta.changes, meta.rows_read, meta.rows_written])
    })
  await told(
    "INSERT INTO thing (id, name) VALUES (1, 'a'), (2, 'b')",
    'SELECT * FROM thing',
    'UPDATE thing SET size = 1 WHERE id = 9',
    'UPDATE thing SET size = 1',
    'INSERT INTO thing (id) VALUES (1) ON CONFLICT DO NOTHING',
    'DELETE FROM thing WHERE id = 1 RETURNING id',
    'CREATE TABLE IF NOT EXISTS other (a)',
    'DELETE FROM thing',
  )
  await bothAnswer(async (db) => {
    const { meta } = await db.prepare("INSERT INTO thing (name) VALUES ('c')").run()
    return [meta.changes, meta.last_row_id]
  })
  const { meta } = await env.DB.prepare('SELECT 1').run()
  expect(meta.size_after).toBeGreaterThan(4096)
})

test('what is refused is refused in the same words', async () => {
  await all(TABLE)
  await all('DELETE FROM thing')
  await all("INSERT INTO thing (id, name) VALUES (1, 'a')")
  const refusals = [
    await all("INSERT INTO thing (name) VALUES ('A')"),
    await all('INSERT INTO thing (owner) VALUES (99)'),
    await all('SELECT nothing FROM thing'),
    await all('SELEC 1'),
    await all('SELECT ?'),
    await all('SELECT ?', 1, 2),
    await all('SELECT abs(-9223372036854775808)'),
    await all(`SELECT ${Array.from({ length: 101 }, () => '?')}`, ...Array(101).fill(1)),
    await all('BEGIN'),
    await batch(['SELECT 1'], ['SELEC 1']),
    await bothAnswer((db) => db.prepare('SELECT 1 AS a').first('b')),
    await bothAnswer(async (db) => db.prepare('SELECT ?').bind(undefined).all()),
  ]
  for (const refusal of refusals) expect(refusal).toHaveProperty('message')
})
