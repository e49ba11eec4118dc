/** Administrators and their tokens. Hashes only: see src/access/tokens.ts. */
import { type SQL, sql } from 'drizzle-orm'
import { foldCase } from '../scim/schema.ts'
import {
  CHANGED_ONE,
  type Database,
  isUniqueViolation,
  openDatabase,
  writeAll,
  writeGuarded,
} from './database.ts'

export const ROLES = ['auditor', 'operator', 'owner'] as const
/** Each may do what the ones before it may. */
export type Role = (typeof ROLES)[number]

/** Times in milliseconds. */
export interface AdministratorRow {
  readonly id: string
  readonly name: string
  readonly role: Role
  /** Ids of the connections that they are limited to; null: all. */
  readonly connections: readonly string[] | null
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

export type NewAdministrator = Omit<AdministratorRow, 'lastUsedAt'>
export type AdministratorChange = Partial<Pick<AdministratorRow, 'name' | 'role' | 'connections'>>

/** `expiresAt: null` never expires. */
export interface AdministratorTokenRow {
  readonly id: string
  readonly label: string | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
}

export type NewAdministratorToken = Omit<AdministratorTokenRow, 'lastUsedAt'> & {
  readonly hash: string
}

export interface TokenHolder {
  readonly row: AdministratorRow
  readonly token: { readonly id: string; readonly hash: string; readonly expiresAt: number | null }
}

type Stored<Row> = { [K in keyof Row]: K extends 'connections' ? string | null : Row[K] }

const COLUMNS = sql.raw(
  'a.id, a.name, a.role, a.connections, a.created_at AS "createdAt", a.last_used_at AS "lastUsedAt"',
)

export class Administrators {
  readonly #db: Database

  constructor(db: D1Database) {
    this.#db = openDatabase(db)
  }

  /** In the order of their names. */
  async list(limit: number): Promise<AdministratorRow[]> {
    return this.#select(sql`true ORDER BY a.name_key LIMIT ${limit}`)
  }

