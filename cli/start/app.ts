import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import { StartError } from './start-error.ts'

const LISTENING_TIMEOUT_MS = 15_000
const END_TIMEOUT_MS = 3_000
const RESTART_DELAY_MS = 200
/** Deaths in a row, each sooner than `STEADY_MS` after its start, before we give up. */
const MAX_EARLY_DEATHS = 5
const STEADY_MS = 10_000

const listeningSchema = z.object({ listening: z.literal(true), url: z.url(), pid: z.number() })

export interface AppOptions {
  readonly script: string
  readonly key: string
  readonly stateFile: string
  readonly onLog: (line: string) => void
  readonly onSpawn: (pid: number) => void
  readonly onExit: (pid: number, cause: string) => void
  /** The app has died and listens again, on the same port. */
  readonly onRestart: (pid: number) => void
  /** The app dies again and again. */
  readonly onLost: () => void
}

export interface App {
  readonly url: string
  readonly pid: () => number
}

function spawnApp(options: AppOptions, port: string): ChildProcess {
  const child = spawn(process.execPath, [options.script, '--state', options.stateFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The key goes by environment: other users of the machine see arguments.
    env: { ...process.env, HOST: '127.0.0.1', PORT: port, DESK_KEY: options.key },
  })
  const { pid } = child
  if (pid !== undefined) {
    options.onSpawn(pid)
    child.once('exit', (code, signal) => options.onExit(pid, signal ?? `exit code ${code}`))
  }
  return child
}

/** Resolves to the app's URL once it says that it listens. */
function listening(child: ChildProcess, onLog: (line: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (message: string) => reject(new StartError(message, 'see its output above'))
    const timer = setTimeout(() => fail('the example app does not start'), LISTENING_TIMEOUT_MS)
    child.once('error', (error) => fail(`the example app does not start: ${error.message}`))
    child.once('exit', () => {
      clearTimeout(timer)
      fail('the example app ended while it started')
    })
    const { stdout, stderr } = child
    if (!stdout || !stderr) throw new TypeError('the app is spawned with pipes')
    createInterface({ input: stderr }).on('line', onLog)
    let found = false
    createInterface({ input: stdout }).on('line', (line) => {
      if (found || !line.startsWith('{')) {
        onLog(line)
        return
      }
      found = true
      clearTimeout(timer)
      try {
        resolve(listeningSchema.parse(JSON.parse(line)).url)
      } catch {
        fail(`the example app says something else than that it listens: ${line}`)
      }
    })
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}

/** Starts the example app, and again on the same port whenever it dies. */
export async function startApp(
  options: AppOptions,
  onCreated: (close: () => Promise<void>) => void,
): Promise<App> {
  let closing = false
  let child: ChildProcess
  let startedAt = 0
  let earlyDeaths = 0
  const launch = (port: string) => {
    child = spawnApp(options, port)
    startedAt = Date.now()
    return listening(child, options.onLog)
  }
  const first = launch('0')
  onCreated(() => {
    closing = true
    return end(child)
  })
  const url = await first
  const { port } = new URL(url)

  const relaunch = () => {
    if (closing) return
    launch(port).then(
      () => {
        supervise()
        options.onRestart(child.pid ?? 0)
      },
      () => restart(),
    )
  }
  const restart = () => {
    if (closing) return
    earlyDeaths = Date.now() - startedAt < STEADY_MS ? earlyDeaths + 1 : 1
    if (earlyDeaths > MAX_EARLY_DEATHS) options.onLost()
    else setTimeout(relaunch, RESTART_DELAY_MS)
  }
  const supervise = () => {
    if (child.exitCode !== null || child.signalCode !== null) restart()
    else child.once('exit', restart)
  }
  supervise()
  return { url, pid: () => child.pid ?? 0 }
}
