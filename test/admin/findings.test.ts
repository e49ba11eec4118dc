/** Findings are decided by a person: what each decision means for the next write, read and scan. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { AdminCall } from '../support/admin-api.ts'
import { adminOf, reconcile } from '../support/reconcile.ts'
import {
  brownfield,
  cutsOf,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
  type WorldOptions,
} from '../support/world.ts'

const LOGIN = 'Ada.Lund@example.com'

async function openFindings(options: WorldOptions = {}) {
  const world = await openWorld(options)
  const call = adminOf(world.open(), world.scim)
  const findings = async (query = '') => (await call('GET', `/findings?${query}`)).body.items
  return { world, call, findings }
}

/** Two accounts with one name, which a match query has made a finding. */
async function twins(options: WorldOptions = {}) {
  const opened = await openFindings({ ...options, faults: { uniqueness: 'off' } })
  const { world, findings } = opened
  const [one, two] = [brownfield(world, LOGIN), brownfield(world, LOGIN.toUpperCase())]
  const listed = await world.ask('GET', match('userName', LOGIN))
  expect(listed.body.totalResults).toBe(2)
  const [finding] = await findings()
  return { ...opened, one, two, finding, nativeId: String(one.account_no) }
}

const decide = (call: AdminCall, { id }: { id: string }, decision: string, nativeId?: string) =>
  call('POST', `/findings/${id}/decide`, { decision, ...(nativeId && { nativeId }) })

async function verdicts({ scim }: World): Promise<Record<string, string | null>> {
  const { results } = await env.DB.prepare(
    `SELECT l.native_id, l.verdict FROM link l JOIN connection c ON c.id = l.connection
      WHERE c.name = ? AND l.type = 'User'`,
  )
    .bind(scim.name)
    .all<{ native_id: string; verdict: string | null }>()
  return Object.fromEntries(results.map((row) => [row.native_id, row.verdict]))
}

