/** Findings: what a person should look at. One row per kind and subject that is not closed. */
import { type SQL, sql } from 'drizzle-orm'
import type { Database, Write } from './database.ts'

export const FINDING_KINDS = [
  'ambiguous',
  'id-reuse',
  'deleted-member',
  'app-credential',
  'app-failing',
  'orphan',
  'missing',
  'drift',
  'protected',
  'not-created',
  'mode-ended',
  'reactivated',
  'member-blocked',
  'guard',
  'leaver',
  'not-removed',
  'alert-undelivered',
] as const
export type FindingKind = (typeof FINDING_KINDS)[number]

export const FINDING_STATES = ['open', 'ignored', 'closed'] as const
export type FindingState = (typeof FINDING_STATES)[number]

export interface Finding {
  readonly id: string
  readonly kind: FindingKind
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly state: FindingState
  /** Milliseconds. */
  readonly firstSeen: number
  readonly lastSeen: number
  readonly decidedAt: number | undefined
}

/** A finding of a scan, to be opened or refreshed together with others. */
export interface Found {
  readonly id: string
  readonly subject: string
  readonly detail: Readonly<Record<string, unknown>>
}

interface FindingRow {
  id: string
  kind: FindingKind
  subject: string
  detail: string
  state: FindingState
  first_seen: number
  last_seen: number
  decided_at: number | null
}

export class Findings {
  readonly #db: Database
  readonly #connection: string
  readonly #onReport: (id: string) => void

  /** @param onReport told the id of each finding that is reported by itself */
  constructor(db: Database, connection: string, onReport: (id: string) => void = () => {}) {
    this.#db = db
    this.#connection = connection
    this.#onReport = onReport
  }

  /**
   * Opens a finding, or refreshes the one that is open or ignored, which stays ignored. `subject` is
   * an id of ours, never a value. Resolves to the finding's id.
   */
  async report(
    id: string,
    kind: FindingKind,
    subject: string,
    detail: Readonly<Record<string, unknown>>,
    now: number,
  ): Promise<string> {
    const row = await this.#db.get<{ id: string }>(sql`
      INSERT INTO finding (id, connection, kind, subject, detail, first_seen, last_seen)
      VALUES (${id}, ${this.#connection}, ${kind}, ${subject}, ${JSON.stringify(detail)}, ${now},
              ${now})
      ON CONFLICT (connection, kind, subject) WHERE state <> 'closed'
      DO UPDATE SET last_seen = excluded.last_seen, detail = excluded.detail RETURNING id`)
    this.#onReport(row.id)
    return row.id
  }

  /** As `report`, for many of one kind, and as a part of somebody's batch. */
  found(kind: FindingKind, all: readonly Found[], now: number): Write {
    return sql`
      INSERT INTO finding (id, connection, kind, subject, detail, first_seen, last_seen)
      SELECT json_extract(value, '$.id'), ${this.#connection}, ${kind},
             json_extract(value, '$.subject'), json_extract(value, '$.detail'), ${now}, ${now}
        FROM json_each(${JSON.stringify(all)}) WHERE true
          ON CONFLICT (connection, kind, subject) WHERE state <> 'closed'
          DO UPDATE SET last_seen = excluded.last_seen, detail = excluded.detail`
  }

  /**
   * Closes what a scan of this type had found before `seenBefore` and a later one did not. What
   * requests have found stays: a scan asks other questions.
   */
  closeOutdated(type: string, seenBefore: number): Write {
    return sql`
      UPDATE finding SET state = 'closed'
       WHERE connection = ${this.#connection} AND state <> 'closed' AND last_seen < ${seenBefore}
         AND kind IN ('ambiguous', 'id-reuse', 'orphan', 'missing', 'drift', 'reactivated', 'leaver')
         AND json_extract(detail, '$.type') = ${type}
         AND (kind = 'missing' OR json_extract(detail, '$.scan') IS NOT NULL)`
  }

  /** What has come right by itself needs nobody any more. */
  closeAll(kind: FindingKind, subjects: readonly string[]): Write {
    return sql`
      UPDATE finding SET state = 'closed'
       WHERE connection = ${this.#connection} AND kind = ${kind} AND state <> 'closed'
         AND subject IN (SELECT value FROM json_each(${JSON.stringify(subjects)}))`
  }

  /** Oldest first, after the one given. */
  async list(query: {
    readonly state: FindingState
    readonly kind: FindingKind | undefined
    readonly after: { readonly firstSeen: number; readonly id: string } | undefined
    readonly limit: number
  }): Promise<Finding[]> {
    const { state, kind, after, limit } = query
    return this.#select(sql`state = ${state}
       ${kind ? sql`AND kind = ${kind}` : sql``}
       ${after ? sql`AND (first_seen, id) > (${after.firstSeen}, ${after.id})` : sql``}
       ORDER BY first_seen, id LIMIT ${limit}`)
  }

  async get(id: string): Promise<Finding | undefined> {
    return (await this.#select(sql`id = ${id}`))[0]
  }

  /** @param decided what, and by which administrator. Undefined: none of this id, or it is closed. */
  async decide(
    id: string,
    state: 'ignored' | 'closed' | 'open',
    decided: { readonly decision: string; readonly by: string },
    now: number,
  ): Promise<Finding | undefined> {
    await this.#db.run(sql`
      UPDATE finding SET state = ${state}, decided_at = ${now},
             detail = json_patch(detail, ${JSON.stringify({ decided })})
       WHERE id = ${id} AND connection = ${this.#connection} AND state <> 'closed'`)
    const finding = await this.get(id)
    return finding?.state === state ? finding : undefined
  }

  async #select(where: SQL): Promise<Finding[]> {
    const rows = await this.#db.all<FindingRow>(
      sql`SELECT * FROM finding WHERE connection = ${this.#connection} AND ${where}`,
    )
    return rows.map((row) => ({
      id: row.id,
      kind: row.kind,
      subject: row.subject,
      detail: JSON.parse(row.detail) as Record<string, unknown>,
      state: row.state,
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      decidedAt: row.decided_at ?? undefined,
    }))
  }
}
