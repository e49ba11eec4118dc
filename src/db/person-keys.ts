/** Who is meant by a text that an administrator types: a SCIM id, a native id, or a key of the person. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import type { Claim } from './link.ts'

export interface TypedText {
  readonly text: string
  /** Names of the connection's resource types. */
  readonly types: readonly string[]
  /** Of claims. */
  readonly kinds: readonly string[]
  /** The text, as claims of those kinds may have it. */
  readonly norms: readonly string[]
}

/** SCIM ids of the links that it may mean. */
export async function linksNamed(
  db: Database,
  connection: string,
  { text, types, kinds, norms }: TypedText,
): Promise<string[]> {
  const ofType = sql`connection = ${connection}
    AND type IN (SELECT value FROM json_each(${JSON.stringify(types)}))`
  const rows = await db.all<{ id: string }>(sql`
    SELECT id FROM link WHERE connection = ${connection} AND id = ${text}
     UNION
    SELECT id FROM link WHERE ${ofType} AND native_id = ${text} AND state <> 'tombstone'
     UNION
    SELECT id FROM link WHERE ${ofType} AND native_id = ${text} AND survives = 1
     UNION
    SELECT id FROM link WHERE ${ofType} AND external_id = ${text}
     UNION
    SELECT link AS id FROM claim WHERE ${ofType}
       AND kind IN (SELECT value FROM json_each(${JSON.stringify(kinds)}))
       AND norm IN (SELECT value FROM json_each(${JSON.stringify(norms)}))`)
  return rows.map(({ id }) => id)
}

/** Keys that these links hold now. */
export async function claimsHeld(
  db: Database,
  connection: string,
  links: readonly string[],
): Promise<Claim[]> {
  return db.all<Claim>(sql`
    SELECT kind, norm FROM claim WHERE connection = ${connection}
       AND link IN (SELECT value FROM json_each(${JSON.stringify(links)}))`)
}
