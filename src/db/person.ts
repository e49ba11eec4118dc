/** What is kept of one resource in all data tables, and its erasure. */
import { sql } from 'drizzle-orm'
import { type Database, type Write, writeAll } from './database.ts'
import type { Link } from './link.ts'
import { dueOfGroup, forgetRoles } from './role-due.ts'

/** True where nothing is left but the id, which must never be given out again. */
export function isBare(link: Link): boolean {
  return (
    link.state === 'tombstone' &&
    link.nativeId === undefined &&
    link.fingerprint === undefined &&
    link.externalId === undefined &&
    link.display === undefined
  )
}

/**
 * Erases a resource in one batch, whatever its state. Its audit stays: it holds names of attributes
 * and the id, which stands for nobody any more. So does what a client asked a pre-flight about
 * nobody in the app; that goes with the pre-flight.
 */
export async function erasePerson(
  db: Database,
  connection: string,
  { id, type, nativeId }: Link,
  now: number,
  also: readonly Write[],
): Promise<void> {
  const scans = sql`(SELECT id FROM scan WHERE connection = ${connection} AND type = ${type})`
  // A person whose account is gone may have had one when a scan met it.
  const natives = sql`(SELECT ${nativeId ?? null}
    UNION SELECT native_id FROM scan_account WHERE scan IN ${scans} AND link = ${id})`
  const matched = sql`
    (SELECT m.preflight, m.person FROM preflight_match m
       JOIN preflight p ON p.id = m.preflight
       JOIN scan s ON s.id = p.scan
      WHERE p.connection = ${connection} AND s.type = ${type} AND m.native_id IN ${natives})`
  const subject = `${type}:${id}`
  await writeAll(db, [
    sql`DELETE FROM preflight_person WHERE (preflight, person) IN ${matched}`,
    sql`DELETE FROM preflight_match WHERE (preflight, person) IN ${matched}`,
    sql`DELETE FROM scan_key WHERE scan IN ${scans} AND native_id IN ${natives}`,
    sql`
      DELETE FROM finding WHERE connection = ${connection}
         AND (subject = ${subject}
           OR (json_extract(detail, '$.type') = ${type}
             AND (json_extract(detail, '$.nativeId') IN ${natives}
               OR EXISTS (SELECT 1 FROM json_each(detail, '$.nativeIds') WHERE value IN ${natives}))))`,
    // Last of these: the others find by it whom they are about.
    sql`DELETE FROM scan_account WHERE scan IN ${scans} AND native_id IN ${natives}`,
    // The sandbox's directory: there the account itself is kept here.
    sql`
      DELETE FROM document_key
       WHERE connection = ${connection} AND type = ${type} AND document = ${nativeId ?? null}`,
    sql`DELETE FROM document WHERE connection = ${connection} AND type = ${type} AND id = ${nativeId ?? null}`,
    dueOfGroup(connection, id, now),
    forgetRoles(connection, id),
    sql`
      UPDATE link SET version = version + 1, modified_at = ${now}
       WHERE connection = ${connection} AND id IN
         (SELECT group_link FROM edge WHERE connection = ${connection} AND member_link = ${id})`,
    sql`
      DELETE FROM edge WHERE connection = ${connection}
         AND (group_link = ${id} OR member_link = ${id})`,
    sql`DELETE FROM intent WHERE connection = ${connection} AND link = ${id}`,
    sql`DELETE FROM claim WHERE connection = ${connection} AND link = ${id}`,
    sql`DELETE FROM departure WHERE connection = ${connection} AND link = ${id}`,
    sql`
      UPDATE link SET state = 'tombstone', survives = 0, native_id = NULL, fingerprint = NULL,
             external_id = NULL, display = NULL, shadow = '{}', former = NULL,
             inactive_since = NULL, members_read_at = NULL, ticket = NULL,
             version = version + 1, modified_at = ${now}
       WHERE connection = ${connection} AND id = ${id}`,
    ...also,
  ])
}
