/** Dates for expressions, in the forms that Entra's functions read and print. Milliseconds, UTC. */
import { parseDateTime } from '../scim/values.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** ISO 8601, a date alone, or what `printDate` prints; undefined for anything else. */
export function readDate(text: string): number | undefined {
  const known = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
  const at = parseDateTime(known)
  if (at !== undefined) return at
  return read('M/d/yyyy h:mm:ss tt', text) ?? read('M/d/yyyy', text)
}

/** As .NET prints one for the invariant culture: `3/15/2026 12:00:00 AM`. */
export function printDate(at: number): string {
  return print('M/d/yyyy h:mm:ss tt', at) ?? ''
}

/** Undefined: a format has a letter that is not supported, or the text is not of the format. */
export function formatDate(
  text: string,
  inFormat: string | undefined,
  outFormat: string,
): string | undefined {
  const at = inFormat === undefined ? readDate(text) : read(inFormat, text)
  return at === undefined ? undefined : print(outFormat, at)
}

const UNITS_MS = { d: 86_400_000, ww: 604_800_000, h: 3_600_000, n: 60_000, s: 1_000 } as const

export function dateAdd(interval: string, count: number, at: number): number | undefined {
  const unit = unitOf(interval)
  const made = unit === undefined ? addMonths(interval, count, at) : at + count * unit
  return made === undefined || Number.isNaN(new Date(made).getTime()) ? undefined : made
}

/** Whole units from one to the other; negative where the second is earlier. */
export function dateDiff(interval: string, from: number, to: number): number | undefined {
  const unit = unitOf(interval)
  if (unit !== undefined) return Math.trunc((to - from) / unit)
  const [a, b] = [new Date(from), new Date(to)]
  const years = b.getUTCFullYear() - a.getUTCFullYear()
  if (interval === 'yyyy') return years
  return interval === 'm' ? years * 12 + b.getUTCMonth() - a.getUTCMonth() : undefined
}

function unitOf(interval: string): number | undefined {
  return Object.hasOwn(UNITS_MS, interval) ? UNITS_MS[interval as keyof typeof UNITS_MS] : undefined
}

/** The last day of a shorter month stands for those that it does not have. */
function addMonths(interval: string, count: number, at: number): number | undefined {
  const months = interval === 'yyyy' ? count * 12 : interval === 'm' ? count : undefined
  if (months === undefined) return undefined
  const date = new Date(at)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() + months)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.setUTCDate(Math.min(day, last))
}

// ---- Windows FILETIME ----------------------------------------------------------------------------

const EPOCH_1601 = 116_444_736_000_000_000n

export function fileTimeOf(at: number): string {
  return (BigInt(Math.trunc(at)) * 10_000n + EPOCH_1601).toString()
}

export function fromFileTime(text: string): number {
  return Number((BigInt(text) - EPOCH_1601) / 10_000n)
}

// ---- .NET's custom formats, a part of them -------------------------------------------------------

const TOKEN = /yyyy|yy|MMM|MM?|dd?|HH?|hh?|mm?|ss?|f{1,7}|tt|zzz|'[^']*'|./gsu

function tokensOf(format: string): readonly string[] {
  return format.match(TOKEN) ?? []
}

/** Undefined: a letter that is not supported. `T` and `Z` stand for themselves. */
function literalOf(token: string): string | undefined {
  if (token.startsWith("'")) return token.slice(1, -1)
  return /[a-z]/i.test(token) && token !== 'T' && token !== 'Z' ? undefined : token
}

function print(format: string, at: number): string | undefined {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return undefined
  const two = (value: number) => String(value).padStart(2, '0')
  const hour = date.getUTCHours()
  const twelve = hour % 12 || 12
  let made = ''
  for (const token of tokensOf(format)) {
    const fraction = /^f+$/.test(token)
      ? String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(7, '0').slice(0, token.length)
      : undefined
    const part =
      {
        yyyy: String(date.getUTCFullYear()).padStart(4, '0'),
        yy: two(date.getUTCFullYear() % 100),
        MMM: MONTHS[date.getUTCMonth()] ?? '',
        MM: two(date.getUTCMonth() + 1),
        M: String(date.getUTCMonth() + 1),
        dd: two(date.getUTCDate()),
        d: String(date.getUTCDate()),
        HH: two(hour),
        H: String(hour),
        hh: two(twelve),
        h: String(twelve),
        mm: two(date.getUTCMinutes()),
        m: String(date.getUTCMinutes()),
        ss: two(date.getUTCSeconds()),
        s: String(date.getUTCSeconds()),
        tt: hour < 12 ? 'AM' : 'PM',
        zzz: '+00:00',
      }[token] ??
      fraction ??
      literalOf(token)
    if (part === undefined) return undefined
    made += part
  }
  return made
}

