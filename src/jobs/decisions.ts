/** Which decisions a kind of finding takes, and which accounts they may name. Pure. */
import type { Finding, FindingKind } from '../db/findings.ts'

/** These say something of the finding alone, and every kind takes them. */
const PLAIN_DECISIONS = ['ignore', 'close', 'reopen'] as const
/** These change what Postern knows of accounts. */
export const ACCOUNT_DECISIONS = ['link', 'merge', 'protect', 'unlink', 'unprotect'] as const
export type AccountDecision = (typeof ACCOUNT_DECISIONS)[number]
/** What the guard has parked passes when it is tried again, or never. */
const GUARD_DECISIONS = ['allow', 'reject'] as const
export type GuardDecision = (typeof GUARD_DECISIONS)[number]
/** `restore`: the client's last words are put back in the app. */
export type Decision =
  | (typeof PLAIN_DECISIONS)[number]
  | AccountDecision
  | GuardDecision
  | 'restore'

const BY_KIND: Readonly<Partial<Record<FindingKind, readonly Decision[]>>> = {
  ambiguous: ['link', 'merge', 'protect'],
  'id-reuse': ['link', 'unlink'],
  missing: ['unlink'],
  orphan: ['protect'],
  protected: ['unprotect'],
  drift: ['restore'],
  reactivated: ['restore'],
  guard: GUARD_DECISIONS,
}

/** In the order in which they are offered; a closed finding takes none. */
export function decisionsOf({ kind, state }: Pick<Finding, 'kind' | 'state'>): Decision[] {
  return state === 'closed' ? [] : [...(BY_KIND[kind] ?? []), ...PLAIN_DECISIONS]
}

/** Resource type and native ids that a finding is about; several only where it is ambiguous. */
export function accountsOf({ detail }: Pick<Finding, 'detail'>): {
  readonly type: string
  readonly nativeIds: readonly string[]
  /** True: there are more than it names. */
  readonly more: boolean
} {
  const { type, nativeIds, nativeId, count } = detail
  const ids = Array.isArray(nativeIds)
    ? nativeIds.map(String)
    : typeof nativeId === 'string' && nativeId !== ''
      ? [nativeId]
      : []
  return {
    type: typeof type === 'string' ? type : 'User',
    nativeIds: ids,
    more: Array.isArray(nativeIds) && typeof count === 'number' && count > ids.length,
  }
}

export interface InvalidDecision {
  readonly path: 'decision' | 'nativeId'
  readonly message: string
}

/** Undefined: the finding takes this decision about this account. */
export function invalidDecision(
  finding: Finding,
  decision: string,
  nativeId: string | undefined,
): InvalidDecision | undefined {
  const taken = decisionsOf(finding)
  if (!taken.some((one) => one === decision)) {
    const message = `a finding of kind "${finding.kind}" takes ${taken.join(', ')}`
    return { path: 'decision', message }
  }
  const { nativeIds, more, type } = accountsOf(finding)
  const names = nativeIds.join(', ')
  const path = 'nativeId'
  switch (decision) {
    case 'link':
    case 'merge':
      if (finding.kind !== 'ambiguous') return foreign(nativeIds, nativeId)
      if (decision === 'merge' && (type !== 'User' || nativeIds.length < 2)) {
        return { path: 'decision', message: 'only several accounts of people can be merged' }
      }
      if (more) {
        const message = 'more accounts answer than the finding names: settle that in the app'
        return { path: 'decision', message }
      }
      if (nativeId === undefined) {
        return { path, message: `say which account stands for the person: one of ${names}` }
      }
      return foreign(nativeIds, nativeId)
    case 'protect':
      if (finding.kind === 'orphan') {
        return nativeId === undefined
          ? { path, message: 'say which account: the report of the scan lists them' }
          : undefined
      }
      if (nativeId === undefined && nativeIds.length !== 1) {
        return { path, message: `say which account is to be protected: one of ${names}` }
      }
      return foreign(nativeIds, nativeId)
    default:
      return foreign(nativeIds, nativeId)
  }
}

function foreign(
  nativeIds: readonly string[],
  nativeId: string | undefined,
): InvalidDecision | undefined {
  if (nativeId === undefined || nativeIds.includes(nativeId)) return undefined
  const message =
    nativeIds.length > 0
      ? `must be one of the finding's own accounts: ${nativeIds.join(', ')}`
      : 'this decision is about no account: leave it out'
  return { path: 'nativeId', message }
}
