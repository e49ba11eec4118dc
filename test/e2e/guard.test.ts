/** A job that disables everybody, in the simulator: stopped by the guard, and let through by a person. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'
import { type Desk, deskAt } from '../support/desk.ts'
import { runPostern } from '../support/postern.ts'
import { simulateJson } from '../support/simulate.ts'

const TIMEOUT_MS = 180_000
const PEOPLE = 80

let folder: string
let started: Started
let desk: Desk
let env: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
  env = { POSTERN_STATE: folder }
  started = await startPostern([], env)
  desk = deskAt(started.now.appUrl ?? '')
}, TIMEOUT_MS)

afterAll(async () => {
  await started?.stop()
  await rm(folder, { recursive: true, force: true })
})

const enabled = async () =>
  (await desk.accounts()).filter(({ state }) => state === 'enabled').length

test(
  'a runaway job is stopped at fifty, and goes on when a person allows it',
  async () => {
    await simulateJson(['--users', String(PEOPLE)], env)
    const before = await enabled()
    const stopped = await simulateJson(['--users', String(PEOPLE), '--runaway'], env)
    expect(stopped).toMatchObject({ code: 0, disabled: 50, failed: 0, parked: before - 50 })
    expect(await enabled()).toBe(before - 50)

    const finding = String(stopped['finding'])
    const allowed = await runPostern(['findings', 'demo', '--allow', finding, '--json'], env)
    expect(allowed.code).toBe(0)
    expect(allowed.json).toMatchObject({
      kind: 'guard',
      state: 'closed',
    })
    const rest = await simulateJson(['--users', String(PEOPLE), '--runaway'], env)
    expect(rest).toMatchObject({ code: 0, disabled: before - 50, failed: 0 })
    expect(await enabled()).toBe(0)

    const leavers = await runPostern(['people', 'leavers', 'demo', '--days', '0', '--json'], env)
    const items: { id: string }[] = leavers.json.items
    // Some were off in the directory before.
    expect(items).toHaveLength(PEOPLE)
    const [first] = items
    const removed = await runPostern(['people', 'remove', 'demo', first?.id ?? '', '--json'], env)
    expect(removed.code).toBe(0)
  },
  TIMEOUT_MS,
)
