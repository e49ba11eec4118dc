/** The parser of filters (RFC 7644 §3.4.2.2). */
import { printRef, resolveName, shownName } from './attribute-ref.ts'
import { ScimError } from './error.ts'
import { type Filter, join, type Literal, OPERATORS, type Operator } from './filter.ts'
import { FilterText, type Token } from './filter-text.ts'
import { isPlainText } from './json.ts'
import { MAX_FILTER_CONDITIONS, MAX_FILTER_DEPTH, MAX_FILTER_LENGTH } from './limits.ts'
import {
  type Attribute,
  type AttributeRef,
  type Profile,
  type ResourceDefinition,
  subAttribute,
} from './schema.ts'
import { coerceElement } from './values.ts'

/** Refuses a filter that names an attribute which no schema has. */
export class UnknownAttribute extends ScimError {}

/**
 * Parses a filter over whole resources. The tolerant profile takes, beside the RFC's grammar, what
 * Entra sends: `emails[type eq "work"].value eq "x"`, literals without quotes, booleans as strings,
 * extension attributes by bare name, and `manager eq "id"`.
 *
 * @throws {ScimError} `invalidFilter`, saying where and what was expected
 */
export function parseFilter(
  definition: ResourceDefinition,
  text: string,
  profile: Profile,
): Filter {
  if (text.length > MAX_FILTER_LENGTH) {
    throw new ScimError(
      'invalidFilter',
      `The filter has more than ${MAX_FILTER_LENGTH} characters.`,
    )
  }
  if (!isPlainText(text)) {
    throw new ScimError('invalidFilter', 'The filter holds a character that is none (NUL).')
  }
  const parser = new Parser(new FilterText(text), profile, (name) => {
    const found = resolveName(definition, name, profile)
    return found?.attribute ? found : undefined
  })
  return parser.whole()
}

/**
 * Parses the filter inside the brackets of a value path, up to and with the closing bracket;
 * `start` is the position after the opening one. References are relative to one element.
 *
 * @returns the filter and the position after the closing bracket
 * @throws {ScimError} `invalidFilter`; `invalidPath` where the bracket is not closed
 */
export function parseElementFilter(
  attribute: Attribute,
  text: string,
  start: number,
  profile: Profile,
): { readonly filter: Filter; readonly end: number } {
  if (text.length > MAX_FILTER_LENGTH) {
    throw new ScimError('invalidPath', `The path has more than ${MAX_FILTER_LENGTH} characters.`)
  }
  const cursor = new FilterText(text, start)
  const filter = new Parser(cursor, profile, elementNames(attribute)).element()
  return { filter, end: cursor.at }
}

type Resolve = (name: string) => AttributeRef | undefined

/** Names inside a value path: the sub-attributes; a simple element is its own `value`. */
function elementNames(attribute: Attribute): Resolve {
  return (name) => {
    if (attribute.type === 'complex') {
      const sub = subAttribute(attribute, name)
      return sub && { urn: undefined, attribute: sub, subAttribute: undefined }
    }
    if (name.toLowerCase() !== 'value') return undefined
    const value = { ...attribute, name: 'value', multiValued: false }
    return { urn: undefined, attribute: value, subAttribute: undefined }
  }
}

const isOperator = (word: string): word is Operator => Object.hasOwn(OPERATORS, word)

/** Recursive descent; its depth is bounded by counting parentheses and brackets. */
class Parser {
  readonly #cursor: FilterText
  readonly #profile: Profile
  #resolve: Resolve
  #inElement = false
  #depth = 0
  #conditions = 0

  constructor(cursor: FilterText, profile: Profile, resolve: Resolve) {
    this.#cursor = cursor
    this.#profile = profile
    this.#resolve = resolve
  }

