/** A scan as a row of D1, and as the rest of Postern knows it. */

/** What the app's account and its link look like beside each other. */
export const SITUATIONS = [
  /** A client manages it. */
  'linked',
  /** In the app only: no client has written to it. */
  'discovered',
  /** Another account answers to the same key of an automatic match rule. */
  'ambiguous',
  /** In the app only, and protected: a client's write would be refused. */
  'protected',
  /** The app has given the native id of a link to another account. */
  'id-reuse',
  /** Linked, and a value of the app moved away from what it had made of the client's. */
  'drift',
  /** Linked, switched off by the client, and switched on in the app. */
  'reactivated',
  /** Deleted by a client; policy or the app kept the account, and reads hide it. */
  'hidden',
  /** Linked, and not in the app. */
  'missing',
] as const
export type Situation = (typeof SITUATIONS)[number]

export type ScanState = 'running' | 'done' | 'refused' | 'failed'
export type ScanPhase = 'walk' | 'ambiguous' | 'missing' | 'findings'

export interface Scan {
  readonly id: string
  readonly connection: string
  readonly type: string
  readonly dryRun: boolean
  /** An administrator has said that the app really became this small. */
  readonly acceptShrink: boolean
  /** What its keys were made under: `basisOf`. */
  readonly basis: string
  readonly state: ScanState
  readonly phase: ScanPhase
  readonly cursor: string | undefined
  readonly step: number
  readonly seen: number
  readonly total: number | undefined
  readonly failures: number
  /** `restored`: of those that had drifted, accounts in which something was put back. */
  readonly counts: Readonly<Partial<Record<Situation | 'restored', number>>>
  readonly note: string | undefined
  readonly pruned: boolean
  /** Milliseconds. */
  readonly startedAt: number
  readonly touchedAt: number
  readonly finishedAt: number | undefined
}

export interface ScanRow {
  id: string
  connection: string
  type: string
  dry_run: number
  accept_shrink: number
  basis: string
  state: ScanState
  phase: ScanPhase
  cursor: string | null
  step: number
  seen: number
  total: number | null
  failures: number
  counts: string
  note: string | null
  pruned: number
  started_at: number
  touched_at: number
  finished_at: number | null
}

export function toScan(row: ScanRow): Scan {
  return {
    id: row.id,
    connection: row.connection,
    type: row.type,
    dryRun: row.dry_run === 1,
    acceptShrink: row.accept_shrink === 1,
    basis: row.basis,
    state: row.state,
    phase: row.phase,
    cursor: row.cursor ?? undefined,
    step: row.step,
    seen: row.seen,
    total: row.total ?? undefined,
    failures: row.failures,
    counts: JSON.parse(row.counts) as Scan['counts'],
    note: row.note ?? undefined,
    pruned: row.pruned === 1,
    startedAt: row.started_at,
    touchedAt: row.touched_at,
    finishedAt: row.finished_at ?? undefined,
  }
}

/** An account that a scan met, or a link whose account it did not meet. */
export interface ScannedAccount {
  readonly nativeId: string
  readonly link: string | undefined
  readonly display: string | undefined
  readonly situation: Situation
  /** Reasons: names and counts. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface ScannedAccountRow {
  native_id: string
  link: string | null
  display: string | null
  situation: Situation
  detail: string
}

export function toScannedAccount(row: ScannedAccountRow): ScannedAccount {
  return {
    nativeId: row.native_id,
    link: row.link ?? undefined,
    display: row.display ?? undefined,
    situation: row.situation,
    detail: JSON.parse(row.detail) as ScannedAccount['detail'],
  }
}

/** A normalised key of one account, and what speaks against linking by it. */
export interface ScannedKey {
  readonly kind: string
  readonly norm: string
  readonly nativeId: string
  /** Conditions of the match rule. */
  readonly unmet: readonly string[]
  /** Out of matching by policy, and managed by nobody. */
  readonly excluded: boolean
}
