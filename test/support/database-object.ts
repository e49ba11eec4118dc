/**
 * SQLite of workerd, asked in one RPC: what stands behind the client of D1 in tests (`database.ts`). A
 * Worker of its own, without imports: `vitest.config.ts` strips its types.
 */
import { DurableObject } from 'cloudflare:workers'

interface Query {
  readonly sql: string
  readonly params?: readonly unknown[]
}

export class DatabaseObject extends DurableObject {
  #last = this.#counted()

  /**
   * @param asked JSON of one query, or of a batch, which is one transaction
   * @returns JSON as D1 answers
   */
  query(asked: string): string {
    const queries = [JSON.parse(asked) as Query | Query[]].flat()
    try {
      return JSON.stringify(
        this.ctx.storage.transactionSync(() => queries.map((query) => this.#run(query))),
      )
    } catch (error) {
      this.#changed()
      return JSON.stringify({ success: false, error: (error as Error).message })
    }
  }

  #run({ sql, params = [] }: Query) {
    // Bytes cross as an array of numbers.
    const values = params.map((value) =>
      Array.isArray(value) ? new Uint8Array(value).buffer : value,
    )
    const cursor = this.ctx.storage.sql.exec(sql, ...values)
    const rows = Array.from(cursor.raw(), (row) =>
      row.map((value) => (value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value)),
    )
    const { rowsRead: rows_read, rowsWritten: rows_written } = cursor
    const changes = rows_written === 0 ? 0 : this.#changed()
    const { databaseSize: size_after } = this.ctx.storage.sql
    const meta = {
      ...{ served_by: 'test', duration: 0, changed_db: changes > 0, size_after },
      ...{ changes, last_row_id: this.#last.row, rows_read, rows_written },
    }
    return { success: true, results: { columns: cursor.columnNames, rows }, meta }
  }

  /** Rows that were changed since it was asked last. */
  #changed(): number {
    const before = this.#last
    this.#last = this.#counted()
    return this.#last.total - before.total
  }

  #counted(): { total: number; row: number } {
    const sql = 'SELECT total_changes() AS total, last_insert_rowid() AS row'
    return this.ctx.storage.sql.exec<{ total: number; row: number }>(sql).one()
  }
}

export default {}
