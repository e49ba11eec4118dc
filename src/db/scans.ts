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
import { type Scan, type ScanRow, type ScanState, toScan } from './scan.ts'

type Progress = Pick<Scan, 'phase' | 'cursor' | 'seen' | 'total'>

export class Scans {
  readonly #db: Database
  readonly #connection: string

  constructor(db: Database, connection: string) {
    this.#db = db
    this.#connection = connection
  }

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

  async #select(where: SQL): Promise<Scan[]> {
    const rows = await this.#db.all<ScanRow>(
      sql`SELECT * FROM scan WHERE connection = ${this.#connection} AND ${where}`,
    )
    return rows.map(toScan)
  }
}
