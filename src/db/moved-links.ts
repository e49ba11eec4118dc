/** Links that move in and out as a whole: written under ids that somebody else gave out, and read. */
import { sql } from 'drizzle-orm'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isUniqueViolation,
  type Write,
  writeAll,
} from './database.ts'
import type { Claim, Link, LinkFacts } from './link.ts'
import { insertClaims, updateLink } from './link-writes.ts'
import { dueOfPerson } from './role-due.ts'

export type MovedState = 'linked' | 'discovered'

/** A live link, without what the app itself says. */
export interface MovedLink {
  readonly id: string
  readonly type: string
  readonly nativeId: string
  /** `discovered`: no client has written to the account, but one may know the id. */
  readonly state: MovedState
  readonly externalId: string | undefined
  /** JSON text, read by src/mapping. */
  readonly shadow: string
}

export interface NewLink {
  readonly id: string
  readonly type: string
  readonly state: MovedState
  readonly facts: LinkFacts
  readonly claims: readonly Claim[]
}

export class MovedLinks {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /** In the order of their ids, after the one given. */
  async list(after: string, limit: number): Promise<MovedLink[]> {
    const rows = await this.#db.all<{
      id: string
      type: string
      native_id: string
      state: MovedState
      external_id: string | null
      shadow: string
    }>(sql`
      SELECT id, type, native_id, external_id, shadow,
             CASE state WHEN 'discovered' THEN state ELSE 'linked' END AS state
        FROM link
       WHERE connection = ${this.#connection} AND id > ${after} AND native_id IS NOT NULL
         AND state NOT IN ('proposed', 'pending', 'retiring', 'tombstone')
       ORDER BY id LIMIT ${limit}`)
    return rows.map(({ native_id, external_id, ...row }) => ({
      ...row,
      nativeId: native_id,
      externalId: external_id ?? undefined,
    }))
  }

  /**
   * Writes a link with all its claims, or nothing. `met`: the link that a read has minted for this
   * account; it gives way where its id is another one, and its memberships go over unless
   * `isReused`, which says that it stood for an earlier account. `taken`: the id or the account has
   * a link by now; `lost`: `met` has changed since.
   */
  async put(
    { id, type, state, facts, claims }: NewLink,
    met: Link | undefined,
    isReused: boolean,
    now: number,
    also: readonly Write[],
  ): Promise<'put' | 'lost' | 'taken' | 'key-taken'> {
    const connection = this.#connection
    try {
      await writeAll(this.#db, [
        ...(met?.id === id
          ? updateLink(connection, met, 'adopted', facts, now)
          : [
              ...(met ? this.#retire(met, now) : []),
              sql`
                INSERT INTO link (id, connection, type, state, origin, native_id, fingerprint,
                                  external_id, display, shadow, verdict, created_at,
                                  modified_at)
                VALUES (${id}, ${connection}, ${type}, ${state}, 'imported', ${facts.nativeId},
                        ${facts.fingerprint ?? null}, ${facts.externalId ?? null},
                        ${facts.display ?? null}, ${facts.shadow},
                        ${(isReused ? undefined : met?.verdict) ?? null}, ${now}, ${now})`,
              ...(met ? this.#moveEdges(met.id, isReused ? undefined : id, now) : []),
            ]),
        insertClaims({ connection, type }, id, claims, now),
        // A tombstone that hid this account gives way to the new link.
        sql`
          UPDATE link SET survives = 0 WHERE connection = ${connection} AND survives = 1
             AND type = ${type} AND native_id = ${facts.nativeId}`,
        ...also,
      ])
      return 'put'
    } catch (error) {
      if (isLostRace(error)) return 'lost'
      if (isUniqueViolation(error, 'claim.')) return 'key-taken'
      if (isUniqueViolation(error, 'link.')) return 'taken'
      throw error
    }
  }

  /** Nobody has written under it since it was read; its id is never given out again. */
  #retire(met: Link, now: number): Write[] {
    return [
      sql`
        UPDATE link SET state = 'tombstone', shadow = '{}', version = version + 1,
               modified_at = ${now}
         WHERE connection = ${this.#connection} AND id = ${met.id} AND version = ${met.version}
           AND state = 'discovered'`,
      CHANGED_ONE,
    ]
  }

  #moveEdges(from: string, to: string | undefined, now: number): Write[] {
    const ofLink = sql`connection = ${this.#connection} AND (member_link = ${from} OR group_link = ${from})`
    return [
      // Groups show their members' ids: they have changed.
      sql`
        UPDATE link SET version = version + 1, modified_at = ${now}
         WHERE connection = ${this.#connection} AND id IN
           (SELECT group_link FROM edge
             WHERE connection = ${this.#connection} AND member_link = ${from})`,
      ...(to === undefined
        ? []
        : [
            sql`
              INSERT INTO edge (connection, group_link, member_link, member_type, state, wanted,
                                kept, next_at, attempt, at)
              SELECT connection, iif(group_link = ${from}, ${to}, group_link),
                     iif(member_link = ${from}, ${to}, member_link), member_type, state, wanted,
                     kept, next_at, attempt, at
                FROM edge WHERE ${ofLink}`,
            dueOfPerson(this.#connection, to, now),
          ]),
      sql`DELETE FROM edge WHERE ${ofLink}`,
    ]
  }
}
