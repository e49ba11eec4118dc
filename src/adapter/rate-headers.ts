/**
 * What an answer says of later calls: how many are left, and when more are taken. RFC 9110 has
 * `Retry-After`, the IETF draft `RateLimit` and, before it, `RateLimit-Reset`; the others are what APIs had
 * in the meantime.
 */
import type { Limits } from './contract.ts'

type OwnHeaders = Pick<Limits, 'remainingHeader' | 'resetHeader'>
type Read = (value: string, clock: number) => number | undefined

const LONGEST_WAIT_SECONDS = 86_400
/** Of an answer that names no time. */
const SHORT_PAUSE_MS = 1_000
/**
 * The app's word counts for so long at most: then it is asked again. GitHub and Okta count by the hour and
 * by the minute.
 */
export const LONGEST_PAUSE_MS = 3_600_000
/** A number above it is no wait but a date: seconds since the epoch, or milliseconds. */
const EPOCH_SECONDS = 1e9
const EPOCH_MILLISECONDS = 1e12
/** The three date forms of RFC 9110 §5.6.7, and ISO 8601. `Date.parse` alone takes `-5` for a date. */
const DATE = /^(?:[A-Z][a-z]+,? |\d{4}-\d\d-\d\dT)/
const NUMBER = /^\d+(?:\.\d+)?$/

type Names = readonly (readonly [name: string, read: Read])[]

/** In the order in which they are believed; then comes `RateLimit`, then the resets. */
const WAITS: Names = [
  ['Retry-After-Ms', milliseconds],
  ['X-Retry-After-Ms', milliseconds],
  ['X-Ms-Retry-After-Ms', milliseconds],
  ['Retry-After', moment],
  ['X-Retry-After', moment],
  ['X-RateLimit-Retry-After', moment],
  ['X-Rate-Limit-Retry-After-Seconds', moment],
]

const RESETS: Names = [
  ['RateLimit-Reset', moment],
  // GitLab, beside an epoch.
  ['RateLimit-ResetTime', moment],
  // Discord, beside an epoch.
  ['X-RateLimit-Reset-After', moment],
  // GitHub: epoch; Atlassian: ISO 8601; Mattermost: seconds.
  ['X-RateLimit-Reset', moment],
  // Okta: epoch.
  ['X-Rate-Limit-Reset', moment],
  ['X-HubSpot-RateLimit-Interval-Milliseconds', milliseconds],
]

const REMAINING = [
  'RateLimit-Remaining',
  'X-RateLimit-Remaining',
  'X-Rate-Limit-Remaining',
  'X-HubSpot-RateLimit-Remaining',
]

/** `"name";r=0;t=30`, several of them; Atlassian has the draft under a name of its own. */
const STRUCTURED = ['RateLimit', 'Beta-RateLimit']

/**
 * When the app takes calls again, in seconds from now.
 *
 * @param nowMs of our clock; dates count from the app's own `Date`, if the answer has one
 */
export function retryAfterSeconds(
  headers: Headers,
  nowMs: number,
  own?: string,
): number | undefined {
  const clock = clockOf(headers, nowMs)
  const seconds = (name: string, read: Read): number | undefined => {
    const value = headers.get(name)?.trim()
    return value ? read(value, clock) : undefined
  }
  const named = own === undefined ? undefined : seconds(own, moment)
  const found =
    named ??
    firstOf(WAITS, ([name, read]) => seconds(name, read)) ??
    structuredWait(headers) ??
    firstOf(RESETS, ([name, read]) => seconds(name, read))
  if (found === undefined) return undefined
  return Math.min(Math.max(Math.ceil(found), 0), LONGEST_WAIT_SECONDS)
}

/** True where the answer says that this call was the last for a while. */
export function isUsedUp(headers: Headers, own?: string): boolean {
  const names = own === undefined ? REMAINING : [own, ...REMAINING]
  if (names.some((name) => /^0(?:\.0*)?$/.test(headers.get(name)?.trim() ?? ''))) return true
  return quotasOf(headers).some(({ remaining }) => remaining === 0)
}

/** GitHub and its like say 403 where calls are too many; a 403 for want of rights names no time. */
export function isThrottled(status: number, headers: Headers, own: OwnHeaders = {}): boolean {
  if (status !== 403) return status === 429
  return headers.has('Retry-After') || isUsedUp(headers, own.remainingHeader)
}

/**
 * For how long no other call should be made, in milliseconds; undefined: the answer does not say so.
 * A 503 is not meant: the app is not well, rather than called too often.
 */