  async get(id: string): Promise<AdministratorRow | undefined> {
    return (await this.#select(sql`a.id = ${id}`))[0]
  }

  /** Without regard to letter case. */
  async named(name: string): Promise<AdministratorRow | undefined> {
    return (await this.#select(sql`a.name_key = ${foldCase(name)}`))[0]
  }

  /** Whoever was given the token of this hash, and that token. */
  async byTokenHash(hash: string): Promise<TokenHolder | undefined> {
    return this.#holder(sql`t.hash = ${hash}`)
  }

  /** As `byTokenHash`, for a session, which names the token. */
  async byTokenId(id: string): Promise<TokenHolder | undefined> {
    return this.#holder(sql`t.id = ${id}`)
  }

  /** False: there are `most` already. @throws {NameTaken} */
  async add(row: NewAdministrator, most: number): Promise<boolean> {
    const { id, name, role, connections, createdAt } = row
    return this.#named(async () => {
      const { meta } = await this.#db.run(sql`
        INSERT INTO administrator (id, name, name_key, role, connections, created_at)
        SELECT ${id}, ${name}, ${foldCase(name)}, ${role}, ${json(connections)}, ${createdAt}
         WHERE (SELECT count(*) FROM administrator) < ${most}`)
      return meta.changes === 1
    })
  }

  /** False: it is not as it was read, or is gone. @throws {NameTaken} */
  async change(read: AdministratorRow, change: AdministratorChange): Promise<boolean> {
    const { id } = read
    const { name, role, connections } = change
    const set = [
      ...(name === undefined ? [] : [sql`name = ${name}, name_key = ${foldCase(name)}`]),
      ...(role === undefined ? [] : [sql`role = ${role}`]),
      ...(connections === undefined ? [] : [sql`connections = ${json(connections)}`]),
    ]
    if (set.length === 0) return (await this.get(id)) !== undefined
    return this.#named(async () => {
      const { meta } = await this.#db.run(
        sql`UPDATE administrator SET ${sql.join(set, sql`, `)}
             WHERE id = ${id} AND name = ${read.name} AND role = ${read.role}
               AND connections IS ${json(read.connections)}`,
      )
      return meta.changes === 1
    })
  }

  /** Their tokens go with them. False: there is none. */
  async remove(id: string): Promise<boolean> {
    return writeGuarded(this.#db, [
      sql`DELETE FROM administrator WHERE id = ${id}`,
      CHANGED_ONE,
      sql`DELETE FROM administrator_token WHERE administrator_id = ${id}`,
    ])
  }

  /** Oldest first. */
  async tokens(id: string): Promise<AdministratorTokenRow[]> {
    return this.#db.all<AdministratorTokenRow>(sql`
      SELECT id, label, created_at AS "createdAt", expires_at AS "expiresAt",
             last_used_at AS "lastUsedAt"
        FROM administrator_token WHERE administrator_id = ${id} ORDER BY created_at, id`)
  }

  /** False: the administrator has gone, or has `most` tokens. */
  async addToken(id: string, token: NewAdministratorToken, most: number): Promise<boolean> {
    const { meta } = await this.#db.run(sql`
      INSERT INTO administrator_token (id, administrator_id, hash, label, created_at, expires_at)
      SELECT ${token.id}, id, ${token.hash}, ${token.label}, ${token.createdAt}, ${token.expiresAt}
        FROM administrator
       WHERE id = ${id}
         AND (SELECT count(*) FROM administrator_token WHERE administrator_id = ${id}) < ${most}`)
    return meta.changes === 1
  }

  /** False: they have no such token. */
  async removeToken(id: string, token: string): Promise<boolean> {
    const { meta } = await this.#db.run(sql`
      DELETE FROM administrator_token WHERE administrator_id = ${id} AND id = ${token}`)
    return meta.changes === 1
  }

  /** That they were here, and by which token. Clocks differ: never before the creation. */
  async noteUse(id: string, token: string | undefined, now: number): Promise<void> {
    await writeAll(this.#db, [
      sql`UPDATE administrator SET last_used_at = max(${now}, created_at) WHERE id = ${id}`,
      ...(token === undefined
        ? []
        : [
            sql`UPDATE administrator_token SET last_used_at = max(${now}, created_at)
                 WHERE id = ${token}`,
          ]),
    ])
  }

  async #holder(where: SQL): Promise<TokenHolder | undefined> {
    const found = await this.#db.get<
      Stored<AdministratorRow> & { tokenId: string; hash: string; expiresAt: number | null }
    >(sql`
      SELECT ${COLUMNS}, t.id AS "tokenId", t.hash, t.expires_at AS "expiresAt"
        FROM administrator_token AS t JOIN administrator AS a ON a.id = t.administrator_id
       WHERE ${where}`)
    if (!found) return undefined
    const { tokenId, hash, expiresAt, ...row } = found
    return { row: parsed(row), token: { id: tokenId, hash, expiresAt } }
  }

  async #select(where: SQL): Promise<AdministratorRow[]> {
    const rows = await this.#db.all<Stored<AdministratorRow>>(
      sql`SELECT ${COLUMNS} FROM administrator AS a WHERE ${where}`,
    )
    return rows.map(parsed)
  }

  async #named(write: () => Promise<boolean>): Promise<boolean> {
    try {
      return await write()
    } catch (error) {
      if (isUniqueViolation(error, 'administrator.name_key')) throw new NameTaken()
      throw error
    }
  }
}

/** Another administrator has that name, perhaps in another letter case. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken'
}

function json(connections: readonly string[] | null): string | null {
  return connections === null ? null : JSON.stringify(connections)
}

function parsed(row: Stored<AdministratorRow>): AdministratorRow {
  const { connections } = row
  return { ...row, connections: connections === null ? null : JSON.parse(connections) }
}
