/** The pre-flight: each verdict, in chunks, against the example app's brownfield people. */
import { expect, test } from 'vitest'
import { SEED_ACCOUNTS } from '../../examples/legacy-app/people.ts'
import type { JsonObject } from '../../src/scim/schema.ts'
import { openIsolate } from '../support/isolate.ts'
import { openDesk } from '../support/open-desk.ts'
import { adminOf, deskConnection, driveToEnd } from '../support/reconcile.ts'

const MAIL_RULE = { scim: 'emails[type eq "work"].value', app: 'mail' }

async function brownfield(options: JsonObject = {}) {
  const desk = openDesk({ seed: true })
  const clock = { now: Date.now() }
  const scim = await deskConnection(options)
  const isolate = openIsolate(clock, desk.fetch)
  const call = adminOf(isolate, scim)
  /** As the CLI does it: wait for the scan, then ask again. */
  const preflight = async (body: unknown) => {
    const first = await call('POST', '/preflight', body)
    if (first.status !== 202) return first
    await driveToEnd(call, first.body.waitFor.id)
    return call('POST', '/preflight', body)
  }
  return { desk, clock, scim, isolate, call, preflight }
}

const graphUser = (userPrincipalName: string, more: JsonObject = {}): JsonObject => ({
  id: `id-${userPrincipalName.toLowerCase()}`,
  userPrincipalName,
  mail: userPrincipalName,
  givenName: 'Some',
  surname: 'Body',
  accountEnabled: true,
  ...more,
})

const everybody = SEED_ACCOUNTS.map(({ login, mail, last_name }) =>
  graphUser(login.toLowerCase(), { mail, surname: last_name }),
)

test('without a young scan it is 202 with the scan to wait for, and the answer follows its end', async () => {
  const { clock, call, preflight } = await brownfield()
  const waiting = await call('POST', '/preflight', { value: everybody })
  expect(waiting.status).toBe(202)
  expect(waiting.body.waitFor).toMatchObject({ state: 'running', dryRun: true })
  const judged = await preflight({ value: everybody })
  expect(judged.status).toBe(200)
  expect(judged.body.counts).toEqual({ linked: 0, adopt: 40, create: 0, ambiguous: 0, blocked: 0 })
  clock.now += 61 * 60_000
  expect((await call('POST', '/preflight', { value: everybody })).status).toBe(202)
  const older = await call('POST', '/preflight', { value: everybody, maxAgeMinutes: 120 })
  expect(older.status).toBe(200)
})

test('a person is linked, adopted by which rule, created, ambiguous or blocked, with the reason', async () => {
  const { isolate, scim, preflight } = await brownfield({
    policy: {
      match: [{ scim: 'userName', app: 'login' }, MAIL_RULE],
      protected: ['grace.lindqvist@*'],
    },
  })
  const owner = 'priya.raman@fernhollow.example'
  const adopted = await isolate.scim(scim, 'POST', '/Users', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: owner,
    name: { familyName: 'Raman' },
  })
  expect(adopted.status).toBe(201)
  const { body } = await preflight([
    graphUser(owner),
    graphUser('Tomas.Berg@fernhollow.example'),
    graphUser('callum@contoso.example', { mail: 'callum+desk@fernhollow.example' }),
    graphUser('desk@contoso.example', { mail: 'front.desk@fernhollow.example' }),
    graphUser('grace.lindqvist@fernhollow.example'),
    graphUser('new.person@contoso.example'),
    graphUser('nameless@contoso.example', { surname: null }),
    graphUser('ingrid.moe@fernhollow.example', { accountEnabled: false }),
  ])
  const verdicts = body.items.map((item: JsonObject) => [
    item['verdict'],
    item['rule'],
    item['reason'],
  ])
  expect(verdicts).toEqual([
    ['linked', undefined, undefined],
    ['adopt', 'userName', undefined],
    ['adopt', 'emails[type eq "work"].value', undefined],
    ['ambiguous', 'emails[type eq "work"].value', undefined],
    ['blocked', 'userName', 'protected'],
    ['create', undefined, undefined],
    ['blocked', undefined, 'missing-attribute'],
    ['adopt', 'userName', undefined],
  ])
  expect(body.items[1].account).toEqual({
    nativeId: '1002',
    display: 'tomas.berg@fernhollow.example',
  })
  expect(body.items[3]).toMatchObject({ count: 2 })
  expect(body.items[3].candidates).toHaveLength(2)
  expect(body.items[6].attributes).toEqual(['name.familyName'])
  expect(body.items[7].disabled).toBe(true)
  expect(body.counts).toEqual({ linked: 1, adopt: 3, create: 1, ambiguous: 1, blocked: 2 })
  // All but the seven whom somebody matches.
  expect(body.orphans.count).toBe(33)
  expect(body.orphans.items).toHaveLength(33)
})

