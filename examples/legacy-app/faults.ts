/** Misbehaviour on request, and what has been counted. For tests; no real app has this. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface FailNext {
  /** `POST /api/accounts`, `PATCH /api/accounts/{no}` or a literal path; `*` for any call. */
  match: string
  times: number
  /** Before or after the call has had its effect. */
  when: 'before' | 'after'
  /** `reset` cuts the connection, `html` answers 200 with a sign-in page, `hang` never answers. */
  how: 'status' | 'reset' | 'html' | 'hang'
  /** For `how: status`. */
  status: number
  /** For `how: status`: sent as `Retry-After`. */
  retryAfter?: string
}

export interface Settings {
  delayMs: number
  /** The effect has happened; the answer waits. */
  delayAfterMs: number
  uniqueness: 'enforced' | 'off'
  /** New and changed accounts are missing from list and look-ups until they are older than this. */
  searchLagMs: number
  /** How people are made: at once, by an invitation that they accept, or by a job. */
  creates: 'sync' | 'invite' | 'async'
  jobDelayMs: number
  /** What becomes of jobs that end from now on. */
  jobs: 'succeed' | 'fail'
  failNext: FailNext | null
}

const CALM: Settings = {
  delayMs: 0,
  delayAfterMs: 0,
  uniqueness: 'enforced',
  searchLagMs: 0,
  creates: 'sync',
  jobDelayMs: 0,
  jobs: 'succeed',
  failNext: null,
}

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  uniqueness: ['enforced', 'off'],
  creates: ['sync', 'invite', 'async'],
  jobs: ['succeed', 'fail'],
}
const TIMES = ['delayMs', 'delayAfterMs', 'searchLagMs', 'jobDelayMs']

const FAIL_NEXT: Omit<FailNext, 'match'> = {
  times: 1,
  when: 'before',
  how: 'status',
  status: 503,
}

export class Faults {
  #settings: Settings = { ...CALM }

  get settings(): Readonly<Settings> {
    return this.#settings
  }

  reset(): void {
    this.#settings = { ...CALM }
  }

  /** Changes what is named and leaves the rest. Returns why not, where it is not understood. */
  set(body: unknown): string | undefined {
    if (!isObject(body)) return 'send a JSON object'
    const next: Record<string, unknown> = { ...this.#settings }
    for (const [name, value] of Object.entries(body)) {
      if (name === 'failNext') {
        if (value !== null && (!isObject(value) || typeof value['match'] !== 'string')) {
          return 'failNext wants { match, times?, when?, how?, status?, retryAfter? }'
        }
        next[name] = value === null ? null : { ...FAIL_NEXT, ...value }
      } else if (Object.hasOwn(CHOICES, name)) {
        if (!CHOICES[name]?.includes(value)) return `${name} is ${CHOICES[name]?.join(' or ')}`
        next[name] = value
      } else if (TIMES.includes(name)) {
        if (typeof value !== 'number' || !(value >= 0)) return `${name} is a number of milliseconds`
        next[name] = value
      } else {
        return `there is no fault called ${name}`
      }
    }
    this.#settings = next as unknown as Settings
    return undefined
  }

  /** Counts down: the failure that this call must suffer, if any. */
  take(template: string, literal: string): FailNext | undefined {
    const failure = this.#settings.failNext
    if (!failure || failure.times < 1) return undefined
    if (![template, literal, '*'].includes(failure.match)) return undefined
    failure.times -= 1
    return failure
  }

  before(): Promise<void> | undefined {
    return this.#settings.delayMs > 0 ? sleep(this.#settings.delayMs) : undefined
  }

  after(): Promise<void> | undefined {
    return this.#settings.delayAfterMs > 0 ? sleep(this.#settings.delayAfterMs) : undefined
  }
}

export class Counters {
  readonly #calls = new Map<string, number>()
  /** Calls other than GET, whether or not they changed anything. */
  writes = 0
  /** Calls that changed something. */
  changes = 0

  count(method: string, template: string): void {
    this.#calls.set(template, (this.#calls.get(template) ?? 0) + 1)
    if (method !== 'GET') this.writes += 1
  }

  toJSON(): { writes: number; changes: number; calls: Record<string, number> } {
    return { writes: this.writes, changes: this.changes, calls: Object.fromEntries(this.#calls) }
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
