/**
 * Values by attribute type (RFC 7643 §2.3, §2.4, §2.5): what a client's JSON means, when it means
 * nothing, and when two values are the same. Works on one attribute; whole resources are
 * `resource.ts`.
 */
import { type Instant, parseInstant } from './date-time.ts'
import { ScimError } from './error.ts'
import {
  type Attribute,
  foldCase,
  type Json,
  type JsonObject,
  type Profile,
  subAttribute,
} from './schema.ts'
import { coerceSimple, wrongType } from './simple-value.ts'

export interface CoerceOptions {
  /** How `detail` names the attribute; by default its name. */
  readonly path?: string
  /** Collects the paths of sub-attributes that no schema knows. They are left out, not refused. */
  readonly ignored?: string[]
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * True where the value states "unassigned": null and [] (RFC 7643 §2.5), a complex value with
 * nothing left, and in the tolerant profile "", which Entra and its gallery test clear with.
 */
export function isUnassigned(value: Json | undefined, profile: Profile): boolean {
  return isEmpty(value, profile, DEEPEST)
}

/** Array, element, sub-attribute, its array. Deeper bodies are an attack on the stack, not SCIM. */
const DEEPEST = 4

function isEmpty(value: Json | undefined, profile: Profile, depth: number): boolean {
  if (value === undefined || value === null) return true
  if (value === '') return profile === 'tolerant'
  if (typeof value !== 'object' || depth === 0) return false
  for (const part of Array.isArray(value) ? value : Object.values(value)) {
    if (!isEmpty(part, profile, depth - 1)) return false
  }
  return true
}

/**
 * The canonical form of a value for this attribute, or undefined where it is unassigned. A
 * multi-valued attribute gives a non-empty array.
 *
 * @throws {ScimError} `invalidValue` naming the attribute and the type it wants
 */
export function coerceValue(
  attribute: Attribute,
  value: Json,
  profile: Profile,
  options: CoerceOptions = {},
): Json | undefined {
  return coerceAll(attribute, value, profile, options.path ?? attribute.name, options.ignored)
}

function coerceAll(
  attribute: Attribute,
  value: Json,
  profile: Profile,
  path: string,
  ignored: string[] | undefined,
): Json | undefined {
  if (!attribute.multiValued) return coerceOne(attribute, value, profile, path, ignored)
  if (isUnassigned(value, profile)) return undefined
  if (!Array.isArray(value) && profile === 'strict') throw wrongType(attribute, path, 'an array of')
  const elements: Json[] = []
  const isMany = Array.isArray(value) && value.length > 1
  const seen = new Set<string>()
  for (const given of Array.isArray(value) ? value : [value]) {
    const element = coerceOne(attribute, given, profile, path, ignored)
    if (element === undefined) continue
    // Entra sends elements it has emptied; a label without a value says nothing.
    if (profile === 'tolerant' && isShell(attribute, element)) continue
    // RFC 7643 §2.4: the same (type, value) is not returned twice. Only exact twins are dropped.
    const key = isMany ? JSON.stringify(element) : ''
    if (seen.has(key)) continue
    seen.add(key)
    elements.push(element)
  }
  return elements.length === 0 ? undefined : keepOnePrimary(attribute, elements, profile, path)
}

/**
 * As `coerceValue`, for a single value: of a single-valued attribute, or one element of a
 * multi-valued one.
 */
export function coerceElement(
  attribute: Attribute,
  value: Json,
  profile: Profile,
  options: CoerceOptions = {},
): Json | undefined {
  return coerceOne(attribute, value, profile, options.path ?? attribute.name, options.ignored)
}

function coerceOne(
  attribute: Attribute,
  value: Json,
  profile: Profile,
  path: string,
  ignored: string[] | undefined,
): Json | undefined {
  const given = profile === 'tolerant' ? unwrap(attribute, value) : value
  if (isUnassigned(given, profile)) return undefined
  if (attribute.type !== 'complex') return coerceSimple(attribute, given, profile, path)
  if (!isObject(given)) throw wrongType(attribute, path)

  const complex: JsonObject = {}
  for (const [name, part] of Object.entries(given)) {
    const sub = subAttribute(attribute, name)
    // In both profiles: AppRoleAssignmentsComplex of Entra sends `displayName` in roles.
    if (!sub) {
      ignored?.push(`${path}.${name}`)
      continue
    }
    // RFC 7643 §7: readOnly is ignored (`manager.displayName`)
    if (sub.mutability === 'readOnly' && attribute.mutability !== 'readOnly') continue
    if (sub.name in complex) {
      throw new ScimError('invalidSyntax', `"${path}.${sub.name}" is given more than once.`)
    }
    const coerced = coerceAll(sub, part, profile, `${path}.${sub.name}`, ignored)
    if (coerced !== undefined) complex[sub.name] = coerced
  }
  return Object.keys(complex).length === 0 ? undefined : complex
}

/** The wrappings that clients put around a value (Entra's old library, role assignments). */
function unwrap(attribute: Attribute, value: Json): Json {
  // `[{"$ref":null,"value":"x"}]` for a single value: customappsso, manager
  if (Array.isArray(value)) {
    const [only] = value
    const single = value.length === 1 && only !== undefined && !Array.isArray(only)
    return single ? unwrap(attribute, only) : value
  }
  const key = isObject(value) && Object.keys(value).find((name) => name.toLowerCase() === 'value')
  const wrapped = isObject(value) && key ? (value[key] ?? null) : undefined
  if (attribute.type !== 'complex') return wrapped === undefined ? value : wrapped
  const hasValue = subAttribute(attribute, 'value') !== undefined
  if (typeof value === 'string') {
    return jsonObject(attribute, value) ?? (hasValue && value !== '' ? { value } : value)
  }
  if (typeof value === 'number') return hasValue ? { value } : value
  // A role as JSON inside the string `value`: Entra's legacy dialect
  const inner = typeof wrapped === 'string' ? jsonObject(attribute, wrapped) : undefined
  if (!inner || !isObject(value) || !key) return value
  const { [key]: _, ...outer } = value
  return { ...outer, ...inner }
}

/** The JSON object in a string, where it is one with a `value` of its own; else undefined. */
function jsonObject(attribute: Attribute, text: string): JsonObject | undefined {
  if (!attribute.multiValued || !text.trimStart().startsWith('{')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    if (!isObject(parsed)) return undefined
    return Object.keys(parsed).some((name) => subAttribute(attribute, name)?.name === 'value')
      ? parsed
      : undefined
  } catch {
    return undefined // a value that merely looks like JSON stays what it is
  }
}

/**
 * RFC 7643 §2.4: `primary` is true at most once. The tolerant profile keeps the last claim, as a
 * later PATCH operation would win over an earlier one; the strict one refuses.
 */
export function keepOnePrimary(
  attribute: Attribute,
  elements: Json[],
  profile: Profile,
  path: string = attribute.name,
): Json[] {
  const last = elements.findLastIndex(isPrimary)
  if (elements.findIndex(isPrimary) === last) return elements
  if (profile === 'strict') {
    throw new ScimError('invalidValue', `"${path}" has more than one value with "primary": true.`)
  }
  return elements.map((e, at) =>
    at !== last && isObject(e) && isPrimary(e) ? { ...e, primary: false } : e,
  )
}

export function isPrimary(element: Json): boolean {
  return isObject(element) && element['primary'] === true
}

/** Sub-attributes that RFC 7643 §2.4 gives every multi-valued attribute to label its values. */
const LABELS = new Set(['type', 'primary'])

/** True where only labels are left of an element of a complex multi-valued attribute. */
export function isShell(attribute: Attribute, element: Json): boolean {
  if (attribute.type !== 'complex' || !isObject(element)) return false
  if (Object.keys(element).some((name) => !LABELS.has(name))) return false
  // An attribute made of labels alone has nothing else to say.
  return attribute.subAttributes?.some((sub) => !LABELS.has(sub.name)) ?? false
}

/**
 * Order of two values of one type, as for `gt` and `sortBy` (RFC 7644 §3.4.2.2, §3.4.2.3): strings
 * by `caseExact`, dateTimes by instant, complex values by their `value`, false before true.
 * Negative, zero or positive; values that cannot be compared are level.
 */
export function compareValues(attribute: Attribute, a: Json, b: Json): number {
  if (attribute.type === 'complex') {
    const value = subAttribute(attribute, 'value')
    if (!value || !isObject(a) || !isObject(b)) return 0
    return compareValues(value, a[value.name] ?? null, b[value.name] ?? null)
  }
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (typeof a !== 'string' || typeof b !== 'string') return 0
  const [x, y] = [simpleKey(attribute, a), simpleKey(attribute, b)]
  if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : x > y ? 1 : 0
  if (typeof x === 'object' && typeof y === 'object') {
    if (x.seconds !== y.seconds) return x.seconds - y.seconds
    return x.fraction < y.fraction ? -1 : x.fraction > y.fraction ? 1 : 0
  }
  return 0
}

/**
 * True where two canonical values mean the same: strings by `caseExact`, dateTimes by instant,
 * complex values by their parts, multi-values as sets. Undefined is "unassigned".
 */
export function equalValues(
  attribute: Attribute,
  a: Json | undefined,
  b: Json | undefined,
): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined) return false
  return comparisonKey(attribute, a) === comparisonKey(attribute, b)
}

