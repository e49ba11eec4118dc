/**
 * D1 of the tests. Behind a client of its own (`database-client.ts`) stands a Durable Object with SQLite, which is
 * what Miniflare's D1 is as well, without its hops and schemas: a trip takes a fifth of the time, and the
 * tests make some 300,000. `test/database.test.ts` holds that both answer alike, and `TEST_D1=miniflare npm test`
 * runs everything on Miniflare's.
 */
import { env } from 'cloudflare:workers'
import { databaseClient } from './database-client.ts'

const BINDINGS = ['DB', 'SECOND_D1', 'EMPTY_D1'] as const

/** Whose databases stand behind the bindings: the Worker keeps the clients that it was composed with. */
let owner = ''
const clients = new WeakSet<D1Database>()

/** Those that all files share. */
export async function useSharedDatabases(): Promise<void> {
  owner = ''
  if (env.TEST_D1 !== 'miniflare') {
    for (const binding of BINDINGS) {
      // One isolate runs many files, and this before each of them.
      if (clients.has(env[binding])) continue
      const client = clientOf(() => `${binding} of ${owner}`)
      clients.add(client)
      Object.assign(env, { [binding]: client })
    }
  }
  await migrate()
}

/**
 * For a file that looks at all that there is: rows that other tests have left change no plan, are not what the
 * cron takes first, and cost no time. Shared ones under `TEST_D1=miniflare`.
 *
 * @param name no other file's
 */
export async function useOwnDatabases(name: string): Promise<void> {
  if (env.TEST_D1 === 'miniflare') return
  owner = name
  await migrate()
}

/** Fails whatever it is asked. */
export function awayDatabase(): D1Database {
  const fails = () => Promise.reject(new Error('D1_ERROR: away'))
  const statement = { bind: () => statement, all: fails, raw: fails, run: fails, first: fails }
  return { prepare: () => statement, batch: fails } as unknown as D1Database
}

async function migrate(): Promise<void> {
  await Promise.all([env.DB, env.SECOND_D1].map(applyMigrations))
}

/** `applyD1Migrations` takes no client but the one of workerd. */
async function applyMigrations(db: D1Database): Promise<void> {
  await db
    .prepare('CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)')
    .run()
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const applied = new Set(results.map(({ name }) => name))
  for (const { name, queries } of env.TEST_MIGRATIONS) {
    if (applied.has(name)) continue
    const note = db.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)
    await db.batch([...queries.map((query) => db.prepare(query)), note])
  }
}

function clientOf(nameOf: () => string): D1Database {
  const { DATABASE_OBJECT } = env
  return databaseClient((asked) =>
    DATABASE_OBJECT.get(DATABASE_OBJECT.idFromName(nameOf())).query(asked),
  )
}
