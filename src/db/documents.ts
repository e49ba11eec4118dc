/** The sandbox's own directory in D1: the one implementation of the contract's DocumentStore. */
import { type SQL, sql } from 'drizzle-orm'
import type {
  Attributes,
  Delta,
  DocumentStore,
  NativeObject,
  Page,
  PageRequest,
} from '../adapter/contract.ts'
import { foldCase } from '../scim/schema.ts'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isUniqueViolation,
  type Write,
  writeAll,
  writeGuarded,
} from './database.ts'

interface Row {
  id: string
  body: string
  created_at: number
  modified_at: number
}

export class Documents implements DocumentStore {
  readonly #db: Database
  readonly #connection: string
  readonly #now: () => number

  constructor(db: Database, connection: string, now: () => number) {
    this.#db = db
    this.#connection = connection
    this.#now = now
  }

  async get(type: string, id: string): Promise<NativeObject | null> {
    const [row] = await this.#select(sql`AND type = ${type} AND id = ${id}`)
    return row ?? null
  }

  async find(
    type: string,
    attribute: string,
    value: string,
    caseExact: boolean,
  ): Promise<readonly NativeObject[]> {
    const found = await this.#select(sql`AND type = ${type} AND id IN (
      SELECT document FROM document_key WHERE connection = ${this.#connection} AND type = ${type}
         AND attribute = ${attribute} AND norm = ${foldCase(value)})`)
    return caseExact ? found.filter((object) => object.attributes[attribute] === value) : found
  }

  async list(type: string, page: PageRequest): Promise<Page<NativeObject>> {
    const skip = page.cursor === undefined ? (page.skip ?? 0) : Number(page.cursor)
    const [items, total] = await Promise.all([
      this.#select(sql`AND type = ${type} ORDER BY seq LIMIT ${page.pageSize} OFFSET ${skip}`),
      this.#db.get<{ n: number }>(sql`
        SELECT count(*) AS n FROM document
         WHERE connection = ${this.#connection} AND type = ${type}`),
    ])
    const end = skip + items.length
    return { items, total: total.n, ...(end < total.n && { next: String(end) }) }
  }

  async insert(type: string, id: string, attributes: Attributes): Promise<NativeObject> {
    const now = this.#now()
    try {
      await writeAll(this.#db, [
        sql`
          INSERT INTO document (connection, type, id, body, created_at, modified_at)
          VALUES (${this.#connection}, ${type}, ${id}, ${JSON.stringify(attributes)}, ${now}, ${now})`,
        this.#insertKeys(type, id, attributes),
      ])
    } catch (error) {
      // A create that was cut off after its effect comes again under the same id.
      if (!isUniqueViolation(error, 'document.')) throw error
      const there = await this.get(type, id)
      if (there) return there
      throw error
    }
    return toObject({ id, body: JSON.stringify(attributes), created_at: now, modified_at: now })
  }

  async update(type: string, id: string, delta: Delta): Promise<NativeObject | null> {
    // Read, change, write under the body that was read; whoever loses the race reads again.
    for (let attempt = 0; attempt < 10; attempt++) {
      const [before] = await this.#rows(sql`AND type = ${type} AND id = ${id}`)
      if (!before) return null
      const attributes = { ...(JSON.parse(before.body) as Attributes), ...delta.set }
      const kept = Object.entries(attributes).filter(([name]) => !delta.unset.includes(name))
      const body = JSON.stringify(Object.fromEntries(kept))
      const now = this.#now()
      try {
        await writeAll(this.#db, [
          sql`
            UPDATE document SET body = ${body}, modified_at = ${now}
             WHERE connection = ${this.#connection} AND type = ${type} AND id = ${id}
               AND body = ${before.body}`,
          CHANGED_ONE,
          this.#deleteKeys(type, id),
          this.#insertKeys(type, id, Object.fromEntries(kept)),
        ])
        return toObject({ ...before, body, modified_at: now })
      } catch (error) {
        if (!isLostRace(error)) throw error
      }
    }
    throw new Error('ten writers in a row changed this document first')
  }

  async delete(type: string, id: string): Promise<boolean> {
    return writeGuarded(this.#db, [
      sql`
        DELETE FROM document
         WHERE connection = ${this.#connection} AND type = ${type} AND id = ${id}`,
      CHANGED_ONE,
      this.#deleteKeys(type, id),
    ])
  }

  #rows(where: SQL): Promise<Row[]> {
    return this.#db.all<Row>(sql`
      SELECT id, body, created_at, modified_at FROM document
       WHERE connection = ${this.#connection} ${where}`)
  }

  async #select(where: SQL): Promise<NativeObject[]> {
    return (await this.#rows(where)).map(toObject)
  }

  #deleteKeys(type: string, id: string): Write {
    return sql`
      DELETE FROM document_key
       WHERE connection = ${this.#connection} AND type = ${type} AND document = ${id}`
  }

  #insertKeys(type: string, id: string, attributes: Attributes): Write {
    const keys = Object.entries(attributes).flatMap(([attribute, value]) =>
      typeof value === 'string' ? [{ attribute, norm: foldCase(value) }] : [],
    )
    return sql`
      INSERT INTO document_key (connection, type, attribute, norm, document)
      SELECT ${this.#connection}, ${type}, json_extract(value, '$.attribute'),
             json_extract(value, '$.norm'), ${id}
        FROM json_each(${JSON.stringify(keys)})`
  }
}

function toObject(row: Row): NativeObject {
  return {
    id: row.id,
    attributes: JSON.parse(row.body) as Attributes,
    createdAt: new Date(row.created_at).toISOString(),
    modifiedAt: new Date(row.modified_at).toISOString(),
  }
}