/** A string that is the same for two values exactly where `equalValues` holds. */
export function comparisonKey(attribute: Attribute, value: Json): string {
  if (!Array.isArray(value)) return elementKey(attribute, value)
  const keys = new Set(value.map((element) => elementKey(attribute, element)))
  return `[${[...keys].sort().join()}]`
}

function elementKey(attribute: Attribute, value: Json): string {
  if (isObject(value)) {
    const parts = (attribute.subAttributes ?? []).flatMap((sub) => {
      const part = value[sub.name]
      return part === undefined ? [] : [`${JSON.stringify(sub.name)}:${comparisonKey(sub, part)}`]
    })
    return `{${parts.join()}}`
  }
  const key = typeof value === 'string' ? simpleKey(attribute, value) : value
  return JSON.stringify(key)
}

function simpleKey(attribute: Attribute, value: string): string | Instant {
  if (attribute.type === 'dateTime') return parseInstant(value) ?? value
  // RFC 7643 §2.3.6, §2.3.7: binary and reference values are case exact whatever the schema says.
  const exact = attribute.caseExact || attribute.type === 'binary' || attribute.type === 'reference'
  return exact ? value : foldCase(value)
}

/** Milliseconds since 1970 (with what a double keeps below them); undefined for no dateTime. */
export function parseDateTime(value: string): number | undefined {
  const instant = parseInstant(value)
  return instant && instant.seconds * 1000 + Number(`0.${instant.fraction || '0'}`) * 1000
}
