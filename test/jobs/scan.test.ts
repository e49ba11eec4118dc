/**
 * Scans, cut at every step outside. Asserted on the report: each account once, whoever walked and
 * however often they died.
 */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/scim/schema.ts'
import type { Scim } from '../support/gateway.ts'
import { type Clock, openIsolate } from '../support/isolate.ts'
import { openDesk, type TestDesk } from '../support/open-desk.ts'
import { adminOf, deskConnection, driveToEnd, reconcile } from '../support/reconcile.ts'
import { cutsOf } from '../support/world.ts'

const HOUR = 3_600_000

/** The desk pages by 50: so many accounts are some pages. */
function populate(desk: TestDesk, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    desk.store.createAccount({
      login: `person${i}@example.com`,
      first_name: 'Person',
      last_name: `No ${i}`,
      mail: `person${i}@example.com`,
      job_title: '',
      org_unit: '',
      phone: '',
      state: 'enabled',
    })
  }
}

async function world(people: number, options: JsonObject = {}) {
  const desk = openDesk()
  populate(desk, 0, people)
  const clock: Clock = { now: Date.now() }
  const scim = await deskConnection(options)
  const isolate = openIsolate(clock, desk.fetch)
  return { desk, clock, scim, isolate, call: adminOf(isolate, scim) }
}

const bodyOf = (i: number) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: `person${i}@example.com`,
  name: { givenName: 'Person', familyName: `No ${i}` },
  active: true,
})

/** The client adopts these accounts. */
async function adopt(world: { isolate: ReturnType<typeof openIsolate>; scim: Scim }, to: number) {
  for (let i = 0; i < to; i++) {
    const { status } = await world.isolate.scim(world.scim, 'POST', '/Users', bodyOf(i))
    expect(status).toBe(201)
  }
}

/** By account: its id in the app is its number. */
function remove(desk: TestDesk, login: string): void {
  for (const account of desk.store.accountsBy('login', login)) desk.store.deleteAccount(account)
}

async function linkStates(scim: Scim): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    `SELECT l.state, count(*) AS n FROM link l JOIN connection c ON c.id = l.connection
      WHERE c.name = ? GROUP BY l.state`,
  )
    .bind(scim.name)
    .all<{ state: string; n: number }>()
  return Object.fromEntries(results.map(({ state, n }) => [state, n]))
}

async function openFindings(call: ReturnType<typeof adminOf>, kind: string): Promise<number> {
  return (await call('GET', `/findings?kind=${kind}`)).body.items.length
}

