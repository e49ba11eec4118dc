import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const PROJECT = path.resolve(import.meta.dirname, '../..')
/** Measured, and some room. Whoever raises one of them has looked at what came in. Compressed. */
const MOST_KIB = 660
/** Minified, of what is evaluated before the first request (decision 0033). */
const MOST_KIB_AT_START = 920
/** What only some connections need, or nobody but administrators and the cron. */
const LATER = [
  /^src\/console\//,
  /^src\/compose\/(?:manage|cron)\.ts$/,
  /^src\/admin\/api\.ts$/,
  /node_modules\/(?:mysql2|pg|ldapts|fast-xml-parser)\//,
]

interface Metafile {
  readonly inputs: Readonly<
    Record<string, { readonly imports: readonly { path: string; kind: string; external?: true }[] }>
  >
  readonly outputs: Readonly<
    Record<
      string,
      { entryPoint?: string; inputs: Readonly<Record<string, { bytesInOutput: number }>> }
    >
  >
}

let folder: string
let printed: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
  const words = ['deploy', '--dry-run', '--minify', '--metafile', '--outdir', folder]
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
  printed = stdout
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

test('what wrangler would deploy stays within its budget of bytes', () => {
  const kib = Number(/gzip: ([\d.]+) KiB/.exec(printed)?.[1])
  expect(kib).toBeGreaterThan(100)
  expect(kib).toBeLessThan(MOST_KIB)
})

test('no request waits for what it does not need: the console, the admin API, jobs, drivers', async () => {
  const meta = JSON.parse(await readFile(path.join(folder, 'bundle-meta.json'), 'utf8')) as Metafile
  const [bundle] = Object.values(meta.outputs).filter(({ entryPoint }) => entryPoint !== undefined)
  const atStart = reachable(meta, bundle?.entryPoint ?? '')
  expect(atStart.filter((file) => LATER.some((late) => late.test(file)))).toEqual([])
  const bytes = atStart.map((file) => bundle?.inputs[file]?.bytesInOutput ?? 0)
  const kib = bytes.reduce((sum, one) => sum + one, 0) / 1024
  expect(kib).toBeGreaterThan(100)
  expect(kib).toBeLessThan(MOST_KIB_AT_START)
})

/** Modules that the entry imports, and these import, but for those that are imported later. */
function reachable({ inputs }: Metafile, entry: string): string[] {
  const found = new Set([entry])
  for (const file of found) {
    for (const { path: next, kind, external } of inputs[file]?.imports ?? []) {
      if (kind !== 'dynamic-import' && !external) found.add(next)
    }
  }
  return [...found]
}
