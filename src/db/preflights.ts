/**
 * Pre-flights: what would become of each person of an export, against one finished scan. CROSS JOIN
 * keeps SQLite to the order written: left to itself it walks the whole table once for each key.
 */
import { sql } from 'drizzle-orm'
import { type Database, writeAll } from './database.ts'
import type { Link, LinkState } from './link.ts'
import {
  type Scan,
  type ScannedAccount,
  type ScannedAccountRow,
  type Situation,
  toScannedAccount,
} from './scan.ts'

export const VERDICTS = ['linked', 'adopt', 'create', 'ambiguous', 'blocked'] as const
export type Verdict = (typeof VERDICTS)[number]

/** A key of the n-th person asked about; `key` is its place among the person's. */
export interface AskedKey {
  readonly person: number
  readonly key: number
  readonly kind: string
  readonly norm: string
}

/** An account that bears a key. */
export interface Bearer {
  readonly person: number
  readonly key: number
  readonly nativeId: string
  readonly display: string | undefined
  readonly situation: Situation
  /** Of the account's live link, by now. */
  readonly linkState: LinkState | undefined
  /** Of a person, on the account. */
  readonly verdict: Link['verdict']
  /** Conditions of the match rule that the account does not meet. */
  readonly unmet: readonly string[]
  /** Out of matching by policy, unless a client manages it by now. */
  readonly excluded: boolean
  /** Accounts that answer to this key, the excluded ones left out. */
  readonly count: number
}

export interface Holder {
  readonly person: number
  readonly nativeId: string | undefined
  readonly display: string | undefined
  readonly state: LinkState
}

export class Preflights {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  async begin(id: string, scan: Scan, now: number): Promise<void> {
    await this.#db.run(sql`
      INSERT INTO preflight (id, connection, scan, created_at)
      VALUES (${id}, ${this.#connection}, ${scan.id}, ${now})`)
  }

  /** The scan that a pre-flight is made against. */
  async scanOf(id: string): Promise<string | undefined> {
    const [row] = await this.#db.all<{ scan: string }>(sql`
      SELECT scan FROM preflight WHERE id = ${id} AND connection = ${this.#connection}`)
    return row?.scan
  }

  /** Accounts that bear the keys, at most `most` a key; one question for all people. */
  async bearers(scan: Scan, keys: readonly AskedKey[], most: number): Promise<Bearer[]> {
    const rows = await this.#db.all<{
      person: number
      key: number
      native_id: string
      display: string | null
      situation: Situation
      link_state: LinkState | null
      verdict: NonNullable<Link['verdict']> | null
      unmet: string
      excluded: number
      n: number
    }>(sql`
      SELECT f.person, f.key, f.native_id, a.display, a.situation, l.state AS link_state, l.verdict, f.unmet,
             f.excluded, f.n
        FROM (SELECT json_extract(q.value, '$.person') AS person,
                     json_extract(q.value, '$.key') AS key, k.native_id, k.unmet, k.excluded,
                     count(*) FILTER (WHERE k.excluded = 0) OVER (PARTITION BY q.key) AS n,
                     row_number() OVER (PARTITION BY q.key
                                        ORDER BY k.excluded, k.native_id) AS nth
                FROM json_each(${JSON.stringify(keys)}) q
                CROSS JOIN scan_key k ON k.scan = ${scan.id}
                 AND k.kind = json_extract(q.value, '$.kind')
                 AND k.norm = json_extract(q.value, '$.norm')) f
        CROSS JOIN scan_account a ON a.scan = ${scan.id} AND a.native_id = f.native_id
        LEFT JOIN link l ON l.connection = ${this.#connection} AND l.type = ${scan.type}
         AND l.native_id = f.native_id AND l.state <> 'tombstone'
       WHERE f.nth <= ${most} ORDER BY f.person, f.key, f.native_id`)
    return rows.map(({ native_id, display, link_state, verdict, unmet, excluded, n, ...row }) => ({
      ...row,
      nativeId: native_id,
      display: display ?? undefined,
      linkState: link_state ?? undefined,
      verdict: verdict ?? undefined,
      unmet: JSON.parse(unmet) as string[],
      excluded: excluded === 1,
      count: n,
    }))
  }

  /** Links that hold these keys as claims, whatever their accounts are called by now. */
  async holders(
    type: string,
    keys: readonly Pick<AskedKey, 'person' | 'kind' | 'norm'>[],
  ): Promise<Holder[]> {
    const rows = await this.#db.all<{
      person: number
      native_id: string | null
      display: string | null
      state: LinkState
    }>(sql`
      SELECT json_extract(q.value, '$.person') AS person, l.native_id, l.display, l.state
        FROM json_each(${JSON.stringify(keys)}) q
        CROSS JOIN claim c ON c.connection = ${this.#connection} AND c.type = ${type}
         AND c.kind = json_extract(q.value, '$.kind')
         AND c.norm = json_extract(q.value, '$.norm')
        CROSS JOIN link l ON l.connection = c.connection AND l.id = c.link`)
    return rows.map(({ native_id, display, ...row }) => ({
      ...row,
      nativeId: native_id ?? undefined,
      display: display ?? undefined,
    }))
  }

