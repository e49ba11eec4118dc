declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('../../src/worker.ts')
  }
  interface StoredSecret {
    get(): Promise<string>
    /** The simulation's own way in. */
    'SecretsStoreSecret::admin_api'(): { create(value: string): Promise<string> }
  }
  interface Env {
    DB: D1Database
    /** Of no name that the gateway looks for: a test binds it as `DB_2` to an isolate of its own. */
    SECOND_D1: D1Database
    /** To which no migration is applied. */
    EMPTY_D1: D1Database
    /** Behind these, see `database.ts`. */
    DATABASE_OBJECT: DurableObjectNamespace<import('./database-object.ts').DatabaseObject>
    /** One of Miniflare, to compare with. */
    MINIFLARE_D1: D1Database
    /** `miniflare`: all are Miniflare's own. */
    TEST_D1: string
    PACER: DurableObjectNamespace<import('../../src/worker.ts').Pacer>
    BASE_URL: string
    POSTERN_ADMIN_TOKEN: string
    POSTERN_SEALING_KEY: string
    POSTERN_DEV: string
    /** Bindings of the Secrets Store. */
    STORED_SECRET: StoredSecret
    STORED_NOWHERE: StoredSecret
    /** `all`: every way of failing at every step, see `cutsOf`. */
    TEST_CUTS: string
    /** More runs than `npm test` has time for, and those of one seed: empty where not asked for. */
    ISOLATION_RUNS: string
    ISOLATION_SEED: string
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
