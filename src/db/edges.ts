/** Group membership as rows (design decision 8). Every method is scoped by its connection. */
import { sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'

export interface Edge {
  readonly member: string
  readonly memberType: string
}

export class Edges {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /** Members of each of these groups that edges show, by SCIM id of the group. */
  async members(groups: readonly string[]): Promise<Map<string, Edge[]>> {
    const rows = await this.#db.all<{
      group_link: string
      member_link: string
      member_type: string
    }>(
      sql`SELECT group_link, member_link, member_type FROM edge
           WHERE connection = ${this.#connection} AND state = 'have'
             AND group_link IN (SELECT value FROM json_each(${JSON.stringify(groups)}))`,
    )
    const byGroup = new Map<string, Edge[]>(groups.map((id) => [id, []]))
    for (const row of rows) {
      byGroup.get(row.group_link)?.push({ member: row.member_link, memberType: row.member_type })
    }
    return byGroup
  }

  /** Which of these members an edge shows; the cost depends on the question, not on the group. */
  async present(group: string, members: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db.all<{ member_link: string }>(sql`
      SELECT member_link FROM edge
       WHERE connection = ${this.#connection} AND group_link = ${group} AND state = 'have'
         AND member_link IN (SELECT value FROM json_each(${JSON.stringify(members)}))`)
    return new Set(rows.map((row) => row.member_link))
  }

  put(group: string, members: readonly Edge[], now: number): Write {
    return sql`
      INSERT INTO edge (connection, group_link, member_link, member_type, state, at)
      SELECT ${this.#connection}, ${group}, json_extract(value, '$.member'),
             json_extract(value, '$.memberType'), 'have', ${now}
        FROM json_each(${JSON.stringify(members)}) WHERE true
          ON CONFLICT (connection, group_link, member_link)
          DO UPDATE SET state = 'have', at = excluded.at`
  }

  /** These are the members, and nobody else is. */
  replace(group: string, members: readonly Edge[], now: number): Write[] {
    const ids = JSON.stringify(members.map(({ member }) => member))
    return [
      sql`
        DELETE FROM edge WHERE connection = ${this.#connection} AND group_link = ${group}
           AND member_link NOT IN (SELECT value FROM json_each(${ids}))`,
      this.put(group, members, now),
    ]
  }

  drop(group: string, members: readonly string[]): Write {
    return sql`
      DELETE FROM edge WHERE connection = ${this.#connection} AND group_link = ${group}
         AND member_link IN (SELECT value FROM json_each(${JSON.stringify(members)}))`
  }
}
