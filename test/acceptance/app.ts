/** A real app as the acceptance run needs it: started, and spoken to past the gateway. */
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { CountingProxy } from '../../cli/adapter/proxy.ts'
import type { Scene, Step } from './lifecycle.ts'

export interface RealApp {
  readonly url: string
  /** As the script says it, where it is made when the app is. */
  readonly credential: string | undefined
  /** Where it keeps what it needs. */
  readonly home: string
  readonly stop: () => Promise<void>
}

/** The app's own word on somebody. */
export interface NativeAccount {
  readonly id: string
  readonly active: boolean
  readonly lastName: string
}

export interface Native {
  createAccount(login: string, active: boolean): Promise<NativeAccount>
  account(login: string): Promise<NativeAccount | undefined>
  /** Native ids of the members; undefined: no such group. */
  members(group: string): Promise<readonly string[] | undefined>
  /** Takes away what the run left, if anything. */
  clean(): Promise<void>
}

export interface AcceptanceApp {
  readonly name: string
  readonly adapter: string
  /** File of an adapter that is data and not part of the build: it is stored first. */
  readonly manifest?: string
  /** Script below `apps/` that installs the app if need be and starts it. */
  readonly script: string
  /** What the script is told beside `PORT` and `APP_HOME`. */
  readonly env?: Readonly<Record<string, string>>
  readonly connection: (started: RealApp) => ConnectionOf
  readonly native: (started: RealApp) => Native
  /** What people sign in with, where it is not plain text. */
  readonly loginOf?: (name: string) => string
  /** A change that the app's last name follows. Default: of `name.familyName`. */
  readonly rename?: { readonly path: string; readonly value: string }
  /** What the app cannot do, each with the reason: those steps are skipped, and say so. */
  readonly lacks?: { readonly switch?: string; readonly groups?: string }
  /** Where groups cannot be made: one that is there, and nobody is in it. */
  readonly group?: string
  /** True for calls that only read, whatever their method is. */
  readonly isRead?: (method: string, body: string) => boolean
  /** What counts the gateway's writes where the app does not speak HTTP. */
  readonly proxy?: (url: string) => Promise<CountingProxy>
  /** What this app sets up for its clients, after the life that all apps share. */
  readonly traps?: (scene: Scene, started: RealApp) => readonly Step[]
}

/** A connection without its name and adapter. */
export interface ConnectionOf {
  readonly settings: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly policy?: object
  readonly mapping?: object
}

const START_TIMEOUT_MS = 600_000

/** Below those that systems give to outgoing connections, which could take the second in between. */
const PORTS = [15_000, 30_000] as const

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** With the next one free as well: slapd listens on both. */
async function freePort(): Promise<number> {
  const [from, to] = PORTS
  for (let tries = 0; tries < 100; tries++) {
    const port = from + Math.floor(Math.random() * (to - from))
    if ((await isFree(port)) && (await isFree(port + 1))) return port
  }
  throw new Error('no free ports')
}

/** @throws where the app cannot be started; what it said is in the message */
export async function startApp({
  script,
  env = {},
}: Pick<AcceptanceApp, 'script' | 'env'>): Promise<RealApp> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'postern-app-'))
  const home = path.join(folder, 'app')
  // Apps of Debian run as users of their own.
  await chmod(folder, 0o755)
  const child = spawn('bash', [path.join(import.meta.dirname, 'apps', script)], {
    env: { ...process.env, PORT: String(await freePort()), APP_HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: START_TIMEOUT_MS,
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [said, complained, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ])
  const url = /^BASE_URL=(\S+)$/m.exec(said)?.[1]
  const pid = Number(/^STOP=kill (\d+)$/m.exec(said)?.[1])
  if (code !== 0 || url === undefined || !Number.isSafeInteger(pid) || pid <= 1) {
    await rm(folder, { recursive: true, force: true })
    throw new Error(`${script} ended with ${code}: ${`${said}${complained}`.trim().slice(-500)}`)
  }
  return {
    url,
    home,
    credential: /^CREDENTIAL=(\S+)$/m.exec(said)?.[1],
    async stop() {
      process.kill(pid, 'SIGTERM')
      // Until it is gone: its folder is its own until then.
      for (let waited = 0; waited < 300 && isThere(pid); waited++) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