describe('a walk', () => {
  test('a dry run reports every account once and writes no link', async () => {
    const { call, scim } = await world(120)
    const report = await reconcile(call, { dryRun: true })
    expect(report).toMatchObject({ state: 'done', seen: 120, total: 120, note: null })
    expect(report.counts).toMatchObject({ discovered: 120, linked: 0, missing: 0 })
    expect(await linkStates(scim)).toEqual({})
  })

  test('a walk that is not a dry run mints a link for each account that has none', async () => {
    const { call, scim } = await world(60)
    const report = await reconcile(call)
    expect(await linkStates(scim)).toEqual({ discovered: 60 })
    expect(report.items.length).toBeGreaterThan(0)
    for (const item of report.items) expect(item.id).toMatch(/^[0-9a-f-]{36}$/)
    await reconcile(call)
    expect(await linkStates(scim)).toEqual({ discovered: 60 })
  })

  test('a burst that is cut at any step is gone on with, and nothing is lost or doubled', async () => {
    const whole = await world(60)
    const begun = (await whole.call('POST', '/reconcile', {})).body
    const before = whole.isolate.steps()
    await whole.call('POST', `/reconcile/${begun.id}/advance`)
    const steps = whole.isolate.steps() - before
    expect(steps).toBeGreaterThan(10)

    for (const cut of cutsOf(steps)) {
      const { desk, clock, scim, call } = await world(60)
      const { id } = (await call('POST', '/reconcile', {})).body
      const doomed = openIsolate(clock, desk.fetch, { cut })
      await adminOf(doomed, scim)('POST', `/reconcile/${id}/advance`)
      const report = await driveToEnd(call, id)
      expect(report).toMatchObject({ state: 'done', seen: 60 })
      expect(report.counts).toMatchObject({ discovered: 60 })
      expect(await linkStates(scim)).toEqual({ discovered: 60 })
    }
  }, 60_000)

  test('of walkers at the same time one gets on, and the scan ends as with one', async () => {
    const { desk, clock, scim, call } = await world(260)
    const { id } = (await call('POST', '/reconcile', {})).body
    const walkers = Array.from({ length: 4 }, () => adminOf(openIsolate(clock, desk.fetch), scim))
    await Promise.all(walkers.map((walker) => driveToEnd(walker, id)))
    const report = (await call('GET', `/reconcile/${id}`)).body
    expect(report).toMatchObject({ state: 'done', seen: 260 })
    expect(await linkStates(scim)).toEqual({ discovered: 260 })
  })

  test('an account that a page shift shows twice is counted once', async () => {
    const { desk, clock, scim, call } = await world(120)
    const { id } = (await call('POST', '/reconcile', { dryRun: true })).body
    let pages = 0
    const shifting = openIsolate(clock, async (url, init) => {
      // The app serves page 1 again before it goes on.
      const page = new URL(url).searchParams.get('page')
      return desk.fetch(page === '2' && pages++ === 0 ? url.replace('page=2', 'page=1') : url, init)
    })
    const report = await driveToEnd(adminOf(shifting, scim), id)
    expect(report.seen).toBeLessThanOrEqual(120)
    expect(new Set(report.items.map((i: { nativeId: string }) => i.nativeId)).size).toBe(
      report.items.length,
    )
  })

  test('the cron goes on with a scan that nobody drives, and leaves one alone that somebody does', async () => {
    const { clock, call, isolate } = await world(120)
    const { id } = (await call('POST', '/reconcile', { dryRun: true })).body
    await isolate.tick()
    expect((await call('GET', `/reconcile/${id}`)).body.state).toBe('running')
    clock.now += 60_000
    await isolate.tick()
    expect((await call('GET', `/reconcile/${id}`)).body).toMatchObject({ state: 'done', seen: 120 })
  })

  test('a failing app leaves the scan where it is, with a note, and ten failures end it', async () => {
    const { desk, clock, scim, call } = await world(120)
    const { id } = (await call('POST', '/reconcile', { dryRun: true })).body
    const failing = adminOf(
      openIsolate(clock, async (url, init) =>
        url.includes('page=2') ? new Response('no', { status: 503 }) : desk.fetch(url, init),
      ),
      scim,
    )
    const first = (await failing('POST', `/reconcile/${id}/advance`)).body
    expect(first).toMatchObject({ state: 'running', seen: 50 })
    expect(first.note).toContain('not available')
    const healed = await driveToEnd(call, id)
    expect(healed).toMatchObject({ state: 'done', seen: 120, note: null })

    const again = (await call('POST', '/reconcile', { dryRun: true })).body
    for (let i = 0; i < 10; i++) await failing('POST', `/reconcile/${again.id}/advance`)
    expect((await call('GET', `/reconcile/${again.id}`)).body.state).toBe('failed')
  })

  test('a change of the match rules ends a scan whose keys were made under the old ones', async () => {
    const { call, isolate, scim } = await world(60)
    const { id } = (await call('POST', '/reconcile', { dryRun: true })).body
    const match = [{ scim: 'emails[type eq "work"].value', app: 'mail' }]
    expect((await adminOf(isolate, scim)('PATCH', '', { policy: { match } })).status).toBe(200)
    const report = await driveToEnd(call, id)
    expect(report.state).toBe('failed')
    expect(report.note).toContain('match rules')
  })
})

