/**
 * Roles that are to be told to an app: one intent for each attribute of a person, and the table that
 * says what it shall be. Every method is scoped by its connection.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Database, type Write, writeAll } from './database.ts'
import { dueOfTables, grown } from './role-due.ts'
import type { Hold } from './want-edges.ts'

export type RoleValue = string | number | boolean

/** The policy's, as the data of its connection follows it. */
export interface RoleTable {
  /** The first that applies wins. */
  readonly rows: readonly {
    readonly externalId: string
    readonly app: string
    readonly value: RoleValue
  }[]
  /** By attribute of the app: what it holds where no row applies any more. */
  readonly defaults: Readonly<Record<string, RoleValue>>
}

/** An attribute of a person that its taker, and nobody else, may tell the app of. */
export interface RoleIntent {
  readonly link: string
  readonly app: string
  readonly revision: number
  /** Tries that failed. */
  readonly attempt: number
}

/** `isDone`: the row goes. Else when to look again; undefined: when somebody asks. */
export interface RoleSettlement extends RoleIntent {
  readonly isDone: boolean
  readonly nextAt: number | undefined
}

export class RoleIntents {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  /** Undefined: this connection has never had one. */
  async table(): Promise<(RoleTable & { readonly version: number }) | undefined> {
    const row = await this.#stored()
    return row && { ...(JSON.parse(row.content) as RoleTable), version: row.version }
  }

  /** Takes a table that is newer than the stored one and says something else. */
  async follow(table: RoleTable, version: number, now: number): Promise<void> {
    const content = JSON.stringify({ rows: table.rows, defaults: table.defaults })
    const stored = await this.#stored()
    if (stored ? stored.version >= version || stored.content === content : isEmpty(table)) return
    const connection = this.#connection
    await writeAll(this.#db, [
      // Whoever is telling somebody's role has read it from the old one.
      sql`UPDATE role_intent SET ${grown(now)} WHERE connection = ${connection}`,
      ...dueOfTables(connection, content, now),
      sql`
        INSERT INTO role_table (connection, version, content)
        VALUES (${connection}, ${version}, ${content})
            ON CONFLICT (connection) DO UPDATE
               SET version = excluded.version, content = excluded.content
             WHERE role_table.version < excluded.version`,
    ])
  }

  /** Takes what is to be told of these people, those whom the app has refused included. */
  take(people: readonly string[], hold: Hold, now: number): Promise<RoleIntent[]> {
    return this.#take(
      sql`link IN (SELECT value FROM json_each(${JSON.stringify(people)}))
        AND (holder IS NULL OR next_at <= ${now})`,
      hold,
    )
  }

  /** Takes what is due, of these people only where they are named. */
  takeDue(
    people: readonly string[] | undefined,
    limit: number,
    hold: Hold,
    now: number,
  ): Promise<RoleIntent[]> {
    const named = people
      ? sql`AND link IN (SELECT value FROM json_each(${JSON.stringify(people)}))`
      : sql``
    return this.#take(
      sql`(link, app) IN (
        SELECT link, app FROM role_intent
         WHERE connection = ${this.#connection} AND next_at <= ${now} ${named} LIMIT ${limit})`,
      hold,
    )
  }

  /** True where somebody else is telling the app of one of these people, or somebody has to. */
  async isBusy(people: readonly string[], holder: string, now: number): Promise<boolean> {
    const found = await this.#db.all(sql`
      SELECT 1 FROM role_intent WHERE connection = ${this.#connection}
         AND link IN (SELECT value FROM json_each(${JSON.stringify(people)}))
         AND (next_at <= ${now} OR holder <> ${holder}) LIMIT 1`)
    return found.length > 0
  }

  /** By SCIM id of the person: external ids of the groups that they are in. */
  async groupsOf(people: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const found = await this.#db.all<{ member: string; external_id: string }>(sql`
      SELECT e.member_link AS member, g.external_id
        FROM json_each(${JSON.stringify(people)}) p
        CROSS JOIN edge e ON e.member_link = p.value AND e.connection = ${this.#connection}
        CROSS JOIN link g ON g.connection = e.connection AND g.id = e.group_link
       WHERE e.wanted = 1 AND e.state = 'have'
         AND g.state <> 'tombstone' AND g.external_id IS NOT NULL`)
    const groups = new Map<string, Set<string>>()
    for (const { member, external_id } of found) {
      groups.set(member, (groups.get(member) ?? new Set()).add(external_id))
    }
    return groups
  }

  /** Under a hold that was lost nothing is changed; what has grown since is due at once. */
  settle(holder: string, settlements: readonly RoleSettlement[], now: number): Write[] {
    const settled = JSON.stringify(settlements)
    const isCurrent = sql`role_intent.revision = json_extract(s.value, '$.revision')`
    // From each settlement to its row: else all of the connection are read.
    return [
      sql`
        DELETE FROM role_intent WHERE connection = ${this.#connection} AND holder = ${holder}
           AND (link, app, revision) IN (
             SELECT json_extract(value, '$.link'), json_extract(value, '$.app'),
                    json_extract(value, '$.revision')
               FROM json_each(${settled}) WHERE json_extract(value, '$.isDone'))`,
      sql`
        WITH s AS MATERIALIZED (
          SELECT ${this.#connection} AS connection, json_extract(value, '$.link') AS link,
                 json_extract(value, '$.app') AS app, value FROM json_each(${settled}))
        UPDATE role_intent SET holder = NULL,
               next_at = CASE WHEN ${isCurrent} THEN json_extract(s.value, '$.nextAt')
                              ELSE ${now} END,
               attempt = CASE WHEN ${isCurrent} THEN json_extract(s.value, '$.attempt') ELSE 0 END
          FROM s
         WHERE role_intent.connection = s.connection AND role_intent.link = s.link
           AND role_intent.app = s.app AND role_intent.holder = ${holder}`,
    ]
  }

  async #stored(): Promise<{ version: number; content: string } | undefined> {
    const [row] = await this.#db.all<{ version: number; content: string }>(sql`
      SELECT version, content FROM role_table WHERE connection = ${this.#connection}`)
    return row
  }

  async #take(where: SQL, { holder, until }: Hold): Promise<RoleIntent[]> {
    return this.#db.all<RoleIntent>(sql`
      UPDATE role_intent SET holder = ${holder}, next_at = ${until}
       WHERE connection = ${this.#connection} AND ${where} RETURNING link, app, revision, attempt`)
  }
}

function isEmpty({ rows, defaults }: RoleTable): boolean {
  return rows.length === 0 && Object.keys(defaults).length === 0
}

// ---- across connections, for the sweeper ----------------------------------------------------------

export interface DueRole {
  readonly connection: string
  readonly link: string
}

/** Oldest first. */
export async function dueRoles(db: Database, now: number, limit: number): Promise<DueRole[]> {
  return db.all<DueRole>(sql`
    SELECT connection, link FROM role_intent
     WHERE next_at IS NOT NULL AND next_at <= ${now} ORDER BY next_at LIMIT ${limit}`)
}

/** Puts what is due of a connection whose app nobody can tell now behind the others. */
export async function postponeRoles(
  db: Database,
  connection: string,
  now: number,
  until: number,
): Promise<void> {
  await db.run(sql`
    UPDATE role_intent SET next_at = ${until}
     WHERE +connection = ${connection} AND next_at IS NOT NULL AND next_at <= ${now}`)
}
