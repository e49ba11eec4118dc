/** Manifests and their revisions. What a manifest may say is not known here. */
import { sql } from 'drizzle-orm'
import type { Json } from '../scim/schema.ts'
import {
  CHANGED_ONE,
  type Database,
  isUniqueViolation,
  openDatabase,
  type Write,
  writeAll,
  writeGuarded,
} from './database.ts'

/** Times in milliseconds. */
export interface ManifestRow {
  readonly name: string
  readonly revision: number
  readonly version: string
  /** As the administrator gave it. */
  readonly document: Json
  /** Goes up with every change: what a change must have read. */
  readonly change: number
  readonly createdAt: number
  readonly updatedAt: number
}

export interface RevisionRow {
  readonly revision: number
  readonly version: string
  readonly createdAt: number
}

export interface NewRevision {
  readonly version: string
  readonly document: Json
}

/** A manifest with a long history is still one row to read; older ones than these go. */
const KEPT_REVISIONS = 50

const SELECT = sql`
  SELECT m.name, m.revision, r.version, r.document, m.change,
         m.created_at AS createdAt, m.updated_at AS updatedAt
    FROM manifest AS m JOIN manifest_revision AS r ON r.name = m.name AND r.revision = m.revision`

type Stored = Omit<ManifestRow, 'document'> & { readonly document: string }
const toRow = (row: Stored): ManifestRow => ({ ...row, document: JSON.parse(row.document) })

export class Manifests {
  readonly #db: Database

  constructor(db: D1Database) {
    this.#db = openDatabase(db)
  }

  async named(name: string): Promise<ManifestRow | undefined> {
    const [row] = await this.#db.all<Stored>(sql`${SELECT} WHERE m.name = ${name}`)
    return row && toRow(row)
  }

  /** In the order of their names, after the one of the name given. */
  async list(page: { after: string; limit: number }): Promise<ManifestRow[]> {
    const rows = await this.#db.all<Stored>(
      sql`${SELECT} WHERE m.name > ${page.after} ORDER BY m.name LIMIT ${page.limit}`,
    )
    return rows.map(toRow)
  }

  /** Of all; some hundred at the most that anybody would ever write. */
  async names(limit: number): Promise<string[]> {
    const rows = await this.#db.all<{ name: string }>(
      sql`SELECT name FROM manifest ORDER BY name LIMIT ${limit}`,
    )
    return rows.map(({ name }) => name)
  }

  /** The newest first. */
  async revisions(name: string): Promise<RevisionRow[]> {
    return this.#db.all<RevisionRow>(sql`
      SELECT revision, version, created_at AS createdAt FROM manifest_revision
       WHERE name = ${name} ORDER BY revision DESC`)
  }

  async document(name: string, revision: number): Promise<Json | undefined> {
    const [row] = await this.#db.all<{ document: string }>(sql`
      SELECT document FROM manifest_revision WHERE name = ${name} AND revision = ${revision}`)
    return row && JSON.parse(row.document)
  }

  /** False: there is one of this name. */
  async create(name: string, first: NewRevision, now: number): Promise<boolean> {
    try {
      await writeAll(this.#db, [
        sql`INSERT INTO manifest (name, revision, created_at, updated_at)
            VALUES (${name}, 1, ${now}, ${now})`,
        insert(name, sql`1`, first, now),
      ])
      return true
    } catch (error) {
      if (isUniqueViolation(error)) return false
      throw error
    }
  }

  /**
   * Puts a new revision, or an old one, in force. `remap`: values are read otherwise from now on, so
   * what was seen of the app (decision 0003) is to be looked at again. False: another change came
   * first, so read again and decide again.
   */
  async change(
    read: Pick<ManifestRow, 'name' | 'change'>,
    next: NewRevision | { readonly revision: number },
    remap: boolean,
    now: number,
  ): Promise<boolean> {
    const { name } = read
    const newest = sql`(SELECT max(revision) FROM manifest_revision WHERE name = ${name})`
    const isNew = 'document' in next
    const writes: Write[] = [
      ...(isNew ? [insert(name, sql`${newest} + 1`, next, now)] : []),
      sql`UPDATE manifest SET change = change + 1, updated_at = max(${now}, created_at),
                 revision = ${isNew ? newest : next.revision}
           WHERE name = ${name} AND change = ${read.change}`,
      CHANGED_ONE,
      sql`DELETE FROM manifest_revision WHERE name = ${name}
             AND revision <= ${newest} - ${KEPT_REVISIONS}
             AND revision <> (SELECT revision FROM manifest WHERE name = ${name})`,
    ]
    if (remap) {
      writes.push(sql`
        UPDATE connection SET mapping_version = mapping_version + 1, version = version + 1,
               updated_at = max(${now}, created_at)
         WHERE adapter = ${name} AND state = 'active'`)
    }
    return writeGuarded(this.#db, writes)
  }

  /** Active connections whose adapter it is, by name. */
  async usedBy(name: string): Promise<string[]> {
    const rows = await this.#db.all<{ name: string }>(sql`
      SELECT name FROM connection WHERE adapter = ${name} AND state = 'active' ORDER BY name`)
    return rows.map((row) => row.name)
  }

  /** False where a connection uses it, or there is none. */
  async remove(name: string): Promise<boolean> {
    const rows = await this.#db.all(sql`
      DELETE FROM manifest WHERE name = ${name} AND NOT EXISTS
        (SELECT 1 FROM connection WHERE adapter = ${name} AND state = 'active')
      RETURNING name`)
    return rows.length > 0
  }
}

function insert(name: string, revision: Write, next: NewRevision, now: number): Write {
  return sql`
    INSERT INTO manifest_revision (name, revision, version, document, created_at)
    VALUES (${name}, ${revision}, ${next.version}, ${JSON.stringify(next.document)}, ${now})`
}

/** True: accounts or groups of the app are known by their native ids. */
export async function hasLinks(db: Database, connection: string, type: string): Promise<boolean> {
  const rows = await db.all(sql`
    SELECT 1 FROM link WHERE connection = ${connection} AND type = ${type}
       AND native_id IS NOT NULL AND (state <> 'tombstone' OR survives = 1) LIMIT 1`)
  return rows.length > 0
}
