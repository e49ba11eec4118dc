import { describe, expect, test } from 'vitest'
import { type Candidate, decide, firstTier, type RuleHit } from '../../src/identity/decide.ts'

const auto: RuleHit = { rule: 'userName', auto: true, unmet: [] }
const suggests: RuleHit = { rule: 'title', auto: false, unmet: [] }
const blocked: RuleHit = { rule: 'userName', auto: true, unmet: ['domain', 'not-verified'] }

function account(nativeId: string, more: Partial<Candidate> = {}): Candidate {
  const facts = { link: 'free', isProtected: false, isExcluded: false } as const
  return { nativeId, hits: [auto], ...facts, ...more }
}

const outcome = (...found: Candidate[]) => {
  const decision = decide(found)
  switch (decision.kind) {
    case 'none':
      return 'none'
    case 'undecided':
      return decision.candidates.map(({ candidate, reasons }) => [candidate.nativeId, ...reasons])
    default:
      return [decision.kind, decision.candidate.nativeId]
  }
}

describe('one account', () => {
  test('that an automatic rule hits is linked', () => {
    expect(outcome(account('1'))).toEqual(['one', '1'])
    expect(outcome(account('1', { hits: [suggests, blocked, auto] }))).toEqual(['one', '1'])
  })

  test('that only a suggesting rule hits, or whose conditions are not met, is for a person', () => {
    expect(outcome(account('1', { hits: [suggests] }))).toEqual([['1', 'not-automatic']])
    expect(outcome(account('1', { hits: [blocked] }))).toEqual([['1', 'domain', 'not-verified']])
    expect(outcome(account('1', { hits: [] }))).toEqual([['1', 'not-automatic']])
  })

  test('that is managed, reused or protected is known, and not linked', () => {
    expect(outcome(account('1', { link: 'linked' }))).toEqual(['linked', '1'])
    expect(outcome(account('1', { link: 'id-reuse' }))).toEqual(['id-reuse', '1'])
    expect(outcome(account('1', { isProtected: true }))).toEqual(['protected', '1'])
    expect(outcome(account('1', { hits: [suggests], link: 'linked', isProtected: true }))).toEqual([
      ['1', 'not-automatic', 'protected', 'linked'],
    ])
  })

  test('that a cut-off create of ours has made is linked whatever the rule', () => {
    expect(outcome(account('1', { hits: [suggests], isOurs: true }))).toEqual(['one', '1'])
    expect(outcome(account('1', { isExcluded: true, isOurs: true }))).toEqual(['one', '1'])
  })
})

test('of several accounts none is linked, and each has its reasons', () => {
  const found = [
    account('1'),
    account('2', { hits: [suggests] }),
    account('3', { link: 'linked' }),
    account('4', { isProtected: true }),
  ]
  expect(outcome(...found)).toEqual([
    ['1', 'several'],
    ['2', 'several', 'not-automatic'],
    ['3', 'several', 'linked'],
    ['4', 'several', 'protected'],
  ])
})

describe('an excluded account', () => {
  const excluded = account('1', { isExcluded: true })

  test('makes no other account ambiguous', () => {
    expect(outcome(excluded, account('2'))).toEqual(['one', '2'])
  })

  test('alone lets no second account be made with its key', () => {
    expect(outcome(excluded)).toEqual([['1', 'excluded']])
  })

  test('is nobody to a rule that only suggests', () => {
    expect(outcome(account('1', { isExcluded: true, hits: [suggests] }))).toBe('none')
  })

  test('that a client manages is an account like others', () => {
    expect(outcome(account('1', { isExcluded: true, link: 'linked' }))).toEqual(['linked', '1'])
  })

  test('leaves the decision to the tiers that follow', () => {
    const tiers = [[excluded], [account('2')], [account('3')]]
    expect(firstTier(tiers).map(({ nativeId }) => nativeId)).toEqual(['1', '2'])
    expect(outcome(...firstTier(tiers))).toEqual(['one', '2'])
  })
})

describe('a person’s word', () => {
  test('on one of several accounts decides', () => {
    const chosen = account('2', { hits: [suggests], verdict: 'chosen' })
    expect(outcome(account('1'), chosen)).toEqual(['one', '2'])
  })

  test('does not link what somebody else manages, or what is protected', () => {
    const taken = account('1', { verdict: 'chosen', link: 'linked' })
    expect(outcome(taken)).toEqual(['linked', '1'])
    expect(outcome(account('1', { verdict: 'protected' }))).toEqual(['protected', '1'])
  })

  test('that it is nobody’s sets it aside as excluded', () => {
    expect(outcome(account('1', { verdict: 'aside' }), account('2'))).toEqual(['one', '2'])
    expect(outcome(account('1', { verdict: 'aside' }))).toEqual([['1', 'excluded']])
  })
})

test('a tier that hits ends the search, whatever it decides', () => {
  const tiers = [[account('1', { hits: [blocked] })], [account('2')]]
  expect(outcome(...firstTier(tiers))).toEqual([['1', 'domain', 'not-verified']])
})
