/** Filters (RFC 7644 §3.4.2.2): the tree, its canonical text, and what it says for sure. */
import { printRef } from './attribute-ref.ts'
import type { AttributeRef } from './schema.ts'

/** What compares with a literal (RFC 7644 §3.4.2.2, table 3), by what it looks at. `pr` takes none. */
export const OPERATORS = {
  eq: 'equality',
  ne: 'equality',
  co: 'text',
  sw: 'text',
  ew: 'text',
  gt: 'order',
  ge: 'order',
  lt: 'order',
  le: 'order',
} as const satisfies Readonly<Record<string, 'equality' | 'text' | 'order'>>

export type Operator = keyof typeof OPERATORS
type OperatorOn<T extends (typeof OPERATORS)[Operator]> = {
  [O in Operator]: (typeof OPERATORS)[O] extends T ? O : never
}[Operator]
/** Looks at a part of a text. */
export type TextOperator = OperatorOn<'text'>
/** Looks at a value as a whole. */
export type WholeOperator = OperatorOn<'equality' | 'order'>

export function isTextOperator(operator: Operator): operator is TextOperator {
  return OPERATORS[operator] === 'text'
}

export type Literal = string | number | boolean | null

/** An attribute compared with a literal that has the attribute's type. */
export interface Comparison {
  readonly kind: 'compare'
  readonly ref: AttributeRef
  readonly operator: Operator
  readonly value: Literal
}

/**
 * References are resolved: evaluation looks nothing up. `and` and `or` hold two or more filters,
 * none of their own kind. In a `valuePath` the references of `filter` are relative to one element.
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | { readonly kind: 'present'; readonly ref: AttributeRef }
  | { readonly kind: 'valuePath'; readonly ref: AttributeRef; readonly filter: Filter }
  | Comparison

/** Joins filters, keeping `and` and `or` flat. */
export function join(kind: 'and' | 'or', filters: readonly Filter[]): Filter {
  const [only] = filters
  if (filters.length === 1 && only) return only
  return {
    kind,
    filters: filters.flatMap((f) => (f.kind === kind ? f.filters : [f])),
  }
}

/** The canonical text, in RFC grammar whatever form was parsed. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
      return filter.filters
        .map((f) => (f.kind === 'or' ? `(${printFilter(f)})` : printFilter(f)))
        .join(' and ')
    case 'or':
      return filter.filters.map(printFilter).join(' or ')
    case 'not':
      return `not (${printFilter(filter.filter)})`
    case 'present':
      return `${printRef(filter.ref)} pr`
    case 'valuePath':
      return `${printRef(filter.ref)}[${printFilter(filter.filter)}]`
    case 'compare':
      return `${printRef(filter.ref)} ${filter.operator} ${JSON.stringify(filter.value)}`
  }
}

/** The comparisons for equality with a value that all must hold for the filter to hold. */
export function conjunctiveEqualities(filter: Filter): readonly Comparison[] {
  if (filter.kind === 'and') return filter.filters.flatMap(conjunctiveEqualities)
  const equality = filter.kind === 'compare' && filter.operator === 'eq' && filter.value !== null
  return equality ? [filter] : []
}

export interface Equality {
  /** Canonical path, as `printPath` gives it: `userName`, `emails[type eq "work"].value`. */
  readonly path: string
  readonly value: string | number | boolean
}

/**
 * Equalities that hold for every resource the filter matches, for looking resources up in an app.
 * They are necessary, not sufficient: what a look-up returns must still be matched. A value path
 * gives its typed form (`emails[type eq "work"].value`) before the wider `emails.value`.
 */
export function equalities(filter: Filter): readonly Equality[] {
  switch (filter.kind) {
    case 'and':
      return filter.filters.flatMap(equalities)
    case 'compare':
      return filter.operator === 'eq' && filter.value !== null
        ? [{ path: printRef(filter.ref), value: filter.value }]
        : []
    case 'valuePath':
      return elementEqualities(filter.ref, filter.filter)
    case 'or':
    case 'not':
    case 'present':
      return []
  }
}

function elementEqualities(ref: AttributeRef, filter: Filter): readonly Equality[] {
  const conditions = conjunctiveEqualities(filter)
  const target = conditions.find((c) => c.ref.attribute.name === 'value') ?? conditions.at(-1)
  if (!target || target.value === null) return []
  const { value } = target
  const selectors = conditions.filter((c) => c !== target)
  const whole = printRef(ref)
  // Elements of a simple multi-valued attribute are the value themselves.
  const sub = ref.attribute.type === 'complex' ? `.${target.ref.attribute.name}` : ''
  const wide = { path: `${whole}${sub}`, value }
  if (selectors.length === 0) return [wide]
  return [{ path: `${whole}[${printFilter(join('and', selectors))}]${sub}`, value }, wide]
}