describe('a sweep', () => {
  test('a linked account that two finished scans do not find makes its link missing', async () => {
    const it = await world(60)
    await adopt(it, 3)
    await reconcile(it.call)
    remove(it.desk, 'person1@example.com')
    it.clock.now += HOUR
    const first = await reconcile(it.call)
    expect(first.counts).toMatchObject({ linked: 2, missing: 1 })
    expect(await linkStates(it.scim)).toMatchObject({ linked: 3 })
    expect(await openFindings(it.call, 'missing')).toBe(0)
    it.clock.now += HOUR
    await reconcile(it.call)
    expect(await linkStates(it.scim)).toMatchObject({ linked: 2, missing: 1 })
    expect(await openFindings(it.call, 'missing')).toBe(1)
  })

  test('a dry run confirms nothing', async () => {
    const it = await world(60)
    await adopt(it, 3)
    remove(it.desk, 'person1@example.com')
    for (let i = 0; i < 3; i++) {
      it.clock.now += HOUR
      expect((await reconcile(it.call, { dryRun: true })).counts.missing).toBe(1)
    }
    expect(await linkStates(it.scim)).toMatchObject({ linked: 3 })
    expect(await openFindings(it.call, 'missing')).toBe(0)
  })

  test('an account that the list left out and the app can show is not missing', async () => {
    const it = await world(60)
    await adopt(it, 3)
    const hiding = openIsolate(it.clock, async (url, init) => {
      const response = await it.desk.fetch(url, init)
      if (!url.includes('per_page')) return response
      const { rows, ...rest } = (await response.json()) as { rows: { login: string }[] }
      const shown = rows.filter(({ login }) => login !== 'person1@example.com')
      return Response.json({ ...rest, rows: shown })
    })
    it.clock.now += HOUR
    const report = await reconcile(adminOf(hiding, it.scim))
    expect(report.counts).toMatchObject({ linked: 3, missing: 0 })
  })

  test('a missing account that is there again is linked again', async () => {
    const it = await world(60)
    await adopt(it, 3)
    const [account] = it.desk.store.accountsBy('login', 'person1@example.com')
    const gone = openIsolate(it.clock, async (url, init) => {
      if (url.endsWith(`/api/accounts/${account?.account_no}`)) {
        const fault = { code: 'E_NOT_FOUND', what: 'account' }
        return Response.json({ fault }, { status: 404 })
      }
      const response = await it.desk.fetch(url, init)
      if (!url.includes('per_page')) return response
      const { rows, count } = (await response.json()) as {
        rows: { login: string }[]
        count: number
      }
      const shown = rows.filter(({ login }) => login !== 'person1@example.com')
      return Response.json({ rows: shown, count }, { status: response.status })
    })
    for (let i = 0; i < 2; i++) {
      it.clock.now += HOUR
      await reconcile(adminOf(gone, it.scim))
    }
    expect(await linkStates(it.scim)).toMatchObject({ linked: 2, missing: 1 })
    it.clock.now += HOUR
    const report = await reconcile(it.call)
    expect(report.counts).toMatchObject({ linked: 3, missing: 0 })
    expect(await linkStates(it.scim)).toMatchObject({ linked: 3 })
    expect(await openFindings(it.call, 'missing')).toBe(0)
  })

  test('an empty list is refused where accounts were linked', async () => {
    const it = await world(20)
    await adopt(it, 3)
    for (let i = 0; i < 20; i++) remove(it.desk, `person${i}@example.com`)
    it.clock.now += HOUR
    const report = await reconcile(it.call)
    expect(report.state).toBe('refused')
    expect(report.note).toContain('empty')
    expect(await linkStates(it.scim)).toEqual({ linked: 3 })
  })

  test('a tombstone hides an account only as long as the app has it', async () => {
    const it = await world(60, { policy: { deprovision: { onDelete: 'deactivate' } } })
    for (const i of [0, 1]) {
      const { body } = await it.isolate.scim(it.scim, 'POST', '/Users', bodyOf(i))
      await it.isolate.scim(it.scim, 'DELETE', `/Users/${body.id}`)
    }
    const total = async () =>
      (await it.isolate.scim(it.scim, 'GET', '/Users?count=1')).body.totalResults
    expect(await total()).toBe(58)
    remove(it.desk, 'person0@example.com')
    it.clock.now += HOUR
    expect((await reconcile(it.call, { dryRun: true })).counts).toMatchObject({ hidden: 1 })
    expect(await total()).toBe(57)
    it.clock.now += HOUR
    expect((await reconcile(it.call)).counts).toMatchObject({ hidden: 1, missing: 0 })
    expect(await total()).toBe(58)
  })

  test('a tombstone whose account the list left out and the app can show hides it still', async () => {
    const it = await world(60, { policy: { deprovision: { onDelete: 'deactivate' } } })
    const { body } = await it.isolate.scim(it.scim, 'POST', '/Users', bodyOf(0))
    await it.isolate.scim(it.scim, 'DELETE', `/Users/${body.id}`)
    const hiding = openIsolate(it.clock, async (url, init) => {
      const response = await it.desk.fetch(url, init)
      if (!url.includes('per_page')) return response
      const { rows, ...rest } = (await response.json()) as { rows: { login: string }[] }
      const shown = rows.filter(({ login }) => login !== 'person0@example.com')
      return Response.json({ ...rest, rows: shown })
    })
    it.clock.now += HOUR
    const report = await reconcile(adminOf(hiding, it.scim))
    expect(report.counts).toMatchObject({ hidden: 1 })
    expect((await it.isolate.scim(it.scim, 'GET', '/Users?count=1')).body.totalResults).toBe(59)
  })

  test('a tombstone hides nobody whom the app has given its native id since', async () => {
    const it = await world(10, { policy: { deprovision: { onDelete: 'deactivate' } } })
    const { body } = await it.isolate.scim(it.scim, 'POST', '/Users', bodyOf(0))
    await it.isolate.scim(it.scim, 'DELETE', `/Users/${body.id}`)
    const [account] = it.desk.store.accountsBy('login', 'person0@example.com')
    if (account) account.created_on = '2031-01-01T00:00:00.000Z'
    it.clock.now += HOUR
    expect((await reconcile(it.call)).counts).toMatchObject({ hidden: 0, discovered: 10 })
    expect((await it.isolate.scim(it.scim, 'GET', '/Users?count=1')).body.totalResults).toBe(10)
  })

  test('a new app that holds nobody yet is not refused', async () => {
    const { call } = await world(0)
    expect(await reconcile(call)).toMatchObject({ state: 'done', seen: 0 })
  })

  test('a list that shrank by more than a tenth is refused, unless an administrator says so', async () => {
    const it = await world(100)
    await adopt(it, 2)
    await reconcile(it.call)
    for (let i = 80; i < 100; i++) remove(it.desk, `person${i}@example.com`)
    it.clock.now += HOUR
    const refused = await reconcile(it.call)
    expect(refused).toMatchObject({ state: 'refused', seen: 80 })
    expect(refused.counts).toMatchObject({ linked: 2, discovered: 78 })
    expect(refused.note).toContain('acceptShrink')
    it.clock.now += HOUR
    expect((await reconcile(it.call, { acceptShrink: true })).state).toBe('done')
    it.clock.now += HOUR
    expect((await reconcile(it.call)).state).toBe('done')
  })
})

