/** One table of the app, as statements see it: its names, its scope, and how its rows are asked for. */
import type { NativeObject } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { Database, Transaction } from '../sql/database.ts'
import type { Row } from '../sql/session.ts'
import {
  digits,
  Identifier,
  isStorable,
  join,
  type SqlValue,
  type Statement,
  sql,
} from '../sql/statement.ts'
import { canBeId, columnOf, columnsOf, idText, isFlagOn, toObject } from './convert.ts'
import type { TableResource } from './schema.ts'

/** More people than share one value of an attribute that they are found by. */
const MOST_FOUND = 100

export class Table {
  readonly resource: TableResource
  readonly name: Identifier
  readonly id: Identifier
  readonly #columns: ReadonlyMap<string, Identifier>

  constructor(resource: TableResource) {
    this.resource = resource
    this.name = new Identifier(resource.table)
    this.#columns = new Map(columnsOf(resource).map((column) => [column, new Identifier(column)]))
    this.id = new Identifier(resource.id.column)
  }

  column(name: string): Identifier {
    return this.#columns.get(name) ?? new Identifier(name)
  }

  get select(): Statement {
    return sql`SELECT ${join([...this.#columns.values()], sql`, `)} FROM ${this.name}`
  }

  /** Rows of this app's own scope; what is deleted for good by a mark is none. */
  get scope(): Statement {
    const { where, remove } = this.resource
    const parts = Object.entries(where).map(([name, is]) => sql`${this.column(name)} = ${is}`)
    const mark = remove?.kind === 'hard' ? remove.mark : undefined
    if (mark) {
      const column = this.column(mark.column)
      const words = [mark.off].flat().filter((word) => word !== undefined)
      parts.push(
        mark.offSince
          ? sql`${column} IS NULL`
          : sql`(${column} IS NULL OR ${column} NOT IN (${join(words, sql`, `)}))`,
      )
    }
    return parts.length > 0 ? join(parts, sql` AND `) : sql`1 = 1`
  }

  /** Of these texts, the ids of rows that are there. */
  async known(tx: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const possible = ids.filter((id) => canBeId(this.resource, id))
    if (possible.length === 0) return new Set()
    const { rows } = await tx.run(sql`
      SELECT ${this.id} FROM ${this.name} WHERE ${this.id} IN (${join(possible, sql`, `)}) AND ${this.scope}`)
    return new Set(rows.flatMap((row) => idText(row[this.resource.id.column]) ?? []))
  }

  async get(tx: Transaction, id: string): Promise<NativeObject | null> {
    const row = await this.row(tx, id)
    return row ? toObject(this.resource, row) : null
  }

  /** What is asked for, and not what a database takes for the same: "A" is not "a". */
  async row(tx: Transaction, id: string): Promise<Row | undefined> {
    if (!canBeId(this.resource, id)) return undefined
    const { rows } = await tx.run(sql`${this.select} WHERE ${this.id} = ${id} AND ${this.scope}`)
    const { column, type } = this.resource.id
    const asked = type === 'uuid' ? id.toLowerCase() : id
    return rows.find((row) => {
      const found = idText(row[column])
      return (type === 'uuid' ? found?.toLowerCase() : found) === asked
    })
  }

  async find(tx: Transaction, attribute: string, value: string): Promise<readonly Row[]> {
    // No row holds what no column can.
    if (!isStorable(value)) return []
    const { rows } = await tx.run(sql`
      ${this.select} WHERE ${this.equals(tx.dialect, attribute, value)} AND ${this.scope}
       ORDER BY ${this.id} LIMIT ${digits(MOST_FOUND + 1)}`)
    if (rows.length > MOST_FOUND) {
      throw new AdapterFailure('protocol', 'more rows share a value than people can', {
        effect: 'none',
        answered: true,
      })
    }
    return rows
  }

  /** MySQL compares by the column's collation; in Postgres an index on lower(column) serves. */
  equals(dialect: Database['dialect'], attribute: string, value: SqlValue): Statement {
    const spec = this.resource.attributes[attribute]
    if (!spec) throw new Error(`no attribute "${attribute}" is declared`)
    const column = this.column(columnOf(attribute, spec))
    const isText = spec.type === 'string' && typeof value === 'string'
    return dialect === 'postgres' && isText && !spec.caseExact
      ? sql`lower(${column}) = lower(${value})`
      : sql`${column} = ${value}`
  }

  /** True: it is marked as deleted, and still seen. */
  isMarked(row: Row): boolean {
    const mark = this.resource.remove?.mark
    return mark ? isFlagOn(mark, row[mark.column]) === false : false
  }
}
