/** Sealed secrets of a connection, as they are stored beside it. */
import { sql } from 'drizzle-orm'
import { connectionSecret } from './control-tables.ts'
import type { Database, Write } from './database.ts'

export interface SealedSecret {
  readonly sealed: string
  readonly keyId: string
}

// Raw names: without a join Drizzle leaves the table out of a column, and this would not correlate.
export const secrets = sql<Record<string, SealedSecret>>`(
  SELECT json_group_object(s.name, json_object('sealed', s.sealed, 'keyId', s.key_id))
  FROM connection_secret AS s WHERE s.connection_id = connection.id AND s.name <> '*')`
  .mapWith((value: string) => JSON.parse(value))
  .as('secrets')

/** Beside the secrets that an administrator gave: no adapter declares one of this name. */
export const KEPT = '*'

export function putSecrets(
  db: Database,
  connectionId: string,
  sealed: Readonly<Record<string, SealedSecret>>,
  setAt: number,
): Write[] {
  return Object.entries(sealed).map(([name, secret]) =>
    db
      .insert(connectionSecret)
      .values({ connectionId, name, sealed: secret.sealed, keyId: secret.keyId, setAt })
      .onConflictDoUpdate({
        target: [connectionSecret.connectionId, connectionSecret.name],
        set: { sealed: secret.sealed, keyId: secret.keyId, setAt },
      }),
  )
}