describe('situations', () => {
  test('two accounts that answer to one key of an automatic rule are ambiguous, one finding for both', async () => {
    const match = [{ scim: 'emails[type eq "work"].value', app: 'mail' }]
    const it = await world(60, { policy: { match } })
    const [twin] = it.desk.store.accountsBy('login', 'person7@example.com')
    if (twin) it.desk.store.updateAccount(twin, { mail: 'PERSON8@example.com' })
    const report = await reconcile(it.call)
    expect(report.counts).toMatchObject({ ambiguous: 2, discovered: 58 })
    const ambiguous = (await it.call('GET', `/reconcile/${report.id}?situation=ambiguous`)).body
      .items
    expect(ambiguous.map((i: { display: string }) => i.display)).toEqual([
      'person7@example.com',
      'person8@example.com',
    ])
    expect(await openFindings(it.call, 'ambiguous')).toBe(1)
    if (twin) it.desk.store.updateAccount(twin, { mail: 'person7@example.com' })
    it.clock.now += HOUR
    await reconcile(it.call)
    expect(await openFindings(it.call, 'ambiguous')).toBe(0)
  })

  test('an ignored finding stays ignored when it is met again', async () => {
    const match = [{ scim: 'emails[type eq "work"].value', app: 'mail' }]
    const it = await world(5, { policy: { match } })
    const [twin] = it.desk.store.accountsBy('login', 'person1@example.com')
    if (twin) it.desk.store.updateAccount(twin, { mail: 'person2@example.com' })
    await reconcile(it.call)
    const [finding] = (await it.call('GET', '/findings')).body.items
    const decided = await it.call('POST', `/findings/${finding.id}/decide`, { decision: 'ignore' })
    expect(decided.body.state).toBe('ignored')
    it.clock.now += HOUR
    await reconcile(it.call)
    expect(await openFindings(it.call, 'ambiguous')).toBe(0)
    expect((await it.call('GET', '/findings?state=ignored')).body.items).toHaveLength(1)
  })

  test('a protected account in the app only is protected, and one that Postern deleted is hidden', async () => {
    const it = await world(10, {
      policy: { protected: ['person9@*'], deprovision: { onDelete: 'deactivate' } },
    })
    const created = await it.isolate.scim(it.scim, 'POST', '/Users', bodyOf(0))
    await it.isolate.scim(it.scim, 'DELETE', `/Users/${created.body.id}`)
    const report = await reconcile(it.call)
    expect(report.counts).toMatchObject({ protected: 1, hidden: 1, discovered: 8 })
  })

  test('an account with another creation time under a linked id is id reuse', async () => {
    const it = await world(10)
    await adopt(it, 1)
    const [account] = it.desk.store.accountsBy('login', 'person0@example.com')
    if (account) account.created_on = '2031-01-01T00:00:00.000Z'
    const report = await reconcile(it.call)
    expect(report.counts['id-reuse']).toBe(1)
    expect(await openFindings(it.call, 'id-reuse')).toBe(1)
  })

  test('a value that moved away from what the app had made of the client’s is drift', async () => {
    const it = await world(10)
    // The app lower-cases mails: the echo keeps what was sent and what became of it.
    const emails = [{ type: 'work', value: 'Person.Zero@Example.com' }]
    await it.isolate.scim(it.scim, 'POST', '/Users', { ...bodyOf(0), emails })
    expect((await reconcile(it.call)).counts).toMatchObject({ linked: 1, drift: 0 })
    const [account] = it.desk.store.accountsBy('login', 'person0@example.com')
    if (account) it.desk.store.updateAccount(account, { mail: 'elsewhere@example.com' })
    it.clock.now += HOUR
    const report = await reconcile(it.call)
    expect(report.counts).toMatchObject({ drift: 1 })
    const { items } = (await it.call('GET', `/reconcile/${report.id}?situation=drift`)).body
    expect(items[0].detail).toEqual({ paths: ['emails[type eq "work"].value'] })
    expect(await openFindings(it.call, 'drift')).toBe(1)
  })

  test('people in the app only are one finding once the client manages somebody', async () => {
    const it = await world(10)
    await reconcile(it.call)
    expect(await openFindings(it.call, 'orphan')).toBe(0)
    await adopt(it, 2)
    await reconcile(it.call)
    const { items } = (await it.call('GET', '/findings?kind=orphan')).body
    expect(items).toHaveLength(1)
    expect(items[0].detail.count).toBe(8)
  })
})

