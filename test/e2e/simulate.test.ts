/** `npm run simulate` against `npm start`: the real gateway, the real example app. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import fernhollow from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { SEED_ACCOUNTS } from '../../examples/legacy-app/people.ts'
import type { DeskAccount } from '../support/desk.ts'
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

describe.each([
  ['default', []],
  ['aadOptscim062020', FLAG],
])('in the dialect %s', { timeout: TIMEOUT_MS }, (_, dialect) => {
  const gateway = useNpmStart()

  test('the people of the app keep their accounts and ids, the others are created', async () => {
    expect(idsByLogin(await gateway.desk.accounts())).toEqual(SEED)
    const run = await simulateJson(dialect, gateway.env)
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

  test('the teams of the app are found too, and keep the people they had', async () => {
    const teams = await gateway.desk.teams()
    expect(teams.map(({ title }) => title)).toEqual([
      ...['Front Desk', 'Conservation & Archive', 'Engineering'],
      ...['All Fernhollow', 'Evening Readers'],
    ])
    expect(teams.every(({ people }) => people.length > 0)).toBe(true)
  })

  test('what was sent is what is read back, and what the app holds', async () => {
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

  test('a second run writes nothing to the app', async () => {
    const { writes } = await gateway.desk.stats()
    const run = await simulateJson(dialect, gateway.env)
    expect(run).toMatchObject({ ...NOTHING_TO_DO, matched: 60, unchanged: 60 })
    expect((await gateway.desk.stats()).writes).toBe(writes)
  })

  test('nor does one after the gateway was killed and is back', async () => {
    await gateway.killGateway()
    const before = await gateway.desk.accounts()
    const run = await simulateJson(dialect, gateway.env)
    expect(run).toMatchObject({ ...NOTHING_TO_DO, matched: 60, unchanged: 60 })
    expect(await gateway.desk.accounts()).toEqual(before)
    expect((await gateway.desk.stats()).duplicateLogins).toBe(0)
  })

  test('nor does one in the other dialect', async () => {
    const run = await simulateJson(dialect.length > 0 ? [] : FLAG, gateway.env)
    expect(run).toMatchObject(NOTHING_TO_DO)
  })

  test('--lifecycle disables, restores and deletes people of its own, and disturbs nobody', async () => {
    const before = await gateway.desk.accounts()
    const run = await simulateJson([...dialect, '--lifecycle'], gateway.env)
    expect(run).toMatchObject({ code: 0, created: 0, updated: 0, failed: 0 })
    expect(run).toMatchObject({ disabled: 4, restored: 4, deleted: 4 })
    // Each is created, suspended, enabled and deleted.
    expect(run.appWrites).toBe(16)
    expect(await gateway.desk.accounts()).toEqual(before)
  })
})

describe('a run', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()

  afterEach(() => gateway.desk.clearFaults())

  test('tries again after the time that the answer names, and makes no second account', async () => {
    // Longer than the gateway itself waits, and tries again, within one request.
    await gateway.desk.setFaults({
      failNext: { match: 'POST /api/accounts', times: 2, status: 429, retryAfter: '7' },
    })
    const run = await simulateJson(['--users', '46'], gateway.env)
    expect(run).toMatchObject({ code: 0, created: 6, matched: 40, failed: 0 })
    expect(run.retries).toBeGreaterThan(0)
    expect(await gateway.desk.accounts()).toHaveLength(46)
    expect((await gateway.desk.stats()).duplicateLogins).toBe(0)
  })

  test('takes a create whose answer was lost for the same person', async () => {
    await gateway.desk.setFaults({
      failNext: { match: 'POST /api/accounts', times: 1, when: 'after', how: 'reset' },
    })
    const run = await simulateJson(['--users', '50'], gateway.env)
    expect(run).toMatchObject({ code: 0, created: 4, matched: 46, failed: 0 })
    expect(await gateway.desk.accounts()).toHaveLength(50)
    expect((await gateway.desk.stats()).duplicateLogins).toBe(0)
  })

  test('shows who failed, and why, and ends with 1', async () => {
    await gateway.desk.setFaults({
      failNext: { match: 'POST /api/accounts', times: 99, status: 422 },
    })
    const run = await simulateJson(['--users', '51'], gateway.env)
    expect(run).toMatchObject({ code: 1, created: 0, matched: 50, failed: 1 })
    expect(run.failures).toMatchObject([{ phase: 'create and update', status: 400 }])
    expect(run.failures[0]?.detail).not.toBe('')
    const { code, output } = await runSimulate(['--users', '51'], gateway.env)
    expect(code).toBe(1)
    expect(output).toContain(run.failures[0]?.entry)
    expect(output).toContain(run.failures[0]?.detail)
  })

  test('reports two accounts of one login as DuplicateTargetEntries, and touches neither', async () => {
    await gateway.desk.setFaults({ uniqueness: 'off' })
    const login = 'wren.ashdown@fernhollow.example'
    const twin = await fetch(`${gateway.now.appUrl}/api/accounts`, {
      method: 'POST',
      headers: { 'x-desk-key': gateway.now.appKey ?? '', 'content-type': 'application/json' },
      body: JSON.stringify({ login, last_name: 'Twin' }),
    })
    const { account_no } = (await twin.json()) as { account_no: number }
    const before = await gateway.desk.accountsOf(login)
    expect(before).toHaveLength(2)
    const run = await simulateJson(['--users', '50'], gateway.env)
    expect(run).toMatchObject({ code: 1, created: 0, failed: 1, appWrites: 0 })
    expect(run.failures).toMatchObject([{ entry: login, code: 'DuplicateTargetEntries' }])
    expect(await gateway.desk.accountsOf(login)).toEqual(before)
    await fetch(`${gateway.now.appUrl}/api/accounts/${account_no}`, {
      method: 'DELETE',
      headers: { 'x-desk-key': gateway.now.appKey ?? '' },
    })
  })

  test('ends with a table beside what the app says, in plain lines without a terminal', async () => {
    const { code, output } = await runSimulate(['--users', '50'], gateway.env)
    expect(code, output).toBe(0)
    const lines = output.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '))
    for (const phase of ['connection test', 'match', 'create and update', 'managers', 'groups']) {
      expect(lines.filter((line) => line.startsWith(`${phase}: done`))).toHaveLength(1)
    }
    expect(lines).toContain('matched 50 5')
    expect(lines).toContain('accounts 50 50')
    expect(lines).toContain('duplicate logins 0 0')
    expect(output).not.toContain('\r')
  })

  test('with --url mints a token of its own and gives it back', async () => {
    const tokens = async () => (await gateway.admin('GET', '/connections/demo/tokens')).body
    const before = await tokens()
    const { adminToken, scimBaseUrl } = gateway.now
    const given = { POSTERN_STATE: '/nowhere', POSTERN_ADMIN_TOKEN: adminToken }
    const byEnvironment = await simulateJson(['--users', '50', '--url', gateway.origin], given)
    expect(byEnvironment).toMatchObject(NOTHING_TO_DO)
    const pasted = ['--users', '50', '--url', scimBaseUrl, '--admin-token', adminToken]
    expect(await simulateJson(pasted, { POSTERN_STATE: '/nowhere' })).toMatchObject(NOTHING_TO_DO)
    expect(await tokens()).toEqual(before)
    const { code, output } = await runSimulate(
      ['--url', scimBaseUrl, '--admin-token', 'wrong'],
      gateway.env,
    )
    expect(code).toBe(1)
    expect(output).toContain('--admin-token')
  })

  test('that is interrupted says how far it came, and gives its token back', async () => {
    const tokens = async () => (await gateway.admin('GET', '/connections/demo/tokens')).body
    const before = await tokens()
    await gateway.desk.setFaults({ delayMs: 100 })
    const run = spawn(process.execPath, [POSTERN, 'simulate'], {
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
    expect(await tokens()).toEqual(before)
  })

  test('against a connection without the example app creates everybody, then finds them', async () => {
    const name = 'a-sandbox'
    // Twice four throwaway people are more than a tenth of sixty.
    const policy = { guard: { maxPercent: 100 } }
    const made = await gateway.admin('POST', '/connections', { name, adapter: 'sandbox', policy })
    expect(made.status).toBe(201)
    const args = ['--connection', name, '--lifecycle']
    const first = await simulateJson(args, gateway.env)
    expect(first).toMatchObject({ code: 0, created: 60, matched: 0, failed: 0, appWrites: null })
    const second = await simulateJson([...args, ...FLAG], gateway.env)
    expect(second).toMatchObject({ code: 0, created: 0, matched: 60, updated: 0, failed: 0 })
  })

  test('sends no groups where the app knows none, as whoever follows docs/adapters.md meets it', async () => {
    const { Group: _, ...resources } = fernhollow.resources
    const manifest = { ...fernhollow, name: 'people-alone', resources }
    expect((await gateway.admin('PUT', '/manifests/people-alone', manifest)).status).toBe(201)
    const settings = { url: gateway.now.appUrl }
    const connection = { name: 'no-groups', adapter: 'people-alone', settings }
    const secrets = { apiKey: gateway.now.appKey }
    const made = await gateway.admin('POST', '/connections', { ...connection, secrets })
    expect(made.status).toBe(201)
    const run = await simulateJson(['--connection', 'no-groups', '--users', '5'], gateway.env)
    expect(run).toMatchObject({ code: 0, failed: 0, failures: [] })
  })

  test('stops at a connection test that fails, and says so', async () => {
    // Nobody is behind this address: a list that is empty for a doubt would make doubles.
    await gateway.admin('PATCH', '/connections/demo', { settings: { url: 'http://127.0.0.1:1' } })
    const run = await simulateJson([], gateway.env)
    expect(run).toMatchObject({ code: 1, created: 0, failed: 1, appWrites: null })
    expect(run.failures).toMatchObject([{ phase: 'connection test', status: 503 }])
    await gateway.admin('PATCH', '/connections/demo', { settings: { url: gateway.now.appUrl } })
  })
})
