/** A running `npm start` for the tests of a file or of a `describe`: its state is its own, and gone after them. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'
import type { Ready, Running } from '../../cli/start/state.ts'
import { type Desk, deskAt } from './desk.ts'
import { type Ran, runCommand, runPostern } from './postern.ts'
import { type ScimAnswer, scim } from './scim.ts'
import { type AdminAnswer, askAdmin, eventually, originOf, readRunning } from './start.ts'

const TIMEOUT_MS = 180_000

/** All of it is there once the tests begin. */
export interface NpmStart {
  readonly started: Started
  /** What it printed when it was ready. */
  readonly now: Ready
  readonly origin: string
  /** Of its state; tests may put files beside it. */
  readonly folder: string
  readonly desk: Desk
  /** With which a command finds it. */
  readonly env: { readonly POSTERN_STATE: string }
  /** In a process of its own where it is given `input`. */
  readonly postern: (args: readonly string[], input?: string) => Promise<Ran>
  /** The admin API, as its first owner. */
  readonly admin: (method: string, route: string, body?: object) => Promise<AdminAnswer>
  /** Its connection `demo`, as a client. */
  readonly scim: (method: string, target: string, body?: object) => Promise<ScimAnswer>
  readonly running: () => Promise<Running>
  /** Resolves to the pid that was killed, once another gateway has its place. */
  readonly killGateway: () => Promise<number>
}

/**
 * To be called where hooks are: at the top of a file, or of a `describe`.
 * @param command as `startPostern` takes it
 */
export function useNpmStart(
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  command?: readonly [string, ...string[]],
): NpmStart {
  let folder = ''
  let started: Started | undefined
  const there = (): Started => {
    if (!started) throw new Error('npm start is there in tests and hooks alone')
    return started
  }
  const running = () => readRunning(folder)

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
    started = await startPostern(args, { POSTERN_STATE: folder, ...environment }, command)
  }, TIMEOUT_MS)
  afterAll(async () => {
    await started?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  return {
    get started() {
      return there()
    },
    get now() {
      return there().now
    },
    get origin() {
      return originOf(there().now)
    },
    get folder() {
      return folder
    },
    get desk() {
      return deskAt(there().now.appUrl ?? '')
    },
    get env() {
      return { POSTERN_STATE: folder }
    },
    postern: (args, input) =>
      input === undefined
        ? runCommand(args, { POSTERN_STATE: folder })
        : runPostern(args, { POSTERN_STATE: folder }, input),
    admin: (method, route, body) => askAdmin(there().now, method, route, body),
    scim: (method, target, body) => scim(there().now, method, target, body),
    running,
    async killGateway() {
      const { gatewayPid } = await running()
      process.kill(gatewayPid, 'SIGKILL')
      await eventually(async () => (await running()).gatewayPid !== gatewayPid)
      return gatewayPid
    },
  }
}
