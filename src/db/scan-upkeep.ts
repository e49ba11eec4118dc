/** What jobs do with scans across connections: go on with them, forget them, erase them. */
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { type Scan, type ScanRow, toScan } from './scan.ts'

/** Running scans that nobody has moved since, the longest waiting first. */
export async function idleScans(db: Database, before: number, limit: number): Promise<Scan[]> {
  const rows = await db.all<ScanRow>(sql`
    SELECT * FROM scan WHERE state = 'running' AND touched_at <= ${before}
     ORDER BY touched_at LIMIT ${limit}`)
  return rows.map(toScan)
}

/** A scan whose connection is gone, or whose app cannot be opened. */
export async function failScan(db: Database, id: string, note: string, now: number): Promise<void> {
  await db.run(sql`
    UPDATE scan SET state = 'failed', note = ${note}, touched_at = ${now}, finished_at = ${now}
     WHERE id = ${id} AND state = 'running'`)
}

/**
 * Erases accounts and keys of scans that ended before `before`, and of those that have `keep` newer
 * ones, at most `limit` rows of a table. What they counted stays.
 */
export async function pruneScans(
  db: Database,
  options: { readonly before: number; readonly keep: number; readonly limit: number },
): Promise<void> {
  const { before, keep, limit } = options
  const [old] = await db.all<{ id: string }>(sql`
    SELECT s.id FROM scan s
     WHERE s.pruned = 0 AND s.state <> 'running'
       AND (s.finished_at < ${before}
         OR (SELECT count(*) FROM scan n WHERE n.connection = s.connection AND n.type = s.type
                AND n.state <> 'running' AND n.started_at > s.started_at) >= ${keep})
     ORDER BY s.finished_at LIMIT 1`)
  if (old && (await eraseRows(db, old.id, limit))) {
    await db.run(sql`UPDATE scan SET pruned = 1 WHERE id = ${old.id}`)
  }
}

/** Erases pre-flights begun before then, at most `limit` rows of a table: they name people. */
export async function prunePreflights(db: Database, before: number, limit: number): Promise<void> {
  const old = sql`SELECT id FROM preflight WHERE created_at < ${before}`
  await eraseSlices(db, preflightRows(old, limit), limit)
}

/** Erases the scans of a connection that ended. False: there are more, or were until now. */
export async function eraseScans(
  db: Database,
  connection: string,
  limit: number,
): Promise<boolean> {
  // Whoever still walks one finds it ended.
  await db.run(sql`
    UPDATE scan SET state = 'failed', finished_at = touched_at
     WHERE connection = ${connection} AND state = 'running'`)
  const scans = await db.all<{ id: string }>(sql`
    SELECT id FROM scan WHERE connection = ${connection} ORDER BY pruned LIMIT ${limit}`)
  for (const { id } of scans) {
    if (!(await eraseRows(db, id, limit))) return false
    await db.run(sql`DELETE FROM scan WHERE id = ${id}`)
  }
  return scans.length === 0
}

// ---- rows, in the order of their references ----------------------------------------------------------

async function eraseRows(db: Database, scan: string, limit: number): Promise<boolean> {
  const slices = [
    ...preflightRows(sql`SELECT id FROM preflight WHERE scan = ${scan}`, limit),
    sql`DELETE FROM scan_key WHERE (scan, kind, norm, native_id) IN
      (SELECT scan, kind, norm, native_id FROM scan_key WHERE scan = ${scan} LIMIT ${limit})
      RETURNING 1`,
    sql`DELETE FROM scan_account WHERE (scan, native_id) IN
      (SELECT scan, native_id FROM scan_account WHERE scan = ${scan} LIMIT ${limit}) RETURNING 1`,
  ]
  return eraseSlices(db, slices, limit)
}

function preflightRows(ids: SQL, limit: number): SQL[] {
  return [
    sql`DELETE FROM preflight_match WHERE (preflight, native_id, person) IN
      (SELECT preflight, native_id, person FROM preflight_match WHERE preflight IN (${ids})
        LIMIT ${limit}) RETURNING 1`,
    sql`DELETE FROM preflight_person WHERE (preflight, person) IN
      (SELECT preflight, person FROM preflight_person WHERE preflight IN (${ids}) LIMIT ${limit})
      RETURNING 1`,
    sql`DELETE FROM preflight WHERE id IN (SELECT id FROM (${ids}) LIMIT ${limit}) RETURNING 1`,
  ]
}

/** False: a slice was full, and later tables refer to the rest of it. */
async function eraseSlices(db: Database, slices: readonly SQL[], limit: number): Promise<boolean> {
  for (const slice of slices) {
    if ((await db.all(slice)).length === limit) return false
  }
  return true
}
