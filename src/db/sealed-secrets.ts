/**
 * Sealed secrets, of connections and of the channels of alerts, by the key that sealed them: for the
 * operator, and for the cron.
 */
import { sql } from 'drizzle-orm'
import type { SealedSecret } from './connection-secrets.ts'
import { type Database, writeAllReturning } from './database.ts'

export interface StoredSecret extends SealedSecret {
  /** Empty for a channel of the gateway itself. */
  readonly connectionId: string
  /** With the connection, the place that it is bound to. */
  readonly name: string
  /** The channel whose it is; null: the connection's own. */
  readonly channel: string | null
}

/** `placeOf` of a channel, as SQL has it. */
const EVERY = sql`(
  SELECT connection_id AS connectionId, name, sealed, key_id AS keyId, NULL AS channel
    FROM connection_secret
   UNION ALL
  SELECT connection_id, 'alert:' || id, sealed, key_id, id
    FROM alert_channel WHERE key_id IS NOT NULL) AS secret`

/** How many secrets each key has sealed. */
export async function secretsByKey(db: Database): Promise<ReadonlyMap<string, number>> {
  const rows = await db.all<{ keyId: string; secrets: number }>(sql`
    SELECT keyId, count(*) AS secrets FROM ${EVERY} GROUP BY keyId`)
  return new Map(rows.map(({ keyId, secrets }) => [keyId, secrets]))
}

/** Some of those that these keys have sealed, in no order: one that does not open holds up no other. */
export async function sealedBy(
  db: Database,
  keyIds: readonly string[],
  limit: number,
): Promise<readonly StoredSecret[]> {
  return db.all<StoredSecret>(sql`
    SELECT connectionId, name, sealed, keyId, channel FROM ${EVERY}
     WHERE keyId IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))
     ORDER BY random() LIMIT ${limit}`)
}

export async function countSealedBy(db: Database, keyIds: readonly string[]): Promise<number> {
  const row = await db.get<{ secrets: number }>(sql`
    SELECT count(*) AS secrets FROM ${EVERY}
     WHERE keyId IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))`)
  return row?.secrets ?? 0
}

/**
 * Where those are that none of these keys opens: names of connections and of secrets, in order. A
 * channel of the gateway has no connection.
 */
export async function sealedByOthers(
  db: Database,
  keyIds: readonly string[],
  limit: number,
): Promise<
  readonly { readonly connection: string; readonly secret: string; readonly keyId: string }[]
> {
  return db.all(sql`
    SELECT coalesce(c.name, '') AS connection, keyId,
           CASE WHEN channel IS NULL THEN secret.name
                ELSE 'alert channel ' || (SELECT a.name FROM alert_channel a WHERE a.id = channel)
            END AS secret
      FROM ${EVERY} LEFT JOIN connection AS c ON c.id = secret.connectionId
     WHERE keyId NOT IN (SELECT value FROM json_each(${JSON.stringify(keyIds)}))
     ORDER BY 1, secret LIMIT ${limit}`)
}

/** Each only where it still is what was read: what somebody has entered meanwhile stays. How many. */
export async function reseal(
  db: Database,
  changes: readonly { readonly from: StoredSecret; readonly to: SealedSecret }[],
): Promise<number> {
  const results = await writeAllReturning(
    db,
    changes.map(({ from, to }) =>
      from.channel === null
        ? sql`
          UPDATE connection_secret SET sealed = ${to.sealed}, key_id = ${to.keyId}
           WHERE connection_id = ${from.connectionId} AND name = ${from.name}
             AND sealed = ${from.sealed}
          RETURNING 1 AS done`
        : sql`
          UPDATE alert_channel SET sealed = ${to.sealed}, key_id = ${to.keyId}
           WHERE id = ${from.channel} AND sealed = ${from.sealed}
          RETURNING 1 AS done`,
    ),
  )
  return results.flat().length
}