describe('upkeep', () => {
  test('old scans lose their accounts and keep their counts; new ones stay whole', async () => {
    const it = await world(20)
    const reports = []
    for (let i = 0; i < 5; i++) {
      it.clock.now += HOUR
      reports.push(await reconcile(it.call, { dryRun: true }))
    }
    for (let i = 0; i < 5; i++) await it.isolate.tick()
    const left = []
    for (const { id } of reports) left.push((await it.call('GET', `/reconcile/${id}`)).body)
    expect(left.map((report) => report.items.length)).toEqual([0, 0, 20, 20, 20])
    expect(left.map((report) => report.counts.discovered)).toEqual([20, 20, 20, 20, 20])
  })

  test('the scans of a connection that was off-boarded are erased', async () => {
    const it = await world(20)
    const { id } = await reconcile(it.call)
    await it.call('POST', '/reconcile', { dryRun: true })
    expect((await it.call('DELETE', '')).status).toBe(202)
    for (let i = 0; i < 5; i++) await it.isolate.tick()
    for (const table of ['scan_account', 'scan_key']) {
      const row = await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE scan = ?`)
        .bind(id)
        .first<{ n: number }>()
      expect(row?.n).toBe(0)
    }
    const scans = await env.DB.prepare('SELECT count(*) AS n FROM scan WHERE id = ?')
      .bind(id)
      .first()
    expect(scans).toEqual({ n: 0 })
  })
})
