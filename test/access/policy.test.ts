import { describe, expect, test } from 'vitest'
import { parsePolicy, policySchema } from '../../src/access/policy.ts'

const DEFAULTS = {
  profile: 'tolerant',
  maxPage: 100,
  mode: 'live',
  match: [{ scim: 'userName', auto: true }],
  onCreateExisting: 'adopt',
  attributes: { '*': 'keep' },
  deprovision: {
    onInactive: 'native',
    onDelete: 'native',
    downgradeTo: {},
    deleteAfterDays: 30,
    leaverAfterDays: 30,
    onRefused: 'deactivate',
  },
  drift: { '*': 'report' },
  reconcile: { everyHours: 24 },
  audit: { values: 'hashed', retentionDays: 90, reads: true },
  alerts: { silentHours: 24 },
  guard: { windowMinutes: 60, maxCount: 50, maxPercent: 10 },
  protected: [],
  exclude: [],
  groups: { mode: 'native', additiveSingleReplace: false, roleTable: [], defaultRole: {} },
  limits: { requestsPerSecond: 100, requestTimeoutMs: 25_000 },
}

describe('policy', () => {
  test('everything left out has its default', () => {
    expect(parsePolicy({})).toEqual(DEFAULTS)
  })

  test('the defaults are themselves a policy', () => {
    expect(parsePolicy(parsePolicy({}))).toEqual(DEFAULTS)
  })

  test('what is given within a part leaves the rest of that part at its defaults', () => {
    const policy = parsePolicy({ guard: { maxCount: 5 }, attributes: { title: 'drop' } })
    expect(policy.guard).toEqual({ windowMinutes: 60, maxCount: 5, maxPercent: 10 })
    expect(policy.attributes).toEqual({ '*': 'keep', title: 'drop' })
  })

  test('a protected account is given by a pattern on the login attribute or on another', () => {
    const policy = parsePolicy({ protected: ['svc-*', { app: 'role', pattern: 'owner' }] })
    expect(policy.protected).toEqual([{ pattern: 'svc-*' }, { app: 'role', pattern: 'owner' }])
  })

  test.each([
    [{ unknown: 1 }, 'unknown'],
    [{ guard: { maxcount: 1 } }, 'guard.maxcount'],
    [{ match: [{ scim: 'userName', ap: 'login' }] }, 'match.0.ap'],
  ])('%j is refused at the unknown key', (policy, path) => {
    const issue = policySchema.safeParse(policy).error?.issues[0]
    const keys = issue?.code === 'unrecognized_keys' ? issue.keys : []
    expect([...(issue?.path ?? []), ...keys].join('.')).toBe(path)
  })

  test.each([
    { profile: 'lenient' },
    { mode: 'off' },
    { maxPage: 0 },
    { guard: { maxPercent: 101 } },
    { limits: { requestTimeoutMs: 1.5 } },
    { attributes: { title: 'maybe' } },
  ])('%j is refused', (policy) => {
    expect(policySchema.safeParse(policy).success).toBe(false)
  })
})
