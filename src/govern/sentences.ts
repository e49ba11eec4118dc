/**
 * The words in which a row of the audit is told: what came, what was decided, what the app answered. The
 * console and the command line show the same. Pure.
 */
import type { AuditRow } from '../db/audit-rows.ts'
import type { Operator } from '../scim/filter.ts'

export interface Told {
  readonly came: string
  readonly decided: string
  /** What the app was asked, and the client answered. */
  readonly answered: string
}

export function tell(row: AuditRow, writes: readonly AuditRow[]): Told {
  return { came: cameOf(row), decided: decidedOf(row, writes), answered: answeredOf(row) }
}

// ---- what came ---------------------------------------------------------------------------------------

function cameOf(row: AuditRow): string {
  return `${whoOf(row.actor)} ${verbOf(row)}.`
}

export function whoOf(actor: AuditRow['actor']): string {
  if (!actor) return 'Somebody'
  const name = actor.label ?? actor.id
  switch (actor.kind) {
    case 'token':
      return `The client (token ${name})`
    case 'client':
      return `The client (OAuth client ${name})`
    case 'administrator':
      return `Administrator ${name}`
    case 'job':
      return JOBS[actor.id] ?? 'Postern itself'
  }
}

/** By what a job calls itself. */
const JOBS: Readonly<Record<string, string>> = {
  sweep: 'Postern, finishing what was cut off,',
  scan: 'Postern, in a scan,',
  roles: 'Postern, following the role table,',
}

function verbOf({ kind, op, type, method, asked, decision }: AuditRow): string {
  const thing = type === '' ? 'resource' : type
  const names = namesIn(asked)
  const ofNames = names === '' ? '' : ` (${names})`
  switch (op) {
    case 'list': {
      const filter = filterIn(asked)
      return filter === '' ? `listed every ${thing}` : `asked for the ${thing} whose ${filter}`
    }
    case 'read':
      return `read a ${thing}`
    case 'create':
      return kind === 'decided' && decision === 'imported'
        ? `imported a ${thing}`
        : `asked to create a ${thing}${ofNames}`
    case 'update':
      return `asked to change a ${thing}${ofNames}`
    case 'members':
      return decision === 'joined' || decision === 'left'
        ? `changed the groups of a ${thing}`
        : `changed the members of a ${thing}`
    case 'delete':
      return `asked to delete a ${thing}`
    case 'decide':
      if (decision === 'mode-changed') return 'changed the mode of the connection'
      return `decided about a ${thing}`
    case 'bulk':
      return 'sent several operations at once'
    default:
      return `sent a ${method ?? 'request'}`
  }
}

function namesIn(asked: AuditRow['asked']): string {
  const { changes, further, malformed } = asked as {
    changes?: readonly { op?: string; path: string }[]
    further?: number
    malformed?: boolean
  }
  if (malformed) return 'in a body that cannot be read'
  const names = [...new Set(changes?.map(({ path }) => path) ?? [])]
  const shown = names.slice(0, 8)
  const left = names.length - shown.length + (further ?? 0)
  return [...shown, ...(left > 0 ? [`${left} more`] : [])].join(', ')
}

function filterIn(asked: AuditRow['asked']): string {
  const { filter, malformed } = asked as {
    filter?: readonly { attribute: string; operator: string }[]
    malformed?: boolean
  }
  if (malformed) return 'filter cannot be read'
  return (filter ?? [])
    .map(({ attribute, operator }) => `${attribute} ${OPERATOR_WORDS[operator] ?? operator}`)
    .join(' and ')
}

const OPERATOR_WORDS: Readonly<Record<string, string>> = {
  eq: 'is a value',
  ne: 'is not a value',
  co: 'contains a text',
  sw: 'starts with a text',
  ew: 'ends with a text',
  pr: 'is present',
  gt: 'is above a value',
  ge: 'is a value or above it',
  lt: 'is below a value',
  le: 'is a value or below it',
} satisfies Readonly<Record<Operator | 'pr', string>>

