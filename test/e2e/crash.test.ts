/** A create that is cut off, doubled or unanswered ends with one account and one resource. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { useNpmStart } from '../support/npm-start.ts'
import { byUserName, newUser, type ScimAnswer } from '../support/scim.ts'
import { eventually } from '../support/start.ts'

const TIMEOUT_MS = 120_000
/** What a client's patience may be: the next cycle of Entra is 40 minutes away. */
const SETTLED_WITHIN_MS = 60_000

const newLogin = () => `crash.${randomUUID()}@fernhollow.example`

describe('a create', { timeout: TIMEOUT_MS }, () => {
  const gateway = useNpmStart()

  beforeAll(async () => {
    // A create that is cut off stays in doubt for as long as its call may still reach the app.
    const policy = { limits: { requestTimeoutMs: 10_000 } }
    expect((await gateway.admin('PATCH', '/connections/demo', { policy })).status).toBe(200)
  })

  afterEach(() => gateway.desk.clearFaults())

  const post = (userName: string) => gateway.scim('POST', '/Users', newUser(userName))

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
    expect(await gateway.desk.accountsOf(userName)).toHaveLength(1)
    const found = await gateway.scim('GET', byUserName(userName))
    expect(found).toMatchObject({ status: 200, body: { totalResults: 1, Resources: [{ id }] } })
    expect((await gateway.desk.stats()).duplicateLogins).toBe(0)
  }

  test('whose gateway is killed between the effect and the answer is finished by its retry', async () => {
    const userName = newLogin()
    await gateway.desk.setFaults({ delayAfterMs: 3_000 })
    const first = post(userName).catch((error: unknown) => error)
    await eventually(async () => (await gateway.desk.accountsOf(userName)).length === 1)
    await gateway.killGateway()
    expect(await first).toBeInstanceOf(Error)
    await gateway.desk.clearFaults()
    const again = await postUntilSettled(userName)
    expect(again).toMatchObject({ status: 201, body: { userName } })
    await expectOne(userName, again.body.id)
    expect((await post(userName)).status).toBe(409)
    await expectOne(userName, again.body.id)
  })

  test('whose gateway is killed before the effect is finished by its retry', async () => {
    const userName = newLogin()
    await gateway.desk.setFaults({ delayMs: 3_000 })
    const { calls } = await gateway.desk.stats()
    const first = post(userName).catch((error: unknown) => error)
    // The search comes first and is slow as well.
    await eventually(async () => {
      const now = await gateway.desk.stats()
      return now.calls['POST /api/accounts'] !== calls['POST /api/accounts']
    })
    await gateway.killGateway()
    expect(await first).toBeInstanceOf(Error)
    // The call is on its way all the same: it takes effect after the gateway has died.
    await gateway.desk.clearFaults()
    const again = await postUntilSettled(userName)
    expect(again.status).toBe(201)
    await expectOne(userName, again.body.id)
  })

  test('that finds nobody by a query while it is unsettled is never answered by an empty list', async () => {
    const userName = newLogin()
    await gateway.desk.setFaults({ delayMs: 3_000 })
    const { calls } = await gateway.desk.stats()
    const first = post(userName).catch((error: unknown) => error)
    await eventually(async () => {
      const now = await gateway.desk.stats()
      return now.calls['POST /api/accounts'] !== calls['POST /api/accounts']
    })
    await gateway.killGateway()
    await first
    await gateway.desk.clearFaults()
    const deadline = Date.now() + SETTLED_WITHIN_MS
    for (;;) {
      const found = await gateway.scim('GET', byUserName(userName))
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
    const before = await gateway.desk.accounts()
    const userName = "niamh.o'brien@fernhollow.example"
    const [account] = await gateway.desk.accountsOf(userName)
    const first = await post(userName)
    expect(first).toMatchObject({ status: 201, body: { userName } })
    await expectOne(userName, first.body.id)
    const after = await gateway.desk.accounts()
    expect(after.map((a) => a.account_no)).toEqual(before.map((a) => a.account_no))
    expect(await gateway.desk.accountsOf(userName)).toMatchObject([
      { account_no: account?.account_no },
    ])
    const second = await post(userName)
    expect(second).toMatchObject({
      status: 409,
      body: { status: '409', scimType: 'uniqueness', detail: expect.any(String) },
    })
    expect(await gateway.desk.accounts()).toHaveLength(before.length)
  })

  test('adopts whatever the letter case of the login', async () => {
    const before = await gateway.desk.accounts()
    const answer = await post('jose.nunez@fernhollow.example')
    expect(answer.status).toBe(201)
    expect(await gateway.desk.accounts()).toHaveLength(before.length)
    await expectOne('JOSE.NUNEZ@FERNHOLLOW.EXAMPLE', answer.body.id)
  })

  test('sent twenty times at once makes one person, and refuses whoever is late', async () => {
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

  test('sent twenty times at once to an app that takes its time makes one person', async () => {
    const userName = newLogin()
    await gateway.desk.setFaults({ delayAfterMs: 500 })
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(userName)))
    await gateway.desk.clearFaults()
    const statuses = new Set(answers.map(({ status }) => status))
    // Whoever cannot wait any longer is told to come back; nobody is told anything else.
    for (const status of statuses) expect([201, 409, 503]).toContain(status)
    const ids = new Set(answers.flatMap(({ status, body }) => (status === 201 ? [body.id] : [])))
    expect(ids.size).toBe(1)
    await expectOne(userName, [...ids][0])
  })

  test.each(['reset', 'html'] as const)(
    'whose answer is lost (%s) is finished by its retry',
    async (how) => {
      const userName = newLogin()
      await gateway.desk.setFaults({
        failNext: { match: 'POST /api/accounts', when: 'after', how },
      })
      const settled = await postUntilSettled(userName)
      expect(settled.status).toBe(201)
      await expectOne(userName, settled.body.id)
      expect((await post(userName)).status).toBe(409)
    },
  )

  test('that the app refuses before its effect can be sent again', async () => {
    const userName = newLogin()
    await gateway.desk.setFaults({
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
