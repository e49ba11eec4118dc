declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('../../src/worker.ts')
  }
  interface Env {
    DB: D1Database
    BASE_URL: string
    POSTERN_ADMIN_TOKEN: string
    POSTERN_SEALING_KEY: string
    POSTERN_DEV: string
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
}
