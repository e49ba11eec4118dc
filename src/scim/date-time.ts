/**
 * xsd:dateTime (RFC 7643 §2.3.5) by hand: Entra sends year 0001 and seven fraction digits, where
 * `Date.parse` may do as it likes and a double keeps too little.
 */

/** Whole seconds since 1970 and the digits after the point, trailing zeros removed. */
export interface Instant {
  readonly seconds: number
  readonly fraction: string
}

/** Of milliseconds since 1970; null where there is no such time. */
export function isoOf(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString()
}

/** Position of the seconds' end, where a fraction or an offset may follow. */
const SECONDS_END = 19
const LONGEST_FRACTION = 18

/** No offset means UTC; a date alone means its first moment. Undefined for no xsd:dateTime. */
export function parseInstant(value: string): Instant | undefined {
  const days = parseDays(value)
  if (days === undefined) return undefined
  if (value.length === 10) return { seconds: days * 86_400, fraction: '' }
  const hour = digits(value, 11)
  const minute = digits(value, 14)
  const second = digits(value, 17)
  const separated = isTimeMark(value.charCodeAt(10)) && value[13] === ':' && value[16] === ':'
  if (!separated || hour < 0 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return undefined
  }
  let at = SECONDS_END
  let fraction = ''
  if (value[at] === '.') {
    at += 1
    while (isDigit(value.charCodeAt(at))) at += 1
    const length = at - SECONDS_END - 1
    if (length === 0 || length > LONGEST_FRACTION) return undefined
    fraction = withoutTrailingZeros(value.slice(SECONDS_END + 1, at))
  }
  // xsd allows 24:00:00 as the end of the day
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0 || fraction !== ''))) return undefined
  const offset = parseOffset(value, at)
  if (offset === undefined) return undefined
  return { seconds: days * 86_400 + hour * 3600 + minute * 60 + second - offset, fraction }
}

/** Days since 1970 of the date at the start of the text; undefined where no calendar has it. */
function parseDays(value: string): number | undefined {
  const century = digits(value, 0)
  const ofCentury = digits(value, 2)
  const month = digits(value, 5)
  const day = digits(value, 8)
  if (value[4] !== '-' || value[7] !== '-' || century < 0 || ofCentury < 0) return undefined
  if (month < 1 || month > 12 || day < 1) return undefined
  const year = century * 100 + ofCentury
  const days = daysSince1970(year, month, day)
  if (day <= 28) return days
  const next = month === 12 ? daysSince1970(year + 1, 1, 1) : daysSince1970(year, month + 1, 1)
  return days < next ? days : undefined
}

/** Seconds east of UTC: nothing, `Z`, or `+hh:mm` up to the end of the text. */
function parseOffset(value: string, at: number): number | undefined {
  if (at === value.length) return 0
  const mark = value[at]
  if (mark === 'Z' || mark === 'z') return at + 1 === value.length ? 0 : undefined
  if ((mark !== '+' && mark !== '-') || value.length !== at + 6 || value[at + 3] !== ':') {
    return undefined
  }
  const hours = digits(value, at + 1)
  const minutes = digits(value, at + 4)
  if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return undefined
  return (mark === '-' ? -1 : 1) * (hours * 60 + minutes) * 60
}

/** Two digits as a number; -1 where there are none. */
function digits(value: string, at: number): number {
  const tens = value.charCodeAt(at) - 0x30
  const ones = value.charCodeAt(at + 1) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isTimeMark(code: number): boolean {
  // T, t, or the space that some databases write
  return code === 0x54 || code === 0x74 || code === 0x20
}

function withoutTrailingZeros(text: string): string {
  let end = text.length
  while (text.charCodeAt(end - 1) === 0x30) end -= 1
  return text.slice(0, end)
}

/** Days in the proleptic Gregorian calendar, years counted from March so that leap days come last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return (
    365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
  )
}
