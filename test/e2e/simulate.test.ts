/** `npm run simulate` against `npm start`: the real gateway, the real example app. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import fernhollow from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { SEED_ACCOUNTS } from '../../examples/legacy-app/people.ts'
import { type DeskProcess, KEY, startDesk } from '../examples/desk.ts'
import { type DeskAccount, deskAt } from '../support/desk.ts'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName } from '../support/scim.ts'
import { runSimulate, simulateJson } from '../support/simulate.ts'
import { eventually } from '../support/start.ts'

const TIMEOUT_MS = 120_000
const POSTERN = path.resolve(import.meta.dirname, '../../cli/postern.mjs')
const FLAG = ['--dialect', 'aadOptscim062020']
const NOTHING_TO_DO = { code: 0, created: 0, updated: 0, failed: 0, appWrites: 0 }

const idsByLogin = (accounts: readonly DeskAccount[]) =>
  accounts.map(({ account_no, login }) => `${account_no} ${login}`)
const SEED = idsByLogin(SEED_ACCOUNTS)
/** Of four throwaway people, whose disables are more than a tenth. */
const POLICY = { guard: { maxPercent: 100 } }

const gateway = useNpmStart()

/** A connection to an app of its own, beside `demo`. */
function useConnection(name: string, ...options: string[]) {
  let app: DeskProcess | undefined
  const url = () => app?.url ?? ''
  beforeAll(async () => {
    app = await startDesk(...options)
    const connection = { name, adapter: 'example', policy: POLICY, settings: { url: url() } }
    const secrets = { apiKey: KEY }
    expect((await gateway.admin('POST', '/connections', { ...connection, secrets })).status).toBe(
      201,
    )
  })
  afterAll(() => app?.stop())
  return {
    url,
    get desk() {
      return deskAt(url())
    },
    run: (...args: string[]) => simulateJson(['--connection', name, ...args], gateway.env),
    told: (...args: string[]) => runSimulate(['--connection', name, ...args], gateway.env),
    tokens: async () => (await gateway.admin('GET', `/connections/${name}/tokens`)).body,
  }
}

describe('the people of an app', { timeout: TIMEOUT_MS }, () => {
  test('keep their accounts and ids, and the others are created', async () => {
    expect(idsByLogin(await gateway.desk.accounts())).toEqual(SEED)
    const run = await simulateJson([], gateway.env)
    expect(run).toMatchObject({ code: 0, created: 20, matched: 40, failed: 0, retries: 0 })
    expect(run.updated + run.unchanged).toBe(40)
    expect(run).toMatchObject({ disabled: 0, deleted: 0 })
    const accounts = await gateway.desk.accounts()
    expect(idsByLogin(accounts.slice(0, 40))).toEqual(SEED)
    expect(accounts).toHaveLength(60)
    expect((await gateway.desk.stats()).duplicateLogins).toBe(0)
    const suspended = accounts.filter(({ state }) => state === 'suspended')
    expect(suspended).toHaveLength(SEED_ACCOUNTS.filter((a) => a.state === 'suspended').length)
  })

  test('are in the teams they had, which are found too', async () => {
    const teams = await gateway.desk.teams()
    expect(teams.map(({ title }) => title)).toEqual([
      ...['Front Desk', 'Conservation & Archive', 'Engineering'],
      ...['All Fernhollow', 'Evening Readers'],
    ])
    expect(teams.every(({ people }) => people.length > 0)).toBe(true)
  })

  test('are read back as they were sent, and as the app holds them', async () => {
    const answer = await gateway.scim('GET', byUserName('tomas.berg@fernhollow.example'))
    expect(answer.body.Resources).toMatchObject([
      {
        userName: 'tomas.berg@fernhollow.example',
        externalId: 'tomas.berg',
        displayName: 'Tomas Berg',
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
          department: 'Archive',
          manager: { value: expect.any(String) },
        },
      },
    ])
  })

  test('are written to no more by a second run, though the gateway was killed meanwhile', async () => {
    await gateway.killGateway()
    const before = await gateway.desk.accounts()
    const { writes } = await gateway.desk.stats()
    const run = await simulateJson([], gateway.env)
    expect(run).toMatchObject({ ...NOTHING_TO_DO, matched: 60, unchanged: 60 })
    expect((await gateway.desk.stats()).writes).toBe(writes)
    expect(await gateway.desk.accounts()).toEqual(before)
    expect((await gateway.desk.stats()).duplicateLogins).toBe(0)
  })

  test('nor by one in the other dialect, whose --lifecycle disables, restores and deletes people of its own', async () => {
    const before = await gateway.desk.accounts()
    const run = await simulateJson([...FLAG, '--lifecycle'], gateway.env)
    expect(run).toMatchObject({ code: 0, created: 0, updated: 0, failed: 0 })
    expect(run).toMatchObject({ disabled: 4, restored: 4, deleted: 4 })
    // Each is created, suspended, enabled and deleted.
    expect(run.appWrites).toBe(16)
    expect(await gateway.desk.accounts()).toEqual(before)
  })
})