async function audited({ scim }: World): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT a.decision FROM audit a JOIN connection c ON c.id = a.connection
      WHERE c.name = ? AND a.op = 'decide' ORDER BY a.decision`,
  )
    .bind(scim.name)
    .all<{ decision: string }>()
  return results.map(({ decision }) => decision)
}

describe('"link" of an ambiguous finding', () => {
  test('chooses one account, sets the others aside, and is not asked again', async () => {
    const { world, call, findings, finding, two, nativeId } = await twins()
    expect(finding.decisions).toEqual(['link', 'merge', 'protect', 'ignore', 'close', 'reopen'])
    const decided = await decide(call, finding, 'link', nativeId)
    expect(decided.status).toBe(200)
    expect(decided.body).toMatchObject({
      state: 'closed',
      detail: { decided: { decision: 'link', nativeId, by: 'bootstrap' } },
      decisions: [],
    })
    expect(decided.body.decidedAt).not.toBeNull()
    expect(await verdicts(world)).toEqual({ [nativeId]: 'chosen', [two.account_no]: 'aside' })
    expect(await audited(world)).toEqual(['aside', 'chosen'])

    const listed = await world.ask('GET', match('userName', LOGIN))
    expect(listed.body.totalResults).toBe(1)
    // A list still shows both.
    expect((await world.ask('GET', '/Users')).body.totalResults).toBe(2)
    expect((await reconcile(call)).counts).toMatchObject({ ambiguous: 0, discovered: 2 })
    expect(await findings('kind=ambiguous')).toEqual([])
    expect(await findings('state=closed')).toMatchObject([{ id: finding.id }])
    // A third account of the same name is news.
    const three = brownfield(world, LOGIN)
    await reconcile(call)
    const nativeIds = [nativeId, String(three.account_no)].sort()
    expect(await findings('kind=ambiguous')).toMatchObject([{ detail: { nativeIds } }])
  })

  test('needs one of the accounts that the finding names, still in the app', async () => {
    const { world, call, finding, one, nativeId } = await twins()
    const stranger = brownfield(world, 'somebody@example.com')
    for (const given of [undefined, String(stranger.account_no)]) {
      const refused = await decide(call, finding, 'link', given)
      expect(refused.status).toBe(422)
      expect(refused.body.errors[0]).toMatchObject({ path: 'nativeId' })
      expect(refused.body.errors[0].message).toContain(nativeId)
    }
    world.desk.store.deleteAccount(one)
    const gone = await decide(call, finding, 'link', nativeId)
    expect(gone).toMatchObject({ status: 409 })
    expect(gone.body.detail).toContain('not in the app')
  })
})

describe('a create after a decision', () => {
  test('adopts the chosen account of several', async () => {
    const { world, call, finding, one, two, nativeId } = await twins()
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    await decide(call, finding, 'link', nativeId)
    const created = await world.ask('POST', '/Users', person(LOGIN, { title: 'Smith' }))
    expect(created.status).toBe(201)
    expect([one.job_title, two.job_title]).toEqual(['Smith', null])
    expect(world.desk.store.accountsBy('login', LOGIN)).toHaveLength(2)
  })

  test('adopts an account that a rule only suggests, and the pre-flight says so', async () => {
    const policy = { match: [{ scim: 'userName', auto: false }] }
    const { world, call, findings } = await openFindings({ policy })
    const account = brownfield(world, LOGIN)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    const [finding] = await findings('kind=ambiguous')
    const user = { id: 'entra-1', userPrincipalName: LOGIN, surname: 'Lund', accountEnabled: true }
    const preflight = async () => {
      await reconcile(call, { dryRun: true })
      const { body } = await call('POST', '/preflight', [user])
      return body.items[0]
    }
    expect(await preflight()).toMatchObject({ verdict: 'ambiguous' })
    await decide(call, finding, 'link', String(account.account_no))
    expect(await preflight()).toMatchObject({ verdict: 'adopt' })
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('adopts the one that is left when the other one was protected', async () => {
    const { world, call, findings, finding, one, two } = await twins()
    await decide(call, finding, 'protect', String(two.account_no))
    expect((await world.ask('POST', '/Users', person(LOGIN, { title: 'Smith' }))).status).toBe(201)
    expect([one.job_title, two.job_title]).toEqual(['Smith', null])
    expect(await findings('kind=ambiguous')).toEqual([])
  })
})

test('a closed finding takes no decision, and no kind takes what it does not offer', async () => {
  const { call, finding, nativeId } = await twins()
  const foreign = await decide(call, finding, 'unlink')
  expect(foreign.status).toBe(422)
  expect(foreign.body.errors).toEqual([
    {
      path: 'decision',
      message: 'a finding of kind "ambiguous" takes link, merge, protect, ignore, close, reopen',
    },
  ])
  expect((await decide(call, finding, 'close')).status).toBe(200)
  expect((await decide(call, finding, 'link', nativeId)).status).toBe(409)
})

test('where the app is down, the decision is 503 and may be taken again', async () => {
  const { world, call, finding, nativeId } = await twins()
  // Two accounts are read side by side, three times each: one of them in vain.
  world.desk.failNext({ match: 'GET /api/accounts/{no}', times: 5 })
  expect((await decide(call, finding, 'link', nativeId)).status).toBe(503)
  expect((await decide(call, finding, 'link', nativeId)).status).toBe(200)
})

describe('"protect"', () => {
  test('makes an account refuse every write, until "unprotect"', async () => {
    const { world, call, findings, finding, nativeId, two } = await twins()
    const { body } = await decide(call, finding, 'protect', nativeId)
    // One other account is left, so that nothing is ambiguous any more.
    expect(body).toMatchObject({ state: 'closed', detail: { decided: { nativeId } } })
    expect(await verdicts(world)).toEqual({ [nativeId]: 'protected', [two.account_no]: null })
    expect((await reconcile(call)).counts).toMatchObject({ ambiguous: 0, protected: 1 })
    expect(await findings('kind=ambiguous')).toEqual([])

    const all = await world.ask('GET', '/Users?attributes=id,meta')
    const { results } = await env.DB.prepare(
      'SELECT id FROM link WHERE verdict = ? AND id IN (SELECT value FROM json_each(?))',
    )
      .bind('protected', JSON.stringify(all.body.Resources.map((r: { id: string }) => r.id)))
      .all<{ id: string }>()
    const path = `/Users/${results[0]?.id}`
    const title = patch({ op: 'add', path: 'title', value: 'x' })
    for (const [method, sent] of [['PATCH', title], ['DELETE'], ['PUT', person('new@b.example')]]) {
      const answer = await world.ask(String(method), path, sent)
      expect(answer.status).toBe(400)
      expect(answer.body.detail).toContain('protected')
    }
    const [refusal] = await findings('kind=protected')
    expect(refusal.decisions).toContain('unprotect')
    expect((await decide(call, refusal, 'unprotect')).body.state).toBe('closed')
    expect((await world.ask('PATCH', path, title)).status).toBe(200)
  })

  test('of one orphan leaves the finding open for the others', async () => {
    const { world, call, findings } = await openFindings()
    idOf(await world.ask('POST', '/Users', person('linked@example.com')))
    const [one, two] = [brownfield(world, LOGIN), brownfield(world, 'two@example.com')]
    world.clock.now += 1000
    await reconcile(call)
    const [orphan] = await findings('kind=orphan')
    expect(orphan.detail.count).toBe(2)
    expect((await decide(call, orphan, 'protect')).status).toBe(422)
    const first = await decide(call, orphan, 'protect', String(one.account_no))
    expect(first.body).toMatchObject({ state: 'open', detail: { count: 1 } })
    expect((await decide(call, orphan, 'protect', String(one.account_no))).status).toBe(409)
    const second = await decide(call, orphan, 'protect', String(two.account_no))
    expect(second.body).toMatchObject({ state: 'closed' })
    world.clock.now += 1000
    expect((await reconcile(call)).counts).toMatchObject({ protected: 2, discovered: 0 })
    expect(await findings('kind=orphan')).toEqual([])
  })

  test('by the policy is not taken away by a decision', async () => {
    const { world, call, findings } = await openFindings({ policy: { protected: [LOGIN] } })
    brownfield(world, LOGIN)
    const found = await world.ask('GET', match('userName', LOGIN))
    await world.ask('DELETE', `/Users/${found.body.Resources[0].id}`)
    const [finding] = await findings('kind=protected')
    const refused = await decide(call, finding, 'unprotect')
    expect(refused.status).toBe(409)
    expect(refused.body.detail).toContain('policy')
  })
})

describe('an id that the app gave to somebody else', () => {
  async function reused() {
    const opened = await openFindings()
    const { world, findings } = opened
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const [account] = world.desk.store.accountsBy('login', LOGIN)
    if (account) account.created_on = '2031-01-01T00:00:00.000Z'
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(409)
    const [finding] = await findings('kind=id-reuse')
    return { ...opened, id, finding }
  }

  test('"link" says that it is the person’s all the same', async () => {
    const { world, call, findings, id, finding } = await reused()
    expect((await decide(call, finding, 'link')).body.state).toBe('closed')
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(200)
    world.clock.now += 1000
    await reconcile(call)
    expect(await findings('kind=id-reuse')).toEqual([])
  })

  test('"unlink" ends the link, and the next read gives the account an id of its own', async () => {
    const { world, call, findings, id, finding } = await reused()
    expect((await decide(call, finding, 'unlink')).body.state).toBe('closed')
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.totalResults).toBe(1)
    expect(found.body.Resources[0].id).not.toBe(id)
    // Its keys are free.
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    expect(await findings('kind=id-reuse')).toEqual([])
  })
})

test('"unlink" of a missing account ends the link; where it is back, it is refused', async () => {
  const { world, call, findings } = await openFindings()
  const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
  brownfield(world, 'stays@example.com')
  const [account] = world.desk.store.accountsBy('login', LOGIN)
  if (account) world.desk.store.deleteAccount(account)
  for (let i = 0; i < 2; i++) {
    world.clock.now += 60_000
    await reconcile(call, { acceptShrink: true })
  }
  const [finding] = await findings('kind=missing')
  expect((await decide(call, finding, 'unlink')).body.state).toBe('closed')
  expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
  expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
  world.clock.now += 60_000
  expect((await reconcile(call)).counts).toMatchObject({ missing: 0 })
  expect(await findings('kind=missing')).toEqual([])
})

describe('"merge"', () => {
  function team(world: World, title: string, ...people: number[]) {
    const group = world.desk.store.createTeam({ title, note: null })
    for (const no of people) group.people.add(no)
    return group
  }

  test('gives the kept account the groups of the others, disables and hides those', async () => {
    const { world, call, findings, finding, one, two, nativeId } = await twins()
    const shared = team(world, 'Shared', one.account_no, two.account_no)
    const theirs = team(world, 'Theirs', two.account_no)
    const { status, body } = await decide(call, finding, 'merge', nativeId)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      state: 'closed',
      detail: {
        decided: {
          decision: 'merge',
          nativeId,
          merged: [String(two.account_no)],
          groups: 1,
          notDisabled: [],
        },
      },
    })
    expect(theirs.people.has(one.account_no)).toBe(true)
    expect(shared.people.size).toBe(2)
    expect(two.state).not.toBe('enabled')
    expect(one.state).toBe('enabled')
    expect((await world.ask('GET', '/Users')).body.totalResults).toBe(1)
    expect((await world.ask('GET', match('userName', LOGIN))).body.totalResults).toBe(1)
    expect(await audited(world)).toEqual(['aside', 'chosen', 'merged'])
    world.clock.now += 1000
    expect((await reconcile(call)).counts).toMatchObject({ ambiguous: 0, hidden: 1 })
    expect(await findings('kind=ambiguous')).toEqual([])
  })

  test('cut at any step, and decided again, ends in the same', { timeout: 60_000 }, async () => {
    const count = async () => {
      const { world, finding, nativeId } = await twins()
      team(world, 'Theirs', 0)
      const isolate = world.open()
      await decide(adminOf(isolate, world.scim), finding, 'merge', nativeId)
      return isolate.steps()
    }
    for (const cut of cutsOf((await count()) + 4)) {
      const { world, call, findings, finding, one, two, nativeId } = await twins()
      const theirs = team(world, 'Theirs', two.account_no)
      try {
        await decide(adminOf(world.open(cut), world.scim), finding, 'merge', nativeId)
      } catch {
        // The isolate died, and its administrator has no answer.
      }
      let { status } = await decide(call, finding, 'merge', nativeId)
      if (status === 503) {
        // A call that was cut off may still be on its way to the group, until its lease is over.
        world.clock.now += 10 * 60_000
        ;({ status } = await decide(call, finding, 'merge', nativeId))
      }
      // 409: the first one had closed the finding.
      expect([200, 409]).toContain(status)
      expect(await findings('state=closed')).toMatchObject([{ id: finding.id }])
      expect(theirs.people.has(one.account_no)).toBe(true)
      expect([one.state, two.state === 'enabled']).toEqual(['enabled', false])
      expect((await world.ask('GET', '/Users')).body.totalResults).toBe(1)
    }
  })

  test('moves memberships that Postern itself holds', async () => {
    const { world, call, finding, nativeId } = await twins({
      policy: { groups: { mode: 'record' } },
    })
    const listed = await world.ask('GET', match('userName', LOGIN))
    const ids = listed.body.Resources.map((r: { id: string }) => r.id)
    const kept = (
      await env.DB.prepare('SELECT id FROM link WHERE native_id = ? AND id IN (?, ?)')
        .bind(nativeId, ...ids)
        .first<{ id: string }>()
    )?.id
    const other = ids.find((id: string) => id !== kept)
    const body = { schemas: [GROUP_SCHEMA], displayName: 'Line 4', members: [{ value: other }] }
    const group = idOf(await world.ask('POST', '/Groups', body))
    expect((await decide(call, finding, 'merge', nativeId)).status).toBe(200)
    const { members } = (await world.ask('GET', `/Groups/${group}`)).body
    expect(members.map((m: { value: string }) => m.value)).toEqual([kept])
  })

  test('says which accounts the app could not disable', async () => {
    const { call, finding, two, nativeId } = await twins({ capabilities: { active: 'none' } })
    const { body } = await decide(call, finding, 'merge', nativeId)
    expect(body.detail.decided.notDisabled).toEqual([String(two.account_no)])
  })

  test('is refused for protected accounts, and unless the connection is live', async () => {
    const { world, call, finding, two, nativeId } = await twins()
    await call('PATCH', '', { mode: 'gate' })
    const gated = await decide(call, finding, 'merge', nativeId)
    expect(gated.status).toBe(409)
    expect(gated.body.detail).toContain('live')
    await call('PATCH', '', { mode: 'live', policy: { protected: [two.login] } })
    // Patterns know no letter case, so that both are protected.
    expect((await decide(call, finding, 'merge', nativeId)).status).toBe(409)
    await call('PATCH', '', { policy: { protected: null } })
    await env.DB.prepare(
      'UPDATE link SET verdict = ? WHERE native_id = ? AND connection = (SELECT id FROM connection WHERE name = ?)',
    )
      .bind('protected', String(two.account_no), world.scim.name)
      .run()
    const refused = await decide(call, finding, 'merge', nativeId)
    expect(refused.status).toBe(409)
    expect(refused.body.detail).toContain(`${two.account_no} is protected`)
    expect(world.changes()).toBe(0)
    expect(await verdicts(world)).toMatchObject({ [nativeId]: null })
  })
})
