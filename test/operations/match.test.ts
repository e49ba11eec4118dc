/** Match rules through the front door: who is linked, who is offered, and why somebody is not. */
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import type { AnyPort, AttributeSpec } from '../../src/adapter/contract.ts'
import type { Answer } from '../support/gateway.ts'
import { adminOf } from '../support/reconcile.ts'
import { brownfield, idOf, match, openWorld, patch, person, type World } from '../support/world.ts'

const LOGIN = 'ada.lund@contoso.com'
const WORK = 'emails[type eq "work"].value'
const title = patch({ op: 'replace', path: 'title', value: 'Welder' })

interface Finding {
  readonly id: string
  readonly kind: string
  readonly detail: {
    readonly candidates: readonly {
      readonly nativeId: string
      readonly rules: readonly string[]
      readonly reasons: readonly string[]
    }[]
  }
}

async function findingsOf({ scim }: World): Promise<Finding[]> {
  const { results } = await env.DB.prepare(
    `SELECT f.id, f.kind, f.detail FROM finding f JOIN connection c ON c.id = f.connection
      WHERE c.name = ? ORDER BY f.first_seen`,
  )
    .bind(scim.name)
    .all<{ id: string; kind: string; detail: string }>()
  return results.map((row) => ({ ...row, detail: JSON.parse(row.detail) }))
}

/** By account, the reasons in the one finding; the refusal names it. */
async function reasonsIn(world: World, refusal: Answer): Promise<Record<string, unknown>> {
  const [finding, ...others] = await findingsOf(world)
  if (!finding || others.length > 0) throw new Error(`${others.length} other findings`)
  expect(finding.kind).toBe('ambiguous')
  expect(refusal.body.detail).toContain(finding.id)
  return Object.fromEntries(finding.detail.candidates.map((c) => [c.nativeId, c.reasons]))
}

describe('an app that tells letter case', () => {
  const login: AttributeSpec = {
    type: 'string',
    write: 'always',
    required: true,
    unique: true,
    caseExact: true,
  }

  test('is not given a second account for a name that is the same to the client', async () => {
    const world = await openWorld({ attributes: { login } })
    brownfield(world, LOGIN)
    const found = await world.ask('GET', match('userName', LOGIN.toUpperCase()))
    expect(found.body.totalResults).toBe(1)
    const adopted = await world.ask('POST', '/Users', person(LOGIN.toUpperCase()))
    expect([adopted.status, adopted.body.id]).toEqual([201, found.body.Resources[0].id])
    expect([...world.desk.store.accounts()]).toHaveLength(1)
  })

  test('has two people of one name, of whom neither is taken', async () => {
    const twins = ['ada', 'ADA'].map((given) => `${given}.lund@contoso.com`)
    const world = await openWorld({ attributes: { login }, port: twinsOf(twins) })
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.totalResults).toBe(2)
    const refused = await world.ask('POST', '/Users', person(LOGIN))
    expect([refused.status, refused.body.scimType]).toEqual([409, 'uniqueness'])
    expect(Object.keys(await reasonsIn(world, refused))).toEqual(['0', '1'])
  })
})

/** Accounts with these logins, found without letter case. */
function twinsOf(logins: readonly string[]): Partial<AnyPort> {
  const twins = logins.map((login, i) => ({
    id: String(i),
    active: true,
    attributes: { login, last_name: 'Lund' },
  }))
  return { find: async () => twins, get: async (id) => twins[Number(id)] ?? null }
}

