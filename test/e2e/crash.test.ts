/** A create that is cut off, doubled or unanswered ends with one account and one resource. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Started, startPostern } from '../../cli/launch.ts'
import { runningSchema } from '../../cli/start/state.ts'
import { type Desk, deskAt } from '../support/desk.ts'
import { byUserName, newUser, type ScimAnswer, scim } from '../support/scim.ts'
import { eventually } from '../support/start.ts'

const TIMEOUT_MS = 120_000
/** What a client's patience may be: the next cycle of Entra is 40 minutes away. */
const SETTLED_WITHIN_MS = 60_000

const newLogin = () => `crash.${randomUUID()}@fernhollow.example`

describe('a create', { timeout: TIMEOUT_MS }, () => {
  let folder: string
  let started: Started
  let desk: Desk

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
    started = await startPostern([], { POSTERN_STATE: folder })
    desk = deskAt(started.now.appUrl ?? '')
    // A create that is cut off stays in doubt for as long as its call may still reach the app.
    const response = await fetch(
      `${new URL(started.now.scimBaseUrl).origin}/admin/api/connections/demo`,
      {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${started.now.adminToken}`,
          'content-type': 'application/merge-patch+json',
        },
        body: JSON.stringify({ policy: { limits: { requestTimeoutMs: 10_000 } } }),
      },
    )
    expect(response.status).toBe(200)
  }, TIMEOUT_MS)

  afterEach(() => desk.clearFaults())

  afterAll(async () => {
    await started?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const post = (userName: string) => scim(started.now, 'POST', '/Users', newUser(userName))

  /** As a client does: again after 503, and after a connection that was lost. */
  async function postUntilSettled(userName: string): Promise<ScimAnswer> {
    const deadline = Date.now() + SETTLED_WITHIN_MS
    for (;;) {
      const answer = await post(userName).catch(() => undefined)
      if (answer && answer.status !== 503) return answer
      expect(Date.now(), `still ${answer?.status ?? 'unreachable'}`).toBeLessThan(deadline)
      const waitMs = Math.min(Math.max(answer?.retryAfterMs ?? 0, 200), deadline - Date.now())
      await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }

  async function expectOne(userName: string, id: string | undefined): Promise<void> {
    expect(await desk.accountsOf(userName)).toHaveLength(1)
    const found = await scim(started.now, 'GET', byUserName(userName))
    expect(found).toMatchObject({ status: 200, body: { totalResults: 1, Resources: [{ id }] } })
    expect((await desk.stats()).duplicateLogins).toBe(0)
  }

  async function gatewayPid(): Promise<number> {
    const text = await readFile(path.join(folder, 'running.json'), 'utf8')
    return runningSchema.parse(JSON.parse(text)).gatewayPid
  }

  async function killGateway(): Promise<void> {
    const pid = await gatewayPid()
    process.kill(pid, 'SIGKILL')
    await eventually(async () => (await gatewayPid()) !== pid)
  }

  test('whose gateway is killed between the effect and the answer', async () => {
    const userName = newLogin()
    await desk.setFaults({ delayAfterMs: 3_000 })
    const first = post(userName).catch((error: unknown) => error)
    await eventually(async () => (await desk.accountsOf(userName)).length === 1)
    await killGateway()
    expect(await first).toBeInstanceOf(Error)
    await desk.clearFaults()
    const again = await postUntilSettled(userName)
    expect(again).toMatchObject({ status: 201, body: { userName } })
    await expectOne(userName, again.body.id)
    expect((await post(userName)).status).toBe(409)
    await expectOne(userName, again.body.id)
  })

  test('whose gateway is killed before the effect', async () => {
    const userName = newLogin()
    await desk.setFaults({ delayMs: 3_000 })
    const { calls } = await desk.stats()
    const first = post(userName).catch((error: unknown) => error)
    // The search comes first and is slow as well.
    await eventually(async () => {
      const now = await desk.stats()
      return now.calls['POST /api/accounts'] !== calls['POST /api/accounts']
    })
    await killGateway()
    expect(await first).toBeInstanceOf(Error)
    // The call is on its way all the same: it takes effect after the gateway has died.
    await desk.clearFaults()
    const again = await postUntilSettled(userName)
    expect(again.status).toBe(201)
    await expectOne(userName, again.body.id)
  })

  test('that finds nobody by a query while it is unsettled is never answered by an empty list', async () => {
    const userName = newLogin()
    await desk.setFaults({ delayMs: 3_000 })
    const { calls } = await desk.stats()
    const first = post(userName).catch((error: unknown) => error)
    await eventually(async () => {
      const now = await desk.stats()
      return now.calls['POST /api/accounts'] !== calls['POST /api/accounts']
    })
    await killGateway()
    await first
    await desk.clearFaults()
    const deadline = Date.now() + SETTLED_WITHIN_MS
    for (;;) {
      const found = await scim(started.now, 'GET', byUserName(userName))
      if (found.status === 200) {
        expect(found.body.totalResults).toBe(1)
        break
      }
      expect(found.status).toBe(503)
      expect(Date.now()).toBeLessThan(deadline)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    const again = await postUntilSettled(userName)
    await expectOne(userName, again.body.id)
  })

  test('of someone who has an account adopts it, and the second one is refused', async () => {
    const before = await desk.accounts()
    const userName = "niamh.o'brien@fernhollow.example"
    const [account] = await desk.accountsOf(userName)
    const first = await post(userName)
    expect(first).toMatchObject({ status: 201, body: { userName } })
    await expectOne(userName, first.body.id)
    const after = await desk.accounts()
    expect(after.map((a) => a.account_no)).toEqual(before.map((a) => a.account_no))
    expect(await desk.accountsOf(userName)).toMatchObject([{ account_no: account?.account_no }])
    const second = await post(userName)
    expect(second).toMatchObject({
      status: 409,
      body: { status: '409', scimType: 'uniqueness', detail: expect.any(String) },
    })
    expect(await desk.accounts()).toHaveLength(before.length)
  })

  test('adopts whatever the letter case of the login', async () => {
    const before = await desk.accounts()
    const answer = await post('jose.nunez@fernhollow.example')
    expect(answer.status).toBe(201)
    expect(await desk.accounts()).toHaveLength(before.length)
    await expectOne('JOSE.NUNEZ@FERNHOLLOW.EXAMPLE', answer.body.id)
  })

  test('sent twenty times at once', async () => {
    const userName = newLogin()
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(userName)))
    const created = answers.filter(({ status }) => status === 201)
    expect(created.length).toBeGreaterThan(0)
    const [id, ...others] = [...new Set(created.map(({ body }) => body.id))]
    expect(others).toEqual([])
    const refused = answers.filter(({ status }) => status !== 201)
    expect(new Set(refused.map(({ status }) => status))).toEqual(
      refused.length > 0 ? new Set([409]) : new Set(),
    )
    await expectOne(userName, id)
  })

  test('sent twenty times at once to an app that takes its time', async () => {
    const userName = newLogin()
    await desk.setFaults({ delayAfterMs: 500 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(userName)))
    await desk.clearFaults()
    const statuses = new Set(answers.map(({ status }) => status))
    // Whoever cannot wait any longer is told to come back; nobody is told anything else.
    for (const status of statuses) expect([201, 409, 503]).toContain(status)
    const ids = new Set(answers.flatMap(({ status, body }) => (status === 201 ? [body.id] : [])))
    expect(ids.size).toBe(1)
    await expectOne(userName, [...ids][0])
  })

  test.each(['reset', 'html'] as const)('whose answer is lost (%s)', async (how) => {
    const userName = newLogin()
    await desk.setFaults({ failNext: { match: 'POST /api/accounts', when: 'after', how } })
    const settled = await postUntilSettled(userName)
    expect(settled.status).toBe(201)
    await expectOne(userName, settled.body.id)
    expect((await post(userName)).status).toBe(409)
  })

  test('that the app refuses before its effect can be sent again', async () => {
    const userName = newLogin()
    await desk.setFaults({
      // Longer than a request waits by itself.
      failNext: { match: 'POST /api/accounts', status: 429, retryAfter: '6' },
    })
    const first = await post(userName)
    expect(first).toMatchObject({ status: 503, retryAfterMs: 6000, body: { status: '503' } })
    const again = await postUntilSettled(userName)
    expect(again.status).toBe(201)
    await expectOne(userName, again.body.id)
  })
})
