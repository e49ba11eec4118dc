/** `npm start` as a child process: for whoever needs a gateway for a while. */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Ready, readySchema } from './start/state.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')
const READY_TIMEOUT_MS = 180_000

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Launched {
  /** npm itself: its pid is what a script would send a signal to. */
  readonly npm: ChildProcess
  /** The ready line; rejects where the process ends without one. */
  readonly ready: Promise<Ready>
  readonly exit: Promise<Exit>
  /** All that was printed so far. */
  readonly output: () => string
  readonly stop: (signal?: NodeJS.Signals) => Promise<Exit>
}

export interface Started extends Launched {
  readonly now: Ready
}

/** As in a terminal: without the Node that npm scripts put in front. */
function userPath(): string {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter)
  return folders.filter((folder) => !folder.includes('node_modules')).join(path.delimiter)
}

/** Runs `npm start -- ...args` in the project. PORT is 0, any free port, unless `env` says so. */
export function launchStart(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Launched {
  const { npm_lifecycle_event: _, VITEST: __, NODE_OPTIONS: ___, ...inherited } = process.env
  const npm = spawn('npm', ['start', '--', ...args], {
    cwd: PROJECT,
    env: { ...inherited, PATH: userPath(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const exit = new Promise<Exit>((resolve) => {
    npm.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const ready = new Promise<Ready>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${reason}\n${lines.join('\n')}`))
    const timer = setTimeout(() => fail('npm start is not ready in time'), READY_TIMEOUT_MS)
    // 'close' and not 'exit': what was printed last has been read by then.
    npm.once('close', () => {
      clearTimeout(timer)
      fail('npm start ended before it was ready')
    })
    createInterface({ input: npm.stderr }).on('line', (line) => lines.push(line))
    createInterface({ input: npm.stdout }).on('line', (line) => {
      lines.push(line)
      if (!line.startsWith('{"ready":')) return
      clearTimeout(timer)
      resolve(readySchema.parse(JSON.parse(line)))
    })
  })
  // Not every caller waits for it: one that expects an early end looks at `exit`.
  ready.catch(() => undefined)
  return {
    npm,
    ready,
    exit,
    output: () => lines.join('\n'),
    stop(signal = 'SIGTERM') {
      npm.kill(signal)
      return exit
    },
  }
}

/** Runs `npm start` and waits until it is ready. The caller stops it. */
export async function startPostern(
  args: readonly string[] = ['--fresh'],
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const launched = launchStart(args, env)
  try {
    return { ...launched, now: await launched.ready }
  } catch (error) {
    await launched.stop()
    throw error
  }
}