describe('a rule', () => {
  const policy = { match: [{ scim: 'userName', app: 'mail' }] }

  test('compares a path with an attribute that it is not mapped to', async () => {
    const world = await openWorld({ policy })
    const account = brownfield(world, 'alund', { mail: LOGIN })
    const found = await world.ask('GET', match('userName', LOGIN.toUpperCase()))
    expect(found.body.totalResults).toBe(1)
    expect(found.body.Resources[0].userName).toBe('alund')
    const adopted = await world.ask('POST', '/Users', person(LOGIN))
    expect(adopted.status).toBe(201)
    expect(adopted.body.id).toBe(found.body.Resources[0].id)
    expect(world.logins(LOGIN)).toEqual([account.account_no])
    // From now on the person goes by that name, and by no other.
    expect((await world.ask('GET', match('userName', LOGIN))).body.totalResults).toBe(1)
    expect((await world.ask('GET', match('userName', 'alund'))).body.totalResults).toBe(0)
  })

  test('finds nobody by the attribute that it does not compare', async () => {
    const world = await openWorld({ policy })
    brownfield(world, LOGIN, { mail: 'somebody@else.example' })
    expect((await world.ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(409)
    expect(world.changes()).toBe(0)
  })

  test('asks for the rest of a filter as well', async () => {
    const world = await openWorld({ policy })
    brownfield(world, 'alund', { mail: LOGIN, state: 'suspended' })
    const filter = (active: boolean) =>
      `/Users?filter=${encodeURIComponent(`userName eq "${LOGIN}" and active eq ${active}`)}`
    expect((await world.ask('GET', filter(true))).body.totalResults).toBe(0)
    expect((await world.ask('GET', filter(false))).body.totalResults).toBe(1)
  })

  test('does not offer the account of somebody who is managed under another name', async () => {
    const world = await openWorld({ policy })
    brownfield(world, 'alund', { mail: LOGIN })
    idOf(await world.ask('POST', '/Users', person(LOGIN)))
    const [no = 0] = world.logins(LOGIN)
    const account = world.desk.store.account(no)
    if (account) world.desk.store.updateAccount(account, { mail: 'shared@contoso.com' })
    const asked = await world.ask('GET', match('userName', 'shared@contoso.com'))
    expect(asked.body.totalResults).toBe(0)
    const second = await world.ask('POST', '/Users', person('shared@contoso.com'))
    expect(second).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
  })

  test('normalises both sides, where the app could not look the value up', async () => {
    const rules = [{ scim: 'userName', app: 'login', normalize: ['trim', 'beforeAt'] }]
    const world = await openWorld({ policy: { match: rules } })
    const account = brownfield(world, 'Ada.Lund')
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.totalResults).toBe(1)
    const adopted = await world.ask('POST', '/Users', person(LOGIN))
    expect(adopted.status).toBe(201)
    expect(world.logins(LOGIN)).toEqual([account.account_no])
  })

  test('with several values matches by each of them', async () => {
    const rules = [{ scim: 'emails.value', app: 'mail' }]
    const world = await openWorld({ policy: { match: rules } })
    const account = brownfield(world, 'alund', { mail: 'ada@old.example' })
    const emails = [
      { type: 'work', value: LOGIN },
      { type: 'other', value: 'ada@old.example' },
    ]
    expect((await world.ask('POST', '/Users', person(LOGIN, { emails }))).status).toBe(201)
    expect(world.logins(LOGIN)).toEqual([account.account_no])
  })

  test('whose keys differ in form lets two requests for one person meet', async () => {
    const phone = 'phoneNumbers[type eq "work"].value'
    const rules = [{ scim: phone, normalize: ['digits'] }]
    const world = await openWorld({ policy: { match: rules }, faults: { uniqueness: 'off' } })
    const withPhone = (userName: string, value: string) =>
      person(userName, { phoneNumbers: [{ type: 'work', value }] })
    idOf(await world.ask('POST', '/Users', withPhone('a@contoso.com', '+46 70-1')))
    const second = await world.ask('POST', '/Users', withPhone('b@contoso.com', '(46) 701'))
    expect(second).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
    expect(world.logins('b@contoso.com')).toEqual([])
    // The client that manages the person finds them by either form.
    expect((await world.ask('GET', match(phone, '46701'))).body.totalResults).toBe(1)
  })

  test('that is changed strands no claim of its former self', async () => {
    const world = await openWorld({ policy: { match: [{ scim: WORK }] } })
    const emails = (value: string) => ({ emails: [{ type: 'work', value }] })
    const id = idOf(await world.ask('POST', '/Users', person(LOGIN, emails('ada@x.io'))))
    const call = adminOf(world.open(), world.scim)
    const change = { policy: { match: [{ scim: WORK, normalize: ['beforeAt'] }] } }
    expect((await call('PATCH', '', change)).status).toBe(200)
    world.clock.now += 10 * 60_000
    expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(200)
    const { results } = await env.DB.prepare(
      `SELECT kind, norm FROM claim WHERE link = ? ORDER BY kind`,
    )
      .bind(id)
      .all()
    expect(results).toEqual([
      { kind: `${WORK}|beforeAt`, norm: 'ada' },
      { kind: 'userName', norm: LOGIN },
    ])
  })
})

describe('tiers', () => {
  const policy = {
    match: [
      { scim: 'userName', tier: 1 },
      { scim: WORK, tier: 1 },
      { scim: 'title', app: 'job_title', tier: 2, auto: false },
    ],
  }
  const ada = person(LOGIN, { emails: [{ type: 'work', value: LOGIN }], title: 'Mayor' })

  test('are asked as one: two rules that hit different accounts link neither', async () => {
    const world = await openWorld({ policy })
    const byLogin = brownfield(world, LOGIN)
    const byMail = brownfield(world, 'other', { mail: LOGIN })
    const refused = await world.ask('POST', '/Users', ada)
    expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
    expect(await reasonsIn(world, refused)).toEqual({
      [byLogin.account_no]: ['several'],
      [byMail.account_no]: ['several'],
    })
    expect(world.changes()).toBe(0)
  })

  test('that hit the same account by two rules link it', async () => {
    const world = await openWorld({ policy })
    const account = brownfield(world, LOGIN, { mail: LOGIN })
    expect((await world.ask('POST', '/Users', ada)).status).toBe(201)
    expect(world.logins(LOGIN)).toEqual([account.account_no])
  })

  test('that follow are not asked where one has hit', async () => {
    const world = await openWorld({ policy })
    const account = brownfield(world, LOGIN)
    brownfield(world, 'mayor@contoso.com', { job_title: 'Mayor' })
    expect((await world.ask('POST', '/Users', ada)).status).toBe(201)
    expect(world.logins(LOGIN)).toEqual([account.account_no])
  })

  test('that only suggest make a finding, never a link', async () => {
    const world = await openWorld({ policy })
    const mayor = brownfield(world, 'mayor@contoso.com', { job_title: 'Mayor' })
    const refused = await world.ask('POST', '/Users', ada)
    expect(refused.status).toBe(409)
    expect(await reasonsIn(world, refused)).toEqual({ [mayor.account_no]: ['not-automatic'] })
    const [finding] = await findingsOf(world)
    expect(finding?.detail.candidates[0]?.rules).toEqual(['title'])
    expect(JSON.stringify(finding)).not.toContain('Mayor')
  })
})

describe('an account whose domain is not allowed', () => {
  const rules = [{ scim: 'userName', require: { domainIn: ['contoso.com'] } }]
  const outsider = 'ada.lund@evil.example'

  test('is neither linked nor offered, and a finding says why', async () => {
    const world = await openWorld({ policy: { match: rules } })
    const account = brownfield(world, outsider)
    expect((await world.ask('GET', match('userName', outsider))).body.totalResults).toBe(0)
    const refused = await world.ask('POST', '/Users', person(outsider))
    expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } })
    expect(await reasonsIn(world, refused)).toEqual({ [account.account_no]: ['domain'] })
    expect(refused.body.detail).not.toContain(outsider)
    expect(world.changes()).toBe(0)
  })

  test('is listed, and a write by its id takes nothing over', async () => {
    const world = await openWorld({ policy: { match: rules } })
    const account = brownfield(world, outsider)
    const listed = await world.ask('GET', '/Users')
    const { id } = listed.body.Resources[0]
    expect((await world.ask('GET', `/Users/${id}`)).status).toBe(200)
    const refused = await world.ask('PATCH', `/Users/${id}`, title)
    expect(refused.status).toBe(400)
    expect(await reasonsIn(world, refused)).toEqual({ [account.account_no]: ['domain'] })
    expect((await world.ask('PUT', `/Users/${id}`, person(outsider))).status).toBe(400)
    expect((await world.ask('DELETE', `/Users/${id}`)).status).toBe(400)
    expect(world.changes()).toBe(0)
    const again = await world.ask('GET', `/Users/${id}`)
    expect(again.body.meta.version).toBe(listed.body.Resources[0].meta.version)
  })

  test('and one whose domain is are linked and offered as ever', async () => {
    const world = await openWorld({ policy: { match: rules } })
    brownfield(world, LOGIN)
    const found = await world.ask('GET', match('userName', LOGIN))
    expect(found.body.totalResults).toBe(1)
    const changed = await world.ask('PATCH', `/Users/${found.body.Resources[0].id}`, title)
    expect(changed.status).toBe(200)
  })

  test('is found by the client that manages it, which had it before the condition', async () => {
    const world = await openWorld()
    const id = idOf(await world.ask('POST', '/Users', person(outsider)))
    const call = adminOf(world.open(), world.scim)
    await call('PATCH', '', { policy: { match: rules } })
    world.clock.now += 60_000
    const found = await world.ask('GET', match('userName', outsider))
    expect(found.body.Resources.map((r: { id: string }) => r.id)).toEqual([id])
    expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(200)
  })
})

