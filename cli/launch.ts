/** What `npm start` runs, as a child process: for whoever needs a gateway for a while. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Ready, readySchema } from './start/state.ts'

const PROJECT = path.resolve(import.meta.dirname, '..')
/** Without npm, which only looks for the Node that runs here already. */
const START = [process.execPath, path.join(PROJECT, 'cli/start.mjs')] as const
const READY_TIMEOUT_MS = 180_000

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Launched {
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

/**
 * Starts example app, gateway and D1. PORT is 0, any free port, unless `env` says so.
 * @param command before the arguments; npm's, for whoever asks what npm makes of it
 */
export function launchStart(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  [program, ...words]: readonly [string, ...string[]] = START,
): Launched {
  const { npm_lifecycle_event: _, VITEST: __, NODE_OPTIONS: ___, ...inherited } = process.env
  const child = spawn(program, [...words, ...args], {
    cwd: PROJECT,
    env: { ...inherited, PATH: userPath(), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const exit = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const ready = new Promise<Ready>((resolve, reject) => {
    const fail = (reason: string) => reject(new Error(`${reason}\n${lines.join('\n')}`))
    const timer = setTimeout(() => fail('the start is not ready in time'), READY_TIMEOUT_MS)
    // 'close' and not 'exit': what was printed last has been read by then.
    child.once('close', () => {
      clearTimeout(timer)
      fail('the start ended before it was ready')
    })
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line))
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (!line.startsWith('{"ready":')) return
      clearTimeout(timer)
      resolve(readySchema.parse(JSON.parse(line)))
    })
  })
  // Not every caller waits for it: one that expects an early end looks at `exit`.
  ready.catch(() => undefined)
  return {
    ready,
    exit,
    output: () => lines.join('\n'),
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return exit
    },
  }
}

/** The same, once it is ready. The caller stops it. */
export async function startPostern(
  args: readonly string[] = ['--fresh'],
  env: Readonly<Record<string, string>> = {},
  command: readonly [string, ...string[]] = START,
): Promise<Started> {
  const launched = launchStart(args, env, command)
  try {
    return { ...launched, now: await launched.ready }
  } catch (error) {
    await launched.stop()
    throw error
  }
}
