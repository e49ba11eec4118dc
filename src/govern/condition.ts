/** What can be wrong with a connection: its kinds, how it is told of, and how often. Pure. */
import type { Severity } from '../db/alert-channels.ts'
import type { Ref } from '../db/finding-facts.ts'
import type { FindingKind } from '../db/findings.ts'

/** Those that somebody is told of, wherever they are. */
export const ALERT_KINDS = [
  'client-quarantine',
  'client-refused',
  'client-silent',
  'app-credential',
  'app-failing',
  'circuit-open',
  'guard',
  'ambiguous',
  'orphans',
  'token-expiring',
  'client-secret-expiring',
  'sealing-key-lost',
] as const
export type AlertKind = (typeof ALERT_KINDS)[number]

/**
 * What an open finding of each kind is: a condition of its own, a part of one that other facts belong to as well, or
 * nothing that keeps anybody from anything, of which a person decides when there is time.
 */
const FINDINGS = {
  ambiguous: 'part',
  'app-credential': 'part',
  'app-failing': 'part',
  guard: 'part',
  'mode-ended': 'condition',
  protected: 'condition',
  'id-reuse': 'condition',
  missing: 'condition',
  'not-created': 'condition',
  'not-removed': 'condition',
  'member-blocked': 'condition',
  'deleted-member': 'condition',
  'alert-undelivered': 'condition',
  orphan: 'waits',
  drift: 'waits',
  reactivated: 'waits',
  leaver: 'waits',
} as const satisfies Readonly<Record<FindingKind, 'condition' | 'part' | 'waits'>>

type OfOneFinding = {
  [K in FindingKind]: (typeof FINDINGS)[K] extends 'condition' ? K : never
}[FindingKind]

export type ConditionKind =
  | AlertKind
  | OfOneFinding
  | 'app-slow'
  | 'refused'
  | 'unknown-attributes'
  | 'client-misdirected'
  | 'database-unbound'
  | 'database-silent'

/** Whom it hits: all of the connection's people, or these and perhaps others whom nobody can name. */
export type Hits = 'everybody' | { readonly count: number; readonly some: readonly Ref[] }

/** Something that is wrong, while it holds. */
export interface Condition {
  readonly kind: ConditionKind
  /** An id or a code of ours; '' where the kind is one condition, whatever it counts. */
  readonly subject: string
  readonly severity: Severity
  /** Somebody is told again when it grows, and otherwise once a day: never, where it only grows. */
  readonly stage: number
  readonly count: number
  /** Numbers, times, ids and codes. */
  readonly detail: Readonly<Record<string, string | number>>
  /** Milliseconds; undefined: nobody knows. */
  readonly since: number | undefined
  readonly hits: Hits
}

export interface Alerting extends Condition {
  readonly kind: AlertKind
}

export function isAlerting(condition: Condition): condition is Alerting {
  return (ALERT_KINDS as readonly string[]).includes(condition.kind)
}

/** Kinds of findings that are conditions, or parts of one. */
export const FINDINGS_THAT_COUNT: readonly FindingKind[] = Object.entries(FINDINGS).flatMap(
  ([kind, is]) => (is === 'waits' ? [] : [kind as FindingKind]),
)

/** The order in which they are told: what stops everybody first. */
export function weightOf({ severity, hits }: Condition): number {
  return (severity === 'critical' ? 0 : 2) + (hits === 'everybody' ? 0 : 1)
}

/** Notices leave the house with ids, numbers and times: what an administrator has called a token stays. */
export function forNotice(condition: Alerting): Alerting {
  const { label: _, ...detail } = condition.detail
  return { ...condition, detail }
}

/** Somebody who was told of what holds on is told again after so long. */
const AGAIN_MS = 24 * 3_600_000

/** Whether somebody who was told at `toldAt` is to be told again. */
export function isDueAgain(
  told: { readonly stage: number; readonly severity: Severity; readonly toldAt: number },
  { kind, stage, severity }: Condition,
  now: number,
): boolean {
  if (stage > told.stage || (severity === 'critical' && told.severity === 'warning')) return true
  // An end that comes nearer is told by its stages.
  const isByStages = kind === 'token-expiring' || kind === 'client-secret-expiring'
  return !isByStages && now - told.toldAt >= AGAIN_MS
}
