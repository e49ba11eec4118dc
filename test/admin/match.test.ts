/** Match rules that can never work are refused, with the place of the error and what to write. */
import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/scim/schema.ts'
import { admin } from '../support/gateway.ts'
import { DESK_KEY, DESK_URL } from '../support/open-desk.ts'

async function create(connection: JsonObject) {
  const name = `m-${crypto.randomUUID()}`
  return admin('POST', '/connections', { name, ...connection })
}

const withRule = (rule: JsonObject, more: JsonObject = {}) =>
  create({
    adapter: 'example',
    settings: { url: DESK_URL },
    secrets: { apiKey: DESK_KEY },
    policy: { match: [{ scim: 'userName' }, rule] },
    ...more,
  })

test.each<[string, JsonObject]>([
  ['a path with what it is mapped to', { scim: 'emails[type eq "work"].value' }],
  ['a path in another letter case', { scim: 'USERNAME' }],
  ['any path with any attribute', { scim: 'nickName', app: 'job_title', auto: false }],
  ['every address', { scim: 'emails.value', app: 'mail', normalize: ['trim', 'lower'] }],
  ['an allowed domain', { scim: 'userName', tier: 1, require: { domainIn: ['contoso.com'] } }],
])('a rule that compares %s is taken', async (_, rule) => {
  const answer = await withRule(rule)
  expect(answer.status).toBe(201)
})

test.each<[JsonObject, string, string]>([
  [{ scim: 'nickName' }, 'scim', '"app"'],
  [{ scim: 'shoe', app: 'mail' }, 'scim', 'no such attribute'],
  [{ scim: 'name', app: 'last_name' }, 'scim', 'parts'],
  [{ scim: 'emails', app: 'mail' }, 'scim', '"emails.value"'],
  [{ scim: 'active', app: 'mail' }, 'scim', 'boolean'],
  [{ scim: 'password', app: 'mail' }, 'scim', 'secret'],
  [{ scim: 'id', app: 'mail' }, 'scim', 'no client'],
  [{ scim: 'userName', app: 'email' }, 'app', '"email"'],
  [{ scim: 'userName', require: { verifiedInApp: true } }, 'require.verifiedInApp', '"login"'],
  [{ scim: 'userName', require: { domainIn: ['@x.io'] } }, 'require.domainIn.0', 'domain'],
  [{ scim: 'userName', normalize: ['soundex'] }, 'normalize.0', ''],
])('the rule %j is refused at %s', async (rule, member, message) => {
  const answer = await withRule(rule)
  expect(answer.status).toBe(422)
  const fault = answer.body.errors.find((e: JsonObject) => e['path'] === `policy.match.1.${member}`)
  expect(fault?.message).toContain(message)
})

test('a mapping that takes the attribute of a rule away is refused with it', async () => {
  const mapping = { User: { userName: 'login', 'name.familyName': 'last_name' } }
  const answer = await withRule({ scim: 'title' }, { mapping })
  expect(answer.body.errors[0].path).toBe('policy.match.1.scim')
})

test('the sandbox compares its top-level attributes, and takes no parts', async () => {
  const policy = (rule: JsonObject) => ({ policy: { match: [rule] } })
  const ok = await create({ adapter: 'sandbox', ...policy({ scim: 'externalId' }) })
  expect(ok.status).toBe(201)
  const work = { scim: 'emails[type eq "work"].value', app: 'emails' }
  const refused = await create({ adapter: 'sandbox', ...policy(work) })
  expect(refused.body.errors[0].path).toBe('policy.match.0.app')
})

test('a pattern on an attribute that the app lacks protects and excludes nobody: refused', async () => {
  const pattern = [{ app: 'rank', pattern: 'owner' }]
  for (const key of ['protected', 'exclude']) {
    const answer = await withRule({ scim: 'userName' }, { policy: { [key]: pattern } })
    expect(answer.body.errors[0].path).toBe(`policy.${key}.0.app`)
  }
})
