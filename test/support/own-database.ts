/**
 * Databases of a test file of its own, for what looks at all that there is: rows that other tests have left
 * change no plan, are not what the cron takes first, and cost no time.
 */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { openTestDatabase } from './database.ts'

/** @param name no other file's */
export async function useOwnDatabases(name: string): Promise<void> {
  if (env.TEST_D1 === 'miniflare') return
  for (const binding of ['DB', 'SECOND_D1'] as const) {
    Object.assign(env, { [binding]: openTestDatabase(env[binding], `${binding} of ${name}`) })
    await applyD1Migrations(env[binding], env.TEST_MIGRATIONS)
  }
}
