/**
 * D1 of the tests. The client is the one of workerd; behind it stands a Durable Object with SQLite, which is
 * what Miniflare's D1 is as well, without its hops and schemas: a trip takes a fifth of the time, and the
 * tests make some 300,000. `test/database.test.ts` holds that both answer alike, and `TEST_D1=miniflare npm test`
 * runs everything on Miniflare's.
 */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

const BINDINGS = ['DB', 'SECOND_D1', 'EMPTY_D1'] as const

interface Service {
  readonly fetch: (
    url: string,
    init: { readonly body: string },
  ) => Promise<{ readonly headers: Headers; readonly text: () => Promise<string> }>
}

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
      const client = clientOf(env[binding], () => `${binding} of ${owner}`)
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
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  await applyD1Migrations(env.SECOND_D1, env.TEST_MIGRATIONS)
}

/** @param database of Miniflare, whose client is taken */
function clientOf(database: D1Database, nameOf: () => string): D1Database {
  const { DATABASE_OBJECT } = env
  const service: Service = {
    async fetch(_, { body }) {
      const id = DATABASE_OBJECT.idFromName(nameOf())
      // A stub belongs to the request that got it.
      const text = await DATABASE_OBJECT.get(id).query(body)
      return { headers: new Headers(), text: async () => text }
    },
  }
  const Client = database.constructor as new (service: Service) => D1Database
  return new Client(service)
}
