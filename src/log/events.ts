/**
 * Every event that the worker logs: its name, its fields and what it means. docs/logs.md is this table;
 * names are stable. What a field may hold keeps people out of the log: ids, numbers and words of ours.
 */

/** Thrown by us or by what we use: the name of its class, never its message. */
const error = 'class'
/** `x-request-id` of the answer. */
const request = 'id'
/** Its name. Empty where there is none of that name, or it is not known. */
const connection = 'name'

const OUTCOMES = ['done', 'unchanged', 'answered', 'refused', 'failed', 'denied'] as const
const METHODS = ['', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** What costs nobody anything, and was not done. */
const NOT_DONE = [
  'token last use',
  'administrator last use',
  'wake-up',
  'count of denied',
  'turn of the cron',
  'data point',
] as const
export type NotDone = (typeof NOT_DONE)[number]

export const EVENTS = {
  'scim.request': {
    level: 'info',
    says: 'A request of a client was answered.',
    fields: {
      ...{ request, connection },
      method: METHODS,
      endpoint: 'endpoint',
      op: ['', 'create', 'update', 'delete', 'read', 'list', 'bulk', 'other'],
      outcome: OUTCOMES,
      decision: 'word',
      ...{ status: 'number', ms: 'number', appCalls: 'number', appFailed: 'number' },
      ...{ appMs: 'number', d1Trips: 'number', d1Ms: 'number' },
    },
  },
  'token.request': {
    level: 'info',
    says: 'The OAuth token endpoint of a connection answered.',
    fields: { request, connection, status: 'number', ms: 'number' },
  },
  'admin.request': {
    level: 'info',
    says: 'An administrator changed something, or was refused.',
    fields: { request, administrator: 'id', method: 'verb', route: 'route', status: 'number' },
  },
  refused: {
    level: 'info',
    says: 'A request was refused for its URL or its headers, whoever sent it.',
    fields: { request, status: 'number' },
  },
  'scim.failed': {
    level: 'error',
    says: 'A request of a client met an accident of the gateway: 500 or 503. Report it.',
    fields: { request, connection, error, at: 'place' },
  },
  'token.failed': {
    level: 'error',
    says: 'The token endpoint met an accident: 503.',
    fields: { request, connection, error, at: 'place' },
  },
  'admin.failed': {
    level: 'error',
    says: 'A request of an administrator met an accident.',
    fields: { request, error },
  },
  failed: {
    level: 'error',
    says: 'An accident that nothing else has caught: 500. Report it.',
    fields: { error, at: 'place' },
  },
  'circuit.opened': {
    level: 'error',
    says: 'Calls to the app of this connection are paused in one isolate.',
    fields: { connection, cause: ['unavailable', 'auth'], seconds: 'number' },
  },
  'circuit.closed': {
    level: 'info',
    says: 'They go on: the app answers.',
    fields: { connection },
  },
  'pacer.lost': {
    level: 'warn',
    says: 'The Durable Object that paces calls did not answer: the isolate counts alone for ten seconds.',
    fields: { connection },
  },
  'audit.lost': {
    level: 'error',
    says: 'Rows of the audit were not taken by the database.',
    fields: { rows: 'number' },
  },
  'audit.cut-off': {
    level: 'warn',
    says: 'Updates whose isolate died before anybody knew whether the app had heard of them.',
    fields: { updates: 'number' },
  },
  lost: {
    level: 'info',
    says: 'Something that costs nobody anything was not written down or sent.',
    fields: { what: NOT_DONE },
  },
  'otlp.lost': {
    level: 'warn',
    says: 'Spans or metrics were not taken by the collector; status 0: no answer, or too many waited.',
    fields: { signal: ['traces', 'metrics'], items: 'number', status: 'number' },
  },
  'job.failed': {
    level: 'error',
    says: 'A job of the cron failed; the others had their turn, and it has its next one in a minute.',
    fields: { job: 'job', error },
  },
  'job.late': {
    level: 'warn',
    says: 'A job had no turn: those before it took ten minutes.',
    fields: { job: 'job' },
  },
  'database.failed': {
    level: 'error',
    says: 'A database failed what was asked of all of them (conditions, the first page, metrics): the rest was answered.',
    fields: { database: 'binding', error },
  },
  'nightly.failed': {
    level: 'error',
    says: 'Scans of a connection could not be begun.',
    fields: { connection, error },
  },
  'sweep.failed': {
    level: 'error',
    says: 'What was left unfinished of a connection could not be finished now; it is tried again.',
    fields: { connection, error },
  },
  'poll.failed': {
    level: 'error',
    says: 'The app could not be asked what became of invitations or of jobs of its own.',
    fields: { connection, error },
  },
  'scan.failed': {
    level: 'error',
    says: 'A step of a scan failed; it is tried again.',
    fields: { connection, error },
  },
  'alerts.failed': {
    level: 'error',
    says: 'Whether something of a connection is worth an alert could not be looked at.',
    fields: { connection, error },
  },
  'passing.failed': {
    level: 'error',
    says: 'Whether a finding is over, or a mode has ended, could not be looked at.',
    fields: { connection, error },
  },
  'erase.failed': {
    level: 'error',
    says: 'Data of a connection that is gone could not be erased: its database fails, or is not bound.',
    fields: { connection, error },
  },
  'audit.not-pruned': {
    level: 'error',
    says: 'Old rows of the audit of a connection could not be removed: its database fails.',
    fields: { connection, error },
  },
  'sign.failed': {
    level: 'error',
    says: 'What the links of a connection go by could not be written down.',
    fields: { connection, error },
  },
  'alert.undelivered': {
    level: 'warn',
    says: 'A channel did not take a notice; after the twelfth attempt it is a finding.',
    fields: { channel: 'id', attempt: 'number', reason: 'sentence' },
  },
  'sealing.resealed': {
    level: 'info',
    says: 'Secrets were sealed anew, with the current key; so many are left.',
    fields: { key: 'id', secrets: 'number', left: 'number' },
  },
  'sealing.done': {
    level: 'info',
    says: 'No secret needs a former key any more.',
    fields: { key: 'id' },
  },
  'sealing.failed': {
    level: 'error',
    says: 'Secrets could not be sealed anew; `detail` says which setting to mend.',
    fields: { error, detail: 'sentence' },
  },
  'admin.token.short': {
    level: 'warn',
    says: 'The bootstrap token can be guessed: make it 32 random characters.',
    fields: { setting: ['POSTERN_ADMIN_TOKEN'] },
  },
} as const satisfies Readonly<Record<string, Catalogued>>

interface Catalogued {
  readonly level: 'info' | 'warn' | 'error'
  readonly says: string
  readonly fields: Readonly<Record<string, Form>>
}

/** What a field may hold: one of some words, or a form of FORMS. */
export type Form = keyof typeof FORMS | readonly string[]

/** An address of mail fits none of them, and a sentence of ours holds no value. */
export const FORMS = {
  number: /^-?\d+(?:\.\d+)?$/,
  /** Given out by us: a UUID, the id of a sealing key, `bootstrap`. */
  id: /^(?:|bootstrap|[0-9a-f]{8,64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
  /** Of a connection: an administrator gave it. */
  name: /^(?:[a-z0-9][a-z0-9-]{0,62})?$/,
  /** Of the connection's resource types, or one of RFC 7644 §3.2. */
  endpoint: /^[\w.-]{0,64}$/,
  /** What was decided, or the code of why not. */
  word: /^[a-z0-9-]{0,40}$/,
  verb: /^[A-Z]{0,20}$/,
  /** Of the admin API, with names of parameters in place of values. */
  route: /^(?:\/[\w:/-]*)?$/,
  job: /^\w{1,40}$/,
  /** Of a binding of wrangler.toml. */
  binding: /^\w{1,64}$/,
  class: /^[\w$]{1,80}$/,
  /** Frames of the stack: files and functions of the Worker. */
  place: /^(?:at [^@"'`]{1,300})*$/,
  /** Our own words, and names of settings. */
  sentence: /^[^@]{0,400}$/,
} as const

type Value<F> = F extends readonly string[] ? F[number] : F extends 'number' ? number : string

/** One event, in fields that hold no personal data. */
export type Line = {
  [E in keyof typeof EVENTS]: { readonly event: E } & {
    readonly [K in keyof (typeof EVENTS)[E]['fields']]: Value<(typeof EVENTS)[E]['fields'][K]>
  }
}[keyof typeof EVENTS]

export type Log = (line: Line) => void
