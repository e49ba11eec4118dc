import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const PROJECT = path.resolve(import.meta.dirname, '../..')
/** Measured, and some room. Whoever raises it has looked at what came in. */
const MOST_KIB = 640

test('what wrangler would deploy stays within its budget of bytes', {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
  try {
    const words = ['deploy', '--dry-run', '--minify', '--outdir', folder]
    const { stdout } = await promisify(execFile)('node_modules/.bin/wrangler', words, {
      cwd: PROJECT,
      env: {
        ...process.env,
        PATH: `${PROJECT}/node_modules/.bin${path.delimiter}${process.env['PATH'] ?? ''}`,
        DO_NOT_TRACK: '1',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        WRANGLER_HIDE_BANNER: 'true',
      },
    })
    const kib = Number(/gzip: ([\d.]+) KiB/.exec(stdout)?.[1])
    expect(kib).toBeGreaterThan(100)
    expect(kib).toBeLessThan(MOST_KIB)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
