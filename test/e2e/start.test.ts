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
import { type Running, runningSchema } from '../../cli/start/state.ts'
import { eventually, isAlive } from '../support/start.ts'

const TIMEOUT_MS = 120_000
const NO_CURL = spawnSync('curl', ['--version']).error !== undefined

async function newFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
}

async function readRunning(folder: string): Promise<Running> {
  return runningSchema.parse(JSON.parse(await readFile(path.join(folder, 'running.json'), 'utf8')))
}

const originOf = (started: Started) => new URL(started.now.scimBaseUrl).origin

async function stop(started: Started): Promise<void> {
  await started.stop()
}

async function demoConnection(started: Started): Promise<{ adapter: string }> {
  const response = await fetch(`${originOf(started)}/admin/api/connections/demo`, {
    headers: { authorization: `Bearer ${started.now.adminToken}` },
  })
  expect(response.status).toBe(200)
  return response.json() as Promise<{ adapter: string }>
}

async function scim(started: Started, target: string, body?: object): Promise<Response> {
  return fetch(`${started.now.scimBaseUrl}${target}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${started.now.token}`,
      'content-type': 'application/scim+json',
    },
    ...(body && { body: JSON.stringify(body) }),
  })
}

describe('a running npm start', { timeout: TIMEOUT_MS }, () => {
  let folder: string
  let started: Started

  beforeAll(async () => {
    folder = await newFolder()
    started = await startPostern([], { POSTERN_STATE: folder })
  }, TIMEOUT_MS)

  afterAll(async () => {
    await started?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('prints one line of JSON, last, and is healthy by then', async () => {
    const lines = started.output().split('\n')
    expect(lines.filter((line) => line.startsWith('{'))).toEqual([lines.at(-1)])
    const { now } = started
    expect(now.scimBaseUrl).toBe(`${originOf(started)}/scim/demo/v2`)
    expect(now.consoleUrl).toBe(`${originOf(started)}/admin`)
    expect(isAlive(now.gatewayPid)).toBe(true)
    expect(isAlive(now.appPid ?? 0)).toBe(true)
    const response = await fetch(`${originOf(started)}/healthz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
    expect((await demoConnection(started)).adapter).toBe('example')
  })

  test('writes what it printed to running.json, for its owner alone', async () => {
    const { supervisorPid, ...ready } = await readRunning(folder)
    expect(isAlive(supervisorPid)).toBe(true)
    expect(Object.keys(ready)).toEqual(Object.keys(started.now))
    for (const file of ['running.json', 'secrets.json']) {
      expect((await stat(path.join(folder, file))).mode & 0o777, file).toBe(0o600)
    }
  })

  test.skipIf(NO_CURL)('prints curl lines that work when pasted', async () => {
    const lines = started.output().split('\n')
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
    const person = { userName, name: { givenName: 'Kept', familyName: 'Person' }, active: true }
    const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
    const created = await scim(started, '/Users', { schemas, ...person })
    expect(created.status).toBe(201)
    const { id } = (await created.json()) as { id: string }

    const { gatewayPid } = await readRunning(folder)
    process.kill(gatewayPid, 'SIGKILL')
    await eventually(async () => (await readRunning(folder)).gatewayPid !== gatewayPid)
    expect(isAlive(gatewayPid)).toBe(false)
    const read = await scim(started, `/Users/${id}`)
    expect(read.status).toBe(200)
    expect(await read.json()).toMatchObject({ id, userName })
    expect(started.output()).toContain(`the gateway (pid ${gatewayPid}) ended: SIGKILL`)
  })

  test('a killed app is back on its port', async () => {
    const { appPid, appUrl } = await readRunning(folder)
    process.kill(appPid ?? 0, 'SIGKILL')
    await eventually(async () => (await readRunning(folder)).appPid !== appPid)
    expect((await readRunning(folder)).appUrl).toBe(appUrl)
    expect((await fetch(appUrl ?? '')).status).toBeLessThan(500)
  })
})

test(
  'SIGTERM to npm ends all that was started, and frees the ports',
  async () => {
    const started = await startPostern()
    expect(await started.stop('SIGTERM')).toMatchObject({ signal: null })
    const { gatewayPid, appPid, appUrl } = started.now
    await eventually(() => !isAlive(gatewayPid) && !isAlive(appPid ?? 0), 3_000)
    await expect(fetch(`${originOf(started)}/healthz`)).rejects.toThrow()
    await expect(fetch(appUrl ?? '')).rejects.toThrow()
  },
  TIMEOUT_MS,
)

test(
  'a second start takes over the state, and older tokens stay valid',
  async () => {
    const folder = await newFolder()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const first = await startPostern([], { POSTERN_STATE: folder })
    const second = await startPostern([], { POSTERN_STATE: folder })
    onTestFinished(() => stop(second))
    expect(await first.exit).toEqual({ code: 0, signal: null })
    expect(isAlive(first.now.gatewayPid)).toBe(false)
    expect(second.now.token).not.toBe(first.now.token)
    expect(second.now.adminToken).toBe(first.now.adminToken)
    for (const { token } of [first.now, second.now]) {
      const response = await fetch(`${second.now.scimBaseUrl}/Users?count=1`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(response.status).toBe(200)
    }
  },
  TIMEOUT_MS,
)

test(
  'a sealing key that was replaced goes on opening as a former one, and is let go by the cron',
  async () => {
    const folder = await newFolder()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const first = await startPostern([], { POSTERN_STATE: folder })
    const file = path.join(folder, 'secrets.json')
    const secrets = JSON.parse(await readFile(file, 'utf8'))
    const sealingKey = randomBytes(32).toString('base64')
    await writeFile(file, JSON.stringify({ ...secrets, sealingKey }))
    const second = await startPostern([], {
      POSTERN_STATE: folder,
      POSTERN_SEALING_KEYS_PREVIOUS: secrets.sealingKey,
    })
    onTestFinished(() => stop(second))
    await first.exit
    const response = await fetch(`${originOf(second)}/admin/api/sealing`, {
      headers: { authorization: `Bearer ${second.now.adminToken}` },
    })
    const { keys, lost } = (await response.json()) as { keys: { use: string }[]; lost: unknown[] }
    expect(keys.map(({ use }) => use).sort()).toEqual(['current', 'previous'])
    expect(lost).toEqual([])
  },
  TIMEOUT_MS,
)

test(
  'kill -9 of the supervisor leaves nothing behind, and the next start works',
  async () => {
    const folder = await newFolder()
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const first = await startPostern([], { POSTERN_STATE: folder })
    const { supervisorPid, gatewayPid, appPid } = await readRunning(folder)
    process.kill(supervisorPid, 'SIGKILL')
    await eventually(() => !isAlive(gatewayPid) && !isAlive(appPid ?? 0), 3_000)
    const { port } = new URL(first.now.scimBaseUrl)
    const second = await startPostern([], { POSTERN_STATE: folder, PORT: port })
    onTestFinished(() => stop(second))
    expect((await demoConnection(second)).adapter).toBe('example')
  },
  TIMEOUT_MS,
)

test(
  '--no-app connects demo to the sandbox and starts no app',
  async () => {
    const started = await startPostern(['--fresh', '--no-app'])
    onTestFinished(() => stop(started))
    expect(started.now).toMatchObject({ appUrl: null, appKey: null, appPid: null })
    expect((await demoConnection(started)).adapter).toBe('sandbox')
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
  const launched = launchStart(['--frehs'])
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
    const launched = launchStart(['--fresh'], { PORT: String(port) })
    expect((await launched.exit).code).toBe(1)
    expect(launched.output()).toContain(`port ${port} is in use`)
    expect(launched.output()).toContain('PORT=')
  },
  TIMEOUT_MS,
)