describe('in the dialect aadOptscim062020', { timeout: TIMEOUT_MS }, () => {
  const flagged = useConnection('flagged')
  const USERS = ['--users', '45']

  test('the same people keep their accounts and ids, and the others are created', async () => {
    const run = await flagged.run(...FLAG, ...USERS)
    expect(run).toMatchObject({ code: 0, created: 5, matched: 40, failed: 0, retries: 0 })
    const accounts = await flagged.desk.accounts()
    expect(idsByLogin(accounts.slice(0, 40))).toEqual(SEED)
    expect(accounts).toHaveLength(45)
    expect((await flagged.desk.stats()).duplicateLogins).toBe(0)
  })

  test('a second run writes nothing, and nor does one in the other dialect, but for its --lifecycle', async () => {
    const before = await flagged.desk.accounts()
    const run = await flagged.run(...FLAG, ...USERS)
    expect(run).toMatchObject({ ...NOTHING_TO_DO, matched: 45, unchanged: 45 })
    const other = await flagged.run(...USERS, '--lifecycle')
    expect(other).toMatchObject({ code: 0, created: 0, updated: 0, failed: 0, appWrites: 16 })
    expect(other).toMatchObject({ disabled: 4, restored: 4, deleted: 4 })
    expect(await flagged.desk.accounts()).toEqual(before)
  })
})

