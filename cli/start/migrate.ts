import type { Miniflare } from 'miniflare'
import type { Migration } from './build.ts'
import { StartError } from './start-error.ts'

type Database = Awaited<ReturnType<Miniflare['getD1Database']>>

/** wrangler's own table, so that `wrangler d1 migrations` and `npm start` agree on what is done. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

/** One text: from here to Miniflare each statement of its own would be a call that blocks. */
function textOf({ name, statements }: Migration): string {
  const note = `INSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}')`
  return [...statements, note].join('\n;\n')
}

/**
 * Applies what is missing, in order: a file is applied whole or not at all. Resolves to the names of
 * the files applied now.
 */
export async function applyMigrations(
  database: Database,
  migrations: readonly Migration[],
): Promise<string[]> {
  await database.prepare(CREATE_TABLE).run()
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all()
  const applied = new Set(results.map((row) => row['name']))
  const missing = migrations.filter(({ name }) => !applied.has(name))
  const run = (texts: readonly string[]) => database.batch([database.prepare(texts.join('\n;\n'))])
  if (missing.length === 0) return []
  const together = await run(missing.map(textOf)).catch(() => undefined)
  // One of them has failed, and none is applied: file by file it is known which.
  if (!together) for (const migration of missing) await applyOne(run, migration)
  return missing.map(({ name }) => name)
}

async function applyOne(
  run: (texts: readonly string[]) => Promise<unknown>,
  migration: Migration,
): Promise<void> {
  try {
    await run([textOf(migration)])
  } catch (cause) {
    throw new StartError(
      `migration ${migration.name} failed: ${(cause as Error).message}`,
      'mend the migration; nothing of it was applied',
      { cause },
    )
  }
}
