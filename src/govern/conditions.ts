/**
 * What is wrong with a connection now, from what its findings, its audit and its traffic say: the one
 * derivation that alerts, the doctor and the console's first page go by. Pure.
 */
import type { Severity } from '../db/alert-channels.ts'
import type { Ending } from '../db/credential-ends.ts'
import type { OpenFindings, Orphans, Parked } from '../db/finding-facts.ts'
import type { Refusal, UnknownAttributes } from '../db/refusals.ts'
import type { Condition, ConditionKind } from './condition.ts'
import type { Quarantine } from './health.ts'
import { refusalGroup } from './refusals.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Entra's cycle is 40 minutes: a client that is well has missed as many of them as nobody has work for. */
const CYCLE_MS = 40 * 60_000
/** After so long it is not silent, it has gone. */
const GONE_MS = 30 * DAY_MS

/** Days before an end at which somebody is told. */
const ENDING_DAYS = [14, 7, 1] as const
/** What ended so long ago is nobody's news. */
export const ENDED_MS = 7 * DAY_MS
export const ENDING_MS = ENDING_DAYS[0] * DAY_MS

export const ORPHANS_MS = DAY_MS
/** So many new ones in a day, and so many for each that was there before. */
const LEAST_ORPHANS = 5
const ORPHANS_SHARE = 0.1

/** Entra tries an entry that was refused again with every cycle, and later on once a day. */
export const REFUSED_MS = DAY_MS
/** A read that was refused is made again in every cycle. */
const READ_REFUSED_MS = 3 * CYCLE_MS

/** A bound of the classes of `traffic`. A request makes several calls, and Entra waits for 30 seconds. */
const SLOW_MS = 2_000
/** Fewer say nothing. */
const LEAST_CALLS = 3

/** Sums of the last hour. */
export interface LastHour {
  /** Requests that were let in. */
  readonly requests: number
  /** Not let in. */
  readonly denied: number
  /** Sent below the connection's name, and not to its base URL. */
  readonly misdirected: number
  /** Calls of the app; null: there were none. */
  readonly calls: number
  readonly callP95Ms: number | null
}

export interface Facts {
  /** Milliseconds. */
  readonly now: number
  readonly quarantine: Quarantine
  readonly hour: LastHour
  /** When the client was last let in; undefined: it never was. */
  readonly heardAt: number | undefined
  /** After so long a client that was heard is silent (`policy.alerts.silentHours`). */
  readonly silentAfterMs: number
  readonly findings: readonly OpenFindings[]
  /** Whom the guard holds back. */
  readonly parked: Parked | undefined
  readonly orphans: Orphans
  readonly refusals: readonly Refusal[]
  readonly unknownAttributes: UnknownAttributes | undefined
  readonly endings: readonly Ending[]
  /** Secrets that no sealing key opens. */
  readonly lostSecrets: number
  /** True: its data is in a database that is not bound to the Worker, and nothing else is known of it. */
  readonly isUnbound: boolean
  /** True: its database has failed just now, and of what is in it some is not known. */
  readonly isSilent: boolean
}

export function conditionsOf(facts: Facts): Condition[] {
  const { findings, refusals, now } = facts
  return [
    ...(facts.isUnbound ? [condition('database-unbound', 'critical')] : []),
    ...(facts.isSilent ? [condition('database-silent', 'critical')] : []),
    ...ofClient(facts),
    ...findings.flatMap((finding) => ofFinding(finding, facts.parked)),
    ...ofOrphans(facts.orphans),
    ...facts.endings.map((ending) => ofEnding(ending, now)),
    ...(facts.lostSecrets > 0
      ? [condition('sealing-key-lost', 'critical', { count: facts.lostSecrets })]
      : []),
    ...ofApp(facts.hour, findings),
    ...ofRefusals(refusals, now),
    ...ofUnknown(facts.unknownAttributes),
  ]
}

function condition(
  kind: ConditionKind,
  severity: Severity,
  more: Partial<Pick<Condition, 'count' | 'detail' | 'since' | 'hits' | 'subject' | 'stage'>> = {},
): Condition {
  return {
    ...{ kind, severity, subject: '', stage: 0, count: 1, detail: {} },
    ...{ since: undefined, hits: 'everybody', ...more },
  }
}

// ---- the client --------------------------------------------------------------------------------------

function ofClient(facts: Facts): Condition[] {
  const { now, quarantine, hour, heardAt, endings } = facts
  const { risk, failures, operations, share } = quarantine
  const percent = Math.round((share ?? 0) * 100)
  const detail = { failures, operations, percent }
  const isHeard = heardAt !== undefined && now - heardAt < GONE_MS
  const silentMs = heardAt === undefined ? 0 : now - heardAt
  const { denied, misdirected } = hour
  const isElsewhere = misdirected > 0 && hour.requests === 0
  const elsewhere = isElsewhere
    ? [condition('client-misdirected', 'warning', { detail: { misdirected } })]
    : []
  switch (risk) {
    case 'near':
      return [condition('client-quarantine', 'warning', { detail })]
    case 'likely':
      // A stage of its own: whoever was warned hears that it has come.
      return [condition('client-quarantine', 'critical', { detail, stage: 1 })]
    case 'denied': {
      // Anybody on the internet can be refused: it is news where a client came in before.
      const ended = endings.find(({ expiresAt }) => expiresAt <= now)
      const why = ended && { ended: ended.id, ...(ended.label !== null && { label: ended.label }) }
      const told = { detail: { denied, ...why }, since: ended?.expiresAt ?? heardAt }
      return [...(isHeard ? [condition('client-refused', 'critical', told)] : []), ...elsewhere]
    }
    case 'none':
      return isHeard && silentMs >= facts.silentAfterMs
        ? [
            condition('client-silent', 'warning', {
              ...{ detail: { hours: Math.floor(silentMs / HOUR_MS) }, since: heardAt },
            }),
          ]
        : elsewhere
  }
}

