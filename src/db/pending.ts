/**
 * Pending links: people who are invited, or whom a job of the app is making. The create's intent
 * stays open, `waiting`, as long as its ticket does; its fence guards whatever ends it.
 *
 * Over 300 lines: one life from its beginning to its end, whose statements guard the same two rows.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  CHANGED_ONE,
  type Database,
  isLostRace,
  isUniqueViolation,
  type Write,
  writeAll,
} from './database.ts'
import {
  type Claim,
  COLUMNS,
  type Intent,
  type Link,
  type LinkFacts,
  type LinkRow,
  OPEN,
  toLink,
} from './link.ts'
import {
  buryLink,
  closeIntent,
  deleteClaims,
  insertClaims,
  insertFreeClaims,
  insertIntent,
  sinceWhen,
} from './link-writes.ts'

export interface Held {
  readonly id: string
  readonly fence: number
}

/** What a pending link's row holds of what the client wants. */
export interface PendingFacts {
  readonly externalId: string | undefined
  readonly display: string | undefined
  /** JSON text, written and read by src/mapping. */
  readonly shadow: string
}

export interface Ticket {
  readonly ticket: string
  /** Of the provisional account, where the app shows one. */
  readonly nativeId: string | undefined
  /** JSON text, kept by the intent. */
  readonly body: string
  /** Milliseconds. */
  readonly pollAt: number
}

/** A key of an account that has no link. */
export interface UnlinkedKey extends Claim {
  readonly nativeId: string
  /** True: its native id lasts only until somebody accepts. */
  readonly provisional: boolean
}

/**
 * `lost`: link or intent have changed since they were read. `taken`: the account or the ticket has
 * another link; `key-taken`: one of the keys has. Nothing is written then.
 */
export type Outcome = 'written' | 'lost' | 'taken' | 'key-taken'

export interface ClaimChange {
  readonly taken: readonly Claim[]
  readonly given: readonly Claim[]
}

export class PendingLinks {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  // ---- reads ------------------------------------------------------------------------------------

  /** Oldest first. */
  async all(type: string): Promise<Link[]> {
    return this.#select(sql`l.type = ${type} AND l.state = 'pending' ORDER BY l.created_at, l.id`)
  }

