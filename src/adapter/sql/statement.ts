/**
 * SQL whose values are parameters, whatever they hold. A statement is what the tag `sql` makes of a
 * template in the source: what stands in `${}` becomes a parameter, an identifier that was declared, or
 * another statement, and never text.
 */
import { AdapterFailure } from '../failure.ts'

export type Dialect = 'postgres' | 'mysql'

export type SqlValue = null | boolean | number | string | Uint8Array

/** Letters, digits, `_` and `$`: no database reads more into it, and quoting it needs no escape. */
const NAME = /^[A-Za-z_][A-Za-z0-9_$]{0,62}$/

export function isName(text: string): boolean {
  return text.split('.').length <= 2 && text.split('.').every((part) => NAME.test(part))
}

/** The name of a table or column. Made by `identifiers` alone. */
export class Identifier {
  readonly #name: string

  /** @throws {TypeError} where it is no name that needs no escape */
  constructor(name: string) {
    if (!isName(name)) throw new TypeError('an identifier must be letters, digits, "_" and "$"')
    this.#name = name
  }

  /** Quoted, so that it is no keyword; letter case counts in Postgres. */
  quoted(dialect: Dialect): string {
    const mark = dialect === 'postgres' ? '"' : '`'
    return this.#name
      .split('.')
      .map((part) => mark + part + mark)
      .join('.')
  }
}

/**
 * The names that an adapter uses, declared once: `const { users, id } = identifiers('users', 'id')`.
 * A table of a schema is `schema.table`.
 */
export function identifiers<const N extends string>(
  ...names: readonly N[]
): Readonly<Record<N, Identifier>> {
  const declared = names.map((name) => [name, new Identifier(name)])
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(declared)))
}

export class Statement {
  readonly #texts: readonly string[]
  readonly #placed: readonly (SqlValue | Identifier | Statement)[]

  constructor(texts: readonly string[], placed: readonly (SqlValue | Identifier | Statement)[]) {
    this.#texts = texts
    this.#placed = placed
  }

  /** @throws {AdapterFailure} `invalid`, effect `none`, where a value cannot be stored as it is */
  render(dialect: Dialect): { readonly text: string; readonly values: readonly SqlValue[] } {
    const values: SqlValue[] = []
    return { text: this.#render(dialect, values), values }
  }

  #render(dialect: Dialect, values: SqlValue[]): string {
    let text = this.#texts[0] ?? ''
    for (const [i, one] of this.#placed.entries()) {
      if (one instanceof Identifier) text += one.quoted(dialect)
      else if (one instanceof Statement) text += one.#render(dialect, values)
      else {
        values.push(storable(one))
        text += dialect === 'postgres' ? `$${values.length}` : '?'
      }
      text += this.#texts[i + 1] ?? ''
    }
    return text
  }
}

/** Templates are frozen by the language; a call with a text of one's own making is not one. */
function isTemplate(texts: TemplateStringsArray): boolean {
  return Array.isArray(texts) && Object.isFrozen(texts) && Object.hasOwn(texts, 'raw')
}

/** @throws {TypeError} where it is called otherwise than as a tag */
export function sql(
  texts: TemplateStringsArray,
  ...placed: readonly (SqlValue | Identifier | Statement)[]
): Statement {
  if (!isTemplate(texts)) throw new TypeError('sql is a tag: write sql`SELECT ...`')
  return new Statement(texts, placed)
}

/** Values, names or statements with the same between each two: `join(ids, sql\`, \`)`. */
export function join(
  parts: readonly (SqlValue | Identifier | Statement)[],
  between: Statement,
): Statement {
  const placed = parts.flatMap((part, i) => (i === 0 ? [part] : [between, part]))
  return new Statement(
    Array.from({ length: placed.length + 1 }, () => ''),
    placed,
  )
}

/**
 * A number of ours in the text itself: a prepared LIMIT of MySQL takes no parameter of every kind.
 *
 * @throws {TypeError} where it is no whole number from 0 on
 */
export function digits(number: number): Statement {
  if (!Number.isSafeInteger(number) || number < 0) throw new TypeError('must be a whole number')
  return new Statement([String(number)], [])
}

/**
 * Postgres stores no NUL, and neither database stores half a character: it would be replaced by
 * another one, and the person would have another name than the client sent.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function storable(value: SqlValue): SqlValue {
  const ok =
    typeof value === 'string'
      ? isStorable(value)
      : typeof value !== 'number' || Number.isFinite(value)
  if (ok) return value
  throw new AdapterFailure('invalid', 'a value holds what no database can store', {
    effect: 'none',
  })
}
