/** Brownfield: people who have an account in the app are found and linked, and nobody is guessed. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  person,
  type World,
} from '../support/world.ts'

const LOGIN = 'Ada.Lund@example.com'

async function findingsOf({ scim }: World): Promise<{ kind: string; subject: string }[]> {
  const { results } = await env.DB.prepare(
    `SELECT f.kind, f.subject FROM finding f JOIN connection c ON c.id = f.connection
      WHERE c.name = ? ORDER BY f.kind`,
  )
    .bind(scim.name)
    .all<{ kind: string; subject: string }>()
  return results
}

describe('POST', () => {
  test('for an account that is there adopts it and changes what differs', async () => {
    const world = await openWorld()
    const account = brownfield(world, LOGIN.toLowerCase(), { job_title: 'Welder' })
    const created = await world.ask('POST', '/Users', person(LOGIN, { nickName: 'Ada' }))
    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({ userName: LOGIN, nickName: 'Ada', title: 'Welder' })
    expect(world.logins(LOGIN)).toEqual([account.account_no])
    expect(account.first_name).toBe('Ada')
    // What the client did not send stays as the app has it.
    expect(account.job_title).toBe('Welder')
  })

  test('for an account that a read has met keeps the id that the read gave out', async () => {
    const world = await openWorld()
    brownfield(world, LOGIN)
    const found = await world.ask('GET', match('userName', LOGIN))
    const created = await world.ask('POST', '/Users', person(LOGIN))
    expect(created.status).toBe(201)
    expect(created.body.id).toBe(found.body.Resources[0].id)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
  })

  test('of a disabled account without a word on "active" enables it', async () => {
    const world = await openWorld()
    const account = brownfield(world, LOGIN, { state: 'suspended' })
    const { active: _, ...silent } = person(LOGIN)
    expect((await world.ask('POST', '/Users', silent)).body.active).toBe(true)
    expect(account.state).toBe('enabled')
  })

  test('is 409 under the policy "conflict", and changes nothing', async () => {
    const world = await openWorld({ policy: { onCreateExisting: 'conflict' } })
    brownfield(world, LOGIN)
    const refused = await world.ask('POST', '/Users', person(LOGIN))
    expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
    expect(world.changes()).toBe(0)
    // The name is not taken by the refusal.
    expect((await world.ask('POST', '/Users', person('other@example.com'))).status).toBe(201)
  })

  test('under "conflict" still ends a create of its own whose answer was lost', async () => {
    const world = await openWorld({ policy: { onCreateExisting: 'conflict' } })
    world.desk.failNext({ match: 'POST /api/accounts', when: 'after', how: 'reset' })
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    expect(world.logins(LOGIN)).toHaveLength(1)
  })

  test('that matches several accounts links none of them and becomes a finding', async () => {
    const world = await openWorld({ faults: { uniqueness: 'off' } })
    const [one, two] = [brownfield(world, LOGIN), brownfield(world, LOGIN.toUpperCase())]
    const listed = await world.ask('GET', match('userName', LOGIN))
    expect(listed.body.totalResults).toBe(2)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    expect(world.logins(LOGIN)).toHaveLength(2)
    const subject = `User:${one.account_no},${two.account_no}`
    expect(await findingsOf(world)).toEqual([{ kind: 'ambiguous', subject }])
  })

  test('that only a rule without "auto" matches is a finding, not a second account', async () => {
    const match = [{ scim: 'userName', auto: false }]
    const world = await openWorld({ policy: { match }, faults: { uniqueness: 'off' } })
    brownfield(world, LOGIN)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    expect(world.logins(LOGIN)).toHaveLength(1)
    expect((await findingsOf(world)).map((f) => f.kind)).toEqual(['ambiguous'])
    expect((await world.ask('POST', '/Users', person('new@example.com'))).status).toBe(201)
  })

  test('asks the rules in their order, and the first that hits decides', async () => {
    const work = 'emails[type eq "work"].value'
    const rules = [
      { scim: work, app: 'mail', auto: true },
      { scim: 'userName', auto: true },
    ]
    const world = await openWorld({ policy: { match: rules } })
    const byMail = brownfield(world, 'a.l@example.com', { mail: 'ada@example.com' })
    const emails = [{ type: 'work', value: 'ADA@example.com' }]
    const adopted = await world.ask('POST', '/Users', person(LOGIN, { emails }))
    expect(adopted.status).toBe(201)
    expect(world.logins(LOGIN)).toEqual([byMail.account_no])
  })

  test('that the app refuses for somebody else’s sake links nobody', async () => {
    // Matched by mail alone; the login in the way is another person's.
    const rules = [{ scim: 'emails[type eq "work"].value', app: 'mail', auto: true }]
    const world = await openWorld({ policy: { match: rules } })
    const other = brownfield(world, LOGIN, { mail: 'someone.else@example.com' })
    const emails = [{ type: 'work', value: 'ada@example.com' }]
    const refused = await world.ask('POST', '/Users', person(LOGIN, { emails }))
    expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
    expect(other).toMatchObject({ first_name: 'Was', mail: 'someone.else@example.com' })
  })

  test('that shares one key with a create under way does not take that person’s account', async () => {
    const work = 'emails[type eq "work"].value'
    const rules = [
      { scim: 'userName', auto: true },
      { scim: work, app: 'mail', auto: true },
    ]
    const world = await openWorld({ policy: { match: rules } })
    const emails = [{ type: 'work', value: 'shared@example.com' }]
    const first = world.open({ step: 6, how: 'dies' })
    await first.scim(world.scim, 'POST', '/Users', person(LOGIN, { emails }))
    const made = world.logins(LOGIN)
    const second = await world.ask('POST', '/Users', person('bo.ek@example.com', { emails }))
    expect([409, 503]).toContain(second.status)
    expect(world.logins(LOGIN)).toEqual(made)
  })

  test('of a name that its holder has lost in the app is not refused for ever', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
    if (!account) throw new Error('no account')
    world.desk.store.updateAccount(account, { login: 'ada.new@example.com' })
    expect((await world.ask('GET', `/Users/${id}`)).body.userName).toBe('ada.new@example.com')
    world.clock.now += 10 * 60_000
    const next = await world.ask('POST', '/Users', person(LOGIN))
    expect(next.status).toBe(201)
    expect(next.body.id).not.toBe(id)
  })

  test('of a person whose account was removed in the app makes a new one', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
    if (account) world.desk.store.deleteAccount(account)
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(404)
    const again = await world.ask('POST', '/Users', person(LOGIN))
    expect(again.status).toBe(201)
    expect(again.body.id).not.toBe(id)
  })
})

describe('protected accounts', () => {
  const policy = { protected: ['root@*', { app: 'org_unit', pattern: 'Break-glass' }] }

  test('refuse POST, PATCH, PUT and DELETE with 400, and are still read', async () => {
    const world = await openWorld({ policy })
    const account = brownfield(world, 'Root@example.com')
    const found = await world.ask('GET', match('userName', 'root@example.com'))
    const id = found.body.Resources[0].id
    const disable = patch({ op: 'replace', path: 'active', value: false })
    const answers = [
      await world.ask('POST', '/Users', person('root@example.com')),
      await world.ask('PATCH', `/Users/${id}`, disable),
      await world.ask('PUT', `/Users/${id}`, person('root@example.com', { active: false })),
      await world.ask('DELETE', `/Users/${id}`),
    ]
    for (const { status, body } of answers) {
      expect(status).toBe(400)
      expect(body.detail).toContain('protected')
    }
    expect(account.state).toBe('enabled')
    expect(world.changes()).toBe(0)
  })

  test('a new account under a protected name is not made either', async () => {
    const world = await openWorld({ policy })
    expect((await world.ask('POST', '/Users', person('root@new.example'))).status).toBe(400)
    expect(world.logins('root@new.example')).toEqual([])
  })
})

describe('an app that gives a native id to somebody else', () => {
  test('freezes the link: 409 for reads and writes, and a finding', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const account = world.desk.store.account(world.logins(LOGIN)[0] ?? 0)
    if (!account) throw new Error('no account')
    Object.assign(account, { created_on: '2001-01-01T00:00:00.000Z' })
    const before = world.changes()
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(409)
    const title = patch({ op: 'replace', path: 'title', value: 'x' })
    expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(409)
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(409)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    expect(world.changes()).toBe(before)
    expect((await findingsOf(world)).map((f) => f.kind)).toEqual(['id-reuse'])
  })

  test('freezes a group as well, for members too', async () => {
    const world = await openWorld()
    const value = idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const group = { schemas: [GROUP_SCHEMA], displayName: 'Desk' }
    const id = idOf(await world.ask('POST', '/Groups', group))
    const [team] = world.desk.store.teams()
    if (!team) throw new Error('no team')
    Object.assign(team, { created_on: '2001-01-01T00:00:00.000Z' })
    const before = world.changes()
    const join = patch({ op: 'add', path: 'members', value: [{ value }] })
    const name = patch({ op: 'replace', path: 'displayName', value: 'x' })
    expect((await world.ask('GET', `/Groups/${id}`)).status).toBe(409)
    for (const body of [join, name]) {
      expect((await world.ask('PATCH', `/Groups/${id}`, body)).status).toBe(409)
    }
    expect((await world.ask('DELETE', `/Groups/${id}`)).status).toBe(409)
    expect(world.changes()).toBe(before)
    expect(team.people.size).toBe(0)
    expect((await findingsOf(world)).map((f) => f.kind)).toEqual(['id-reuse'])
  })
})
