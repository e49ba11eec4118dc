/** Sealed secrets of all connections, by the key that sealed them: for the operator, and for the cron. */
import { sql } from 'drizzle-orm'
import type { SealedSecret } from './connections.ts'
import { type Database, writeAllReturning } from './database.ts'

export interface StoredSecret extends SealedSecret {
  readonly connectionId: string
  readonly name: string
}

/** How many secrets each key has sealed. */
export async function secretsByKey(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db.all<{ keyId: string; secrets: number }>(sql`
    SELECT key_id AS keyId, count(*) AS secrets FROM connection_secret GROUP BY key_id`)
  return new Map(rows.map(({ keyId, secrets }) => [keyId, secrets]))
}

/** Some of those that these keys have sealed, in no order: one that does not open holds up no other. */
export async function sealedBy(
  db: Database,
  keyIds: readonly string[],
  limit: number,
): Promise<readonly StoredSecret[]> {
  return db.all<StoredSecret>(sql`
    SELECT connection_id AS connectionId, name, sealed, key_id AS keyId FROM connection_secret
     WHERE key_id IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))
     ORDER BY random() LIMIT ${limit}`)
}

export async function countSealedBy(db: Database, keyIds: readonly string[]): Promise<number> {
  const row = await db.get<{ secrets: number }>(sql`
    SELECT count(*) AS secrets FROM connection_secret
     WHERE key_id IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))`)
  return row?.secrets ?? 0
}

/** Where those are that none of these keys opens: names of connections and of secrets, in order. */
export async function sealedByOthers(
  db: Database,
  keyIds: readonly string[],
  limit: number,
): Promise<
  readonly { readonly connection: string; readonly secret: string; readonly keyId: string }[]
> {
  return db.all(sql`
    SELECT c.name AS connection, s.name AS secret, s.key_id AS keyId
      FROM connection_secret AS s JOIN connection AS c ON c.id = s.connection_id
     WHERE s.key_id NOT IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))
     ORDER BY c.name, s.name LIMIT ${limit}`)
}

/** Each only where it still is what was read: what somebody has entered meanwhile stays. How many. */
export async function reseal(
  db: Database,
  changes: readonly { readonly from: StoredSecret; readonly to: SealedSecret }[],
): Promise<number> {
  const results = await writeAllReturning(
    db,
    changes.map(
      ({ from, to }) => sql`
        UPDATE connection_secret SET sealed = ${to.sealed}, key_id = ${to.keyId}
         WHERE connection_id = ${from.connectionId} AND name = ${from.name}
           AND sealed = ${from.sealed}
        RETURNING 1 AS done`,
    ),
  )
  return results.flat().length
}