// ---- what was decided --------------------------------------------------------------------------------

function decidedOf(row: AuditRow, writes: readonly AuditRow[]): string {
  const finding = findingOf(row)
  // What was written says more than the answer; what was refused was written nowhere.
  const told = row.outcome === 'done' && writes.length > 0 ? writes : [row, ...writes]
  const sentences = told.slice(0, WRITES_TOLD).map((one) => sentenceOf(one.decision, one))
  return [...new Set([...sentences, finding])].filter((one) => one !== '').join(' ')
}

/** Of a Bulk request there are hundreds. */
const WRITES_TOLD = 10

function findingOf({ detail }: AuditRow): string {
  const ids = [detail['findings'], detail['finding']].flat().filter((id) => typeof id === 'string')
  return ids.length === 0 ? '' : `See finding ${ids.join(', ')}.`
}

function sentenceOf(decision: string, { op, detail, type, actor }: AuditRow): string {
  const { rule, changed, added, removed, found } = detail as Readonly<Record<string, unknown>>
  const by =
    rule === 'decision'
      ? ' as an administrator has decided'
      : typeof rule === 'string'
        ? ` by the match rule "${rule}"`
        : ''
  if (op === 'members' && decision === 'updated') {
    return `Members: ${added ?? 0} joined, ${removed ?? 0} left.`
  }
  switch (decision) {
    case 'none':
      return 'Nobody matched, neither in the app nor among those known here.'
    case 'found':
      return by === '' ? `It is there.` : `One account matched${by}.`
    case 'several':
      return `${found ?? 'Several'} matched, and all of them were shown.`
    case 'listed':
      return `${found ?? 'Some'} in all.`
    case 'answered':
      return ''
    case 'created':
      return 'Nobody in the app matched, so a new account was created.'
    case 'adopted':
      return `An account that was there${by === '' ? '' : `, found${by},`} was taken over.`
    case 'updated': {
      const names = Array.isArray(changed) ? changed.join(', ') : ''
      return names === '' ? 'It was changed.' : `Changed: ${names}.`
    }
    case 'restored':
      return "The client's last words were put back into the app."
    case 'unchanged':
      return 'Nothing differed, so nothing was sent to the app.'
    case 'mode-changed':
      return `It was ${detail['was']}, and is ${detail['mode']} from here on.`
    case 'joined':
      return `Joined the group ${detail['group']}.`
    case 'left':
      return `Left the group ${detail['group']}.`
    case 'deleted':
      return 'The account was deleted in the app.'
    case 'deactivated':
      return 'The account was disabled in the app, as the policy has it for a delete.'
    case 'vanished':
      return 'The account was gone from the app already.'
    case 'cut-off':
      return 'It was cut off, or failed: whether the app has heard of it, its next read shows.'
    default:
      return FURTHER[decision] ?? REASONS[decision] ?? reasonSentence(decision, type, actor)
  }
}

const FURTHER: Readonly<Record<string, string>> = {
  imported: 'The link was imported.',
  invited: 'The app has invited the person; the account is there when the invitation is taken.',
  activated: 'The account that was awaited is there.',
  ended: 'The person was withdrawn before there was an account.',
  cancelled: 'The invitation, or the job that was to make the account, was withdrawn.',
  kept: 'It was noted, for when the account is there.',
  'removed-while-off': 'The account was removed while the person is off, as the policy has it.',
  recorded: 'It was recorded here; the app keeps its account, as the policy has it.',
  stripped: 'What the account may do was taken away, as the policy has it.',
  blocked: 'The app refuses members: a finding says which.',
  role: 'What the groups of the person say was told to the app.',
  chosen: 'This account stands for the person.',
  aside: 'This account stands for nobody here.',
  protected: 'The account refuses every write from now on.',
  unprotected: 'The account takes writes again.',
  merged: 'The account was merged into another one.',
  relinked: 'The link goes to another account.',
  unlinked: 'The link was taken away.',
  erased: 'What was kept of the person was erased.',
}

