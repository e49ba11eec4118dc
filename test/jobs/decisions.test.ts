/** Which decisions a finding takes. */
import { expect, test } from 'vitest'
import { FINDING_KINDS, type Finding, type FindingKind } from '../../src/db/findings.ts'
import { ACCOUNT_DECISIONS, decisionsOf, invalidDecision } from '../../src/jobs/decisions.ts'

function finding(kind: FindingKind, detail: Finding['detail'] = {}): Finding {
  const id = crypto.randomUUID()
  const times = { firstSeen: 1, lastSeen: 1, decidedAt: undefined }
  return {
    id,
    kind,
    subject: 'User:x',
    detail: { type: 'User', ...detail },
    state: 'open',
    ...times,
  }
}

test('every kind may be ignored, closed and reopened; a closed finding takes nothing', () => {
  for (const kind of FINDING_KINDS) {
    expect(decisionsOf(finding(kind))).toEqual(
      expect.arrayContaining(['ignore', 'close', 'reopen']),
    )
    expect(decisionsOf({ kind, state: 'closed' })).toEqual([])
  }
})

test('what a kind does not take is refused with what it takes', () => {
  for (const kind of FINDING_KINDS) {
    const taken = decisionsOf(finding(kind))
    for (const decision of ACCOUNT_DECISIONS.filter((one) => !taken.includes(one))) {
      const error = invalidDecision(finding(kind), decision, undefined)
      expect(error).toMatchObject({ path: 'decision' })
      expect(error?.message).toContain(taken.join(', '))
    }
  }
})

test('more accounts than a finding names, a group, or a single account are not decided in bulk', () => {
  const many = finding('ambiguous', { nativeIds: ['1', '2'], count: 30 })
  expect(invalidDecision(many, 'link', '1')?.message).toContain('more accounts')
  const groups = finding('ambiguous', { type: 'Group', nativeIds: ['1', '2'] })
  expect(invalidDecision(groups, 'merge', '1')?.path).toBe('decision')
  expect(invalidDecision(groups, 'link', '1')).toBeUndefined()
  const one = finding('ambiguous', { nativeIds: ['1'] })
  expect(invalidDecision(one, 'merge', '1')?.path).toBe('decision')
  expect(invalidDecision(one, 'protect', undefined)).toBeUndefined()
})

test('a decision about no account names none', () => {
  const { path } = invalidDecision(finding('app-failing'), 'ignore', '1') ?? {}
  expect(path).toBe('nativeId')
})
