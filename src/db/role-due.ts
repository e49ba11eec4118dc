/**
 * Who is to be brought to what the role table says, as a part of the batch that gives the reason. The
 * statements ask the stored table themselves, so that no change of it can come between. A group that
 * the table does not name makes nobody due.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Write } from './database.ts'

const rows = sql`role_table t JOIN json_each(t.content, '$.rows') r`
const app = sql`json_extract(r.value, '$.app') AS app`
const externalId = sql`json_extract(r.value, '$.externalId')`
/** The groups that a row names; their people. */
const groups = sql`JOIN link g ON g.connection = t.connection AND g.type = 'Group'
     AND g.state <> 'tombstone' AND g.external_id = ${externalId}`
const people = sql`JOIN edge e ON e.connection = g.connection AND e.group_link = g.id
     AND e.member_type = 'User'`

/** Whoever holds one goes on to hold it, and finds that it has grown. */
export const grown = (now: number): SQL => sql`
  revision = role_intent.revision + 1, attempt = 0,
  next_at = CASE WHEN role_intent.holder IS NULL THEN ${now} ELSE role_intent.next_at END`

/** `found`: a select of `member` and `app`. */
function due(connection: string, found: SQL, now: number): SQL {
  return sql`
    INSERT INTO role_intent (connection, link, app, next_at)
    SELECT DISTINCT ${connection}, member, app, ${now} FROM (${found}) WHERE true
        ON CONFLICT (connection, link, app) DO UPDATE SET ${grown(now)}`
}

/** These people join or leave this group. */
export function dueOfMembers(
  connection: string,
  group: string,
  members: readonly string[],
  now: number,
): Write {
  const found = sql`
    SELECT m.value AS member, ${app} FROM ${rows} ${groups}
      JOIN json_each(${JSON.stringify(members)}) m
     WHERE t.connection = ${connection} AND g.id = ${group}`
  return due(connection, found, now)
}

/** The group goes: before its edges do. */
export function dueOfGroup(connection: string, group: string, now: number): Write {
  const found = sql`
    SELECT e.member_link AS member, ${app} FROM ${rows} ${groups} ${people}
     WHERE t.connection = ${connection} AND g.id = ${group}`
  return due(connection, found, now)
}

/** The group comes to stand, or no longer stands, for one of these. */
export function dueOfExternalIds(
  connection: string,
  group: string,
  externalIds: readonly (string | undefined)[],
  now: number,
): Write {
  const found = sql`
    SELECT e.member_link AS member, ${app} FROM ${rows}
      JOIN edge e ON e.connection = t.connection AND e.group_link = ${group}
       AND e.member_type = 'User'
     WHERE t.connection = ${connection}
       AND ${externalId} IN (SELECT value FROM json_each(${JSON.stringify(externalIds)}))`
  return due(connection, found, now)
}

/** All memberships of this person come, rest, or are another link's from now on. */
export function dueOfPerson(connection: string, person: string, now: number): Write {
  const found = sql`
    SELECT e.member_link AS member, ${app} FROM ${rows} ${groups} ${people}
     WHERE t.connection = ${connection} AND e.member_link = ${person}`
  return due(connection, found, now)
}

/** Everybody in a group that the stored table names, or in one that these rows name. */
export function dueOfTables(connection: string, next: string, now: number): Write[] {
  const ofStored = sql`
    SELECT e.member_link AS member, ${app} FROM ${rows} ${groups} ${people}
     WHERE t.connection = ${connection}`
  const ofNext = sql`
    SELECT e.member_link AS member, ${app} FROM json_each(${next}, '$.rows') r
      JOIN link g ON g.connection = ${connection} AND g.type = 'Group' AND g.state <> 'tombstone'
       AND g.external_id = ${externalId} ${people}`
  return [due(connection, ofStored, now), due(connection, ofNext, now)]
}

/** The person is gone: there is nobody to bring anywhere. */
export function forgetRoles(connection: string, person: string): Write {
  return sql`DELETE FROM role_intent WHERE connection = ${connection} AND link = ${person}`
}