  /** Who of this export has been promised these accounts: native id to person. */
  async promised(id: string, nativeIds: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#db.all<{ native_id: string; person: string }>(sql`
      SELECT m.native_id, m.person FROM preflight_match m
        JOIN preflight_person p ON p.preflight = m.preflight AND p.person = m.person
       WHERE m.preflight = ${id} AND p.verdict IN ('adopt', 'linked')
         AND m.native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`)
    return new Map(rows.map((row) => [row.native_id, row.person]))
  }

  /** Sent again, the same people count once. */
  async put(
    id: string,
    people: readonly { readonly person: string; readonly verdict: Verdict }[],
    matches: readonly { readonly person: string; readonly nativeId: string }[],
  ): Promise<void> {
    await writeAll(this.#db, [
      sql`
        INSERT INTO preflight_person (preflight, person, verdict)
        SELECT ${id}, json_extract(value, '$.person'), json_extract(value, '$.verdict')
          FROM json_each(${JSON.stringify(people)}) WHERE true
            ON CONFLICT (preflight, person) DO UPDATE SET verdict = excluded.verdict`,
      sql`
        INSERT INTO preflight_match (preflight, native_id, person)
        SELECT ${id}, json_extract(value, '$.nativeId'), json_extract(value, '$.person')
          FROM json_each(${JSON.stringify(matches)}) WHERE true ON CONFLICT DO NOTHING`,
    ])
  }

  async counts(id: string): Promise<Partial<Record<Verdict, number>>> {
    const rows = await this.#db.all<{ verdict: Verdict; n: number }>(sql`
      SELECT verdict, count(*) AS n FROM preflight_person WHERE preflight = ${id} GROUP BY verdict`)
    return Object.fromEntries(rows.map(({ verdict, n }) => [verdict, n]))
  }

  /** Accounts that nobody of the export matches, in the order of native ids. */
  async orphans(id: string, scan: Scan, after: string, limit: number): Promise<ScannedAccount[]> {
    const rows = await this.#db.all<ScannedAccountRow>(sql`
      SELECT a.native_id, a.link, a.display, a.situation, a.detail FROM scan_account a
       WHERE a.scan = ${scan.id} AND a.native_id > ${after}
         AND a.situation NOT IN ('hidden', 'missing')
         AND NOT EXISTS (SELECT 1 FROM preflight_match m
                          WHERE m.preflight = ${id} AND m.native_id = a.native_id)
       ORDER BY a.native_id LIMIT ${limit}`)
    return rows.map(toScannedAccount)
  }

  async countOrphans(id: string, scan: Scan): Promise<number> {
    const row = await this.#db.get<{ n: number }>(sql`
      SELECT count(*) AS n FROM scan_account a
       WHERE a.scan = ${scan.id} AND a.situation NOT IN ('hidden', 'missing')
         AND NOT EXISTS (SELECT 1 FROM preflight_match m
                          WHERE m.preflight = ${id} AND m.native_id = a.native_id)`)
    return row.n
  }
}
