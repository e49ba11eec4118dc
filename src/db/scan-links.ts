/** Links beside a scan: what it has to know of them, and what it makes of them. */
import { sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'
import type { LinkState, Verdict } from './link.ts'
import type { Scan } from './scan.ts'

/** What a scan has to know of a link; the member rows that `Link` brings along cost too much here. */
export interface LinkFact {
  readonly id: string
  readonly nativeId: string
  readonly state: LinkState
  readonly fingerprint: string | undefined
  readonly verdict: Verdict | undefined
  readonly shadow: string
  readonly former: string | undefined
}

export interface UnmetLink {
  readonly id: string
  readonly nativeId: string
  readonly display: string | undefined
  readonly state: LinkState
}

/** Of the scan's connection and type. */
export class ScanLinks {
  readonly #db: Database
  readonly #scan: Scan

  constructor(db: Database, scan: Scan) {
    this.#db = db
    this.#scan = scan
  }

  /** By native id: the live link of each account, else the tombstone that hides it. */
  async linksOf(nativeIds: readonly string[]): Promise<Map<string, LinkFact>> {
    const columns = sql`l.id, l.native_id, l.state, l.fingerprint, l.verdict, l.shadow, l.former`
    const where = sql`l.connection = ${this.#scan.connection} AND l.type = ${this.#scan.type}
      AND l.native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`
    const rows = await this.#db.all<{
      id: string
      native_id: string
      state: LinkState
      fingerprint: string | null
      verdict: Verdict | null
      shadow: string
      former: string | null
    }>(sql`
      SELECT ${columns} FROM link l WHERE ${where} AND l.survives = 1
      UNION ALL
      SELECT ${columns} FROM link l WHERE ${where} AND l.state <> 'tombstone'`)
    return new Map(
      rows.map(({ native_id, fingerprint, verdict, former, ...row }) => [
        native_id,
        {
          ...row,
          nativeId: native_id,
          fingerprint: fingerprint ?? undefined,
          former: former ?? undefined,
          verdict: verdict ?? undefined,
        },
      ]),
    )
  }

  /** Links for accounts that have none. Readers may mint them at the same time: one row gets in. */
  mint(
    accounts: readonly {
      readonly id: string
      readonly nativeId: string
      readonly fingerprint: string | undefined
      readonly display: string | undefined
    }[],
    now: number,
  ): Write {
    return sql`
      INSERT INTO link (id, connection, type, state, origin, native_id, fingerprint, display,
                        created_at, modified_at)
      SELECT json_extract(value, '$.id'), ${this.#scan.connection}, ${this.#scan.type}, 'discovered',
             'discovered', json_extract(value, '$.nativeId'),
             json_extract(value, '$.fingerprint'), json_extract(value, '$.display'), ${now}, ${now}
        FROM json_each(${JSON.stringify(accounts)}) WHERE true
          ON CONFLICT DO NOTHING`
  }

  /** Missing links whose accounts are there again. */
  reappear(links: readonly string[], now: number): Write {
    return this.#turn(links, 'missing', 'linked', now)
  }

  disappear(links: readonly string[], now: number): Write {
    return this.#turn(links, 'linked', 'missing', now)
  }

  /**
   * Baselines that take the app's value. Only where the link's shadow is still the one that was read:
   * a client may have written since.
   */
  accept(
    links: readonly { readonly id: string; readonly before: string; readonly after: string }[],
  ): Write {
    return sql`
      UPDATE link SET shadow = v.after
        FROM (SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.before') AS before,
                     json_extract(value, '$.after') AS after
                FROM json_each(${JSON.stringify(links)})) v
       WHERE link.connection = ${this.#scan.connection} AND link.id = v.id AND link.shadow = v.before`
  }

  /** Tombstones whose accounts are gone from the app: reads have nothing to hide any more. */
  release(links: readonly string[]): Write {
    return sql`
      UPDATE link SET survives = 0
       WHERE connection = ${this.#scan.connection} AND state = 'tombstone'
         AND id IN (SELECT value FROM json_each(${JSON.stringify(links)}))`
  }

  /**
   * Links whose account the scan has not met, in the order of native ids: linked and missing ones,
   * and tombstones that hide an account.
   */
  async unmet(after: string, limit: number): Promise<UnmetLink[]> {
    const where = sql`l.connection = ${this.#scan.connection} AND l.type = ${this.#scan.type}
      AND l.native_id > ${after}
      -- What changed since may have been created behind the walk's back.
      AND l.modified_at < ${this.#scan.startedAt}
      AND NOT EXISTS (SELECT 1 FROM scan_account a
                       WHERE a.scan = ${this.#scan.id} AND a.native_id = l.native_id)`
    const rows = await this.#db.all<{
      id: string
      native_id: string
      display: string | null
      state: LinkState
    }>(sql`
      SELECT l.id, l.native_id, l.display, l.state FROM link l
       WHERE ${where} AND l.native_id IS NOT NULL AND l.state <> 'tombstone'
         AND l.state IN ('linked', 'missing')
      UNION ALL
      SELECT l.id, l.native_id, l.display, l.state FROM link l WHERE ${where} AND l.survives = 1
       ORDER BY native_id LIMIT ${limit}`)
    return rows.map((row) => ({
      id: row.id,
      nativeId: row.native_id,
      display: row.display ?? undefined,
      state: row.state,
    }))
  }

  async hasLinked(): Promise<boolean> {
    const rows = await this.#db.all(sql`
      SELECT 1 FROM link WHERE connection = ${this.#scan.connection} AND type = ${this.#scan.type}
         AND native_id IS NOT NULL AND state <> 'tombstone' AND state = 'linked' LIMIT 1`)
    return rows.length > 0
  }

  #turn(links: readonly string[], from: LinkState, to: LinkState, now: number): Write {
    return sql`
      UPDATE link SET state = ${to}, missed_at = NULL, version = version + 1, modified_at = ${now}
       WHERE connection = ${this.#scan.connection} AND state = ${from}
         AND id IN (SELECT value FROM json_each(${JSON.stringify(links)}))`
  }
}
