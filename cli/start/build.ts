import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify, stripVTControlCharacters } from 'node:util'
import * as z from 'zod'
import { StartError } from './start-error.ts'

const hostConfigSchema = z.object({
  name: z.string(),
  crons: z.array(z.string()),
  /** Of the Miniflare API, as wrangler derives them from wrangler.toml. */
  workerOptions: z.record(z.string(), z.unknown()),
  databases: z.array(
    z.object({
      binding: z.string(),
      migrations: z.array(z.object({ name: z.string(), statements: z.array(z.string()) })),
    }),
  ),
})
export type HostConfig = z.infer<typeof hostConfigSchema>
export type Migration = HostConfig['databases'][number]['migrations'][number]

export interface Module {
  readonly type: 'ESModule' | 'Text' | 'Data' | 'CompiledWasm'
  readonly path: string
  readonly contents: string | Uint8Array<ArrayBuffer>
}

export interface Build {
  readonly config: HostConfig
  /** The entry comes first. */
  readonly modules: readonly Module[]
}

/** All that the worker and its bindings are made of. */
const INPUTS = [
  'src',
  'adapters',
  'migrations',
  'wrangler.toml',
  'tsconfig.json',
  'package-lock.json',
  'cli/start/build.ts',
  'cli/start/wrangler-config.ts',
]

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((e) => path.join(e.parentPath, e.name))
}

async function digestOfInputs(projectFolder: string): Promise<string> {
  const hash = createHash('sha256')
  for (const input of INPUTS) {
    const absolute = path.join(projectFolder, input)
    const files = path.extname(input) ? [absolute] : await filesUnder(absolute)
    for (const file of files.sort()) {
      const contents = await readFile(file)
      hash.update(`${path.relative(projectFolder, file)}\0${contents.length}\0`).update(contents)
    }
  }
  return hash.digest('hex').slice(0, 24)
}

/** What keeps wrangler from calling anyone, asking anything and writing to the home folder. */
export function quietEnv(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DO_NOT_TRACK: '1',
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: 'true',
    XDG_CONFIG_HOME: path.join(folder, 'config'),
    WRANGLER_WRITE_LOGS: 'false',
    CI: 'true',
  }
}

async function runNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  try {
    await promisify(execFile)(process.execPath, args, { cwd, env, timeout: 120_000 })
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    const output = stripVTControlCharacters(`${stdout}${stderr}`).trim() || String(cause)
    throw new StartError(`the worker cannot be built:\n${output}`, 'mend it, then start again', {
      cause,
    })
  }
}

/**
 * The bundle that a deployment would get: made by wrangler itself, not by a second set of bundler
 * options. Its 1.5 s and wrangler's config reader run side by side.
 */
async function buildInto(folder: string, projectFolder: string): Promise<void> {
  const library = path.dirname(fileURLToPath(import.meta.resolve('wrangler')))
  const wrangler = path.join(library, '../bin/wrangler.js')
  const configPath = path.join(projectFolder, 'wrangler.toml')
  const readConfig = path.join(import.meta.dirname, 'wrangler-config.ts')
  const env = quietEnv(folder)
  const outdir = path.join(folder, 'worker')
  await Promise.all([
    runNode(
      [wrangler, 'deploy', '--dry-run', '--config', configPath, '--outdir', outdir],
      projectFolder,
      env,
    ),
    runNode([readConfig, configPath, path.join(folder, 'config.json')], projectFolder, env),
  ])
  await rm(path.join(folder, 'config'), { recursive: true, force: true })
}

const TYPE_BY_EXTENSION: Readonly<Record<string, Module['type']>> = {
  '.js': 'ESModule',
  '.mjs': 'ESModule',
  '.txt': 'Text',
  '.html': 'Text',
  '.sql': 'Text',
  '.bin': 'Data',
  '.wasm': 'CompiledWasm',
}

async function readBuild(folder: string): Promise<Build> {
  const text = await readFile(path.join(folder, 'config.json'), 'utf8')
  const config = hostConfigSchema.parse(JSON.parse(text))
  const outdir = path.join(folder, 'worker')
  const modules: Module[] = []
  for (const file of await filesUnder(outdir)) {
    const type = TYPE_BY_EXTENSION[path.extname(file)]
    // Left out: the source map and wrangler's README.md.
    if (!type) continue
    const contents = new Uint8Array(await readFile(file))
    modules.push({
      type,
      path: path.relative(outdir, file),
      contents:
        type === 'ESModule' || type === 'Text' ? new TextDecoder().decode(contents) : contents,
    })
  }
  modules.sort((a, b) => Number(b.path === 'worker.js') - Number(a.path === 'worker.js'))
  return { config, modules }
}

/** Builds the worker, or takes the last build where no input has changed since. */
export async function build(projectFolder: string): Promise<Build> {
  const cache = path.join(projectFolder, 'node_modules', '.cache', 'postern-start')
  const folder = path.join(cache, await digestOfInputs(projectFolder))
  const known = await readBuild(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (known) return known
  await mkdir(cache, { recursive: true })
  const draft = await mkdtemp(path.join(cache, 'draft-'))
  try {
    await buildInto(draft, projectFolder)
    const made = await readBuild(draft)
    await keepLatest(draft, folder, cache)
    return made
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Of checkouts and branches that share what npm has installed. */
const BUILDS_KEPT = 4

/** Renames the draft to its digest, and removes the oldest of the builds that came before. */
async function keepLatest(draft: string, folder: string, cache: string): Promise<void> {
  await rename(draft, folder).catch((error: NodeJS.ErrnoException) => {
    // Another start has built the same at the same time.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
  const names = (await readdir(cache)).filter((name) => !name.startsWith('draft-'))
  const builds = await Promise.all(
    names.map(async (name) => {
      const file = path.join(cache, name)
      // Another start may have removed it by now.
      const found = await stat(file).catch(() => undefined)
      return { file, madeAt: found?.mtimeMs ?? 0 }
    }),
  )
  builds.sort((a, b) => b.madeAt - a.madeAt)
  for (const { file } of builds.slice(BUILDS_KEPT)) {
    if (file !== folder) await rm(file, { recursive: true, force: true })
  }
}