test('a rule that is not automatic leaves the person to a decision', async () => {
  const match = [
    { scim: 'userName', app: 'login' },
    { ...MAIL_RULE, auto: false },
  ]
  const { preflight } = await brownfield({ policy: { match } })
  const { body } = await preflight([
    graphUser('callum@contoso.example', { mail: 'callum+desk@fernhollow.example' }),
  ])
  expect(body.items[0]).toMatchObject({
    verdict: 'ambiguous',
    reason: 'not-automatic',
    candidates: [{ nativeId: '1019' }],
  })
})

test('of two people of an export who match one account the second is blocked, also in another chunk', async () => {
  const match = [MAIL_RULE]
  const { call, preflight } = await brownfield({ policy: { match } })
  const mail = 'noor.haddad@fernhollow.example'
  const first = await preflight({
    value: [graphUser('noor@contoso.example', { mail }), graphUser('n2@contoso.example', { mail })],
    complete: false,
  })
  expect(first.body.items.map((i: JsonObject) => i['verdict'])).toEqual(['adopt', 'blocked'])
  expect(first.body.items[1].reason).toBe('taken')
  expect(first.body.orphans).toBeUndefined()
  const { preflight: id } = first.body
  const value = [graphUser('n3@contoso.example', { mail })]
  const second = await call('POST', '/preflight', { value, preflight: id })
  expect(second.body.items[0]).toMatchObject({ verdict: 'blocked', reason: 'taken' })
  expect(second.body.counts).toMatchObject({ adopt: 1, blocked: 2 })
  expect(second.body.orphans.count).toBe(39)
})

test('a chunk that is sent again counts once', async () => {
  const { call, preflight } = await brownfield()
  const value = everybody.slice(0, 10)
  const { body } = await preflight({ value, complete: false })
  const again = await call('POST', '/preflight', { value, preflight: body.preflight })
  expect(again.body.counts).toMatchObject({ adopt: 10 })
  expect(again.body.items).toEqual(body.items)
  const read = await call('GET', `/preflight/${body.preflight}`)
  expect(read.body.orphans.count).toBe(30)
})

test('a client with a mapping of its own says so: SCIM path to Graph property', async () => {
  const { preflight } = await brownfield()
  const value = [
    graphUser('8841@contoso.example', { extension_login: 'ADA.QUILL@fernhollow.example' }),
  ]
  const { body } = await preflight({ value, attributes: { userName: 'extension_login' } })
  expect(body.items[0]).toMatchObject({ verdict: 'adopt', account: { nativeId: '1001' } })
  const wrong = await preflight({ value, attributes: { userNaem: 'mail' } })
  expect(wrong.status).toBe(422)
  expect(wrong.body.errors[0].path).toBe('attributes.userNaem')
})

test('a pre-flight writes neither links nor findings, and asks the app for its list alone', async () => {
  const { desk, call, preflight } = await brownfield()
  await preflight({ value: everybody })
  const { calls } = desk.counters.toJSON()
  expect(Object.keys(calls).filter((key) => !key.startsWith('GET '))).toEqual([])
  expect((await call('GET', '/findings')).body.items).toEqual([])
  const again = await preflight({ value: everybody })
  expect(again.body.counts.adopt).toBe(40)
  expect(desk.counters.toJSON().calls).toEqual(calls)
})

test('what is no export is refused', async () => {
  const { call } = await brownfield()
  expect((await call('POST', '/preflight', { users: [] })).status).toBe(422)
  expect((await call('POST', '/preflight', { value: ['ada'] })).status).toBe(422)
  const value = everybody.slice(0, 1)
  const gone = await call('POST', '/preflight', { value, preflight: crypto.randomUUID() })
  expect(gone.status).toBe(404)
})