export function pauseMs(
  status: number,
  headers: Headers,
  nowMs: number,
  own: OwnHeaders = {},
): number | undefined {
  const isRefused = isThrottled(status, headers, own)
  if (!isRefused && (status >= 500 || !isUsedUp(headers, own.remainingHeader))) return undefined
  const seconds = retryAfterSeconds(headers, nowMs, own.resetHeader)
  return seconds === undefined && !isRefused ? undefined : pauseAfter(seconds)
}

/** In milliseconds, after a refusal that names this time, or none. */
export function pauseAfter(seconds: number | undefined): number {
  return seconds === undefined ? SHORT_PAUSE_MS : Math.min(seconds * 1000, LONGEST_PAUSE_MS)
}

function clockOf(headers: Headers, nowMs: number): number {
  const date = headers.get('Date')?.trim() ?? ''
  const said = DATE.test(date) ? Date.parse(date) : Number.NaN
  return Number.isNaN(said) ? nowMs : said
}

/** Seconds to go, a date, or an epoch in seconds or milliseconds. */
function moment(value: string, clock: number): number | undefined {
  if (!NUMBER.test(value)) {
    const date = DATE.test(value) ? Date.parse(value) : Number.NaN
    return Number.isNaN(date) ? undefined : (date - clock) / 1000
  }
  const number = Number(value)
  if (number >= EPOCH_MILLISECONDS) return (number - clock) / 1000
  return number >= EPOCH_SECONDS ? number - clock / 1000 : number
}

function milliseconds(value: string): number | undefined {
  return NUMBER.test(value) ? Number(value) / 1000 : undefined
}

// ---- several quotas in one header -----------------------------------------------------------------

interface Quota {
  readonly name: string
  readonly remaining: number | undefined
  /** Seconds until it is filled again. */
  readonly reset: number | undefined
}

/** Of the quota that is used up; where none is, of the first one. */
function structuredWait(headers: Headers): number | undefined {
  const quotas = quotasOf(headers)
  const used = quotas.filter(({ remaining }) => remaining === 0)
  const waits = (used.length > 0 ? used : quotas.slice(0, 1)).flatMap(({ name, reset }) => {
    const wait = reset ?? windowOf(headers, name)
    return wait === undefined ? [] : [wait]
  })
  return waits.length > 0 ? Math.max(...waits) : undefined
}

function quotasOf(headers: Headers): Quota[] {
  const structured = STRUCTURED.flatMap((header) => {
    const items = itemsOf(headers.get(header))
    // Until draft 07 it was one quota: limit=100, remaining=50, reset=30.
    const whole = items.join(';')
    if (/(?:^|;)\s*remaining=/i.test(whole)) {
      const [remaining, reset] = [numberAt(whole, 'remaining'), numberAt(whole, 'reset')]
      return [{ name: '', remaining, reset }]
    }
    return items.map((item) => ({
      name: nameOf(item),
      remaining: numberAt(item, 'r'),
      reset: numberAt(item, 't'),
    }))
  })
  const zendesk = [...headers]
    .filter(([name]) => name.toLowerCase().startsWith('zendesk-ratelimit-'))
    .map(([name, value]) => ({
      name,
      remaining: numberAt(value, 'remaining'),
      reset: numberAt(value, 'resets'),
    }))
  return [...structured, ...zendesk]
}

/** `RateLimit-Policy: "name";q=100;w=60`: where the quota itself says no time. */
function windowOf(headers: Headers, name: string): number | undefined {
  const policy = itemsOf(headers.get('RateLimit-Policy')).find((item) => nameOf(item) === name)
  return policy === undefined ? undefined : numberAt(policy, 'w')
}

/** Members of a structured list (RFC 9651 §3.1): a comma within quotes parts nothing. */
function itemsOf(value: string | null): string[] {
  return (value?.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []).map((item) => item.trim())
}

function nameOf(item: string): string {
  return /^"((?:[^"\\]|\\.)*)"|^([^;]*)/.exec(item)?.[0] ?? ''
}

function numberAt(item: string, key: string): number | undefined {
  const found = new RegExp(`(?:^|;)\\s*${key}=(\\d+(?:\\.\\d+)?)`, 'i').exec(item)?.[1]
  return found === undefined ? undefined : Number(found)
}

function firstOf<A, B>(list: readonly A[], of: (one: A) => B | undefined): B | undefined {
  for (const one of list) {
    const found = of(one)
    if (found !== undefined) return found
  }
  return undefined
}
