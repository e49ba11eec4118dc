/**
 * Runs as a process of its own (see build.ts): importing wrangler takes over a second and 100 MB.
 * Writes what wrangler.toml says, and the migrations it names, to the file given as argument.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  unstable_getMiniflareWorkerOptions,
  unstable_readConfig,
  unstable_splitSqlQuery,
} from 'wrangler'
import type { HostConfig } from './build.ts'

const [configPath = '', outFile = ''] = process.argv.slice(2)
const config = unstable_readConfig({ config: configPath })
const { modulesRules: _, ...workerOptions } =
  unstable_getMiniflareWorkerOptions(config).workerOptions

/** wrangler's own type of its configuration does not resolve outside its source. */
interface D1Config {
  readonly binding: string
  /** From the folder of wrangler.toml. */
  readonly migrations_dir?: string
}

async function readMigrations(migrationsDir: string) {
  const folder = path.resolve(path.dirname(configPath), migrationsDir)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => ({
      name,
      statements: unstable_splitSqlQuery(await readFile(path.join(folder, name), 'utf8')),
    })),
  )
}

const result: HostConfig = {
  name: config.name ?? 'worker',
  crons: config.triggers.crons ?? [],
  // vars alone: .dev.vars and .env hold secrets, which must not land in a cache.
  workerOptions: { ...workerOptions, bindings: config.vars },
  databases: await Promise.all(
    config.d1_databases.map(async (database: D1Config) => ({
      binding: database.binding,
      migrations: await readMigrations(database.migrations_dir ?? 'migrations'),
    })),
  ),
}
await writeFile(outFile, JSON.stringify(result))
