/** Which resources a filter matches (RFC 7644 §3.4.2.2). */
import { type Instant, parseInstant } from './date-time.ts'
import {
  type Comparison,
  type Filter,
  isTextOperator,
  type TextOperator,
  type WholeOperator,
} from './filter.ts'
import {
  type Attribute,
  type AttributeRef,
  foldCase,
  type Json,
  type JsonObject,
} from './schema.ts'
import { isObject } from './values.ts'

type Test = (value: Json | undefined) => boolean
type Matcher = (resource: JsonObject) => boolean

/** Filters are immutable, so each is prepared once, whatever number of resources it meets. */
const matchers = new WeakMap<Filter, Matcher>()

/**
 * True where the resource, or the element of a value path, matches. A resource is rendered in
 * full: with `id`, `meta`, `schemas`, and extension attributes under their URN.
 */
export function matches(filter: Filter, resource: JsonObject): boolean {
  return matcher(filter)(resource)
}

/** The filter as a function, for matching many resources. */
function matcher(filter: Filter): Matcher {
  let prepared = matchers.get(filter)
  if (!prepared) {
    prepared = prepare(filter)
    matchers.set(filter, prepared)
  }
  return prepared
}

/** As `matches`, for one element of a multi-valued attribute; a simple one is its own `value`. */
export function matchesElement(filter: Filter, element: Json): boolean {
  return matcher(filter)(isObject(element) ? element : { value: element })
}

/** As `matchesElement`, for a filter that is used once, on all elements of one attribute. */
export function elementMatcher(filter: Filter): (element: Json) => boolean {
  const prepared = prepare(filter)
  return (element) => prepared(isObject(element) ? element : { value: element })
}

function prepare(filter: Filter): Matcher {
  switch (filter.kind) {
    case 'and': {
      const all = filter.filters.map(prepare)
      return (resource) => all.every((one) => one(resource))
    }
    case 'or': {
      const any = filter.filters.map(prepare)
      return (resource) => any.some((one) => one(resource))
    }
    case 'not': {
      const negated = prepare(filter.filter)
      return (resource) => !negated(resource)
    }
    case 'present':
      return onValues(filter.ref, isPresent)
    case 'valuePath': {
      const inner = prepare(filter.filter)
      return onElements(filter.ref, (element) => {
        if (isObject(element)) return inner(element)
        return element !== undefined && element !== null && inner({ value: element })
      })
    }
    case 'compare':
      return onValues(filter.ref, comparison(filter))
  }
}

/** RFC 7644 §3.4.2.2: a multi-valued attribute matches where any of its values does. */
function onElements({ urn, attribute: { name } }: AttributeRef, test: Test): Matcher {
  return (resource) => {
    const holder = urn === undefined ? resource : resource[urn]
    return any(isObject(holder) ? holder[name] : undefined, test)
  }
}

function onValues(ref: AttributeRef, test: Test): Matcher {
  if (!ref.subAttribute) return onElements(ref, test)
  const { name } = ref.subAttribute
  return onElements(ref, (element) => any(isObject(element) ? element[name] : undefined, test))
}

function any(value: Json | undefined, test: Test): boolean {
  if (!Array.isArray(value)) return test(value)
  // No value at all is tested as such: `ne` holds for it.
  return value.length === 0 ? test(undefined) : value.some(test)
}

/** RFC 7644 §3.4.2.2: a value that is not empty; for a complex one, with something in it. */
function isPresent(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return false
  return typeof value !== 'object' || Object.values(value).some(isPresent)
}

function comparison({ ref, operator, value: literal }: Comparison): Test {
  const attribute = ref.subAttribute ?? ref.attribute
  if (literal === null) {
    return operator === 'eq' ? (value) => !isPresent(value) : isPresent
  }
  if (isTextOperator(operator)) {
    // The parser has refused one with a literal that is no text.
    return typeof literal === 'string' ? textComparison(attribute, operator, literal) : () => false
  }
  if (typeof literal !== 'string') {
    return simpleComparison(operator, literal, (value) =>
      typeof value === typeof literal ? (value as number | boolean) : undefined,
    )
  }
  const instant = attribute.type === 'dateTime' ? parseInstant(literal) : undefined
  if (instant) return instantComparison(operator, instant)
  if (isCaseExact(attribute)) {
    return simpleComparison(operator, literal, (value) =>
      typeof value === 'string' ? value : undefined,
    )
  }
  return simpleComparison(operator, foldCase(literal), (value) =>
    typeof value === 'string' ? foldCase(value) : undefined,
  )
}

/** RFC 7643 §2.3.6, §2.3.7: binary and reference values are case exact whatever the schema says. */
function isCaseExact(attribute: Attribute): boolean {
  return attribute.caseExact || attribute.type === 'binary' || attribute.type === 'reference'
}

function simpleComparison<T extends string | number | boolean>(
  operator: WholeOperator,
  literal: T,
  read: (value: Json | undefined) => T | undefined,
): Test {
  // An unset value equals nothing, and comes neither before nor after anything.
  const when = (holds: (value: T) => boolean): Test => {
    return (value) => {
      const known = read(value)
      return known !== undefined && holds(known)
    }
  }
  switch (operator) {
    case 'eq':
      return (value) => read(value) === literal
    case 'ne':
      return (value) => read(value) !== literal
    case 'gt':
      return when((value) => value > literal)
    case 'ge':
      return when((value) => value >= literal)
    case 'lt':
      return when((value) => value < literal)
    case 'le':
      return when((value) => value <= literal)
  }
}

const TEXT: Readonly<Record<TextOperator, (text: string, part: string) => boolean>> = {
  co: (text, part) => text.includes(part),
  sw: (text, part) => text.startsWith(part),
  ew: (text, part) => text.endsWith(part),
}

function textComparison(attribute: Attribute, operator: TextOperator, literal: string): Test {
  const exact = isCaseExact(attribute)
  const part = exact ? literal : foldCase(literal)
  const holds = TEXT[operator]
  return (value) => typeof value === 'string' && holds(exact ? value : foldCase(value), part)
}

/** dateTimes are compared as instants, whatever their offset and precision. */
function instantComparison(operator: WholeOperator, literal: Instant): Test {
  // The value's place relative to the literal: -1, 0 or 1
  return simpleComparison<number>(operator, 0, (value) => {
    const instant = typeof value === 'string' ? parseInstant(value) : undefined
    return instant && compareInstants(instant, literal)
  })
}

function compareInstants(a: Instant, b: Instant): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1
  return a.fraction < b.fraction ? -1 : a.fraction > b.fraction ? 1 : 0
}
