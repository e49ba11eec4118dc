/**
 * Links and the keys that they hold: who is who. What begins, ends and may be cut off is an intent
 * (`intents.ts`). Every method is scoped by its connection.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  CHANGED_ONE,
  type Database,
  type Write,
  writeAll,
  writeAllReturning,
  writeGuarded,
} from './database.ts'
import {
  type Claim,
  COLUMNS,
  type Link,
  type LinkRow,
  type LinkState,
  OF_ONE,
  RETURNED,
  toLink,
} from './link.ts'
import type { LinkAhead } from './link-ahead.ts'
import { buryLink, insertFreeClaims, isOneOf, type Scope } from './link-writes.ts'

/** Ids in one question: D1 takes no text over 2 MB. */
const SLICE = 20_000
/** Links of one name. */
const SEEN = 5

/** An account, and the id and name that it gets here where it has no link. */
export interface Unmet {
  readonly id: string
  readonly nativeId: string
  readonly fingerprint?: string
  readonly display?: string
}

export class Links {
  readonly #db: Database
  readonly #connection: string
  readonly #ahead: LinkAhead | undefined

  /** @param ahead what came with the sign-in of this request */
  constructor(db: Database, connection: string, ahead?: LinkAhead) {
    this.#db = db
    this.#connection = connection
    this.#ahead = ahead
  }

  // ---- reads ------------------------------------------------------------------------------------

