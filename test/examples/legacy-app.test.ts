import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { SEED_ACCOUNTS, SEED_TEAMS } from '../../examples/legacy-app/people.ts'
import { type DeskProcess, startDesk } from './desk.ts'

interface Rows {
  rows: { account_no: number; login: string; mail: string; state: string }[]
  page: number
  pages: number
  count: number
}

let desk: DeskProcess
beforeAll(async () => {
  desk = await startDesk()
})
afterAll(() => desk.stop())
afterEach(() => desk.call('DELETE', '/control/faults'))

let serial = 0
const person = (more = {}) => {
  serial += 1
  return { login: `new.${serial}@fernhollow.example`, last_name: 'New', ...more }
}

async function create(more = {}): Promise<{ account_no: number; login: string; role: string }> {
  const { status, json } = await desk.call('POST', '/api/accounts', person(more))
  expect(status).toBe(201)
  return json as { account_no: number; login: string; role: string }
}

describe('seed', () => {
  test('forty people and three teams with members are there from the start', async () => {
    const fresh = await startDesk()
    const { json } = await fresh.call('GET', '/control/stats')
    expect(json).toEqual({
      accounts: 40,
      teams: 3,
      memberships: SEED_TEAMS.reduce((sum, team) => sum + team.people.length, 0),
      duplicateLogins: 0,
      writes: 0,
      changes: 0,
      calls: {},
    })
    expect((await fresh.call('GET', '/control/accounts')).json).toEqual(SEED_ACCOUNTS)
    await fresh.stop()
  })

  test('the seed has the hard cases: upper case, one shared mail, suspended, beyond ASCII', () => {
    const mails = SEED_ACCOUNTS.map((account) => account.mail)
    expect(mails.length - new Set(mails).size).toBe(1)
    expect(SEED_ACCOUNTS.filter((a) => a.login !== a.login.toLowerCase()).length).toBeGreaterThan(1)
    expect(mails.some((mail) => mail !== mail?.toLowerCase())).toBe(true)
    expect(SEED_ACCOUNTS.filter((a) => a.state === 'suspended').length).toBeGreaterThan(2)
    expect(SEED_ACCOUNTS.some((a) => /[^\p{ASCII}]/u.test(a.last_name))).toBe(true)
    for (const team of SEED_TEAMS) expect(team.people.length).toBeGreaterThan(0)
  })
})

