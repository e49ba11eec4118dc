/** What a connection has mapped, and who wanted it so. Control table. */
import { sql } from 'drizzle-orm'
import type { JsonObject } from '../scim/schema.ts'
import type { Actor } from './audit.ts'
import type { ConnectionRow } from './connections.ts'
import { type Database, openDatabase, type Write } from './database.ts'

/** A mapping is some KB; older ones than these go. */
const KEPT_MAPPINGS = 20

export interface MappingRevision {
  readonly version: number
  /** Null: the adapter's own. */
  readonly mapping: JsonObject | null
  /** Undefined: nobody knows any more. */
  readonly actor: Actor | undefined
  /** Milliseconds; null: nobody knows any more. */
  readonly at: number | null
}

/**
 * For the batch that changes the mapping: the new one, and the one before, where it is not there (a connection
 * that was never mapped otherwise, or from before there was a history).
 */
export function keepMapping(
  read: Pick<ConnectionRow, 'id' | 'mapping' | 'mappingVersion' | 'createdAt'>,
  next: Pick<MappingRevision, 'version' | 'mapping'>,
  actor: Actor,
  now: number,
): Write[] {
  const { id } = read
  const json = (mapping: JsonObject | null) => (mapping === null ? null : JSON.stringify(mapping))
  const before = json(read.mapping)
  const since = read.mappingVersion === 1 ? read.createdAt : null
  return [
    // Its number may have gone up without it: a manifest that reads accounts otherwise.
    sql`
      INSERT INTO mapping_revision (connection_id, version, mapping, actor, at)
      SELECT ${id}, ${read.mappingVersion}, ${before}, '{}', ${since}
       WHERE NOT EXISTS (
         SELECT 1 FROM mapping_revision r
          WHERE r.connection_id = ${id} AND r.mapping IS ${before}
            AND r.version = (SELECT max(version) FROM mapping_revision
                              WHERE connection_id = ${id}))
          ON CONFLICT DO NOTHING`,
    sql`
      INSERT INTO mapping_revision (connection_id, version, mapping, actor, at)
      VALUES (${id}, ${next.version}, ${json(next.mapping)}, ${JSON.stringify(actor)}, ${now})`,
    sql`
      DELETE FROM mapping_revision
       WHERE connection_id = ${id} AND version NOT IN (
         SELECT version FROM mapping_revision WHERE connection_id = ${id}
          ORDER BY version DESC LIMIT ${KEPT_MAPPINGS})`,
  ]
}

/** With the connection. */
export const forgetMappings = (connectionId: string): Write =>
  sql`DELETE FROM mapping_revision WHERE connection_id = ${connectionId}`

export class MappingHistory {
  readonly #db: Database

  constructor(db: D1Database) {
    this.#db = openDatabase(db)
  }

  /** The newest first. */
  async of(connectionId: string): Promise<MappingRevision[]> {
    const rows = await this.#db.all<{
      version: number
      mapping: string | null
      actor: string
      at: number | null
    }>(sql`
      SELECT version, mapping, actor, at FROM mapping_revision
       WHERE connection_id = ${connectionId} ORDER BY version DESC`)
    return rows.map(({ version, mapping, actor, at }) => {
      const who = JSON.parse(actor) as Partial<Actor>
      return {
        ...{ version, at },
        mapping: mapping === null ? null : (JSON.parse(mapping) as JsonObject),
        actor: who.kind === undefined ? undefined : (who as Actor),
      }
    })
  }
}
