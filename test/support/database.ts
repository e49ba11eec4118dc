/**
 * D1 of the tests. The client is the one of workerd; behind it stands a Durable Object with SQLite, which is
 * what Miniflare's D1 is as well, without its hops and schemas: a trip takes a fifth of the time, and the
 * tests make some 300,000. `test/database.test.ts` holds that both answer alike, and `TEST_D1=miniflare npm test`
 * runs everything on Miniflare's.
 */
import { env } from 'cloudflare:workers'

interface Service {
  readonly fetch: (
    url: string,
    init: { readonly body: string },
  ) => Promise<{ readonly headers: Headers; readonly text: () => Promise<string> }>
}

/** @param database of Miniflare, whose client is taken */
export function openTestDatabase(database: D1Database, name: string): D1Database {
  const { DATABASE_OBJECT } = env
  const id = DATABASE_OBJECT.idFromName(name)
  const service: Service = {
    async fetch(_, { body }) {
      // A stub belongs to the request that got it.
      const text = await DATABASE_OBJECT.get(id).query(body)
      return { headers: new Headers(), text: async () => text }
    },
  }
  const Client = database.constructor as new (service: Service) => D1Database
  return new Client(service)
}
