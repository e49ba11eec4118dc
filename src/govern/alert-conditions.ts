/** Which alerts hold for a connection, from what its findings and its traffic say. Pure. */
import type { Severity } from '../db/alert-channels.ts'
import type { Ending, OpenFindings, Orphans } from '../db/alert-facts.ts'
import type { Quarantine } from './health.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

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

/** Something that somebody should be told of, while it holds. */
export interface Condition {
  readonly kind: AlertKind
  /** An id of ours; '' where the kind is one alert, whatever it counts. */
  readonly subject: string
  readonly severity: Severity
  /** Somebody is told again when it grows, and otherwise once a day: never, where it only grows. */
  readonly stage: number
  readonly count: number
  /** Numbers, times and ids. */
  readonly detail: Readonly<Record<string, string | number>>
}

/** Kinds of findings that are alerts. */
export const FINDINGS_THAT_ALERT = ['app-credential', 'app-failing', 'guard', 'ambiguous'] as const

/** Entra's cycle is 40 minutes: a client that is well has missed as many of them as nobody has work for. */
export const CYCLE_MS = 40 * 60_000
const SILENT_CYCLES = 36
/** After so long it is not silent, it has gone. */
export const GONE_MS = 30 * DAY_MS

/** Days before an end at which somebody is told. */
const ENDING_DAYS = [14, 7, 1] as const
/** What ended so long ago is nobody's news. */
export const ENDED_MS = 7 * DAY_MS
export const ENDING_MS = ENDING_DAYS[0] * DAY_MS

export const ORPHANS_MS = DAY_MS
/** So many new ones in a day, and so many for each that was there before. */
const LEAST_ORPHANS = 5
const ORPHANS_SHARE = 0.1

export interface Facts {
  /** Milliseconds. */
  readonly now: number
  readonly quarantine: Quarantine
  /** Requests of the last hour that were not let in. */
  readonly denied: number
  /** When the client was last let in; undefined: it never was. */
  readonly heardAt: number | undefined
  readonly findings: readonly OpenFindings[]
  readonly orphans: Orphans
  readonly endings: readonly Ending[]
  /** Secrets that no sealing key opens. */
  readonly lostSecrets: number
}

export function conditionsOf(facts: Facts): Condition[] {
  return [
    ...ofClient(facts),
    ...facts.findings.flatMap(ofFinding),
    ...ofOrphans(facts.orphans),
    ...facts.endings.map((ending) => ofEnding(ending, facts.now)),
    ...(facts.lostSecrets > 0
      ? [condition('sealing-key-lost', 'critical', facts.lostSecrets, {})]
      : []),
  ]
}

function condition(
  kind: AlertKind,
  severity: Severity,
  count: number,
  detail: Condition['detail'],
): Condition {
  return { kind, subject: '', severity, stage: 0, count, detail }
}

function ofClient({ now, quarantine, denied, heardAt }: Facts): Condition[] {
  const { risk, failures, operations, share } = quarantine
  const percent = Math.round((share ?? 0) * 100)
  const detail = { failures, operations, percent }
  const isHeard = heardAt !== undefined && now - heardAt < GONE_MS
  const silentMs = heardAt === undefined ? 0 : now - heardAt
  switch (risk) {
    case 'near':
      return [condition('client-quarantine', 'warning', 1, detail)]
    case 'likely':
      // A stage of its own: whoever was warned hears that it has come.
      return [{ ...condition('client-quarantine', 'critical', 1, detail), stage: 1 }]
    case 'denied':
      // Anybody on the internet can be refused: it is news where a client came in before.
      return isHeard ? [condition('client-refused', 'critical', 1, { denied })] : []
    case 'none':
      return isHeard && silentMs >= SILENT_CYCLES * CYCLE_MS
        ? [condition('client-silent', 'warning', 1, { hours: Math.floor(silentMs / HOUR_MS) })]
        : []
  }
}

function ofFinding({ kind, count, id, isPaused }: OpenFindings): Condition[] {
  const detail = { finding: id }
  switch (kind) {
    case 'app-credential':
      return [condition('app-credential', 'critical', 1, detail)]
    case 'app-failing':
      return [condition(isPaused ? 'circuit-open' : 'app-failing', 'critical', 1, detail)]
    case 'guard':
      return [condition('guard', 'critical', count, detail)]
    case 'ambiguous':
      return [condition('ambiguous', 'warning', count, detail)]
    default:
      return []
  }
}

/** The first scan of an app finds all there ever were: that is no growth. */
function ofOrphans({ recent, older, wereKnown }: Orphans): Condition[] {
  const least = Math.max(LEAST_ORPHANS, older * ORPHANS_SHARE)
  if (!wereKnown || recent < least) return []
  return [condition('orphans', 'warning', recent, { before: older })]
}

function ofEnding({ kind, id, expiresAt }: Ending, now: number): Condition {
  const stage = ENDING_DAYS.filter((days) => expiresAt - now <= days * DAY_MS).length
  const hasEnded = expiresAt <= now
  return {
    kind: kind === 'token' ? 'token-expiring' : 'client-secret-expiring',
    subject: id,
    severity: stage >= ENDING_DAYS.length ? 'critical' : 'warning',
    stage: hasEnded ? ENDING_DAYS.length + 1 : stage,
    count: 1,
    detail: {
      expiresAt: new Date(expiresAt).toISOString(),
      days: Math.max(0, Math.ceil((expiresAt - now) / DAY_MS)),
      ...(kind === 'token' ? { token: id } : { secret: id }),
    },
  }
}

/** Whether somebody who was told at `toldAt` is to be told again. */
export function isDueAgain(
  told: { readonly stage: number; readonly severity: Severity; readonly toldAt: number },
  { kind, stage, severity }: Condition,
  now: number,
): boolean {
  if (stage > told.stage || (severity === 'critical' && told.severity === 'warning')) return true
  // An end that comes nearer is told by its stages.
  const isByStages = kind === 'token-expiring' || kind === 'client-secret-expiring'
  return !isByStages && now - told.toldAt >= DAY_MS
}