  /** Those without a provisional account: no list of the app shows them. Oldest first. */
  async unlisted(type: string): Promise<Link[]> {
    return this.#select(sql`l.type = ${type} AND l.state = 'pending' AND l.native_id IS NULL
      ORDER BY l.created_at, l.id`)
  }

  /**
   * By native id: the pending person that an unlinked account stands for, by key or by ticket. A
   * provisional one may also stand for a create that is under way or was cut off: an id that a read
   * minted for it would end with it.
   */
  async standingFor(
    type: string,
    keys: readonly UnlinkedKey[],
    tickets: readonly { readonly nativeId: string; readonly ticket: string }[],
  ): Promise<Map<string, Link>> {
    const connection = this.#connection
    const rows = await this.#db.all<{ native_id: string; link: string }>(sql`
      SELECT json_extract(k.value, '$.nativeId') AS native_id, l.id AS link
        FROM json_each(${JSON.stringify(keys)}) k
        CROSS JOIN claim c ON c.connection = ${connection} AND c.type = ${type}
         AND c.kind = json_extract(k.value, '$.kind') AND c.norm = json_extract(k.value, '$.norm')
        CROSS JOIN link l ON l.connection = ${connection} AND l.id = c.link
       WHERE l.state = 'pending'
          OR (l.state = 'proposed' AND json_extract(k.value, '$.provisional'))
      UNION ALL
      SELECT json_extract(k.value, '$.nativeId') AS native_id, l.id AS link
        FROM json_each(${JSON.stringify(tickets)}) k
        CROSS JOIN link l ON l.connection = ${connection} AND l.type = ${type}
         AND l.ticket = json_extract(k.value, '$.ticket') AND l.ticket IS NOT NULL
       WHERE l.state = 'pending'`)
    if (rows.length === 0) return new Map()
    const links = await this.#select(sql`l.id IN
      (SELECT value FROM json_each(${JSON.stringify(rows.map(({ link }) => link))}))`)
    const byId = new Map(links.map((link) => [link.id, link]))
    return new Map(
      rows.flatMap(({ native_id, link }) => {
        const found = byId.get(link)
        return found ? [[native_id, found]] : []
      }),
    )
  }

  // ---- beginning ----------------------------------------------------------------------------------

  /**
   * The app has taken a create on: the link is pending and the intent waits. `met`: the link that a
   * read minted for the provisional account takes the place of the proposed one, whose id nobody
   * has been told. `taken`: the ticket, or the provisional account, has another link.
   */
  async begin(
    held: Held,
    link: Link,
    facts: PendingFacts,
    ticket: Ticket,
    met: Link | undefined,
    now: number,
    also: readonly Write[],
  ): Promise<Outcome> {
    const connection = this.#connection
    const into = met?.id ?? link.id
    return this.#decided([
      sql`
        UPDATE intent SET state = 'waiting', link = ${into}, body = ${ticket.body},
               lease_until = ${now}, next_at = ${ticket.pollAt}
         WHERE id = ${held.id} AND fence = ${held.fence} AND ${OPEN}`,
      CHANGED_ONE,
      ...(met
        ? [
            sql`
              UPDATE claim SET link = ${met.id}
               WHERE connection = ${connection} AND link = ${link.id}`,
            sql`
              UPDATE link SET state = 'tombstone', modified_at = ${now}
               WHERE connection = ${connection} AND id = ${link.id} AND state = 'proposed'`,
            CHANGED_ONE,
          ]
        : []),
      ...this.#becomePending(met ?? link, facts, ticket, now),
      ...also,
    ])
  }

  /**
   * A client takes over somebody whom others had invited: the link that a read minted for the
   * provisional account becomes pending, with keys and an intent of its own. `key-taken`: another
   * link holds one of the keys.
   */
  async beginKnown(
    link: Link,
    intentId: string,
    facts: PendingFacts,
    ticket: Ticket,
    claims: readonly Claim[],
    now: number,
    also: readonly Write[],
  ): Promise<Outcome> {
    const scope = { connection: this.#connection, type: link.type }
    const intent = { id: intentId, body: ticket.body, leaseUntil: now }
    return this.#decided([
      ...this.#becomePending(link, facts, ticket, now),
      deleteClaims(scope, link.id, claims),
      insertClaims(scope, link.id, claims, now),
      insertIntent(this.#connection, intent, link.id, 'create', now),
      sql`
        UPDATE intent SET state = 'waiting', next_at = ${ticket.pollAt} WHERE id = ${intentId}`,
      ...also,
    ])
  }

  /** Somebody whose invitation was withdrawn is to be invited again. False: somebody was faster. */
  async beginAgain(
    link: Link,
    intent: { id: string; body: string; leaseUntil: number },
    now: number,
  ): Promise<boolean> {
    const outcome = await this.#decided([
      sql`
        UPDATE link SET version = version + 1
         WHERE ${this.#isRead(link)} AND state = 'pending' AND ticket IS NULL`,
      CHANGED_ONE,
      insertIntent(this.#connection, intent, link.id, 'create', now),
    ])
    return outcome === 'written'
  }

  // ---- waiting ------------------------------------------------------------------------------------

  /** Whoever asks the app, or withdraws, holds the fence. Undefined: somebody else took it. */
  async lease(intent: Intent, leaseUntil: number): Promise<Held | undefined> {
    const rows = await this.#db.all(sql`
      UPDATE intent SET fence = fence + 1, lease_until = ${leaseUntil}, next_at = ${leaseUntil},
             attempt = attempt + 1
       WHERE id = ${intent.id} AND fence = ${intent.fence} AND state = 'waiting' RETURNING id`)
    return rows.length === 1 ? { id: intent.id, fence: intent.fence + 1 } : undefined
  }

  /** Nothing has come of it yet: it is asked again at `nextAt`. */
  async rest(held: Held, now: number, nextAt: number): Promise<void> {
    await this.#db.run(sql`
      UPDATE intent SET lease_until = ${now}, next_at = ${nextAt}
       WHERE id = ${held.id} AND fence = ${held.fence} AND state = 'waiting'`)
  }

  /** What the client wants has changed; the app hears of it when the account is there. */
  async change(
    link: Link,
    facts: PendingFacts,
    claims: ClaimChange,
    now: number,
    also: readonly Write[],
  ): Promise<Outcome> {
    return this.#decided([
      sql`
        UPDATE link SET ${this.#columnsOf(facts, now)}
         WHERE ${this.#isRead(link)} AND state = 'pending'`,
      CHANGED_ONE,
      ...this.#moveClaims(link, claims, now),
      ...also,
    ])
  }

