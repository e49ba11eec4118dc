import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import { claimsOf, matchRules, without } from '../../src/identity/keys.ts'
import { Mapping } from '../../src/mapping/mapping.ts'
import { group, user } from '../scim/definitions.ts'

const WORK = 'emails[type eq "work"].value'
const users = new Mapping(user, example.resources.User, undefined)
const groups = new Mapping(group, example.resources.Group, undefined)

const keysOf = (rules: Parameters<typeof matchRules>[0]) =>
  matchRules(rules, users, 'login').map(({ pair, auto }) => [pair.key, auto])

describe('match rules', () => {
  test('come in the order of the policy', () => {
    const rules = [
      { scim: WORK, app: 'mail', auto: true },
      { scim: 'userName', auto: false },
    ]
    expect(keysOf(rules)).toEqual([
      [WORK, true],
      ['userName', false],
    ])
  })

  test('that name nothing mapped, or another attribute of the app, are left out', () => {
    const rules = [
      { scim: 'nickName', auto: true },
      { scim: WORK, app: 'login', auto: true },
      { scim: 'userName', app: 'login', auto: true },
    ]
    expect(keysOf(rules)).toEqual([['userName', true]])
  })

  test('where none is left the attribute that people sign in with decides', () => {
    expect(keysOf([])).toEqual([['userName', true]])
    expect(matchRules([], groups, 'title').map(({ pair }) => pair.key)).toEqual(['displayName'])
  })
})

describe('claims', () => {
  const rules = matchRules([{ scim: WORK, auto: true }], users, 'login')

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
    const manual = matchRules([{ scim: WORK, auto: false }], users, 'login')
    const resource = { emails: [{ type: 'work', value: 'a@x.io' }] }
    expect(claimsOf(user, manual, resource)).toEqual([])
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