describe('a run', { timeout: TIMEOUT_MS }, () => {
  // Its app begins with nobody: few people say what many would.
  const few = useConnection('few', '--no-seed')
  const [first] = SEED_ACCOUNTS
  const login = first?.login ?? ''

  afterEach(() => few.desk.clearFaults())

  test('tries again after the time that the answer names, and makes no second account', async () => {
    // Longer than the gateway itself waits, and tries again, within one request.
    await few.desk.setFaults({
      failNext: { match: 'POST /api/accounts', times: 2, status: 429, retryAfter: '7' },
    })
    const run = await few.run('--users', '6')
    expect(run).toMatchObject({ code: 0, created: 6, matched: 0, failed: 0 })
    expect(run.retries).toBeGreaterThan(0)
    expect(await few.desk.accounts()).toHaveLength(6)
    expect((await few.desk.stats()).duplicateLogins).toBe(0)
  })

  test('takes a create whose answer was lost for the same person', async () => {
    await few.desk.setFaults({
      failNext: { match: 'POST /api/accounts', times: 1, when: 'after', how: 'reset' },
    })
    const run = await few.run('--users', '10')
    expect(run).toMatchObject({ code: 0, created: 4, matched: 6, failed: 0 })
    expect(await few.desk.accounts()).toHaveLength(10)
    expect((await few.desk.stats()).duplicateLogins).toBe(0)
  })

  test('shows who failed, and why, and ends with 1', async () => {
    await few.desk.setFaults({
      failNext: { match: 'POST /api/accounts', times: 99, status: 422 },
    })
    const run = await few.run('--users', '11')
    expect(run).toMatchObject({ code: 1, created: 0, matched: 10, failed: 1 })
    expect(run.failures).toMatchObject([{ phase: 'create and update', status: 400 }])
    expect(run.failures[0]?.detail).not.toBe('')
    const { code, output } = await few.told('--users', '11')
    expect(code).toBe(1)
    expect(output).toContain(run.failures[0]?.entry)
    expect(output).toContain(run.failures[0]?.detail)
  })

  test('reports two accounts of one login as DuplicateTargetEntries, and touches neither', async () => {
    await few.desk.setFaults({ uniqueness: 'off' })
    const headers = { 'x-desk-key': KEY, 'content-type': 'application/json' }
    const twin = await fetch(`${few.url()}/api/accounts`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ login, last_name: 'Twin' }),
    })
    const { account_no } = (await twin.json()) as { account_no: number }
    const before = await few.desk.accountsOf(login)
    expect(before).toHaveLength(2)
    const run = await few.run('--users', '10')
    expect(run).toMatchObject({ code: 1, created: 0, failed: 1, appWrites: 0 })
    expect(run.failures).toMatchObject([
      { entry: login.toLowerCase(), code: 'DuplicateTargetEntries' },
    ])
    expect(await few.desk.accountsOf(login)).toEqual(before)
    await fetch(`${few.url()}/api/accounts/${account_no}`, { method: 'DELETE', headers })
  })

  test('ends with a table beside what the app says, in plain lines without a terminal', async () => {
    const { code, output } = await few.told('--users', '10')
    expect(code, output).toBe(0)
    const lines = output.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '))
    for (const phase of ['connection test', 'match', 'create and update', 'managers', 'groups']) {
      expect(lines.filter((line) => line.startsWith(`${phase}: done`))).toHaveLength(1)
    }
    expect(lines).toContain('matched 10 5')
    expect(lines).toContain('accounts 10 10')
    expect(lines).toContain('duplicate logins 0 0')
    expect(output).not.toContain('\r')
  })

  test('with --url mints a token of its own and gives it back', async () => {
    const before = await few.tokens()
    const { adminToken } = gateway.now
    const given = { POSTERN_STATE: '/nowhere', POSTERN_ADMIN_TOKEN: adminToken }
    const args = ['--users', '10', '--url']
    const named = [...args, gateway.origin, '--connection', 'few']
    expect(await simulateJson(named, given)).toMatchObject(NOTHING_TO_DO)
    const base = `${gateway.origin}/scim/few/v2`
    const pasted = [...args, base, '--admin-token', adminToken]
    expect(await simulateJson(pasted, { POSTERN_STATE: '/nowhere' })).toMatchObject(NOTHING_TO_DO)
    expect(await few.tokens()).toEqual(before)
    const { code, output } = await runSimulate(
      ['--url', base, '--admin-token', 'wrong'],
      gateway.env,
    )
    expect(code).toBe(1)
    expect(output).toContain('--admin-token')
  })

  test('that is interrupted says how far it came, and gives its token back', async () => {
    const before = await few.tokens()
    await few.desk.setFaults({ delayMs: 300 })
    const run = spawn(process.execPath, [POSTERN, 'simulate', '--connection', 'few'], {
      env: { ...process.env, ...gateway.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    run.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    const exit = new Promise((resolve) => run.once('close', resolve))
    await eventually(() => output.includes('match: 60 to do'))
    // Twice, as through npm: Ctrl-C reaches both, and npm passes it on.
    run.kill('SIGINT')
    run.kill('SIGINT')
    expect(await exit).toBe(130)
    expect(output).toContain('interrupted')
    expect(await few.tokens()).toEqual(before)
  })

  test('against a connection without the example app creates everybody, then finds them', async () => {
    const name = 'a-sandbox'
    const connection = { name, adapter: 'sandbox', policy: POLICY }
    expect((await gateway.admin('POST', '/connections', connection)).status).toBe(201)
    const args = ['--connection', name, '--users', '10', '--lifecycle']
    const first = await simulateJson(args, gateway.env)
    expect(first).toMatchObject({ code: 0, created: 10, matched: 0, failed: 0, appWrites: null })
    const second = await simulateJson([...args, ...FLAG], gateway.env)
    expect(second).toMatchObject({ code: 0, created: 0, matched: 10, updated: 0, failed: 0 })
  })

  test('sends no groups where the app knows none, as whoever follows docs/adapters.md meets it', async () => {
    const { Group: _, ...resources } = fernhollow.resources
    const manifest = { ...fernhollow, name: 'people-alone', resources }
    expect((await gateway.admin('PUT', '/manifests/people-alone', manifest)).status).toBe(201)
    const connection = { name: 'no-groups', adapter: 'people-alone', settings: { url: few.url() } }
    const secrets = { apiKey: KEY }
    const made = await gateway.admin('POST', '/connections', { ...connection, secrets })
    expect(made.status).toBe(201)
    const run = await simulateJson(['--connection', 'no-groups', '--users', '5'], gateway.env)
    expect(run).toMatchObject({ code: 0, failed: 0, failures: [] })
  })

  test('stops at a connection test that fails, and says so', async () => {
    // Nobody is behind this address: a list that is empty for a doubt would make doubles.
    await gateway.admin('PATCH', '/connections/few', { settings: { url: 'http://127.0.0.1:1' } })
    const run = await few.run()
    expect(run).toMatchObject({ code: 1, created: 0, failed: 1, appWrites: null })
    expect(run.failures).toMatchObject([{ phase: 'connection test', status: 503 }])
  })
})