describe('API', () => {
  test('a wrong key is refused with the app’s own body', async () => {
    const response = await fetch(`${desk.url}/api/accounts`, { headers: { 'x-desk-key': 'no' } })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ fault: { code: 'E_KEY' } })
  })

  test('pages are at most 50 rows and say how many there are', async () => {
    const { json } = await desk.call('GET', '/api/accounts?page=2&per_page=15')
    expect(json).toMatchObject({ page: 2, rows: SEED_ACCOUNTS.slice(15, 30) })
    for (let i = 0; i < 12; i++) await create()
    const large = (await desk.call('GET', '/api/accounts?per_page=500')).json as Rows
    expect(large.rows).toHaveLength(50)
    expect(large.count).toBeGreaterThan(50)
    expect(large.pages).toBe(Math.ceil(large.count / 50))
  })

  test('look-ups compare whole values without letter case and include the suspended', async () => {
    const by = async (query: string) => (await desk.call('GET', `/api/accounts?${query}`)).json
    expect(await by('login=Jose.Nunez@fernhollow.example')).toMatchObject({ count: 1 })
    expect(await by("login=niamh.o'brien@fernhollow.example")).toMatchObject({ count: 1 })
    expect(await by('login=jose.nunez')).toMatchObject({ count: 0, rows: [] })
    expect(await by('mail=FRONT.DESK@fernhollow.example')).toMatchObject({ count: 2 })
    expect(await by('login=ingrid.moe@fernhollow.example')).toMatchObject({
      rows: [{ state: 'suspended' }],
    })
  })

  test('login and last_name are required, and an existing account cannot lose them', async () => {
    expect((await desk.call('POST', '/api/accounts', {})).json).toMatchObject({
      fault: { code: 'E_INVALID', fields: ['login', 'last_name'] },
    })
    const { account_no } = await create()
    const refused = await desk.call('PATCH', `/api/accounts/${account_no}`, { login: null })
    expect(refused).toMatchObject({ status: 422, json: { fault: { fields: ['login'] } } })
  })

  test('an unknown or unwritable field is refused, not ignored', async () => {
    const refused = await desk.call('POST', '/api/accounts', person({ account_no: 5, nick: 'x' }))
    expect(refused).toMatchObject({
      status: 422,
      json: { fault: { fields: ['account_no', 'nick'] } },
    })
  })

  test('mail is kept in lower case and a phone without blanks', async () => {
    const account = await create({ mail: 'Mixed@Fernhollow.Example', phone: ' +44 20 7946 0999 ' })
    expect(account).toMatchObject({ mail: 'mixed@fernhollow.example', phone: '+442079460999' })
  })

  test('everybody has one role of the catalogue, and is never without', async () => {
    const account = await create()
    expect(account).toMatchObject({ role: 'staff' })
    const path = `/api/accounts/${account.account_no}`
    expect((await desk.call('PATCH', path, { role: 'lead' })).json).toMatchObject({ role: 'lead' })
    for (const wrong of ['emperor', null]) {
      const refused = await desk.call('PATCH', path, { role: wrong })
      expect(refused).toMatchObject({ status: 422, json: { fault: { fields: ['role'] } } })
    }
    expect(await create({ role: 'admin' })).toMatchObject({ role: 'admin' })
  })

  test('a login that differs only in letter case is a duplicate, and the fault says of whom', async () => {
    const { account_no, login } = await create()
    const again = await desk.call('POST', '/api/accounts', {
      login: login.toUpperCase(),
      last_name: 'Again',
    })
    expect(again).toMatchObject({
      status: 409,
      json: { fault: { code: 'E_DUPLICATE', field: 'login', account_no } },
    })
  })

  test('two accounts may share a mail', async () => {
    await create({ mail: 'shared@fernhollow.example' })
    await create({ mail: 'shared@fernhollow.example' })
  })

  test('a partial change leaves the other fields, and null clears one', async () => {
    const { account_no } = await create({ first_name: 'Ann', job_title: 'Clerk' })
    const changed = await desk.call('PATCH', `/api/accounts/${account_no}`, {
      job_title: null,
      org_unit: 'Archive',
    })
    expect(changed.json).toMatchObject({ first_name: 'Ann', job_title: null, org_unit: 'Archive' })
  })

  test('suspending twice changes something once', async () => {
    const { account_no } = await create()
    const suspend = () => desk.call('POST', `/api/accounts/${account_no}/suspend`)
    expect((await suspend()).json).toMatchObject({ changed: true, account: { state: 'suspended' } })
    expect((await suspend()).json).toMatchObject({ changed: false })
    const enabled = await desk.call('POST', `/api/accounts/${account_no}/enable`)
    expect(enabled.json).toMatchObject({ changed: true, account: { state: 'enabled' } })
  })

  test('a deleted account is gone from its teams, and its number never names another', async () => {
    const { account_no } = await create()
    await desk.call('PUT', `/api/teams/11/people/${account_no}`)
    expect((await desk.call('DELETE', `/api/accounts/${account_no}`)).status).toBe(204)
    const { json } = await desk.call('GET', '/api/teams/11/people?per_page=50')
    expect((json as Rows).rows.map((row) => row.account_no)).not.toContain(account_no)
    expect((await desk.call('GET', `/api/accounts/${account_no}`)).status).toBe(404)
    expect((await create()).account_no).toBeGreaterThan(account_no)
  })

  test('a missing person and a wrong address are told apart', async () => {
    const code = async (p: string) => (await desk.call('GET', p)).json
    expect(await code('/api/accounts/999999')).toMatchObject({ fault: { code: 'E_NOT_FOUND' } })
    expect(await code('/api/accounts/x')).toMatchObject({ fault: { code: 'E_NOT_FOUND' } })
    expect(await code('/api/people/1001')).toMatchObject({ fault: { code: 'E_ROUTE' } })
  })

  test('membership calls may be repeated, and say whether they did anything', async () => {
    const { account_no } = await create()
    const at = `/api/teams/12/people/${account_no}`
    expect(await desk.call('PUT', at)).toMatchObject({ status: 201, json: { added: true } })
    expect(await desk.call('PUT', at)).toMatchObject({ status: 200, json: { added: false } })
    expect((await desk.call('DELETE', at)).json).toEqual({ removed: true })
    expect((await desk.call('DELETE', at)).json).toEqual({ removed: false })
    expect((await desk.call('PUT', '/api/teams/12/people/999999')).json).toMatchObject({
      fault: { code: 'E_NOT_FOUND', what: 'account' },
    })
    expect((await desk.call('PUT', `/api/teams/99/people/${account_no}`)).json).toMatchObject({
      fault: { code: 'E_NOT_FOUND', what: 'team' },
    })
  })

  test('team titles are unique without letter case, and found that way', async () => {
    const taken = await desk.call('POST', '/api/teams', { title: 'FRONT desk' })
    expect(taken).toMatchObject({ status: 409, json: { fault: { field: 'title', team_no: 11 } } })
    const found = await desk.call('GET', '/api/teams?title=front%20DESK')
    expect(found.json).toMatchObject({ count: 1, rows: [{ team_no: 11 }] })
  })
})