/** Why a request was refused or failed, and who does what. By `reasonOf`. */
const REASONS: Readonly<Record<string, string>> = {
  ambiguous:
    'Refused: several accounts in the app match, and none is linked on a guess. Decide the finding.',
  'not-automatic':
    'Refused: an account may be this person, and no rule links it by itself. Decide the finding.',
  taken: 'Refused: somebody else has this key already.',
  uniqueness: 'Refused: the app has another one with the same unique value.',
  protected: 'Refused: the account is protected and is managed in the app only.',
  'id-reused':
    'Refused: the app has given the id of this account to another one. Decide the finding.',
  guard: 'Refused: too many people left within a short time. Allow or reject it at the finding.',
  rejected: 'Refused: an administrator has rejected it.',
  gated: 'Refused: the connection is gated, and only says what it would do.',
  observing: 'Refused: the connection only observes. Set its mode to live to let it write.',
  paused: 'Put off: the connection is paused.',
  'in-doubt': 'Put off: another request was at work on it, or was cut off.',
  'no-create': 'Refused: the app lets nobody create one, and none matches.',
  'unknown-member': 'Refused: a member was named whose id was never given out here.',
  'nested-group': 'Refused: the app has no groups within groups.',
  'not-found': 'There is none with this id.',
  'read-only-token': 'Refused: this token only reads. Give the client another one.',
  'app-auth': 'Put off: the app refuses our credential. Renew it.',
  'app-forbidden': 'Put off: the app gives our credential too few rights. Grant them.',
  'app-invalid': 'Refused: the app does not take a value. Correct it in the source directory.',
  'app-conflict': 'Refused: the app has another one with the same unique value.',
  'app-limit': 'Refused: the app has no seat or licence left.',
  'app-blocked': 'Refused: the app does not let this one be changed now.',
  'app-rate': 'Put off: the app limits the rate of calls.',
  'app-unavailable': 'Put off: the app was not available.',
  'app-timeout': 'Put off: the app did not answer in time.',
  'app-protocol': 'Put off: the app gave an answer that its adapter does not understand.',
  'invalid-filter': 'Refused: the filter is not valid.',
  'invalid-syntax': 'Refused: the request is not valid SCIM.',
  'invalid-value': 'Refused: a value is not valid, or a required one is missing.',
  'invalid-path': 'Refused: a path names no attribute.',
  'no-target': 'Refused: a path matches nothing.',
  mutability: 'Refused: the attribute cannot be changed.',
  stale: 'Refused: it had changed since the client read it.',
  rate: 'Put off: the client sends more than the connection takes.',
  unavailable: 'Failed: the gateway or its storage was not available. The client tries again.',
  failed: 'Failed for a reason that is ours: the log has it under the request id.',
}

function reasonSentence(decision: string, type: string, actor: AuditRow['actor']): string {
  const isWork = actor?.kind === 'job' || actor?.kind === 'administrator'
  return isWork ? `Done: ${decision}${type === '' ? '' : ` (${type})`}.` : `Refused: ${decision}.`
}

// ---- what was answered -------------------------------------------------------------------------------

/** Calls that one sentence names. */
const CALLS_TOLD = 6

function answeredOf({ calls, detail, status, ms }: AuditRow): string {
  const further = Number(detail['furtherCalls'] ?? 0)
  const count = calls.length + further
  const named = calls.slice(0, CALLS_TOLD).map(({ method, route, status: answer, failure, ms }) => {
    const came = answer ?? (failure === undefined ? 'done' : 'no answer')
    const why = failure !== undefined && answer === undefined ? `: ${failure}` : ''
    return `${method} ${route} (${came}${why}, ${ms} ms)`
  })
  const left = count - named.length
  const list = [...named, ...(left > 0 ? [`${left} more`] : [])].join(', ')
  const app = count === 0 ? 'The app was not asked.' : `The app was asked ${times(count)}: ${list}.`
  return status === undefined
    ? app
    : `${app} The client was answered ${status} after ${ms ?? 0} ms.`
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`
}