  whole(): Filter {
    const filter = this.#or()
    if (this.#cursor.ended) return filter
    throw this.#cursor.expected('"and", "or" or the end of the filter')
  }

  element(): Filter {
    this.#inElement = true
    const filter = this.#or()
    if (this.#cursor.take(']')) return filter
    throw this.#cursor.expected('"and", "or" or "]"', this.#cursor.at, 'invalidPath')
  }

  // RFC 7644 §3.4.2.2: `not` binds before `and`, `and` before `or`.
  #or(): Filter {
    const first = this.#and()
    if (!this.#cursor.takeKeyword('or')) return first
    const filters = [first]
    do filters.push(this.#and())
    while (this.#cursor.takeKeyword('or'))
    return join('or', filters)
  }

  #and(): Filter {
    const first = this.#factor()
    if (!this.#cursor.takeKeyword('and')) return first
    const filters = [first]
    do filters.push(this.#factor())
    while (this.#cursor.takeKeyword('and'))
    return join('and', filters)
  }

  #factor(): Filter {
    if (this.#cursor.take('(')) return this.#nested(')')
    if (this.#cursor.takeNot()) return { kind: 'not', filter: this.#nested(')') }
    return this.#condition()
  }

  #nested(close: ')' | ']'): Filter {
    this.#depth += 1
    if (this.#depth > MAX_FILTER_DEPTH) {
      throw new ScimError(
        'invalidFilter',
        `The filter nests deeper than ${MAX_FILTER_DEPTH} levels.`,
      )
    }
    const filter = this.#or()
    if (!this.#cursor.take(close)) throw this.#cursor.expected(`"and", "or" or "${close}"`)
    this.#depth -= 1
    return filter
  }

  #condition(): Filter {
    this.#conditions += 1
    if (this.#conditions > MAX_FILTER_CONDITIONS) {
      throw new ScimError(
        'invalidFilter',
        `The filter has more than ${MAX_FILTER_CONDITIONS} conditions.`,
      )
    }
    const name = this.#cursor.word()
    if (name === '') throw this.#cursor.expected('an attribute name')
    const ref = this.#resolve(name)
    if (!ref) {
      throw new UnknownAttribute(
        'invalidFilter',
        `The filter names ${shownName(name)}, which is unknown.`,
      )
    }
    if (this.#cursor.takeAdjacent('[')) return this.#valuePath(ref)
    return this.#comparison(ref)
  }

  #valuePath(ref: AttributeRef): Filter {
    if (this.#inElement || ref.subAttribute) {
      throw this.#cursor.expected('an operator: a value path stands after a whole attribute')
    }
    const outer = this.#resolve
    const names = elementNames(ref.attribute)
    this.#resolve = names
    this.#inElement = true
    const filter = this.#nested(']')
    this.#inElement = false
    this.#resolve = outer
    const suffix = this.#suffix()
    if (suffix === undefined) return { kind: 'valuePath', ref, filter }
    // Entra: `emails[type eq "work"].value eq "x"`, in its documents also without `.value`
    const sub = names(suffix)
    if (!sub) {
      throw new UnknownAttribute(
        'invalidFilter',
        `The filter names ${shownName(suffix)}, which is unknown.`,
      )
    }
    const tail = this.#comparison(sub)
    const hit: Filter = { kind: 'valuePath', ref, filter: join('and', [filter, tail]) }
    if (!holdsForUnset(tail)) return hit
    return join('or', [hit, { kind: 'not', filter: { kind: 'valuePath', ref, filter } }])
  }

  #suffix(): string | undefined {
    if (this.#profile === 'strict') return undefined
    if (this.#cursor.takeAdjacent('.')) return this.#cursor.word()
    const next = this.#cursor.peekWord().toLowerCase()
    return isOperator(next) ? 'value' : undefined
  }

  #comparison(given: AttributeRef): Filter {
    const start = this.#cursor.at
    const operator = this.#cursor.word().toLowerCase()
    if (operator === 'pr') {
      checkReadable(given)
      return { kind: 'present', ref: given }
    }
    if (!isOperator(operator)) {
      const known = Object.keys(OPERATORS).join(' ')
      throw this.#cursor.expected(`an operator (${known} pr)`, start)
    }
    const ref = this.#compared(given)
    checkReadable(ref)
    const at = this.#cursor.at
    const token = this.#cursor.literal()
    if (!token || (token.kind === 'bare' && this.#profile === 'strict')) {
      throw this.#cursor.expected('a JSON value (a string stands in double quotes)', at)
    }
    return { kind: 'compare', ref, operator, value: this.#literal(ref, operator, token) }
  }

  /** A complex attribute is compared by its `value` (RFC 7644 §3.4.2.2: `emails co "x"`). */
  #compared(ref: AttributeRef): AttributeRef {
    if (ref.attribute.type !== 'complex' || ref.subAttribute) return ref
    const value = subAttribute(ref.attribute, 'value')
    // Entra compares `manager` that way, too, though it is no multi-valued attribute.
    if (value && (ref.attribute.multiValued || this.#profile === 'tolerant')) {
      return { ...ref, subAttribute: value }
    }
    throw new ScimError('invalidFilter', `"${printRef(ref)}" is complex: name a sub-attribute.`)
  }

  #literal(ref: AttributeRef, operator: Operator, token: Token): Literal {
    const leaf = ref.subAttribute ?? ref.attribute
    const on = OPERATORS[operator]
    if (token.kind === 'json' && token.value === null) {
      if (on === 'equality') return null
      throw new ScimError(
        'invalidFilter',
        `"${printRef(ref)}" cannot be compared with null by ${operator}.`,
      )
    }
    if (UNFIT[on].has(leaf.type)) {
      throw new ScimError(
        'invalidFilter',
        `"${printRef(ref)}" is ${leaf.type}: ${operator} does not apply.`,
      )
    }
    const value = token.kind === 'json' ? token.value : token.text
    if (leaf.type === 'string' || leaf.type === 'reference' || on === 'text') {
      if (typeof value === 'string') return value
      if (this.#profile === 'tolerant') return token.text
      throw new ScimError('invalidFilter', `"${printRef(ref)}" must be compared with a string.`)
    }
    try {
      const coerced = coerceElement(leaf, value, this.#profile)
      if (typeof coerced !== 'object' && coerced !== undefined) return coerced
    } catch (error) {
      if (!(error instanceof ScimError)) throw error
    }
    throw new ScimError(
      'invalidFilter',
      `"${printRef(ref)}" must be compared with a value of type ${leaf.type}.`,
    )
  }
}

/** RFC 7644 §3.4.2.2, table 3: on attributes of these types they fail with invalidFilter. */
const UNFIT: Readonly<Record<(typeof OPERATORS)[Operator], ReadonlySet<Attribute['type']>>> = {
  equality: new Set(),
  text: new Set(['boolean', 'decimal', 'integer', 'complex']),
  order: new Set(['boolean', 'binary', 'complex']),
}

/** What is never returned must not be found out by asking (RFC 7643 §7, RFC 7644 §7.5.1). */
function checkReadable(ref: AttributeRef): void {
  if (ref.attribute.returned !== 'never' && ref.subAttribute?.returned !== 'never') return
  throw new ScimError('invalidFilter', `"${printRef(ref)}" cannot be used in a filter.`)
}

function holdsForUnset(filter: Filter): boolean {
  return (
    filter.kind === 'compare' &&
    (filter.operator === 'ne' || (filter.operator === 'eq' && filter.value === null))
  )
}
