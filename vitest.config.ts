import path from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Suites that drive real processes, or read the repository, run on Node; all others in workerd. */
const ON_NODE = [
  'test/cli/**/*.test.ts',
  'test/e2e/**/*.test.ts',
  'test/architecture.test.ts',
  'test/docs/**/*.test.ts',
  'test/examples/**/*.test.ts',
]

export default defineConfig(async () => {
  const migrations = await readD1Migrations(path.join(import.meta.dirname, 'migrations'))
  return {
    test: {
      projects: [
        {
          plugins: [
            cloudflareTest({
              wrangler: { configPath: './wrangler.toml' },
              remoteBindings: false,
              miniflare: {
                bindings: {
                  TEST_MIGRATIONS: migrations,
                  POSTERN_ADMIN_TOKEN: 'test-admin-token',
                  POSTERN_SEALING_KEY: 'dGVzdC1zZWFsaW5nLWtleS10aGF0LWlzLTMyLWJ5dGU=',
                  POSTERN_DEV: '1',
                },
              },
            }),
          ],
          test: {
            name: 'workerd',
            silent: 'passed-only',
            include: ['test/**/*.test.ts'],
            exclude: ON_NODE,
            setupFiles: ['./test/support/setup.ts'],
            // One workerd for all files is five times faster. D1 is then shared by all tests, so
            // each test makes a connection of its own.
            isolate: false,
          },
        },
        { test: { name: 'node', environment: 'node', include: ON_NODE, testTimeout: 60_000 } },
      ],
    },
  }
})
