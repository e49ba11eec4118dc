import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import { normalize } from '../../src/identity/normalize.ts'
import { hitsOf, keysOf, matchRules, tiersOf, type WrittenRule } from '../../src/identity/rules.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { group, user } from '../scim/definitions.ts'

const WORK = 'emails[type eq "work"].value'
const { User, Group } = example.resources
const users = new Mapping(user, User, undefined)
const groups = new Mapping(group, Group, undefined)

const mail = { ...User.attributes.mail, verifiedBy: 'mail_seen' }
const declared = {
  ...User,
  attributes: { ...User.attributes, mail, staff_no: { type: 'number', write: 'never' } },
} as const

const rulesOf = (...match: WrittenRule[]) => matchRules(match, user, users, declared)
function ruleOf(written: WrittenRule) {
  const [rule] = rulesOf(written)
  if (!rule) throw new Error('no rule')
  return rule
}

describe('match rules', () => {
  test('come by tier, and within one in the order of the policy', () => {
    const rules = rulesOf(
      { scim: 'userName', auto: true },
      { scim: WORK, auto: true, tier: 0 },
      { scim: 'title', auto: false, tier: 1 },
    )
    const tiers = tiersOf(rules).map((tier) => tier.map(({ key }) => key))
    expect(tiers).toEqual([[WORK], ['userName', 'title']])
  })

  test('compare any path with any attribute of the app; a path alone with what it is mapped to', () => {
    const rules = rulesOf(
      { scim: 'USERNAME', app: 'mail', auto: true },
      { scim: WORK, auto: true },
      { scim: 'externalId', app: 'staff_no', auto: true },
    )
    expect(rules.map(({ key, app }) => [key, app])).toEqual([
      ['userName', 'mail'],
      [WORK, 'mail'],
      ['externalId', 'staff_no'],
    ])
  })

  test('where none is left the attribute that people sign in with decides', () => {
    expect(rulesOf({ scim: 'nickName', auto: true }).map(({ key }) => key)).toEqual(['userName'])
    const [rule] = matchRules([], group, groups, Group)
    expect(rule).toMatchObject({ key: 'displayName', app: 'title' })
  })
})

describe('normalisation', () => {
  test.each([
    [['trim'], ' Ada ', 'Ada'],
    [['lower'], 'E\u0301VA', '\u00e9va'],
    [['digits'], '+46 (0)70-12', '4607012'],
    [['beforeAt'], 'ada@x@contoso.com', 'ada@x'],
    [['beforeAt'], 'ada', 'ada'],
    [['trim', 'beforeAt'], ' ada @x.io', 'ada '],
    [[], ' Ada ', ' Ada '],
  ] as const)('%j of %j is %j', (steps, text, normalised) => {
    expect(normalize(steps, text)).toBe(normalised)
  })

  test('applies to both sides, and leaves no key where nothing is left to compare', () => {
    const rule = ruleOf({ scim: 'userName', app: 'phone', auto: true, normalize: ['digits'] })
    expect(hitsOf(rule, { userName: '+46 70' }, { phone: '00-46-70' })).toEqual([])
    expect(hitsOf(rule, { userName: '+46 70' }, { phone: '46/70' })).toHaveLength(1)
    expect(hitsOf(rule, { userName: 'none' }, { phone: '-' })).toEqual([])
  })

  test('a number in the app is compared by its digits', () => {
    const rule = ruleOf({ scim: 'externalId', app: 'staff_no', auto: true })
    expect(keysOf(rule, 1001)).toEqual(['1001'])
    expect(hitsOf(rule, { externalId: '1001' }, { staff_no: 1001 })).toHaveLength(1)
  })
})

describe('conditions', () => {
  const domainIn = ['Contoso.com']
  const unmet = (written: WrittenRule, asked: string, held: Record<string, string | boolean>) =>
    hitsOf(ruleOf(written), { userName: asked }, held).map((hit) => hit.unmet)

  test('a domain is allowed as a whole, without letter case', () => {
    const rule = { scim: 'userName', auto: true, require: { domainIn } }
    expect(unmet(rule, 'a@CONTOSO.com', { login: 'a@contoso.com' })).toEqual([[]])
    expect(unmet(rule, 'a@evil.com', { login: 'a@evil.com' })).toEqual([['domain']])
    expect(unmet(rule, 'a@x.contoso.com', { login: 'a@x.contoso.com' })).toEqual([['domain']])
    expect(unmet(rule, 'contoso.com', { login: 'contoso.com' })).toEqual([['domain']])
  })

  test('both sides need an allowed domain; a name of the app without one is decided by the client', () => {
    const rule = {
      scim: 'userName',
      auto: true,
      normalize: ['beforeAt'] as const,
      require: { domainIn },
    }
    expect(unmet(rule, 'a@contoso.com', { login: 'a' })).toEqual([[]])
    expect(unmet(rule, 'a@contoso.com', { login: 'a@evil.com' })).toEqual([['domain']])
    expect(unmet(rule, 'a@evil.com', { login: 'a' })).toEqual([['domain']])
  })

  test('a value is verified only where the app says so', () => {
    const rule = { scim: 'userName', app: 'mail', auto: true, require: { verifiedInApp: true } }
    expect(unmet(rule, 'a@x.io', { mail: 'a@x.io', mail_seen: true })).toEqual([[]])
    expect(unmet(rule, 'a@x.io', { mail: 'a@x.io', mail_seen: false })).toEqual([['not-verified']])
    expect(unmet(rule, 'a@x.io', { mail: 'a@x.io' })).toEqual([['not-verified']])
    expect(unmet({ ...rule, app: 'login' }, 'a@x.io', { login: 'a@x.io' })).toEqual([
      ['not-verified'],
    ])
  })
})
