/**
 * Templates place values and do nothing else: `{id}` in a path is percent-encoded, in a query it is
 * text, and a JSON string that is one placeholder becomes the value with its own type.
 */
import { AdapterFailure } from '../failure.ts'
import { leavesItsPlace } from '../path-part.ts'
import { meets } from './judge.ts'
import { getAt } from './pointer.ts'
import type { Fact, Texts } from './request-schema.ts'

/** By name of the placeholder; undefined: there is no value, and what would hold it is left out. */
export type Values = Readonly<Record<string, unknown>>

/** `{id}`, `{config.host}`, `{attributes.login}`, `{current/password_hash}`. */
const PLACEHOLDER = /\{([a-zA-Z]\w*(?:\.[\w-]+)?(?:\/[^{}]*)?)\}/g
const ALONE = /^\{([a-zA-Z]\w*(?:\.[\w-]+)?(?:\/[^{}]*)?)\}$/
/** A key that spreads the members of the objects that its value names. */
export const SPREAD = '...'
/** A key that makes its object a list of what its value names (`ListTemplate`). */
export const EACH = '...each'

/** A list made of another one. What it is made of may be missing: then so is the list. */
export interface ListTemplate {
  readonly [EACH]: string
  /** Elements that do not meet all of these are left out. */
  readonly where?: readonly Fact[]
  /** What becomes of each element, `{each}`; absent: it stays as it is. */
  readonly as?: unknown
  /** What stands behind them, unless it is there already. */
  readonly and?: readonly unknown[]
  /** What the list is instead of empty. */
  readonly orElse?: readonly unknown[]
}

/** Every placeholder anywhere in the value, which is a template or JSON that holds some. */
export function placeholdersIn(value: unknown): readonly string[] {
  if (typeof value === 'string')
    return [...value.matchAll(PLACEHOLDER)].map(([, name = '']) => name)
  if (typeof value !== 'object' || value === null) return []
  if (!isListTemplate(value)) return Object.values(value).flatMap(placeholdersIn)
  const { as, ...rest } = value
  const inside = placeholdersIn(as).filter((name) => !/^each(?:\/|$)/.test(name))
  return [...Object.values(rest).flatMap(placeholdersIn), ...inside]
}

export function isListTemplate(value: object): value is ListTemplate {
  return Object.hasOwn(value, EACH)
}

function resolve(name: string, values: Values): unknown {
  const slash = name.indexOf('/')
  const head = slash < 0 ? name : name.slice(0, slash)
  const dot = head.indexOf('.')
  const first = dot < 0 ? head : head.slice(0, dot)
  const found = Object.hasOwn(values, first) ? values[first] : undefined
  const inner = dot < 0 ? found : getAt(found, `/${head.slice(dot + 1)}`)
  return slash < 0 ? inner : getAt(inner, name.slice(slash))
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

/** @throws {AdapterFailure} `invalid` where a part would be empty: it would name the collection */
export function fillPath(template: string, values: Values): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const text = textOf(resolve(name, values))
    if (text === '') {
      throw new AdapterFailure('invalid', 'a part of a path has no value', { effect: 'none' })
    }
    if (leavesItsPlace(text)) {
      throw new AdapterFailure('invalid', 'a part of a path leads elsewhere', { effect: 'none' })
    }
    try {
      return encodeURIComponent(text)
    } catch {
      throw new AdapterFailure('invalid', 'a part of a path cannot be encoded', { effect: 'none' })
    }
  })
}

/** Undefined where the template is one placeholder without a value. */
export function fillText(template: string, values: Values): string | undefined {
  const [, alone] = ALONE.exec(template) ?? []
  if (alone !== undefined) {
    const value = resolve(alone, values)
    return value === undefined || value === null ? undefined : textOf(value)
  }
  return template.replace(PLACEHOLDER, (_, name: string) => textOf(resolve(name, values)))
}

/** As `fillTexts`; a list in a template, or a placeholder alone that is one, gives several values. */
export function fillRepeated(
  templates: Texts,
  values: Values,
): Record<string, string | readonly string[]> {
  return Object.fromEntries(
    Object.entries(templates).flatMap(([name, template]): [string, string | string[]][] => {
      const several = [template].flat().flatMap((one) => fillEach(one, values))
      if (Array.isArray(template) || several.length > 1) return [[name, several]]
      return several.map((only) => [name, only])
    }),
  )
}

function fillEach(template: string | number | boolean, values: Values): string[] {
  if (typeof template !== 'string') return [String(template)]
  const [, alone] = ALONE.exec(template) ?? []
  const value = alone === undefined ? undefined : resolve(alone, values)
  if (Array.isArray(value)) return value.map(textOf)
  const text = fillText(template, values)
  return text === undefined ? [] : [text]
}

/** Those that have a value. */
export function fillTexts(
  templates: Readonly<Record<string, string | number | boolean>>,
  values: Values,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(templates).flatMap(([name, template]) => {
      const text = typeof template === 'string' ? fillText(template, values) : String(template)
      return text === undefined ? [] : [[name, text]]
    }),
  )
}

/** JSON with every placeholder filled; members and elements without a value are left out. */
export function fillJson(template: unknown, values: Values): unknown {
  if (typeof template === 'string') {
    const [, alone] = ALONE.exec(template) ?? []
    return alone === undefined ? fillText(template, values) : resolve(alone, values)
  }
  if (Array.isArray(template)) {
    return template.map((inner) => fillJson(inner, values)).filter((value) => value !== undefined)
  }
  if (typeof template !== 'object' || template === null) return template
  if (isListTemplate(template)) return fillList(template, values)
  return Object.fromEntries(
    Object.entries(template).flatMap(([name, inner]): [string, unknown][] => {
      const value = fillJson(inner, values)
      if (name !== SPREAD) return value === undefined ? [] : [[name, value]]
      return [value].flat().flatMap((part) => (isObject(part) ? Object.entries(part) : []))
    }),
  )
}

function fillList(template: ListTemplate, values: Values): unknown[] | undefined {
  const { [EACH]: source, where = [], as = '{each}', and = [], orElse = [] } = template
  const found = fillJson(source, values)
  if (found === undefined || found === null) return undefined
  const facts = factsWith(where, values)
  const elements = [found]
    .flat()
    .filter((one) => meets(facts, one))
    .map((one) => fillJson(as, { ...values, each: one }))
  const list = withoutRepeats([...elements, ...and.map((one) => fillJson(one, values))])
  return list.length > 0 ? list : orElse.map((one) => fillJson(one, values))
}

/** The facts with the placeholders in `equals` filled, such as `{config.name}`. */
export function factsWith(facts: readonly Fact[], values: Values): readonly Fact[] {
  return facts.map((fact) => ({ ...fact, equals: equalsWith(fact.equals, values) }))
}

/** What is placed is text; the app may hold the same as a number. */
function equalsWith(equals: Fact['equals'], values: Values): Fact['equals'] {
  if (typeof equals !== 'string' || placeholdersIn(equals).length === 0) return equals
  const text = fillText(equals, values) ?? ''
  return /^\d{1,15}$/.test(text) ? [text, Number(text)] : text
}

/** Apps refuse a list that names the same twice. */
function withoutRepeats(list: readonly unknown[]): unknown[] {
  return [
    ...new Map(
      list.flatMap((one) => (one === undefined ? [] : [[JSON.stringify(one), one] as const])),
    ).values(),
  ]
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
