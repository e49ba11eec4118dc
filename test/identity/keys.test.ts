import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import { claimsOf, without } from '../../src/identity/keys.ts'
import { matchRules, pathOfKind, type WrittenRule } from '../../src/identity/rules.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { user } from '../scim/definitions.ts'

const WORK = 'emails[type eq "work"].value'
const users = new Mapping(user, example.resources.User, undefined)
const rulesOf = (match: readonly WrittenRule[]) =>
  matchRules(match, user, users, example.resources.User)

describe('claims', () => {
  const rules = rulesOf([{ scim: WORK, auto: true }])

  test('are what is unique by schema and what an automatic rule matches, folded', () => {
    const resource = {
      userName: 'ADA@x.io',
      displayName: 'Ada',
      emails: [{ type: 'work', value: 'Ada@Mail.IO' }],
    }
    expect(claimsOf(user, rules, resource)).toEqual([
      { kind: 'userName', norm: 'ada@x.io' },
      { kind: WORK, norm: 'ada@mail.io' },
    ])
  })

  test('of a rule that does not link by itself are not taken', () => {
    const manual = rulesOf([{ scim: WORK, auto: false }])
    const resource = { emails: [{ type: 'work', value: 'a@x.io' }] }
    expect(claimsOf(user, manual, resource)).toEqual([])
  })

  test('name the normalisation of their rule, so that keys of a changed rule meet nobody', () => {
    const phone = 'phoneNumbers[type eq "work"].value'
    const plain = rulesOf([{ scim: phone, auto: true }])
    const digits = rulesOf([{ scim: phone, auto: true, normalize: ['digits'] }])
    const resource = { phoneNumbers: [{ type: 'work', value: '+46 70-12' }] }
    const [before] = claimsOf(user, plain, resource)
    const [after] = claimsOf(user, digits, resource)
    expect(before).toEqual({ kind: phone, norm: '+46 70-12' })
    expect(after).toEqual({ kind: `${phone}|digits`, norm: '467012' })
    expect(pathOfKind(after?.kind ?? '')).toBe(phone)
  })

  test('fold where either the schema or the app does, so that requests meet that would match', () => {
    // RFC 7643 §3.1: externalId is caseExact; the app's login is not.
    const rules = rulesOf([{ scim: 'externalId', app: 'login', auto: true }])
    expect(claimsOf(user, rules, { externalId: 'E-7' })).toEqual([
      { kind: 'externalId|lower', norm: 'e-7' },
    ])
    const lower = rulesOf([{ scim: 'userName', auto: true, normalize: ['lower'] }])
    expect(claimsOf(user, lower, { userName: 'Ada' })).toEqual([{ kind: 'userName', norm: 'ada' }])
  })

  test('of an attribute with several values are one a value', () => {
    const rules = rulesOf([{ scim: 'emails.value', app: 'mail', auto: true }])
    const resource = { emails: [{ value: 'a@x.io' }, { value: 'b@x.io' }, { value: 'A@x.io' }] }
    expect(claimsOf(user, rules, resource).map(({ norm }) => norm)).toEqual(['a@x.io', 'b@x.io'])
  })

  test('of people who share a key in another letter case are the same', () => {
    const [a, b] = ['straße@x.io', 'STRASSE@x.io'].map((userName) =>
      claimsOf(user, [], { userName }),
    )
    const [c, d] = ['É@x.io', 'é@x.io'].map((userName) => claimsOf(user, [], { userName }))
    expect(c).toEqual(d)
    expect(a).toHaveLength(1)
    expect(b).toHaveLength(1)
  })

  test('differ by kind and by key', () => {
    const a = { kind: 'userName', norm: 'a' }
    const b = { kind: 'userName', norm: 'b' }
    expect(without([a, b], [{ kind: 'other', norm: 'a' }, b])).toEqual([a])
  })
})
