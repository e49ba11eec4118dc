/** Workers of private adapters, bundled as `wrangler deploy` does it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { quietEnv } from '../../cli/start/build.ts'

export const PROJECT = path.resolve(import.meta.dirname, '../..')
const WRANGLER = path.join(
  path.dirname(fileURLToPath(import.meta.resolve('wrangler'))),
  '../bin/wrangler.js',
)

/** @param folder of the wrangler.toml; its `main` must be called `index.ts` or `worker.ts` */
export async function bundle(folder: string): Promise<string> {
  const out = await mkdtemp(path.join(os.tmpdir(), 'postern-private-'))
  try {
    const config = path.join(folder, 'wrangler.toml')
    await promisify(execFile)(
      process.execPath,
      [WRANGLER, 'deploy', '--dry-run', '--config', config, '--outdir', out],
      { cwd: folder, env: quietEnv(out) },
    )
    const [, main = ''] = /^main = "(\w+)\.ts"$/m.exec(await readFile(config, 'utf8')) ?? []
    return await readFile(path.join(out, `${main}.js`), 'utf8')
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

/**
 * The example of a private adapter as its reader builds it: a copy of the folder, with Postern installed from
 * its package.
 */
export async function bundleExample(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'postern-copy-'))
  const modules = path.join(folder, 'node_modules')
  const run = promisify(execFile)
  try {
    await cp(path.join(PROJECT, 'examples/private-adapter'), folder, { recursive: true })
    await mkdir(modules)
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
    const { stdout } = await run('npm', pack, { cwd: PROJECT, maxBuffer: 64 * 1_048_576 })
    const [{ filename = '' } = {}] = JSON.parse(stdout) as { filename?: string }[]
    await run('tar', ['-xzf', filename], { cwd: folder })
    await rename(path.join(folder, 'package'), path.join(modules, 'postern'))
    // What npm would fetch: of Postern, and of the example itself.
    const fetched = path.join(PROJECT, 'node_modules')
    await symlink(fetched, path.join(modules, 'postern/node_modules'))
    for (const name of ['zod', '@cloudflare']) {
      await symlink(path.join(fetched, name), path.join(modules, name))
    }
    const tsc = path.join(PROJECT, 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [tsc, '-p', folder])
    return await bundle(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