describe('faults', () => {
  test('a failure before the effect leaves no account, one after it leaves one', async () => {
    for (const [when, count] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      const body = person()
      const failNext = { match: 'POST /api/accounts', when, how: 'status', status: 502 }
      await desk.call('POST', '/control/faults', { failNext })
      expect((await desk.call('POST', '/api/accounts', body)).status).toBe(502)
      const found = await desk.call('GET', `/api/accounts?login=${body.login}`)
      expect(found.json).toMatchObject({ count })
    }
  })

  test('a failure counts down and spares calls that it does not name', async () => {
    const failNext = { match: 'PATCH /api/accounts/{no}', times: 2, retryAfter: '7' }
    await desk.call('POST', '/control/faults', { failNext })
    expect((await desk.call('GET', '/api/accounts/1001')).status).toBe(200)
    const change = () => desk.call('PATCH', '/api/accounts/1001', { org_unit: 'Archive' })
    const failed = await change()
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '7'])
    expect((await change()).status).toBe(503)
    expect((await change()).status).toBe(200)
  })

  test('a reset cuts the connection after the effect', async () => {
    const body = person()
    const failNext = { match: 'POST /api/accounts', when: 'after', how: 'reset' }
    await desk.call('POST', '/control/faults', { failNext })
    await expect(desk.call('POST', '/api/accounts', body)).rejects.toThrow()
    const found = await desk.call('GET', `/api/accounts?login=${body.login}`)
    expect(found.json).toMatchObject({ count: 1 })
  })

  test('html answers 200 with a sign-in page', async () => {
    await desk.call('POST', '/control/faults', { failNext: { match: '*', how: 'html' } })
    const response = await fetch(`${desk.url}/api/teams`, {
      headers: { 'x-desk-key': 'key-for-tests' },
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('<h1>Sign in</h1>')
  })

  test('with uniqueness off a second account takes the login, and stats count it', async () => {
    const own = await startDesk()
    await own.call('POST', '/control/faults', { uniqueness: 'off' })
    const twin = { login: 'ADA.quill@fernhollow.example', last_name: 'Twin' }
    expect((await own.call('POST', '/api/accounts', twin)).status).toBe(201)
    expect((await own.call('GET', '/control/stats')).json).toMatchObject({ duplicateLogins: 1 })
    await own.stop()
  })

  test('searchLagMs hides new and changed accounts from list and look-up, not from GET', async () => {
    await desk.call('POST', '/control/faults', { searchLagMs: 60_000 })
    const { account_no, login } = await create()
    const found = () => desk.call('GET', `/api/accounts?login=${login}`)
    expect((await found()).json).toMatchObject({ count: 0 })
    expect((await desk.call('GET', `/api/accounts/${account_no}`)).status).toBe(200)
    await desk.call('DELETE', '/control/faults')
    expect((await found()).json).toMatchObject({ count: 1 })
  })

  test('delayAfterMs: others see the effect while the answer is still out', async () => {
    await desk.call('POST', '/control/faults', { delayAfterMs: 400 })
    const body = person()
    let answered = false
    const slow = desk.call('POST', '/api/accounts', body).then(() => {
      answered = true
    })
    await expect
      .poll(async () => {
        const { json } = await desk.call('GET', '/control/accounts')
        return (json as { login: string }[]).some((account) => account.login === body.login)
      })
      .toBe(true)
    expect(answered).toBe(false)
    await slow
  })

  test('a fault that is misspelt is refused', async () => {
    const refused = await desk.call('POST', '/control/faults', { delayMS: 5 })
    expect(refused.status).toBe(422)
  })

  test('stats count calls by template, and writes whether or not they changed anything', async () => {
    const own = await startDesk()
    await own.call('POST', '/api/accounts/1001/enable')
    await own.call('GET', '/api/accounts/1001')
    await own.call('GET', '/api/accounts/1002')
    expect((await own.call('GET', '/control/stats')).json).toMatchObject({
      writes: 1,
      changes: 0,
      calls: { 'POST /api/accounts/{no}/enable': 1, 'GET /api/accounts/{no}': 2 },
    })
    await own.stop()
  })
})

describe('process', () => {
  test('what was answered survives kill -9, ids included', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'desk-'))
    const file = path.join(folder, 'state.json')
    const first = await startDesk('--state', file)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => first.call('POST', '/api/accounts', person())),
    )
    const last = answers
      .map(({ json }) => (json as { account_no: number }).account_no)
      .sort()
      .at(-1)
    await first.call('DELETE', `/api/accounts/${last}`)
    expect(await first.stop('SIGKILL')).toBe(null)
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ next_account_no: 1061 })

    const second = await startDesk('--state', file)
    expect((await second.call('GET', '/control/stats')).json).toMatchObject({ accounts: 59 })
    const next = await second.call('POST', '/api/accounts', person())
    expect(next.json).toMatchObject({ account_no: 1061 })
    await second.stop()
    await rm(folder, { recursive: true })
  })

  test('SIGTERM ends it with 0, a hanging call notwithstanding', async () => {
    const own = await startDesk('--no-seed')
    await own.call('POST', '/control/faults', { failNext: { match: '*', how: 'hang' } })
    const hanging = expect(own.call('GET', '/api/accounts')).rejects.toThrow()
    await expect
      .poll(async () => (await own.call('GET', '/control/stats')).json)
      .toMatchObject({ accounts: 0, calls: { 'GET /api/accounts': 1 } })
    expect(await own.stop()).toBe(0)
    await hanging
  })
})
