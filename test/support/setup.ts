import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { openTestDatabase } from './database.ts'

if (env.TEST_D1 !== 'miniflare') {
  for (const name of ['DB', 'SECOND_D1', 'EMPTY_D1'] as const) {
    Object.assign(env, { [name]: openTestDatabase(env[name], name) })
  }
}
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
await applyD1Migrations(env.SECOND_D1, env.TEST_MIGRATIONS)
