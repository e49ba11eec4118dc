/**
 * Group membership as rows (design decision 8), read and recorded. How a change of one gets to the app
 * is in `edge-intents.ts`. Every method is scoped by its connection.
 */
import { sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'

export interface Edge {
  readonly member: string
  readonly memberType: string
}

/** Bound lists are JSON: D1 takes no text over 2 MB. */
const list = (values: readonly unknown[]): string => JSON.stringify(values)

export class Edges {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /**
   * Members by SCIM id of the group. `recorded`: as far as edges know. `waiting`: who will be one when
   * the app can be told, because the account is not there yet or is switched off.
   */
  async members(
    groups: readonly string[],
    which: 'recorded' | 'waiting',
  ): Promise<Map<string, Edge[]>> {
    const states = which === 'waiting' ? ['want'] : ['want', 'have']
    const rows = await this.#db.all<{
      group_link: string
      member_link: string
      member_type: string
    }>(
      sql`SELECT group_link, member_link, member_type FROM edge
           WHERE connection = ${this.#connection} AND wanted = 1 AND holder IS NULL
             AND state IN (SELECT value FROM json_each(${list(states)}))
             AND group_link IN (SELECT value FROM json_each(${list(groups)}))`,
    )
    const byGroup = new Map<string, Edge[]>(groups.map((id) => [id, []]))
    for (const row of rows) {
      byGroup.get(row.group_link)?.push({ member: row.member_link, memberType: row.member_type })
    }
    return byGroup
  }

  /** Everybody who shall be in the group, however far that is. */
  async wanted(group: string): Promise<Edge[]> {
    const rows = await this.#db.all<{ member_link: string; member_type: string }>(sql`
      SELECT member_link, member_type FROM edge
       WHERE connection = ${this.#connection} AND group_link = ${group} AND wanted = 1`)
    return rows.map((row) => ({ member: row.member_link, memberType: row.member_type }))
  }

  /**
   * Which of these members an edge shows, those who are switched off included: nobody but us holds
   * them. The cost depends on the question, not on the group.
   */
  async present(group: string, members: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db.all<{ member_link: string }>(sql`
      SELECT member_link FROM edge
       WHERE connection = ${this.#connection} AND group_link = ${group}
         AND state IN ('have', 'want') AND wanted = 1
         AND member_link IN (SELECT value FROM json_each(${list(members)}))`)
    return new Set(rows.map((row) => row.member_link))
  }

  /** They are members; nobody else needs to be told. */
  put(group: string, members: readonly Edge[], now: number): Write {
    return sql`
      INSERT INTO edge (connection, group_link, member_link, member_type, state, at)
      SELECT ${this.#connection}, ${group}, json_extract(value, '$.member'),
             json_extract(value, '$.memberType'), 'have', ${now}
        FROM json_each(${list(members)}) WHERE true
          ON CONFLICT (connection, group_link, member_link)
          DO UPDATE SET state = 'have', wanted = 1, kept = 0, holder = NULL, next_at = NULL,
                        attempt = 0, at = excluded.at`
  }

  /** The app shows this one; an edge that says what is wanted of it stays as it is. */
  found(group: string, { member, memberType }: Edge, now: number): Write {
    return sql`
      INSERT INTO edge (connection, group_link, member_link, member_type, state, at)
      VALUES (${this.#connection}, ${group}, ${member}, ${memberType}, 'have', ${now})
          ON CONFLICT DO NOTHING`
  }

  drop(group: string, members: readonly string[]): Write {
    return sql`
      DELETE FROM edge WHERE connection = ${this.#connection} AND group_link = ${group}
         AND member_link IN (SELECT value FROM json_each(${list(members)}))`
  }

  /**
   * The app holds these members and no others. A change that is still to be told stays as it is, and
   * so does who is on the way in or out.
   */
  imported(group: string, members: readonly Edge[], now: number): Write[] {
    return [
      sql`
        DELETE FROM edge WHERE connection = ${this.#connection} AND group_link = ${group}
           AND state = 'have'
           AND member_link NOT IN (SELECT value FROM json_each(${list(members.map((m) => m.member))}))`,
      sql`
        INSERT INTO edge (connection, group_link, member_link, member_type, state, at)
        SELECT ${this.#connection}, ${group}, json_extract(value, '$.member'),
               json_extract(value, '$.memberType'), 'have', ${now}
          FROM json_each(${list(members)}) WHERE true
            ON CONFLICT (connection, group_link, member_link)
            DO UPDATE SET state = 'have', wanted = 1, next_at = NULL, attempt = 0, at = excluded.at
             WHERE edge.state = 'have' AND edge.wanted = 0
                OR edge.state = 'blocked' AND edge.wanted = 1`,
    ]
  }

  /** Edges of a person become wishes that nobody tells the app: it has taken them out itself. */
  park(member: string, now: number): Write {
    return sql`
      UPDATE edge SET state = 'want', kept = 0, holder = NULL, next_at = NULL, attempt = 0, at = ${now}
       WHERE connection = ${this.#connection} AND member_link = ${member} AND wanted = 1
         AND (holder IS NULL OR next_at <= ${now})`
  }

  /** The account is there at last: what was wanted of it is the sweeper's, should nobody be faster. */
  makeDue(member: string, now: number): Write {
    return sql`
      UPDATE edge SET next_at = ${now}
       WHERE connection = ${this.#connection} AND member_link = ${member}
         AND state = 'want' AND (wanted = 1 OR kept = 1) AND next_at IS NULL AND holder IS NULL`
  }

  /** The other way round, where nobody but us holds the members. */
  unpark(member: string, now: number): Write {
    return sql`
      UPDATE edge SET state = 'have', kept = 0, holder = NULL, next_at = NULL, attempt = 0, at = ${now}
       WHERE connection = ${this.#connection} AND member_link = ${member} AND wanted = 1`
  }
}
