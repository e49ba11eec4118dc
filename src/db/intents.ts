/**
 * Intents: writes that have begun, each one durable until it has ended (design: reserve -> search -> send ->
 * commit). Link, claims and intent change together, in one batch. Every method is scoped by its connection.
 *
 * Over 300 lines: create, update and removal begin, end and are given up by statements that guard the same rows.
 */
import { sql } from 'drizzle-orm'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isNotLetIn,
  isUniqueViolation,
  type Write,
  writeAll,
  writeGuarded,
} from './database.ts'
import {
  type Claim,
  type Intent,
  type IntentRow,
  type Link,
  type LinkFacts,
  OPEN,
  toIntent,
} from './link.ts'
import {
  buryLink,
  closeIntent,
  deleteClaims,
  insertClaims,
  insertIntent,
  type Scope,
  settleClaims,
  sinceWhen,
  updateLink,
} from './link-writes.ts'
import type { Links } from './links.ts'

export class Intents {
  readonly #db: Database
  readonly #connection: string
  readonly #links: Links

  constructor(db: Database, connection: string, links: Links) {
    this.#db = db
    this.#connection = connection
    this.#links = links
  }

  /** The one of this link that has not ended. */
  async open(link: string): Promise<Intent | undefined> {
    const [row] = await this.#db.all<IntentRow>(sql`
      SELECT * FROM intent WHERE link = ${link} AND connection = ${this.#connection} AND ${OPEN}`)
    return row && toIntent(row)
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
      const { holders } = await this.#links.byKeys(proposed.type, claims, undefined)
      return { reserved: false, holder: holders[0] }
    }
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

  #scope(type: string): Scope {
    return { connection: this.#connection, type }
  }
}
