import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { launchStart, type Started, startPostern } from '../../cli/launch.ts'
import type { Ready } from '../../cli/start/state.ts'
import { useNpmStart } from '../support/npm-start.ts'
import { newUser, scim } from '../support/scim.ts'
import { askAdmin, eventually, isAlive, readRunning } from '../support/start.ts'

const TIMEOUT_MS = 120_000
/** As a person types it; what is no matter of npm is started without it. */
const NPM_START = ['npm', 'start', '--'] as const
const NO_CURL = spawnSync('curl', ['--version']).error !== undefined

async function stop(started: Started): Promise<void> {
  await started.stop()
}

async function adapterOfDemo(now: Ready): Promise<string> {
  return (await askAdmin(now, 'GET', '/connections/demo')).body.adapter
}

describe('a running npm start', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart([], {}, NPM_START)

  test('prints one line of JSON, last, and is healthy by then', async () => {
    const lines = gateway.started.output().split('\n')
    expect(lines.filter((line) => line.startsWith('{'))).toEqual([lines.at(-1)])
    const { now } = gateway
    expect(now.scimBaseUrl).toBe(`${gateway.origin}/scim/demo/v2`)
    expect(now.consoleUrl).toBe(`${gateway.origin}/admin`)
    expect(isAlive(now.gatewayPid)).toBe(true)
    expect(isAlive(now.appPid ?? 0)).toBe(true)
    const response = await fetch(`${gateway.origin}/healthz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
    expect(await adapterOfDemo(gateway.now)).toBe('example')
  })

  test('writes what it printed to running.json, for its owner alone', async () => {
    const { supervisorPid, ...ready } = await gateway.running()
    expect(isAlive(supervisorPid)).toBe(true)
    expect(Object.keys(ready)).toEqual(Object.keys(gateway.now))
    for (const file of ['running.json', 'secrets.json']) {
      expect((await stat(path.join(gateway.folder, file))).mode & 0o777, file).toBe(0o600)
    }
  })

  test.skipIf(NO_CURL)('prints curl lines that work when pasted', async () => {
    const lines = gateway.started.output().split('\n')
    const curls = lines.filter((line) => line.startsWith('curl '))
    expect(curls).toHaveLength(3)
    const answers: Record<string, unknown>[] = []
    for (const curl of curls) {
      const { stdout } = await promisify(execFile)('sh', ['-c', curl])
      answers.push(JSON.parse(stdout))
    }
    const [match, create, list] = answers
    expect(match?.['totalResults']).toBe(1)
    expect(create).toMatchObject({ userName: 'edda.moss@example.com', active: true })
    expect(list?.['totalResults']).toBeGreaterThan(1)
  })

  test('a killed gateway is back on its port, with its data and a new pid', async () => {
    const userName = `kept.${crypto.randomUUID()}@example.com`
    const { status, body } = await gateway.scim('POST', '/Users', newUser(userName))
    expect(status).toBe(201)
    const gatewayPid = await gateway.killGateway()
    expect(isAlive(gatewayPid)).toBe(false)
    const { id } = body
    const read = await gateway.scim('GET', `/Users/${id}`)
    expect(read).toMatchObject({ status: 200, body: { id, userName } })
    expect(gateway.started.output()).toContain(`the gateway (pid ${gatewayPid}) ended: SIGKILL`)
  })

  test('a killed app is back on its port', async () => {
    const { appPid, appUrl } = await gateway.running()
    process.kill(appPid ?? 0, 'SIGKILL')
    await eventually(async () => (await gateway.running()).appPid !== appPid)
    expect((await gateway.running()).appUrl).toBe(appUrl)
    expect((await fetch(appUrl ?? '')).status).toBeLessThan(500)
  })
})

describe('starts on one state, one after the other', { timeout: TIMEOUT_MS }, () => {
  let folder: string
  let first: Started
  let second: Started

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
    first = await startPostern([], { POSTERN_STATE: folder })
    const file = path.join(folder, 'secrets.json')
    const secrets = JSON.parse(await readFile(file, 'utf8'))
    const sealingKey = randomBytes(32).toString('base64')
    await writeFile(file, JSON.stringify({ ...secrets, sealingKey }))
    second = await startPostern([], {
      POSTERN_STATE: folder,
      POSTERN_SEALING_KEYS_PREVIOUS: secrets.sealingKey,
    })
  }, TIMEOUT_MS)
  afterAll(async () => {
    await first?.stop()
    await second?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('the second one takes over, and older tokens stay valid', async () => {
    expect(await first.exit).toEqual({ code: 0, signal: null })
    expect(isAlive(first.now.gatewayPid)).toBe(false)
    expect(second.now.token).not.toBe(first.now.token)
    expect(second.now.adminToken).toBe(first.now.adminToken)
    for (const { token } of [first.now, second.now]) {
      const client = { ...second.now, token }
      expect((await scim(client, 'GET', '/Users?count=1')).status).toBe(200)
    }
  })

  test('a sealing key that was replaced goes on opening as a former one, and is let go by the cron', async () => {
    const { keys, lost } = (await askAdmin(second.now, 'GET', '/sealing')).body
    expect(keys.map(({ use }: { use: string }) => use).sort()).toEqual(['current', 'previous'])
    expect(lost).toEqual([])
  })

  test('kill -9 of the supervisor leaves nothing behind, and the next start works', async () => {
    const { supervisorPid, gatewayPid, appPid } = await readRunning(folder)
    process.kill(supervisorPid, 'SIGKILL')
    await eventually(() => !isAlive(gatewayPid) && !isAlive(appPid ?? 0), 3_000)
    const { port } = new URL(second.now.scimBaseUrl)
    const third = await startPostern([], { POSTERN_STATE: folder, PORT: port })
    onTestFinished(() => stop(third))
    expect(await adapterOfDemo(third.now)).toBe('example')
  })
})

test(
  '--no-app connects demo to the sandbox and starts no app',
  async () => {
    const started = await startPostern(['--fresh', '--no-app'])
    onTestFinished(() => stop(started))
    expect(started.now).toMatchObject({ appUrl: null, appKey: null, appPid: null })
    expect(await adapterOfDemo(started.now)).toBe('sandbox')
  },
  TIMEOUT_MS,
)

test(
  '--once checks the gateway over HTTP and ends with exit code 0',
  async () => {
    const launched = launchStart(['--fresh', '--once'])
    const { code } = await launched.exit
    expect(code, launched.output()).toBe(0)
    expect(launched.output()).toContain('✓ DELETE /Users/{id} deletes the person')
    expect(launched.output()).not.toContain('✗')
  },
  TIMEOUT_MS,
)

test('an unknown option ends with exit code 2 and a hint', async () => {
  const launched = launchStart(['--frehs'], {}, NPM_START)
  expect((await launched.exit).code).toBe(2)
  expect(launched.output()).toContain('--frehs')
  expect(launched.output()).toContain('--help')
})

test(
  'a port in use is said, with what to do about it',
  async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const launched = launchStart(['--fresh', '--no-app'], { PORT: String(port) })
    expect((await launched.exit).code).toBe(1)
    expect(launched.output()).toContain(`port ${port} is in use`)
    expect(launched.output()).toContain('PORT=')
  },
  TIMEOUT_MS,
)
