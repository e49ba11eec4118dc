/** By which names people and groups are called. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import type { Ref } from './finding-facts.ts'

/** Who is meant: by which name a client, or else the app, calls them. */
export interface Named extends Ref {
  readonly connection: string
  /** SCIM id; undefined where there is no link. */
  readonly id: string | undefined
  readonly name: string | undefined
}

/** The same in number and order. */
export async function namesOf(
  db: Database,
  refs: readonly (Ref & { readonly connection: string })[],
): Promise<Named[]> {
  if (refs.length === 0) return []
  const of = (name: string) => sql`json_extract(r.value, ${`$.${name}`})`
  const rows = await db.all<{ id: string | null; name: string | null }>(sql`
    SELECT l.id, coalesce(
             (SELECT c.norm FROM claim c WHERE c.connection = l.connection AND c.link = l.id
               ORDER BY c.kind = 'externalId', c.kind DESC LIMIT 1), l.display) AS name
      FROM json_each(${JSON.stringify(refs)}) r
      LEFT JOIN link n ON n.connection = ${of('connection')} AND n.type = ${of('type')}
       AND n.native_id = ${of('nativeId')} AND n.native_id IS NOT NULL AND n.state <> 'tombstone'
      LEFT JOIN link l ON l.connection = ${of('connection')}
       AND l.id = coalesce(${of('link')}, n.id)
     ORDER BY r.key`)
  return refs.map((ref, at) => ({
    ...ref,
    id: rows[at]?.id ?? undefined,
    name: rows[at]?.name ?? undefined,
  }))
}