interface Parts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  ms: number
  isAfternoon: boolean | undefined
  offsetMs: number
}

/** How a part is written, and what it says. */
const READERS: Readonly<Record<string, readonly [RegExp, (parts: Parts, text: string) => void]>> = {
  yyyy: [
    /^\d{4}/,
    (p, t) => {
      p.year = Number(t)
    },
  ],
  // .NET takes the century that ends in 2049.
  yy: [
    /^\d\d/,
    (p, t) => {
      p.year = Number(t) + (Number(t) < 50 ? 2000 : 1900)
    },
  ],
  MMM: [
    /^[a-z]{3}/i,
    (p, t) => {
      p.month = monthOf(t)
    },
  ],
  MM: [
    /^\d\d/,
    (p, t) => {
      p.month = Number(t)
    },
  ],
  M: [
    /^\d\d?/,
    (p, t) => {
      p.month = Number(t)
    },
  ],
  dd: [
    /^\d\d/,
    (p, t) => {
      p.day = Number(t)
    },
  ],
  d: [
    /^\d\d?/,
    (p, t) => {
      p.day = Number(t)
    },
  ],
  HH: [
    /^\d\d/,
    (p, t) => {
      p.hour = Number(t)
    },
  ],
  H: [
    /^\d\d?/,
    (p, t) => {
      p.hour = Number(t)
    },
  ],
  hh: [
    /^\d\d/,
    (p, t) => {
      p.hour = Number(t)
    },
  ],
  h: [
    /^\d\d?/,
    (p, t) => {
      p.hour = Number(t)
    },
  ],
  mm: [
    /^\d\d/,
    (p, t) => {
      p.minute = Number(t)
    },
  ],
  m: [
    /^\d\d?/,
    (p, t) => {
      p.minute = Number(t)
    },
  ],
  ss: [
    /^\d\d/,
    (p, t) => {
      p.second = Number(t)
    },
  ],
  s: [
    /^\d\d?/,
    (p, t) => {
      p.second = Number(t)
    },
  ],
  tt: [
    /^(?:AM|PM)/i,
    (p, t) => {
      p.isAfternoon = t.toUpperCase() === 'PM'
    },
  ],
  zzz: [
    /^[+-]\d\d:\d\d/,
    (p, t) => {
      p.offsetMs = offsetOf(t)
    },
  ],
}

function monthOf(text: string): number {
  return MONTHS.findIndex((month) => month.toLowerCase() === text.toLowerCase()) + 1
}

function offsetOf(text: string): number {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(4))
  return (text.startsWith('-') ? -minutes : minutes) * 60_000
}

function read(format: string, text: string): number | undefined {
  const parts: Parts = {
    ...{ year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, ms: 0 },
    ...{ isAfternoon: undefined, offsetMs: 0 },
  }
  let rest = text.trim()
  for (const token of tokensOf(format)) {
    const isFraction = /^f+$/.test(token)
    const reader = READERS[token]
    const literal = reader || isFraction ? undefined : literalOf(token)
    if (isFraction) {
      const digits = rest.slice(0, token.length)
      if (digits.length < token.length || !/^\d+$/.test(digits)) return undefined
      parts.ms = Math.trunc(Number(`0.${digits}`) * 1000)
      rest = rest.slice(token.length)
    } else if (reader) {
      const [found] = reader[0].exec(rest) ?? []
      if (found === undefined) return undefined
      reader[1](parts, found)
      rest = rest.slice(found.length)
    } else {
      if (literal === undefined || !rest.startsWith(literal)) return undefined
      rest = rest.slice(literal.length)
    }
  }
  return rest === '' ? instantOf(parts) : undefined
}

function instantOf(parts: Parts): number | undefined {
  const { year, month, day, hour, minute, second, ms, isAfternoon, offsetMs } = parts
  const hours = isAfternoon === undefined ? hour : (hour % 12) + (isAfternoon ? 12 : 0)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hours, minute, second, ms)
  const isReal =
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  return isReal ? date.getTime() - offsetMs : undefined
}
