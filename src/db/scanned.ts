/** What a scan has met: accounts, and the keys that they bear. */
import { sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'
import {
  type Scan,
  type ScannedAccount,
  type ScannedAccountRow,
  type ScannedKey,
  type Situation,
  toScannedAccount,
} from './scan.ts'

export interface SharedKey {
  readonly kind: string
  readonly norm: string
  readonly nativeIds: readonly string[]
  readonly count: number
}

export class Scanned {
  readonly #db: Database
  readonly #scan: Scan

  constructor(db: Database, scan: Scan) {
    this.#db = db
    this.#scan = scan
  }

  /** Those of these accounts that the scan has met before: pages shift while they are walked. */
  async met(nativeIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db.all<{ native_id: string }>(sql`
      SELECT native_id FROM scan_account WHERE scan = ${this.#scan.id}
         AND native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`)
    return new Set(rows.map((row) => row.native_id))
  }

  /** `link` of an account is what the unique index let in, whoever minted it. */
  putAccounts(accounts: readonly ScannedAccount[]): Write {
    return sql`
      INSERT INTO scan_account (scan, native_id, link, display, situation, detail)
      SELECT ${this.#scan.id}, json_extract(a.value, '$.nativeId'),
             coalesce(json_extract(a.value, '$.link'),
               (SELECT l.id FROM link l
                 WHERE l.connection = ${this.#scan.connection} AND l.type = ${this.#scan.type}
                   AND l.native_id = json_extract(a.value, '$.nativeId')
                   AND l.state <> 'tombstone')),
             json_extract(a.value, '$.display'), json_extract(a.value, '$.situation'),
             json_extract(a.value, '$.detail')
        FROM json_each(${JSON.stringify(accounts)}) a WHERE true
          ON CONFLICT (scan, native_id) DO NOTHING`
  }

  putKeys(keys: readonly ScannedKey[]): Write {
    return sql`
      INSERT INTO scan_key (scan, kind, norm, native_id, unmet, excluded)
      SELECT ${this.#scan.id}, json_extract(value, '$.kind'), json_extract(value, '$.norm'),
             json_extract(value, '$.nativeId'), json_extract(value, '$.unmet'),
             json_extract(value, '$.excluded')
        FROM json_each(${JSON.stringify(keys)}) WHERE true ON CONFLICT DO NOTHING`
  }

  /** What became of drifted accounts is said beside what had drifted. */
  markRestored(
    restored: readonly { readonly nativeId: string; readonly paths: readonly string[] }[],
  ): Write {
    return sql`
      UPDATE scan_account SET detail = json_set(detail, '$.restored', json(
        (SELECT json_extract(value, '$.paths') FROM json_each(${JSON.stringify(restored)})
          WHERE json_extract(value, '$.nativeId') = scan_account.native_id)))
       WHERE scan = ${this.#scan.id} AND native_id IN
        (SELECT json_extract(value, '$.nativeId') FROM json_each(${JSON.stringify(restored)}))`
  }

  /** All accounts that bear one of these keys; `path` names their rule in reports. */
  markAmbiguous(kind: string, norms: readonly string[], path: string): Write {
    return sql`
      UPDATE scan_account SET situation = 'ambiguous', detail = ${JSON.stringify({ key: path })}
       WHERE scan = ${this.#scan.id} AND situation IN ('linked', 'discovered')
         AND native_id IN (
           SELECT k.native_id FROM json_each(${JSON.stringify(norms)}) n
            CROSS JOIN scan_key k ON k.scan = ${this.#scan.id} AND k.kind = ${kind}
             AND k.norm = n.value AND k.excluded = 0)`
  }

  /** Keys of these kinds that several accounts bear, in order, after the one given. */
  async sharedKeys(
    kinds: readonly string[],
    after: { readonly kind: string; readonly norm: string } | undefined,
    limit: number,
    most: number,
  ): Promise<SharedKey[]> {
    // Whom a person has protected is known not to be the one; looked up for shared keys alone.
    const open = sql`NOT EXISTS (
      SELECT 1 FROM link l
       WHERE l.connection = ${this.#scan.connection} AND l.type = ${this.#scan.type}
         AND l.native_id = k.native_id AND l.state <> 'tombstone' AND l.verdict = 'protected')`
    const rows = await this.#db.all<{ kind: string; norm: string; n: number }>(sql`
      SELECT g.kind, g.norm,
             (SELECT count(*) FROM scan_key k WHERE k.scan = ${this.#scan.id} AND k.kind = g.kind
                 AND k.norm = g.norm AND k.excluded = 0 AND ${open}) AS n
        FROM (SELECT kind, norm FROM scan_key
               WHERE scan = ${this.#scan.id} AND excluded = 0
                 AND kind IN (SELECT value FROM json_each(${JSON.stringify(kinds)}))
                 ${after ? sql`AND (kind, norm) > (${after.kind}, ${after.norm})` : sql``}
               GROUP BY kind, norm HAVING count(*) > 1) g
       WHERE n > 1 ORDER BY g.kind, g.norm LIMIT ${limit}`)
    if (rows.length === 0) return []
    const bearers = await this.#db.all<{ kind: string; norm: string; native_id: string }>(sql`
      SELECT kind, norm, native_id FROM (
        SELECT k.kind, k.norm, k.native_id,
               row_number() OVER (PARTITION BY k.kind, k.norm ORDER BY k.native_id) AS nth
          FROM json_each(${JSON.stringify(rows)}) r
          -- CROSS: SQLite keeps to the order written, and looks each key up.
          CROSS JOIN scan_key k ON k.scan = ${this.#scan.id}
           AND k.kind = json_extract(r.value, '$.kind')
           AND k.norm = json_extract(r.value, '$.norm') AND k.excluded = 0
         WHERE ${open})
       WHERE nth <= ${most}`)
    return rows.map(({ kind, norm, n }) => ({
      kind,
      norm,
      count: n,
      nativeIds: bearers.flatMap((b) => (b.kind === kind && b.norm === norm ? [b.native_id] : [])),
    }))
  }

  /** In the order of native ids, after the one given; of these situations, or of all. */
  async accounts(
    situations: readonly Situation[],
    after: string,
    limit: number,
  ): Promise<ScannedAccount[]> {
    const [only] = situations
    const isOne = situations.length === 1 && only !== 'linked' && only !== 'discovered'
    const inThem = sql`AND situation IN (SELECT value FROM json_each(${JSON.stringify(situations)}))`
    // Literally the condition of the partial index, or SQLite does not see that it fits.
    const indexed = sql`AND situation = ${only} AND situation NOT IN ('linked', 'discovered')`
    const rows = await this.#db.all<ScannedAccountRow>(sql`
      SELECT native_id, link, display, situation, detail FROM scan_account
       WHERE scan = ${this.#scan.id} AND native_id > ${after}
         ${isOne ? indexed : situations.length > 0 ? inThem : sql``}
       ORDER BY native_id LIMIT ${limit}`)
    return rows.map(toScannedAccount)
  }

  /** Of these accounts, those that the scan found to be in this situation. */
  async inSituation(situation: Situation, nativeIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db.all<{ native_id: string }>(sql`
      SELECT native_id FROM scan_account WHERE scan = ${this.#scan.id} AND situation = ${situation}
         AND native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`)
    return new Set(rows.map((row) => row.native_id))
  }

  async count(situation: Situation): Promise<number> {
    const row = await this.#db.get<{ n: number }>(sql`
      SELECT count(*) AS n FROM scan_account
       WHERE scan = ${this.#scan.id} AND situation = ${situation}`)
    return row.n
  }
}