describe('an account that a suggesting rule hits', () => {
  test('is not offered to a match query, and not taken over by a write', async () => {
    const world = await openWorld({ policy: { match: [{ scim: 'userName', auto: false }] } })
    brownfield(world, LOGIN)
    expect((await world.ask('GET', match('userName', LOGIN))).body.totalResults).toBe(0)
    const listed = await world.ask('GET', '/Users')
    const { id } = listed.body.Resources[0]
    expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(400)
    expect(world.changes()).toBe(0)
  })
})

describe('a value that the app must have verified', () => {
  const mail: AttributeSpec = { type: 'string', write: 'always', verifiedBy: 'mail_seen' }
  const attributes = { mail, mail_seen: { type: 'boolean', write: 'never' } } as const
  const rules = [{ scim: 'userName', app: 'mail', require: { verifiedInApp: true } }]

  /** The app shows accounts of which it has seen the address. */
  async function openVerifying(seen: readonly string[]): Promise<World> {
    const world = await openWorld({
      attributes,
      shows: (object) => {
        const isSeen = seen.includes(String(object.attributes['mail']))
        return { ...object, attributes: { ...object.attributes, mail_seen: isSeen } }
      },
    })
    const call = adminOf(world.open(), world.scim)
    const changed = await call('PATCH', '', { policy: { match: rules } })
    expect(changed.status).toBe(200)
    world.clock.now += 60_000
    return world
  }

  test('links where it has, and is a finding where it has not', async () => {
    const world = await openVerifying([LOGIN])
    brownfield(world, 'alund', { mail: LOGIN })
    const squatter = brownfield(world, 'squatter', { mail: 'boss@contoso.com' })
    expect((await world.ask('POST', '/Users', person(LOGIN))).status).toBe(201)
    const asked = await world.ask('GET', match('userName', 'boss@contoso.com'))
    expect(asked.body.totalResults).toBe(0)
    const refused = await world.ask('POST', '/Users', person('boss@contoso.com'))
    expect(refused.status).toBe(409)
    expect(await reasonsIn(world, refused)).toEqual({ [squatter.account_no]: ['not-verified'] })
    expect(squatter.first_name).toBe('Was')
  })

  test('is refused by the admin API where the adapter cannot tell', async () => {
    const world = await openWorld()
    const call = adminOf(world.open(), world.scim)
    const refused = await call('PATCH', '', { policy: { match: rules } })
    expect(refused.status).toBe(422)
    expect(refused.body.errors[0].path).toBe('policy.match.0.require.verifiedInApp')
    expect(refused.body.errors[0].message).toContain('domainIn')
  })
})