function ofEnding({ kind, id, label, expiresAt }: Ending, now: number): Condition {
  const stage = ENDING_DAYS.filter((days) => expiresAt - now <= days * DAY_MS).length
  const hasEnded = expiresAt <= now
  return condition(
    kind === 'token' ? 'token-expiring' : 'client-secret-expiring',
    stage >= ENDING_DAYS.length ? 'critical' : 'warning',
    {
      subject: id,
      stage: hasEnded ? ENDING_DAYS.length + 1 : stage,
      ...(hasEnded && { since: expiresAt }),
      detail: {
        expiresAt: new Date(expiresAt).toISOString(),
        days: Math.max(0, Math.ceil((expiresAt - now) / DAY_MS)),
        ...(kind === 'token' ? { token: id } : { secret: id }),
        ...(label !== null && { label }),
      },
    },
  )
}

// ---- the app -----------------------------------------------------------------------------------------

function ofApp({ calls, callP95Ms }: LastHour, findings: readonly OpenFindings[]): Condition[] {
  const isSlow = callP95Ms !== null && callP95Ms > SLOW_MS && calls >= LEAST_CALLS
  // One that fails is told of already, and is slow because it fails.
  if (!isSlow || findings.some(({ kind }) => kind === 'app-failing')) return []
  return [condition('app-slow', 'warning', { detail: { slowMs: SLOW_MS, calls } })]
}

function ofFinding(
  { kind, count, id, since, isPaused, code, about }: OpenFindings,
  parked: Parked | undefined,
): Condition[] {
  const detail = { finding: id, ...(code !== undefined && { code }) }
  const told = { detail, since }
  switch (kind) {
    case 'app-credential':
      return [condition('app-credential', 'critical', told)]
    case 'app-failing':
      return [condition(isPaused ? 'circuit-open' : 'app-failing', 'critical', told)]
    case 'mode-ended':
      return [condition('mode-ended', 'critical', told)]
    case 'guard': {
      const hits = { count: parked?.count ?? 1, some: parked?.some ?? [] }
      return [condition('guard', 'critical', { ...told, count, hits })]
    }
    case 'ambiguous':
    case 'protected':
    case 'id-reuse':
    case 'missing':
    case 'not-created':
    case 'not-removed':
    case 'member-blocked':
    case 'deleted-member':
      return [condition(kind, 'warning', { ...told, count, hits: { count, some: about } })]
    case 'alert-undelivered':
      return [condition(kind, 'warning', { ...told, count, hits: { count: 0, some: [] } })]
    case 'orphan':
    case 'drift':
    case 'reactivated':
    case 'leaver':
      return []
  }
}

/** The first scan of an app finds all there ever were: that is no growth. */
function ofOrphans({ recent, older, wereKnown }: Orphans): Condition[] {
  const least = Math.max(LEAST_ORPHANS, older * ORPHANS_SHARE)
  if (!wereKnown || recent < least) return []
  const detail = { before: older }
  return [condition('orphans', 'warning', { count: recent, detail, hits: { count: 0, some: [] } })]
}

// ---- single requests ---------------------------------------------------------------------------------

function ofRefusals(refusals: readonly Refusal[], now: number): Condition[] {
  const told = refusals.filter(({ isWrite, at }) => isWrite || now - at < READ_REFUSED_MS)
  const groups = Map.groupBy(told, ({ reason, isWrite }) => refusalGroup(reason, isWrite) ?? '')
  return [...groups].flatMap(([group, all]) => {
    const [last] = all
    if (group === '' || !last) return []
    const links = [...new Set(all.flatMap(({ link }) => (link === '' ? [] : [link])))]
    const others = all.filter(({ link }) => link === '')
    const unnamed = new Set(others.map(({ about, request }) => about ?? request)).size
    const isOfAll = all.every(({ isWrite }) => !isWrite) || group === 'failed' || group === 'rate'
    return [
      condition('refused', group === 'failed' ? 'critical' : 'warning', {
        subject: group,
        count: all.length,
        since: Math.min(...all.map(({ at }) => at)),
        hits: isOfAll
          ? 'everybody'
          : { count: links.length + unnamed, some: links.map((link) => ({ link })) },
        detail: {
          ...{ reason: last.reason, request: last.request },
          ...{ lastAt: new Date(last.at).toISOString() },
          ...(last.says !== null && { says: last.says }),
        },
      }),
    ]
  })
}

function ofUnknown(unknown: UnknownAttributes | undefined): Condition[] {
  if (!unknown) return []
  const { requests, since, links } = unknown
  const hits = { count: links.length, some: links.map((link) => ({ link })) }
  return [condition('unknown-attributes', 'warning', { count: requests, since, hits })]
}