  /** @param begin written in the same trip, unless it came with the sign-in */
  async get(type: string, id: string, begin: readonly Write[] = []): Promise<Link | undefined> {
    const ahead = this.#ahead?.take(id)
    if (ahead) {
      if (ahead.row?.type !== type) return undefined
      if (!this.#ahead?.hasBegun) await writeAll(this.#db, begin)
      return toLink(ahead.row)
    }
    const query = sql`
      SELECT ${COLUMNS}, ${OF_ONE} FROM link l
       WHERE l.connection = ${this.#connection} AND l.id = ${id} AND l.type = ${type}`
    const rows =
      begin.length === 0
        ? await this.#db.all<LinkRow>(query)
        : ((await writeAllReturning(this.#db, [query, ...begin]))[0] as LinkRow[])
    const [row] = rows
    return row && toLink(row)
  }

  /** Links of any type by SCIM id, those that are not there left out; members are looked up so. */
  async getAll(ids: readonly string[]): Promise<Link[]> {
    const links: Link[] = []
    for (const slice of slices(ids)) {
      links.push(
        ...(await this.#select(
          sql`l.id IN (SELECT value FROM json_each(${JSON.stringify(slice)}))`,
        )),
      )
    }
    return links
  }

  async byClaim(type: string, claim: Claim): Promise<Link | undefined> {
    return (await this.#holders(type, [claim]))[0]
  }

  /**
   * Each link that holds one of these keys; and `seen`, those that only reads know, under this name when
   * they were minted: whose the name is by now, the app says.
   */
  async byKeys(
    type: string,
    claims: readonly Claim[],
    name: string | undefined,
  ): Promise<{ readonly holders: Link[]; readonly seen: Link[] }> {
    const ids = [
      ...(claims.length > 0 ? [this.#holding(type, claims)] : []),
      ...(name === undefined ? [] : [this.#seen(type, name)]),
    ]
    if (ids.length === 0) return { holders: [], seen: [] }
    const links = await this.#select(sql`l.id IN (${sql.join(ids, sql` UNION ALL `)})`)
    // They hold no keys (design decision 5).
    const isSeen = ({ state }: Link) => state === 'discovered'
    return { holders: links.filter((link) => !isSeen(link)), seen: links.filter(isSeen) }
  }

  async byExternalId(type: string, externalId: string): Promise<Link[]> {
    return this.#select(
      sql`l.type = ${type} AND l.external_id = ${externalId} AND l.state <> 'tombstone'`,
    )
  }

  /** The live link of each account, or the tombstone that hides it; live ones come first. */
  async byNativeIds(type: string, nativeIds: readonly string[]): Promise<Link[]> {
    const rows: LinkRow[] = []
    for (const slice of slices(nativeIds)) {
      rows.push(...(await this.#db.all<LinkRow>(this.#byNativeIds(type, slice))))
    }
    return rows.map(toLink)
  }

  /** Native ids of other accounts of the same type that a client manages. */
  async others(link: Link, limit: number): Promise<string[]> {
    const rows = await this.#db.all<{ native_id: string }>(sql`
      SELECT native_id FROM link
       WHERE connection = ${this.#connection} AND type = ${link.type} AND state = 'linked'
         AND native_id IS NOT NULL AND native_id <> ${link.nativeId ?? ''} LIMIT ${limit}`)
    return rows.map((row) => row.native_id)
  }

  /**
   * The app has no account under this link. One that was missed before `missedBefore` already is
   * missing from now on. Resolves to the link's state.
   */
  async miss(link: Link, now: number, missedBefore: number): Promise<LinkState | undefined> {
    const [row] = await this.#db.all<{ state: LinkState }>(sql`
      UPDATE link SET missed_at = coalesce(missed_at, ${now}),
             state = CASE WHEN state = 'linked' AND missed_at <= ${missedBefore}
                          THEN 'missing' ELSE state END
       WHERE connection = ${this.#connection} AND id = ${link.id} AND version = ${link.version}
      RETURNING state`)
    return row?.state
  }

  /** How many accounts the app still shows that reads hide. */
  async countHidden(type: string): Promise<number> {
    const row = await this.#db.get<{ n: number }>(sql`
      SELECT count(*) AS n FROM link
       WHERE connection = ${this.#connection} AND type = ${type} AND survives = 1`)
    return row.n
  }

  // ---- first sight --------------------------------------------------------------------------------

  /**
   * The links of these accounts, as of `byNativeIds`; each that has none, and that no tombstone hides, is
   * given one in the same trip. Many readers may meet one account at once: the unique index lets one row
   * in, and all of them read that one.
   */
  async see(type: string, accounts: readonly Unmet[], now: number): Promise<Link[]> {
    const links: Link[] = []
    for (const slice of slices(accounts)) {
      const ids = slice.map(({ nativeId }) => nativeId)
      const [known, minted] = await writeAllReturning(this.#db, [
        this.#byNativeIds(type, ids),
        this.#mint(type, slice, now),
      ])
      links.push(...([...(known ?? []), ...(minted ?? [])] as LinkRow[]).map(toLink))
    }
    return links
  }

  /** Keys that are free go to this link. */
  claimFree(link: Link, claims: readonly Claim[], now: number): Write {
    return insertFreeClaims(this.#scope(link.type), link.id, claims, now)
  }

  /** Frees keys that the account of this link does not bear any more. False: it held none. */
  async unclaimStale(link: Link, claims: readonly Claim[], takenBefore: number): Promise<boolean> {
    const rows = await this.#db.all(sql`
      DELETE FROM claim WHERE connection = ${this.#connection} AND type = ${link.type}
         AND link = ${link.id} AND taken_at < ${takenBefore} AND ${isOneOf(claims)} RETURNING kind`)
    return rows.length > 0
  }

  /** Members changed: the group's version and time move on, whatever else happens to it. */
  touch(link: string, now: number): Write {
    return sql`
      UPDATE link SET version = version + 1, modified_at = ${now}
       WHERE id = ${link} AND connection = ${this.#connection}`
  }

  /** The account vanished from the app without us: the link ends, its keys are free. */
  async bury(link: Link, now: number, also: readonly Write[]): Promise<boolean> {
    return writeGuarded(this.#db, [
      sql`
        UPDATE link SET version = version + 1
         WHERE connection = ${this.#connection} AND id = ${link.id} AND version = ${link.version}`,
      CHANGED_ONE,
      ...buryLink(this.#connection, link.id, false, now),
      ...also,
    ])
  }

  // ---- parts -----------------------------------------------------------------------------------

  #scope(type: string): Scope {
    return { connection: this.#connection, type }
  }

  async #select(where: SQL): Promise<Link[]> {
    const rows = await this.#db.all<LinkRow>(
      sql`SELECT ${COLUMNS} FROM link l WHERE l.connection = ${this.#connection} AND ${where}`,
    )
    return rows.map(toLink)
  }

  #byNativeIds(type: string, nativeIds: readonly string[]): SQL {
    const connection = this.#connection
    const ids = sql`l.connection = ${connection} AND l.type = ${type}
      AND l.native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`
    return sql`
      SELECT ${COLUMNS} FROM link l WHERE ${ids} AND l.state <> 'tombstone'
      UNION ALL
      SELECT ${COLUMNS} FROM link l WHERE ${ids} AND l.survives = 1
         -- Most connections hide nobody.
         AND EXISTS (SELECT 1 FROM link h
           WHERE h.connection = ${connection} AND h.type = ${type} AND h.survives = 1)`
  }

  /** A tombstone hides the account that it was made for, and nobody who has its native id after it. */
  #mint(type: string, accounts: readonly Unmet[], now: number): SQL {
    const connection = this.#connection
    const field = (name: keyof Unmet) => sql.raw(`json_extract(value, '$.${name}')`)
    return sql`
      INSERT INTO link (id, connection, type, state, origin, native_id, fingerprint, display,
                        created_at, modified_at)
      SELECT ${field('id')}, ${connection}, ${type}, 'discovered', 'discovered', ${field('nativeId')},
             ${field('fingerprint')}, ${field('display')}, ${now}, ${now}
        FROM json_each(${JSON.stringify(accounts)})
       WHERE NOT EXISTS (SELECT 1 FROM link h
         WHERE h.connection = ${connection} AND h.type = ${type} AND h.survives = 1
           AND h.native_id = ${field('nativeId')}
           AND coalesce(h.fingerprint = ${field('fingerprint')}, 1))
          ON CONFLICT DO NOTHING RETURNING ${RETURNED}`
  }

  #holders(type: string, claims: readonly Claim[]): Promise<Link[]> {
    return this.#select(sql`l.id IN (${this.#holding(type, claims)})`)
  }

  #holding(type: string, claims: readonly Claim[]): SQL {
    return sql`
      SELECT c.link FROM json_each(${JSON.stringify(claims)}) k
       CROSS JOIN claim c ON c.connection = ${this.#connection} AND c.type = ${type}
        AND c.kind = json_extract(k.value, '$.kind') AND c.norm = json_extract(k.value, '$.norm')`
  }

  /** Some: of a name that many have, it is of no use. */
  #seen(type: string, name: string): SQL {
    return sql`
      SELECT id FROM (SELECT s.id FROM link s
        WHERE s.connection = ${this.#connection} AND s.type = ${type} AND s.state = 'discovered'
          AND s.display = ${name} COLLATE NOCASE LIMIT ${SEEN})`
  }
}

function slices<T>(items: readonly T[]): (readonly T[])[] {
  if (items.length <= SLICE) return items.length > 0 ? [items] : []
  return [items.slice(0, SLICE), ...slices(items.slice(SLICE))]
}
