/** Values of the simple types (RFC 7643 §2.3): what each profile takes for one. */
import { parseInstant } from './date-time.ts'
import { ScimError } from './error.ts'
import type { Attribute, Json, Profile } from './schema.ts'

const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

/**
 * The value of an attribute that is not complex, neither wrapped nor unassigned.
 *
 * @throws {ScimError} `invalidValue`
 */
export function coerceSimple(
  attribute: Attribute,
  value: Json,
  profile: Profile,
  path: string,
): Json {
  const tolerant = profile === 'tolerant'
  switch (attribute.type) {
    case 'boolean': {
      if (typeof value === 'boolean') return value
      const folded = tolerant && typeof value === 'string' ? value.trim().toLowerCase() : undefined
      if (folded === 'true' || folded === 'false') return folded === 'true'
      break
    }
    case 'integer':
    case 'decimal': {
      const text = tolerant && typeof value === 'string' ? value.trim() : undefined
      const number = text !== undefined && NUMBER.test(text) ? Number(text) : value
      if (typeof number !== 'number' || !Number.isFinite(number)) break
      if (attribute.type === 'decimal' || Number.isSafeInteger(number)) return number
      break
    }
    case 'dateTime': {
      if (typeof value !== 'string' || parseInstant(value) === undefined) break
      if (tolerant || value.includes('T')) return value
      break
    }
    case 'binary':
      if (typeof value === 'string' && (tolerant || BASE64.test(value))) return text(value, path)
      break
    case 'string':
    case 'reference':
      if (typeof value === 'string') return text(value, path)
      if (tolerant && typeof value === 'number') return String(value)
      break
    case 'complex':
      break
  }
  throw wrongType(attribute, path)
}

/** A lone surrogate is no character: it would not survive UTF-8, in storage or in the app. */
function text(value: string, path: string): string {
  if (value.isWellFormed()) return value
  throw new ScimError('invalidValue', `"${path}" contains a character that is not valid Unicode.`)
}

const NOUN: Record<Attribute['type'], string> = {
  string: 'string',
  boolean: 'boolean',
  decimal: 'number',
  integer: 'integer',
  dateTime: 'dateTime (for example 2026-01-31T08:00:00Z)',
  reference: 'reference (a string)',
  binary: 'base64 string',
  complex: 'JSON object',
}

/** `prefix` goes before the name of the attribute's type. */
export function wrongType(
  attribute: Attribute,
  path: string,
  prefix = 'a value of type',
): ScimError {
  return new ScimError('invalidValue', `"${path}" must be ${prefix} ${NOUN[attribute.type]}.`)
}
