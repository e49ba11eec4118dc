/**
 * JSONata expressions over one resource. A Worker's clock stands still while it computes, so nothing
 * is bounded by time: steps are counted, and so is what each of them makes (design decision 13).
 * What has no bound by counting, or is not the same each time, cannot be written: regular
 * expressions, ranges, the clock, chance, `$eval`.
 */
import jsonata from 'jsonata'
import type { Json } from '../scim/schema.ts'
import { FUNCTIONS, FunctionFault, type Given } from './functions.ts'

export interface Limits {
  readonly steps: number
  /** Parts of values looked at, over the whole run: nested values grow faster than steps. */
  readonly parts: number
  /** Characters of one text. */
  readonly text: number
  /** Elements of one list. */
  readonly list: number
  /** Expressions within expressions, calls of functions included. */
  readonly depth: number
}

export const LIMITS: Limits = { steps: 2_000, parts: 100_000, text: 10_000, list: 500, depth: 100 }

/** Characters, as in Entra. */
const LONGEST = 10_000

/** JSONata's own functions that are bounded by what they are given. */
export const BUILT_IN: ReadonlySet<string> = new Set(
  'append boolean ceiling contains count distinct each exists filter floor join keys length lookup lowercase map max merge min not number reduce round sift single sort string substring substringAfter substringBefore sum trim type uppercase'.split(
    ' ',
  ),
)

/** Why an expression has no value. The text is ours and holds no value of the resource. */
export class ExpressionFault extends Error {
  override readonly name = 'ExpressionFault'
}

/** What is wrong with an expression, before it has run; undefined: nothing. */
export function faultOf(expression: string): string | undefined {
  if (expression.length > LONGEST) return `is longer than ${LONGEST} characters`
  try {
    return unfit(jsonata(expression).ast())
  } catch (error) {
    return `is no JSONata expression${whereOf(error)}`
  }
}

/**
 * The value of an expression over `input`, which is all that it can see. Undefined: it has none.
 *
 * @throws {ExpressionFault} where it fails, or does more than the limits allow
 */
export async function evaluate(expression: string, input: Json): Promise<Json | undefined> {
  const fault = faultOf(expression)
  if (fault !== undefined) throw new ExpressionFault(`The expression ${fault}`)
  const compiled = jsonata(expression, { stack: LIMITS.depth, sequence: LIMITS.list })
  for (const [name, implementation] of Object.entries(FUNCTIONS)) {
    compiled.registerFunction(name, (...given: Given[]) => {
      const made = implementation(...given)
      // A function of ours is one step of JSONata's, whatever it makes.
      measure(made, { ...LIMITS, parts: LIMITS.list })
      return made
    })
  }
  count(compiled)
  try {
    const value: unknown = await compiled.evaluate(input)
    measure(value, LIMITS)
    const text = JSON.stringify(value)
    return text === undefined ? undefined : (JSON.parse(text) as Json)
  } catch (error) {
    if (error instanceof ExpressionFault) throw error
    if (error instanceof FunctionFault) throw new ExpressionFault(error.message)
    // JSONata's messages hold values of the resource; its codes do not.
    throw new ExpressionFault(`The expression fails${whereOf(error)}`)
  }
}

/** JSONata calls these around each step, if they are bound. */
const ENTRY = Symbol.for('jsonata.__evaluate_entry')
const EXIT = Symbol.for('jsonata.__evaluate_exit')

function count(compiled: jsonata.Expression): void {
  let steps = 0
  let parts = 0
  const bind = compiled.assign as (name: string | symbol, value: unknown) => void
  bind(ENTRY, () => {
    steps += 1
    if (steps > LIMITS.steps) throw tooMuch(`more than ${LIMITS.steps} steps`)
  })
  bind(EXIT, (_: unknown, __: unknown, ___: unknown, result: unknown) => {
    parts += measure(result, { ...LIMITS, parts: LIMITS.parts - parts })
  })
}

/** How many parts a value has; nested ones count each time they are met. */
function measure(value: unknown, limits: Limits): number {
  if (typeof value === 'string' && value.length > limits.text) {
    throw tooMuch(`a text of more than ${limits.text} characters`)
  }
  if (typeof value !== 'object' || value === null || isLambda(value)) return 1
  if (Array.isArray(value) && value.length > limits.list) {
    throw tooMuch(`a list of more than ${limits.list} elements`)
  }
  let parts = 1
  for (const part of Object.values(value)) {
    if (parts >= limits.parts) throw tooMuch('values that are too large')
    parts += measure(part, { ...limits, parts: limits.parts - parts })
  }
  return parts
}

