/**
 * Scans: the aggregate of a walk over an app's list. A commit is one batch, guarded on the step that
 * it began with, so that a kill at any point loses nothing and two walkers double nothing. Every
 * method is scoped by its connection.
 */
import { type SQL, sql } from 'drizzle-orm'
import {
  CHANGED_ONE,
  type Database,
  isUniqueViolation,
  type Write,
  writeGuarded,
} from './database.ts'
import type { LinkState, Verdict } from './link.ts'
import {
  type Scan,
  type ScannedAccount,
  type ScannedAccountRow,
  type ScannedKey,
  type ScanRow,
  type ScanState,
  type Situation,
  toScan,
  toScannedAccount,
} from './scan.ts'

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

export interface SharedKey {
  readonly kind: string
  readonly norm: string
  readonly nativeIds: readonly string[]
  readonly count: number
}

type Progress = Pick<Scan, 'phase' | 'cursor' | 'seen' | 'total'>

export class Scans {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

  // ---- the scan ---------------------------------------------------------------------------------

  /** Begins a scan. False: one of this type is running. */
  async begin(
    scan: Pick<Scan, 'id' | 'type' | 'dryRun' | 'acceptShrink' | 'basis'>,
    now: number,
  ): Promise<boolean> {
    try {
      await this.#db.run(sql`
        INSERT INTO scan (id, connection, type, dry_run, accept_shrink, basis, state, phase,
                          started_at, touched_at)
        VALUES (${scan.id}, ${this.#connection}, ${scan.type}, ${scan.dryRun ? 1 : 0},
                ${scan.acceptShrink ? 1 : 0}, ${scan.basis}, 'running', 'walk', ${now}, ${now})`)
      return true
    } catch (error) {
      if (isUniqueViolation(error, 'scan.')) return false
      throw error
    }
  }

  async get(id: string): Promise<Scan | undefined> {
    return (await this.#select(sql`id = ${id}`))[0]
  }

  async running(type: string): Promise<Scan | undefined> {
    return (await this.#select(sql`type = ${type} AND state = 'running'`))[0]
  }

  /** The last one that was walked to its end and believed, before the one given. */
  async lastDone(type: string, before?: Scan): Promise<Scan | undefined> {
    const found = await this.#select(sql`type = ${type} AND state = 'done'
      ${before ? sql`AND id <> ${before.id} AND started_at <= ${before.startedAt}` : sql``}
      ORDER BY started_at DESC LIMIT 1`)
    return found[0]
  }

  /** When the last scan of this type began, however it ended. */
  async lastBegun(type: string): Promise<number | undefined> {
    const row = await this.#db.get<{ at: number | null }>(sql`
      SELECT max(started_at) AS at FROM scan
       WHERE connection = ${this.#connection} AND type = ${type}`)
    return row.at ?? undefined
  }

  /** Newest first. */
  async latest(limit: number): Promise<Scan[]> {
    return this.#select(sql`true ORDER BY started_at DESC, id LIMIT ${limit}`)
  }

  /** Moves the scan on together with `also`. False: another walker did, and nothing is written. */
  async commit(
    scan: Scan,
    progress: Progress,
    now: number,
    also: readonly Write[],
  ): Promise<boolean> {
    const { phase, cursor, seen, total } = progress
    return writeGuarded(this.#db, [
      sql`
        UPDATE scan SET phase = ${phase}, cursor = ${cursor ?? null}, seen = ${seen},
               total = ${total ?? null}, step = step + 1, failures = 0, note = NULL,
               touched_at = ${now}
         WHERE id = ${scan.id} AND step = ${scan.step} AND state = 'running'`,
      CHANGED_ONE,
      ...also,
    ])
  }

  /** Ends the scan together with `also`. False: somebody else did, and nothing is written. */
  async end(
    scan: Scan,
    state: Exclude<ScanState, 'running'>,
    note: string | undefined,
    now: number,
    also: readonly Write[],
  ): Promise<boolean> {
    return writeGuarded(this.#db, [
      sql`
        UPDATE scan SET state = ${state}, note = ${note ?? null}, seen = ${scan.seen},
               total = ${scan.total ?? null}, step = step + 1, cursor = NULL, touched_at = ${now},
               finished_at = ${now}
         WHERE id = ${scan.id} AND step = ${scan.step} AND state = 'running'`,
      CHANGED_ONE,
      ...also,
      sql`
        UPDATE scan SET counts =
          (SELECT json_group_object(situation, n) FROM
            (SELECT situation, count(*) AS n FROM scan_account WHERE scan = ${scan.id}
              GROUP BY situation
             UNION ALL
             SELECT 'restored', count(*) FROM scan_account
              WHERE scan = ${scan.id} AND situation IN ('drift', 'reactivated')
                AND situation NOT IN ('linked', 'discovered')
                AND json_extract(detail, '$.restored') IS NOT NULL))
         WHERE id = ${scan.id}`,
    ])
  }

  /** A burst failed and nothing was lost; after `most` failures in a row the scan has failed. */
  async failed(scan: Scan, note: string, most: number, now: number): Promise<void> {
    await this.#db.run(sql`
      UPDATE scan SET failures = failures + 1, note = ${note}, touched_at = ${now},
             state = CASE WHEN failures + 1 >= ${most} THEN 'failed' ELSE state END,
             finished_at = CASE WHEN failures + 1 >= ${most} THEN ${now} END
       WHERE id = ${scan.id} AND state = 'running'`)
  }

  // ---- accounts, keys and links -------------------------------------------------------------------

  /** Those of these accounts that the scan has met before: pages shift while they are walked. */
  async met(scan: Scan, nativeIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#db.all<{ native_id: string }>(sql`
      SELECT native_id FROM scan_account WHERE scan = ${scan.id}
         AND native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`)
    return new Set(rows.map((row) => row.native_id))
  }

  /** By native id: the live link of each account, else the tombstone that hides it. */
  async linksOf(type: string, nativeIds: readonly string[]): Promise<Map<string, LinkFact>> {
    const columns = sql`l.id, l.native_id, l.state, l.fingerprint, l.verdict, l.shadow, l.former`
    const where = sql`l.connection = ${this.#connection} AND l.type = ${type}
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

  /** `link` of an account is what the unique index let in, whoever minted it. */
  putAccounts(scan: Scan, accounts: readonly ScannedAccount[]): Write {
    return sql`
      INSERT INTO scan_account (scan, native_id, link, display, situation, detail)
      SELECT ${scan.id}, json_extract(a.value, '$.nativeId'),
             coalesce(json_extract(a.value, '$.link'),
               (SELECT l.id FROM link l
                 WHERE l.connection = ${this.#connection} AND l.type = ${scan.type}
                   AND l.native_id = json_extract(a.value, '$.nativeId')
                   AND l.state <> 'tombstone')),
             json_extract(a.value, '$.display'), json_extract(a.value, '$.situation'),
             json_extract(a.value, '$.detail')
        FROM json_each(${JSON.stringify(accounts)}) a WHERE true
          ON CONFLICT (scan, native_id) DO NOTHING`
  }

  putKeys(scan: Scan, keys: readonly ScannedKey[]): Write {
    return sql`
      INSERT INTO scan_key (scan, kind, norm, native_id, unmet, excluded)
      SELECT ${scan.id}, json_extract(value, '$.kind'), json_extract(value, '$.norm'),
             json_extract(value, '$.nativeId'), json_extract(value, '$.unmet'),
             json_extract(value, '$.excluded')
        FROM json_each(${JSON.stringify(keys)}) WHERE true ON CONFLICT DO NOTHING`
  }

  /** Links for accounts that have none. Readers may mint them at the same time: one row gets in. */
  mint(
    type: string,
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
      SELECT json_extract(value, '$.id'), ${this.#connection}, ${type}, 'discovered', 'discovered',
             json_extract(value, '$.nativeId'), json_extract(value, '$.fingerprint'),
             json_extract(value, '$.display'), ${now}, ${now}
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

  /** What became of drifted accounts is said beside what had drifted. */
  markRestored(
    scan: Scan,
    restored: readonly { readonly nativeId: string; readonly paths: readonly string[] }[],
  ): Write {
    return sql`
      UPDATE scan_account SET detail = json_set(detail, '$.restored', json(
        (SELECT json_extract(value, '$.paths') FROM json_each(${JSON.stringify(restored)})
          WHERE json_extract(value, '$.nativeId') = scan_account.native_id)))
       WHERE scan = ${scan.id} AND native_id IN
        (SELECT json_extract(value, '$.nativeId') FROM json_each(${JSON.stringify(restored)}))`
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
       WHERE link.connection = ${this.#connection} AND link.id = v.id AND link.shadow = v.before`
  }

  /** Tombstones whose accounts are gone from the app: reads have nothing to hide any more. */
  release(links: readonly string[]): Write {
    return sql`
      UPDATE link SET survives = 0
       WHERE connection = ${this.#connection} AND state = 'tombstone'
         AND id IN (SELECT value FROM json_each(${JSON.stringify(links)}))`
  }

  /** All accounts that bear one of these keys; `path` names their rule in reports. */
  markAmbiguous(scan: Scan, kind: string, norms: readonly string[], path: string): Write {
    return sql`
      UPDATE scan_account SET situation = 'ambiguous', detail = ${JSON.stringify({ key: path })}
       WHERE scan = ${scan.id} AND situation IN ('linked', 'discovered')
         AND native_id IN (
           SELECT k.native_id FROM json_each(${JSON.stringify(norms)}) n
            CROSS JOIN scan_key k ON k.scan = ${scan.id} AND k.kind = ${kind} AND k.norm = n.value
             AND k.excluded = 0)`
  }

  // ---- what the walk has shown ----------------------------------------------------------------------

  /** Keys of these kinds that several accounts bear, in order, after the one given. */
  async sharedKeys(
    scan: Scan,
    kinds: readonly string[],
    after: { readonly kind: string; readonly norm: string } | undefined,
    limit: number,
    most: number,
  ): Promise<SharedKey[]> {
    // Whom a person has protected is known not to be the one; looked up for shared keys alone.
    const open = sql`NOT EXISTS (
      SELECT 1 FROM link l WHERE l.connection = ${this.#connection} AND l.type = ${scan.type}
         AND l.native_id = k.native_id AND l.state <> 'tombstone' AND l.verdict = 'protected')`
    const rows = await this.#db.all<{ kind: string; norm: string; n: number }>(sql`
      SELECT g.kind, g.norm,
             (SELECT count(*) FROM scan_key k WHERE k.scan = ${scan.id} AND k.kind = g.kind
                 AND k.norm = g.norm AND k.excluded = 0 AND ${open}) AS n
        FROM (SELECT kind, norm FROM scan_key
               WHERE scan = ${scan.id} AND excluded = 0
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
          CROSS JOIN scan_key k ON k.scan = ${scan.id}
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

  /**
   * Links whose account the scan has not met, in the order of native ids: linked and missing ones,
   * and tombstones that hide an account.
   */
  async unmet(scan: Scan, after: string, limit: number): Promise<UnmetLink[]> {
    const where = sql`l.connection = ${this.#connection} AND l.type = ${scan.type}
      AND l.native_id > ${after}
      -- What changed since may have been created behind the walk's back.
      AND l.modified_at < ${scan.startedAt}
      AND NOT EXISTS (SELECT 1 FROM scan_account a
                       WHERE a.scan = ${scan.id} AND a.native_id = l.native_id)`
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

  async hasLinked(type: string): Promise<boolean> {
    const rows = await this.#db.all(sql`
      SELECT 1 FROM link WHERE connection = ${this.#connection} AND type = ${type}
         AND native_id IS NOT NULL AND state <> 'tombstone' AND state = 'linked' LIMIT 1`)
    return rows.length > 0
  }

  /** In the order of native ids, after the one given; of these situations, or of all. */
  async accounts(
    scan: Scan,
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
       WHERE scan = ${scan.id} AND native_id > ${after}
         ${isOne ? indexed : situations.length > 0 ? inThem : sql``}
       ORDER BY native_id LIMIT ${limit}`)
    return rows.map(toScannedAccount)
  }

  /** Of these accounts, those that the scan found to be in this situation. */
  async inSituation(
    scan: Scan,
    situation: Situation,
    nativeIds: readonly string[],
  ): Promise<Set<string>> {
    const rows = await this.#db.all<{ native_id: string }>(sql`
      SELECT native_id FROM scan_account WHERE scan = ${scan.id} AND situation = ${situation}
         AND native_id IN (SELECT value FROM json_each(${JSON.stringify(nativeIds)}))`)
    return new Set(rows.map((row) => row.native_id))
  }

  async count(scan: Scan, situation: Situation): Promise<number> {
    const row = await this.#db.get<{ n: number }>(sql`
      SELECT count(*) AS n FROM scan_account WHERE scan = ${scan.id} AND situation = ${situation}`)
    return row.n
  }

  // ---- statements -----------------------------------------------------------------------------------

  #turn(links: readonly string[], from: LinkState, to: LinkState, now: number): Write {
    return sql`
      UPDATE link SET state = ${to}, missed_at = NULL, version = version + 1, modified_at = ${now}
       WHERE connection = ${this.#connection} AND state = ${from}
         AND id IN (SELECT value FROM json_each(${JSON.stringify(links)}))`
  }

  async #select(where: SQL): Promise<Scan[]> {
    const rows = await this.#db.all<ScanRow>(
      sql`SELECT * FROM scan WHERE connection = ${this.#connection} AND ${where}`,
    )
    return rows.map(toScan)
  }
}
