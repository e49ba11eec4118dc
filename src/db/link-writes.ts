/** Statements that several commits of links share. Each is part of somebody's batch. */
import { type SQL, sql } from 'drizzle-orm'
import { CHANGED_ONE, type Write } from './database.ts'
import { type Claim, type Intent, type Link, type LinkFacts, OPEN } from './link.ts'
import { dueOfGroup, forgetRoles } from './role-due.ts'

export interface Scope {
  readonly connection: string
  readonly type: string
}

/** Fails where any of them is taken. */
export function insertClaims(
  { connection, type }: Scope,
  link: string,
  claims: readonly Claim[],
  now: number,
): Write {
  return sql`
    INSERT INTO claim (connection, type, kind, norm, link, taken_at)
    SELECT ${connection}, ${type}, json_extract(value, '$.kind'), json_extract(value, '$.norm'),
           ${link}, ${now}
      FROM json_each(${JSON.stringify(claims)})`
}

/** Keys that another link holds stay with it. */
export function insertFreeClaims(
  { connection, type }: Scope,
  link: string,
  claims: readonly Claim[],
  now: number,
): Write {
  return sql`
    INSERT INTO claim (connection, type, kind, norm, link, taken_at)
    SELECT ${connection}, ${type}, json_extract(value, '$.kind'), json_extract(value, '$.norm'),
           ${link}, ${now}
      FROM json_each(${JSON.stringify(claims)}) WHERE true ON CONFLICT DO NOTHING`
}

/** For a row of `claim`: true where it is one of these. */
export function isOneOf(claims: readonly Claim[]): SQL {
  return sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify(claims)}) k
    WHERE claim.kind = json_extract(k.value, '$.kind')
      AND claim.norm = json_extract(k.value, '$.norm'))`
}

export function deleteClaims(
  { connection, type }: Scope,
  link: string,
  claims: readonly Claim[],
): Write {
  return sql`
    DELETE FROM claim WHERE connection = ${connection} AND type = ${type} AND link = ${link}
       AND ${isOneOf(claims)}`
}

/**
 * The claims of a link become these: those given up go, and so does what an earlier, interrupted
 * rename left behind. Younger ones than `takenBefore` may be a rename that is under way.
 */
export function settleClaims(
  scope: Scope,
  link: string,
  claims: { readonly wanted: readonly Claim[]; readonly given: readonly Claim[] },
  takenBefore: number,
  now: number,
): Write[] {
  const { connection, type } = scope
  return [
    sql`
      DELETE FROM claim WHERE connection = ${connection} AND type = ${type} AND link = ${link}
         AND NOT ${isOneOf(claims.wanted)}
         AND (taken_at < ${takenBefore} OR ${isOneOf(claims.given)})`,
    insertFreeClaims(scope, link, claims.wanted, now),
  ]
}

export function insertIntent(
  connection: string,
  intent: { id: string; body: string; leaseUntil: number },
  link: string,
  op: Intent['op'],
  now: number,
): Write {
  return sql`
    INSERT INTO intent (id, connection, link, op, state, lease_until, next_at, body, created_at)
    VALUES (${intent.id}, ${connection}, ${link}, ${op}, 'sending', ${intent.leaseUntil},
            ${intent.leaseUntil}, ${intent.body}, ${now})`
}

/** The guard of every commit: under an old fence nothing is changed. */
export function closeIntent(
  intent: { id: string; fence: number },
  state: 'done' | 'failed',
): Write[] {
  return [
    sql`
      UPDATE intent SET state = ${state}, body = '{}'
       WHERE id = ${intent.id} AND fence = ${intent.fence} AND ${OPEN}`,
    CHANGED_ONE,
  ]
}

/** Somebody who is off already stays so since then. */
export function sinceWhen({ inactiveSince }: LinkFacts): SQL {
  return inactiveSince === undefined ? sql`NULL` : sql`coalesce(inactive_since, ${inactiveSince})`
}

export function updateLink(
  connection: string,
  link: Link,
  origin: 'adopted' | undefined,
  facts: LinkFacts,
  now: number,
): Write[] {
  return [
    sql`
      UPDATE link SET state = 'linked', origin = coalesce(${origin ?? null}, origin),
             native_id = ${facts.nativeId}, fingerprint = ${facts.fingerprint ?? null},
             external_id = ${facts.externalId ?? null}, display = ${facts.display ?? null},
             shadow = ${facts.shadow}, former = ${facts.former ?? null},
             inactive_since = ${sinceWhen(facts)}, missed_at = NULL, version = version + 1,
             modified_at = ${now}
       WHERE id = ${link.id} AND connection = ${connection} AND version = ${link.version}
         AND state NOT IN ('retiring', 'tombstone')`,
    CHANGED_ONE,
  ]
}

export function buryLink(
  connection: string,
  link: string,
  survives: boolean,
  now: number,
): Write[] {
  return [
    sql`DELETE FROM claim WHERE connection = ${connection} AND link = ${link}`,
    dueOfGroup(connection, link, now),
    forgetRoles(connection, link),
    sql`
      UPDATE link SET version = version + 1, modified_at = ${now}
       WHERE connection = ${connection} AND id IN
        (SELECT group_link FROM edge WHERE connection = ${connection} AND member_link = ${link})`,
    sql`DELETE FROM edge WHERE connection = ${connection} AND group_link = ${link}`,
    sql`DELETE FROM edge WHERE connection = ${connection} AND member_link = ${link}`,
    // What the client had sent is personal data that nobody needs any more.
    sql`
      UPDATE link SET state = 'tombstone', survives = ${survives ? 1 : 0}, shadow = '{}',
             external_id = NULL, former = NULL, inactive_since = NULL, ticket = NULL,
             modified_at = ${now}
       WHERE id = ${link} AND connection = ${connection}`,
  ]
}