/** It holds all of JSONata's own state. No expression can make a value with a method. */
function isLambda(value: object): boolean {
  const { environment } = value as { environment?: { bind?: unknown } }
  return typeof environment?.bind === 'function'
}

function tooMuch(what: string): ExpressionFault {
  return new ExpressionFault(`The expression makes ${what}`)
}

function whereOf(error: unknown): string {
  const { code, position } = error as { code?: unknown; position?: unknown }
  if (typeof code !== 'string' || !/^[A-Z]\d{4}$/.test(code)) return ''
  return typeof position === 'number' ? ` (${code} at character ${position})` : ` (${code})`
}

// ---- what cannot be written ----------------------------------------------------------------------

interface Node {
  readonly type?: unknown
  readonly value?: unknown
}

function unfit(ast: object): string | undefined {
  const nodes = [...nodesOf(ast)]
  const bound = new Set<unknown>(['', '$'])
  for (const node of nodes) {
    const { type, lhs, arguments: names } = node as { [key: string]: unknown }
    if (type === 'bind' && isNode(lhs)) bound.add(lhs.value)
    if (type === 'lambda' && Array.isArray(names)) {
      for (const name of names) if (isNode(name)) bound.add(name.value)
    }
    // Positions and contexts are bound with `#$i` and `@$v`.
    for (const mark of ['index', 'focus']) bound.add((node as { [key: string]: unknown })[mark])
  }
  for (const { type, value } of nodes) {
    if (type === 'regex') {
      return 'has a regular expression, which nothing here can bound: use $contains, $Split, $Word or $Replace'
    }
    if (type === 'transform') return 'changes what it reads with | |: build a new value instead'
    if (type === 'binary' && value === '..') return 'has a range "..": name the values instead'
    if (type === 'parent') return 'uses "%": start from $$ instead'
    if (type !== 'variable' || typeof value !== 'string' || bound.has(value)) continue
    if (!Object.hasOwn(FUNCTIONS, value) && !BUILT_IN.has(value)) return refusalOf(value)
  }
  return undefined
}

/** Functions of Entra and of JSONata that make no sense here, each with what does. */
export const REFUSED: Readonly<Record<string, string>> = {
  Now: 'is not the same each time, so every change would write it again',
  now: 'is not the same each time, so every change would write it again',
  millis: 'is not the same each time, so every change would write it again',
  Guid: 'is not the same each time, so every change would write it again',
  RandomString: 'is not the same each time, so every change would write it again',
  random: 'is not the same each time, so every change would write it again',
  shuffle: 'is not the same each time, so every change would write it again',
  SelectUniqueValue: 'has to ask the app: let the identity provider choose, or the app refuse',
  SingleAppRoleAssignment: 'reads assignments that the identity provider alone has: map "roles"',
  AppRoleAssignmentsComplex: 'reads assignments that the identity provider alone has: map "roles"',
  AssertiveAppRoleAssignmentsComplex:
    'reads assignments that the identity provider alone has: map "roles"',
  IgnoreFlowIfNullOrEmpty: 'is said beside the expression: "clear": "keep"',
  Redact: 'is not needed: no value is written to a log',
  eval: 'cannot be bounded',
  match: 'needs a regular expression: use $contains, $Split, $Word or $Replace',
  replace: 'may take a regular expression: use $Replace',
  split: 'may take a regular expression: use $Split',
  pad: 'cannot be bounded',
}

function refusalOf(name: string): string {
  const why = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
  if (why !== undefined) return `uses $${name}, which ${why}`
  const folded = name.toLowerCase()
  const known = [...Object.keys(FUNCTIONS), ...BUILT_IN]
  const near = known.find((one) => one.toLowerCase() === folded)
  return `uses $${name}, which is not there${near === undefined ? '' : `: write $${near}`}`
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null
}

function* nodesOf(ast: object): Generator<Node> {
  const seen = new Set<object>()
  const open: object[] = [ast]
  for (let node = open.pop(); node; node = open.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    yield node
    for (const part of Object.values(node)) if (isNode(part)) open.push(part)
  }
}