describe('an excluded account', () => {
  const policy = {
    exclude: ['svc-*', { app: 'org_unit', pattern: 'vendor' }],
    match: [{ scim: WORK }],
  }
  const withMail = (userName: string, value: string) =>
    person(userName, { emails: [{ type: 'work', value }] })

  test('is listed and read, but no answer to a filter that asks for one person', async () => {
    const world = await openWorld({ policy })
    brownfield(world, 'svc-backup', { mail: 'it@contoso.com' })
    expect((await world.ask('GET', '/Users')).body.totalResults).toBe(1)
    for (const asked of [match(WORK, 'it@contoso.com'), match('userName', 'svc-backup')]) {
      expect((await world.ask('GET', asked)).body.totalResults).toBe(0)
    }
  })

  test('makes nobody else ambiguous', async () => {
    const world = await openWorld({ policy })
    brownfield(world, 'svc-backup', { mail: LOGIN })
    const account = brownfield(world, 'alund', { mail: LOGIN })
    expect((await world.ask('GET', match(WORK, LOGIN))).body.totalResults).toBe(1)
    expect((await world.ask('POST', '/Users', withMail(LOGIN, LOGIN))).status).toBe(201)
    expect(world.logins(LOGIN)).toEqual([account.account_no])
  })

  test('alone is neither linked nor doubled', async () => {
    const world = await openWorld({ policy })
    const account = brownfield(world, 'x', { mail: LOGIN, org_unit: 'Vendor' })
    const refused = await world.ask('POST', '/Users', withMail(LOGIN, LOGIN))
    expect(refused.status).toBe(409)
    expect(await reasonsIn(world, refused)).toEqual({ [account.account_no]: ['excluded'] })
    expect(world.logins(LOGIN)).toEqual([])
  })

  test('refuses a first write by its id', async () => {
    const world = await openWorld({ policy })
    brownfield(world, 'svc-backup', { mail: LOGIN })
    const { id } = (await world.ask('GET', '/Users')).body.Resources[0]
    const refused = await world.ask('PATCH', `/Users/${id}`, title)
    expect(refused.status).toBe(400)
    expect(refused.body.detail).toContain((await findingsOf(world))[0]?.id)
    expect(world.changes()).toBe(0)
  })

  test('that a client made or managed before stays in its hands', async () => {
    const world = await openWorld({ policy })
    const id = idOf(await world.ask('POST', '/Users', withMail('svc-new', 'svc@contoso.com')))
    expect((await world.ask('GET', match(WORK, 'svc@contoso.com'))).body.totalResults).toBe(1)
    expect((await world.ask('PATCH', `/Users/${id}`, title)).status).toBe(200)
  })

  test('that a cut-off create has made is found by the retry', async () => {
    const world = await openWorld({ policy })
    world.desk.failNext({ match: 'POST /api/accounts', when: 'after', how: 'reset' })
    const body = withMail('svc-new', 'svc@contoso.com')
    await world.ask('POST', '/Users', body)
    world.clock.now += 10 * 60_000
    const retried = await world.ask('POST', '/Users', body)
    expect([201, 409]).toContain(retried.status)
    expect(world.logins('svc-new')).toHaveLength(1)
    expect((await world.ask('GET', match(WORK, 'svc@contoso.com'))).body.totalResults).toBe(1)
  })
})
