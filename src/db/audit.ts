/** The audit: one row for each decided write, in the batch of its commit. Append-only, no values. */
import { sql } from 'drizzle-orm'
import type { Write } from './database.ts'

export interface AuditEntry {
  readonly request: string
  readonly type: string
  readonly link: string
  readonly op: 'create' | 'update' | 'delete' | 'members' | 'decide'
  /** What was decided, for example `created`, `adopted`, `updated`, `deleted`. */
  readonly decision: string
  /** Names, never values: changed attributes, ignored paths, counts. */
  readonly detail?: Readonly<Record<string, string | number | readonly string[]>>
}

export class Audit {
  readonly #connection: string

  constructor(connection: string) {
    this.#connection = connection
  }

  entry(entry: AuditEntry, now: number): Write {
    return sql`
      INSERT INTO audit (connection, at, request, type, link, op, decision, detail)
      VALUES (${this.#connection}, ${now}, ${entry.request}, ${entry.type}, ${entry.link},
              ${entry.op}, ${entry.decision}, ${JSON.stringify(entry.detail ?? {})})`
  }
}
