/**
 * Links, claims and intents: one aggregate, because a batch is the only transaction and they change
 * together (design: reserve -> search -> send -> commit). Every method is scoped by its connection.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isNotLetIn,
  isUniqueViolation,
  type Write,
  writeAll,
  writeAllReturning,
  writeGuarded,
} from './database.ts'
import {
  type Claim,
  COLUMNS,
  type Intent,
  type IntentRow,
  type Link,
  type LinkFacts,
  type LinkRow,
  type LinkState,
  OPEN,
  OPEN_INTENT,
  RETURNED,
  toIntent,
  toLink,
} from './link.ts'
import type { LinkAhead } from './link-ahead.ts'
import {
  buryLink,
  closeIntent,
  deleteClaims,
  insertClaims,
  insertFreeClaims,
  insertIntent,
  isOneOf,
  type Scope,
  settleClaims,
  sinceWhen,
  updateLink,
} from './link-writes.ts'

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
      SELECT ${COLUMNS}, ${OPEN_INTENT} FROM link l
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

  async openIntent(link: string): Promise<Intent | undefined> {
    const [row] = await this.#db.all<IntentRow>(sql`
      SELECT * FROM intent WHERE link = ${link} AND connection = ${this.#connection} AND ${OPEN}`)
    return row && toIntent(row)
  }

  /** To be written with a commit that nobody waits for: its client will ask once more. */
  unheard({ id }: { readonly id: string }): Write {
    return sql`UPDATE intent SET unheard = 1 WHERE id = ${id} AND connection = ${this.#connection}`
  }

  /** Whether this link was created without its client. */
  async isUnheard(link: string): Promise<boolean> {
    const rows = await this.#db.all(sql`
      SELECT 1 FROM intent
       WHERE connection = ${this.#connection} AND link = ${link} AND unheard = 1`)
    return rows.length > 0
  }

  /** The client hears of it now. False: it has been told already. */
  async heard(link: string): Promise<boolean> {
    const rows = await this.#db.all(sql`
      UPDATE intent SET unheard = 0
       WHERE connection = ${this.#connection} AND link = ${link} AND unheard = 1 RETURNING id`)
    return rows.length > 0
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

  // ---- create: reserve -> search -> send -> commit --------------------------------------------------

  /**
   * Takes the claims and writes down what is about to happen, before the app hears of it. Where a
   * key is taken nothing is written, and the holder of the first taken key is the answer.
   */
  async reserve(
    proposed: { id: string; type: string },
    claims: readonly Claim[],
    intent: { id: string; body: string; leaseUntil: number },
    now: number,
  ): Promise<{ reserved: true } | { reserved: false; holder: Link | undefined }> {
    try {
      await writeAll(this.#db, [
        sql`
          INSERT INTO link (id, connection, type, state, origin, created_at, modified_at)
          VALUES (${proposed.id}, ${this.#connection}, ${proposed.type}, 'proposed', 'created',
                  ${now}, ${now})`,
        insertClaims(this.#scope(proposed.type), proposed.id, claims, now),
        insertIntent(this.#connection, intent, proposed.id, 'create', now),
      ])
      return { reserved: true }
    } catch (error) {
      if (!isUniqueViolation(error, 'claim.')) throw error
      return { reserved: false, holder: (await this.#holders(proposed.type, claims))[0] }
    }
  }

  /** A later request takes an intent over. False: somebody else did, or it is closed. */
  async takeOver(intent: Intent, leaseUntil: number): Promise<boolean> {
    const rows = await this.#db.all(sql`
      UPDATE intent SET state = 'sending', fence = fence + 1, lease_until = ${leaseUntil},
                        next_at = ${leaseUntil}, attempt = attempt + 1
       WHERE id = ${intent.id} AND fence = ${intent.fence} AND ${OPEN} RETURNING id`)
    return rows.length === 1
  }

  /**
   * Commits a create or an adoption: the intent is done and the link is linked, or nothing happens.
   * `lost`: the lease went to another request. `met`: a read has minted a link for this account.
   */
  async commitCreate(
    intent: { id: string; fence: number },
    link: string,
    facts: LinkFacts,
    origin: 'created' | 'adopted',
    now: number,
    also: readonly Write[],
  ): Promise<'committed' | 'lost' | 'met'> {
    try {
      await writeAll(this.#db, [
        ...closeIntent(intent, 'done'),
        sql`
          UPDATE link SET state = 'linked', origin = ${origin}, native_id = ${facts.nativeId},
                 fingerprint = ${facts.fingerprint ?? null}, external_id = ${facts.externalId ?? null},
                 display = ${facts.display ?? null}, shadow = ${facts.shadow},
                 former = ${facts.former ?? null}, inactive_since = ${sinceWhen(facts)},
                 modified_at = ${now}
           WHERE id = ${link} AND connection = ${this.#connection}`,
        // A tombstone that hid this account gives way to the new link, and is not deleted later.
        sql`
          UPDATE intent SET state = 'dead', body = '{}'
           WHERE connection = ${this.#connection} AND op = 'delete' AND state = 'waiting'
             -- As the index says it: without these words every intent of every connection is read.
             AND state IN ('ready', 'sending', 'unknown', 'waiting')
             AND link IN (
               SELECT old.id FROM link old JOIN link l ON l.connection = old.connection
                WHERE l.connection = ${this.#connection} AND l.id = ${link} AND old.survives = 1
                  AND old.type = l.type AND old.native_id = ${facts.nativeId})`,
        sql`
          UPDATE link SET survives = 0 WHERE connection = ${this.#connection} AND survives = 1
             AND native_id = ${facts.nativeId}
             AND type = (SELECT type FROM link WHERE connection = ${this.#connection} AND id = ${link})`,
        ...also,
      ])
      return 'committed'
    } catch (error) {
      if (isLostRace(error)) return 'lost'
      if (isUniqueViolation(error, 'link.')) return 'met'
      throw error
    }
  }

  /** Commits a create onto the link that a read minted: its id wins, and the proposed one retires. */
  async commitOnto(
    intent: { id: string; fence: number },
    proposed: string,
    met: Link,
    facts: LinkFacts,
    now: number,
    also: readonly Write[],
  ): Promise<boolean> {
    return writeGuarded(this.#db, [
      ...closeIntent(intent, 'done'),
      sql`
        UPDATE claim SET link = ${met.id}
         WHERE connection = ${this.#connection} AND link = ${proposed}`,
      sql`
        UPDATE link SET state = 'tombstone', modified_at = ${now}
         WHERE connection = ${this.#connection} AND id = ${proposed}`,
      ...updateLink(this.#connection, met, 'adopted', facts, now),
      ...also,
    ])
  }

  /**
   * The app refused for sure, or another link is the person's: the claims are free again and nothing is
   * left behind.
   *
   * @param also after them, in the same batch
   */
  async release(
    intent: { id: string; fence: number },
    link: string,
    also: readonly Write[] = [],
  ): Promise<boolean> {
    return writeGuarded(this.#db, [
      sql`DELETE FROM intent WHERE id = ${intent.id} AND fence = ${intent.fence}`,
      CHANGED_ONE,
      // A pending person who was to be invited again stays, and so do its keys.
      sql`
        DELETE FROM claim WHERE connection = ${this.#connection} AND link = ${link} AND EXISTS
          (SELECT 1 FROM link
            WHERE connection = ${this.#connection} AND id = ${link} AND state = 'proposed')`,
      sql`
        DELETE FROM link
         WHERE connection = ${this.#connection} AND id = ${link} AND state = 'proposed'`,
      ...also,
    ])
  }

  /** Keys that are free go to this link. */
  claimFree(link: Link, claims: readonly Claim[], now: number): Write {
    return insertFreeClaims(this.#scope(link.type), link.id, claims, now)
  }

  /**
   * True where an update of the link was begun since then, and cut off: the app may have it. What was begun
   * before and written down since says nothing; nor does a create that gave way.
   */
  async wasCutOff(link: string, since: number): Promise<boolean> {
    const rows = await this.#db.all(sql`
      SELECT 1 FROM sending
       WHERE connection = ${this.#connection} AND link = ${link} AND at >= ${since}
       UNION ALL
      SELECT 1 FROM audit
       WHERE connection = ${this.#connection} AND link = ${link} AND at >= ${since}
         AND decision = 'cut-off' AND op = 'update'
         AND json_extract(detail, '$.began') >= ${new Date(since).toISOString()}
       LIMIT 1`)
    return rows.length > 0
  }

  /**
   * Nobody knows whether the app did it: whoever comes next probes. The lease stays where the lost
   * call may still be on its way, and ends where the app has answered.
   */
  async markUnknown(
    intent: { id: string; fence: number },
    { answeredAt }: { answeredAt: number | undefined },
  ): Promise<void> {
    await this.#db.run(sql`
      UPDATE intent SET state = 'unknown', lease_until = coalesce(${answeredAt ?? null}, lease_until)
       WHERE id = ${intent.id} AND fence = ${intent.fence} AND ${OPEN}`)
  }

  // ---- update -------------------------------------------------------------------------------------

  /**
   * Takes keys for a rename, and writes down what is about to happen, before the app hears of it.
   * Keys that this link holds already (an earlier try was cut off) stay as they are. `taken`: another
   * link holds one of them; `busy`: another write of this link has not ended; `parked`: `admission`
   * (the guard's) did not let it in.
   */
  async beginUpdate(
    link: Link,
    claims: readonly Claim[],
    intent: { id: string; body: string; leaseUntil: number },
    now: number,
    admission: readonly Write[],
  ): Promise<'begun' | 'taken' | 'busy' | 'parked'> {
    const scope = this.#scope(link.type)
    const keys =
      claims.length > 0
        ? [deleteClaims(scope, link.id, claims), insertClaims(scope, link.id, claims, now)]
        : []
    try {
      await writeAll(this.#db, [
        ...admission,
        ...keys,
        insertIntent(this.#connection, intent, link.id, 'update', now),
      ])
      return 'begun'
    } catch (error) {
      if (isNotLetIn(error)) return 'parked'
      if (isUniqueViolation(error, 'claim.')) return 'taken'
      if (isUniqueViolation(error, 'intent.')) return 'busy'
      throw error
    }
  }

  /** The update had no effect: the keys that it took are given back. */
  async cancelUpdate(
    intent: { id: string; fence: number },
    link: Link,
    claims: readonly Claim[],
    also: readonly Write[],
  ): Promise<boolean> {
    return writeGuarded(this.#db, [
      ...closeIntent(intent, 'failed'),
      deleteClaims(this.#scope(link.type), link.id, claims),
      ...also,
    ])
  }

  /** Frees keys that the account of this link does not bear any more. False: it held none. */
  async unclaimStale(link: Link, claims: readonly Claim[], takenBefore: number): Promise<boolean> {
    const rows = await this.#db.all(sql`
      DELETE FROM claim WHERE connection = ${this.#connection} AND type = ${link.type}
         AND link = ${link.id} AND taken_at < ${takenBefore} AND ${isOneOf(claims)} RETURNING kind`)
    return rows.length > 0
  }

  /**
   * Commits an update under the version that was read. `claims`: those it wants, and those it gives
   * up; `takenBefore` as for stale ones. False: the link has changed meanwhile, or the intent is
   * another request's by now.
   */
  async commitUpdate(
    link: Link,
    intent: { id: string; fence: number } | undefined,
    facts: LinkFacts,
    claims: { readonly wanted: readonly Claim[]; readonly given: readonly Claim[] },
    takenBefore: number,
    now: number,
    also: readonly Write[],
  ): Promise<boolean> {
    const origin = link.state === 'discovered' ? 'adopted' : undefined
    return writeGuarded(this.#db, [
      ...(intent ? closeIntent(intent, 'done') : []),
      ...updateLink(this.#connection, link, origin, facts, now),
      ...settleClaims(this.#scope(link.type), link.id, claims, takenBefore, now),
      ...also,
    ])
  }

  /** Members changed: the group's version and time move on, whatever else happens to it. */
  touch(link: string, now: number): Write {
    return sql`
      UPDATE link SET version = version + 1, modified_at = ${now}
       WHERE id = ${link} AND connection = ${this.#connection}`
  }

  // ---- delete -------------------------------------------------------------------------------------

  /**
   * From here on the link is gone for clients, so that a crash cannot bring it back. `lost`: it has
   * changed meanwhile, or another write of it has not ended; `parked` as for an update.
   */
  async beginRemoval(
    link: Link,
    intent: { id: string; body: string; leaseUntil: number },
    now: number,
    admission: readonly Write[],
  ): Promise<'begun' | 'lost' | 'parked'> {
    try {
      const begun = await writeGuarded(this.#db, [
        ...admission,
        sql`
          UPDATE link SET state = 'retiring', modified_at = ${now}, version = version + 1
           WHERE connection = ${this.#connection} AND id = ${link.id} AND version = ${link.version}
             AND state NOT IN ('retiring', 'tombstone')`,
        CHANGED_ONE,
        insertIntent(this.#connection, intent, link.id, 'delete', now),
      ])
      return begun ? 'begun' : 'lost'
    } catch (error) {
      if (isNotLetIn(error)) return 'parked'
      if (isUniqueViolation(error, 'intent.')) return 'lost'
      throw error
    }
  }

  /** The app refused to remove it: the link is what it was. */
  async cancelRemoval(
    intent: { id: string; fence: number },
    link: Link,
    also: readonly Write[],
  ): Promise<boolean> {
    return writeGuarded(this.#db, [
      ...closeIntent(intent, 'failed'),
      sql`
        UPDATE link SET state = ${link.state}
         WHERE connection = ${this.#connection} AND id = ${link.id} AND state = 'retiring'`,
      ...also,
    ])
  }

  /** The account is gone (or out of sight: `survives`); its keys and memberships are free. */
  async commitRemoval(
    intent: { id: string; fence: number },
    link: string,
    survives: boolean,
    now: number,
    also: readonly Write[],
  ): Promise<boolean> {
    return writeGuarded(this.#db, [
      ...closeIntent(intent, 'done'),
      ...buryLink(this.#connection, link, survives, now),
      ...also,
    ])
  }

  /** As a part of `commitRemoval`: the account that was disabled is to be deleted then. */
  scheduleRemoval(link: string, intent: { id: string; at: number }, now: number): Write {
    return sql`
      INSERT INTO intent (id, connection, link, op, state, lease_until, next_at, body, created_at)
      VALUES (${intent.id}, ${this.#connection}, ${link}, 'delete', 'waiting', ${intent.at},
              ${intent.at}, '{}', ${now})`
  }

  /** The account of a tombstone is gone by now, or is nobody's to delete any more. */
  async endScheduled(
    intent: { id: string; fence: number },
    link: string,
    outcome: 'done' | 'failed',
    also: readonly Write[],
  ): Promise<boolean> {
    const survives = outcome === 'done' ? 0 : 1
    return writeGuarded(this.#db, [
      ...closeIntent(intent, outcome),
      sql`
        UPDATE link SET survives = ${survives}
         WHERE connection = ${this.#connection} AND id = ${link} AND survives = 1`,
      ...also,
    ])
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
