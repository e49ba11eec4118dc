import { existsSync, statfsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { transformWithOxc } from 'vite'
import { defineConfig } from 'vitest/config'

/** Where files live in memory. */
const MEMORY = '/dev/shm'
const MEMORY_NEEDED = 2 * 1024 ** 3

// What tests start is the same program over and over: compiled once.
process.env['NODE_COMPILE_CACHE'] ??= path.join(
  import.meta.dirname,
  'node_modules/.cache/postern-tests',
)

// Databases of the tests are gone after them: no test waits for a disk, where there is room in memory.
if (!process.env['TMPDIR'] && existsSync(MEMORY)) {
  const { bavail, bsize } = statfsSync(MEMORY)
  if (bavail * bsize >= MEMORY_NEEDED) process.env['TMPDIR'] = MEMORY
}

/** Suites that drive real processes, or read the repository, run on Node; all others in workerd. */
const ON_NODE = [
  'test/cli/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/browser/**/*.test.ts',
  'test/architecture.test.ts',
  'test/docs/**/*.test.ts',
  'test/examples/**/*.test.ts',
]

/** Against databases that run: started by `databases.ts` where they are installed. */
const LIVE = 'test/**/*.live.test.ts'

/** What drivers `require` and the runtime of the tests does not find. */
const INSTEAD = new Map([
  ['process', 'module.exports = process'],
  ['node:process', 'module.exports = process'],
  // Colours for debugging, where it is installed.
  ['cardinal', "throw new Error('not installed')"],
])

/**
 * Drivers of databases are CommonJS, and choose by the runtime what they load: they are bundled first, as
 * wrangler does for the worker.
 */
const DRIVERS = {
  enabled: true,
  include: ['pg', 'mysql2'],
  rolldownOptions: {
    platform: 'node' as const,
    external: [
      /^node:(?!process$)/,
      /^cloudflare:/,
      'pg-native',
      ...builtinModules.filter((name) => name !== 'process'),
    ],
    plugins: [
      {
        name: 'what-is-not-there',
        resolveId: (id: string) => (INSTEAD.has(id) ? `\0${id}` : undefined),
        load: (id: string) => INSTEAD.get(id.slice(1)),
      },
    ],
  },
}

/** What stands behind D1: `test/support/database.ts`. */
const DATABASE_OBJECT = {
  className: 'DatabaseObject',
  useSQLite: true,
  unsafePreventEviction: true,
}

const IN_WORKERD = {
  setupFiles: ['./test/support/setup.ts'],
  // Time is no test's subject; on a busy machine five seconds are little for a dozen requests, and where
  // every step is cut in every way (`npm run test:faults`) there are thousands.
  testTimeout: process.env['TEST_CUTS'] === 'all' ? 600_000 : 30_000,
  hookTimeout: 60_000,
  // One workerd for all files is five times faster. D1 is then shared by all tests, so
  // each test makes a connection of its own.
  isolate: false,
  // Each keeps one core busy, with a database of its own.
  maxWorkers: 2,
  deps: { optimizer: { ssr: DRIVERS } },
}

export default defineConfig(async () => {
  const migrations = await readD1Migrations(path.join(import.meta.dirname, 'migrations'))
  const object = path.join(import.meta.dirname, 'test/support/database-object.ts')
  const { code: database } = await transformWithOxc(await readFile(object, 'utf8'), object)
  const workerd = () =>
    cloudflareTest({
      wrangler: { configPath: './wrangler.toml' },
      remoteBindings: false,
      miniflare: {
        bindings: {
          TEST_MIGRATIONS: migrations,
          TEST_CUTS: process.env['TEST_CUTS'] ?? '',
          TEST_D1: process.env['TEST_D1'] ?? '',
          POSTERN_ADMIN_TOKEN: 'test-admin-token-of-more-than-32-characters',
          POSTERN_SEALING_KEY: 'dGVzdC1zZWFsaW5nLWtleS10aGF0LWlzLTMyLWJ5dGU=',
          POSTERN_DEV: '1',
          // What `npm run fuzz` asks for.
          FUZZ: process.env['FUZZ'] ?? '',
          BASE_URL: 'https://gw.example',
          ISOLATION_RUNS: process.env['ISOLATION_RUNS'] ?? '',
          ISOLATION_SEED: process.env['ISOLATION_SEED'] ?? '',
        },
        d1Databases: { SECOND_D1: 'second', EMPTY_D1: 'empty', MINIFLARE_D1: 'miniflare' },
        durableObjects: { DATABASE_OBJECT: { ...DATABASE_OBJECT, scriptName: 'database' } },
        workers: [
          {
            name: 'database',
            modules: true,
            script: database,
            compatibilityDate: '2026-10-20',
            durableObjects: { DATABASE_OBJECT },
          },
        ],
        // Nothing is in them until a test puts it there.
        secretsStoreSecrets: {
          STORED_SECRET: { store_id: 'test', secret_name: 'stored' },
          STORED_NOWHERE: { store_id: 'test', secret_name: 'nowhere' },
        },
      },
    })
  return {
    test: {
      silent: 'passed-only' as const,
      projects: [
        {
          plugins: [workerd()],
          test: {
            ...IN_WORKERD,
            name: 'workerd',
            include: ['test/**/*.test.ts'],
            exclude: [...ON_NODE, LIVE],
          },
        },
        {
          plugins: [workerd()],
          test: {
            ...IN_WORKERD,
            name: 'databases',
            maxWorkers: 1,
            sequence: { groupOrder: 1 },
            include: [LIVE],
            globalSetup: ['./test/support/databases.ts'],
            testTimeout: 60_000,
          },
        },
        {
          test: {
            name: 'node',
            environment: 'node',
            include: ON_NODE,
            // Nothing of one file is another's: what it starts is a process of its own. A worker for each
            // would load the same modules again.
            isolate: false,
            testTimeout: 60_000,
            hookTimeout: 60_000,
            // Most of their time they wait for processes of their own.
            maxWorkers: 2,
          },
        },
      ],
    },
  }
})