  /** The invitation is withdrawn; the person stays, without ticket and intent. */
  async cancel(
    held: Held,
    link: Link,
    facts: PendingFacts,
    claims: ClaimChange,
    now: number,
    also: readonly Write[],
  ): Promise<Outcome> {
    return this.#decided([
      ...closeIntent(held, 'done'),
      sql`
        UPDATE link SET ticket = NULL, native_id = NULL, ${this.#columnsOf(facts, now)}
         WHERE ${this.#isRead(link)} AND state = 'pending'`,
      CHANGED_ONE,
      ...this.#moveClaims(link, claims, now),
      ...also,
    ])
  }

  // ---- the end ------------------------------------------------------------------------------------

  /**
   * The account is there: the link is linked to it. `met`: a read had minted another link for the
   * account. The pending one's id is out with its client, so that the other gives way, and its
   * memberships go over. `taken`: a link that no batch knows of is in the way.
   */
  async activate(
    held: Held,
    link: Link,
    facts: LinkFacts,
    claims: readonly Claim[],
    met: Link | undefined,
    now: number,
    also: readonly Write[],
  ): Promise<Outcome> {
    const connection = this.#connection
    const scope = { connection, type: link.type }
    return this.#decided([
      ...closeIntent(held, 'done'),
      ...(met ? this.#giveWay(met, link.id, now) : []),
      sql`
        UPDATE link SET state = 'linked', ticket = NULL, native_id = ${facts.nativeId},
               fingerprint = ${facts.fingerprint ?? null}, former = ${facts.former ?? null},
               inactive_since = ${sinceWhen(facts)}, ${this.#columnsOf(facts, now)}
         WHERE ${this.#isRead(link)} AND state = 'pending'`,
      CHANGED_ONE,
      insertFreeClaims(scope, link.id, claims, now),
      // A tombstone that hid this account gives way to the link.
      sql`
        UPDATE link SET survives = 0 WHERE connection = ${connection} AND survives = 1
           AND type = ${link.type} AND native_id = ${facts.nativeId}`,
      ...also,
    ])
  }

  /** There will be no account: the link ends, and its keys are free for the client's next POST. */
  async end(held: Held, link: Link, now: number, also: readonly Write[]): Promise<boolean> {
    const outcome = await this.#decided([
      ...closeIntent(held, 'failed'),
      sql`
        UPDATE link SET version = version + 1 WHERE ${this.#isRead(link)} AND state = 'pending'`,
      CHANGED_ONE,
      ...buryLink(this.#connection, link.id, false, now),
      ...also,
    ])
    return outcome === 'written'
  }

  /** The account was removed because its person is off: the link stays, and makes another one later. */
  async resign(
    held: Held,
    link: Link,
    facts: PendingFacts,
    { wanted, given }: { readonly wanted: readonly Claim[]; readonly given: readonly Claim[] },
    now: number,
    also: readonly Write[],
  ): Promise<Outcome> {
    const scope = { connection: this.#connection, type: link.type }
    return this.#decided([
      ...closeIntent(held, 'done'),
      sql`
        UPDATE link SET state = 'pending', native_id = NULL, fingerprint = NULL, former = NULL,
               inactive_since = coalesce(inactive_since, ${now}), ${this.#columnsOf(facts, now)}
         WHERE ${this.#isRead(link)} AND state IN ('linked', 'discovered', 'missing')`,
      CHANGED_ONE,
      // A rename has taken its keys before; a link that only a read had made holds none yet.
      deleteClaims(scope, link.id, given),
      insertFreeClaims(scope, link.id, wanted, now),
      ...also,
    ])
  }

  // ---- removal ------------------------------------------------------------------------------------

  /** From here on the person is gone for clients; the open intent now says what is to be removed. */
  async beginRemoval(
    link: Link,
    intent: Intent,
    body: string,
    leaseUntil: number,
    now: number,
  ): Promise<Held | undefined> {
    const outcome = await this.#decided([
      sql`
        UPDATE intent SET op = 'delete', state = 'sending', fence = fence + 1, body = ${body},
               lease_until = ${leaseUntil}, next_at = ${leaseUntil}
         WHERE id = ${intent.id} AND fence = ${intent.fence} AND state = 'waiting'`,
      CHANGED_ONE,
      sql`
        UPDATE link SET state = 'retiring', version = version + 1, modified_at = ${now}
         WHERE ${this.#isRead(link)} AND state = 'pending'`,
      CHANGED_ONE,
    ])
    return outcome === 'written' ? { id: intent.id, fence: intent.fence + 1 } : undefined
  }

  /** The app refused to withdraw it: the intent waits again, with the body it had. */
  async cancelRemoval(held: Held, link: string, body: string, now: number): Promise<void> {
    await this.#decided([
      sql`
        UPDATE intent SET op = 'create', state = 'waiting', body = ${body}, lease_until = ${now},
               next_at = ${now}
         WHERE id = ${held.id} AND fence = ${held.fence} AND ${OPEN}`,
      CHANGED_ONE,
      sql`
        UPDATE link SET state = 'pending'
         WHERE connection = ${this.#connection} AND id = ${link} AND state = 'retiring'`,
    ])
  }

  /** A removal finds that the account has come to be: it is removed like any other. */
  async bindRemoval(
    held: Held,
    link: string,
    object: { readonly id: string; readonly fingerprint?: string },
    met: Link | undefined,
    now: number,
  ): Promise<boolean> {
    const outcome = await this.#decided([
      sql`UPDATE intent SET attempt = attempt WHERE id = ${held.id} AND fence = ${held.fence}`,
      CHANGED_ONE,
      ...(met ? this.#giveWay(met, link, now) : []),
      sql`
        UPDATE link SET ticket = NULL, native_id = ${object.id},
               fingerprint = ${object.fingerprint ?? null}
         WHERE connection = ${this.#connection} AND id = ${link} AND state = 'retiring'`,
      CHANGED_ONE,
    ])
    return outcome === 'written'
  }

  // ---- parts --------------------------------------------------------------------------------------

  #becomePending(link: Link, facts: PendingFacts, ticket: Ticket, now: number): Write[] {
    return [
      sql`
        UPDATE link SET state = 'pending', ticket = ${ticket.ticket},
               native_id = ${ticket.nativeId ?? null}, fingerprint = NULL,
               ${this.#columnsOf(facts, now)}
         WHERE ${this.#isRead(link)}
           AND state IN ('proposed', 'discovered', 'linked', 'missing', 'pending')`,
      CHANGED_ONE,
    ]
  }

  /** The version that was read, and no other. */
  #isRead(link: Link): SQL {
    return sql`connection = ${this.#connection} AND id = ${link.id} AND version = ${link.version}`
  }

  #columnsOf(facts: PendingFacts, now: number): SQL {
    return sql`external_id = ${facts.externalId ?? null}, display = ${facts.display ?? null},
      shadow = ${facts.shadow}, version = version + 1, modified_at = ${now}`
  }

  #moveClaims(link: Link, { taken, given }: ClaimChange, now: number): Write[] {
    const scope = { connection: this.#connection, type: link.type }
    return [deleteClaims(scope, link.id, given), insertClaims(scope, link.id, taken, now)]
  }

  /** Only a read has made it, and holds no keys; its id is never given out again. */
  #giveWay(met: Link, to: string, now: number): Write[] {
    const connection = this.#connection
    const ofMet = sql`connection = ${connection} AND member_link = ${met.id}`
    return [
      sql`
        UPDATE link SET state = 'tombstone', version = version + 1, modified_at = ${now}
         WHERE ${this.#isRead(met)} AND state = 'discovered'`,
      CHANGED_ONE,
      // Groups show their members' ids: they have changed.
      sql`
        UPDATE link SET version = version + 1, modified_at = ${now}
         WHERE connection = ${connection} AND id IN (SELECT group_link FROM edge WHERE ${ofMet})`,
      sql`
        INSERT INTO edge (connection, group_link, member_link, member_type, state, wanted, kept,
                          next_at, attempt, at)
        SELECT connection, group_link, ${to}, member_type, state, wanted, kept, next_at, attempt, at
          FROM edge WHERE ${ofMet}
            ON CONFLICT (connection, group_link, member_link) DO NOTHING`,
      sql`DELETE FROM edge WHERE ${ofMet}`,
    ]
  }

  async #select(where: SQL): Promise<Link[]> {
    const rows = await this.#db.all<LinkRow>(
      sql`SELECT ${COLUMNS} FROM link l WHERE l.connection = ${this.#connection} AND ${where}`,
    )
    return rows.map(toLink)
  }

  async #decided(writes: readonly Write[]): Promise<Outcome> {
    try {
      await writeAll(this.#db, writes)
      return 'written'
    } catch (error) {
      if (isLostRace(error)) return 'lost'
      if (isUniqueViolation(error, 'claim.')) return 'key-taken'
      if (isUniqueViolation(error, 'link.')) return 'taken'
      throw error
    }
  }
}
