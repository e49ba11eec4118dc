/**
 * Stands in for D1 under plain `workerd serve`: the JSON that workerd's own D1 binding speaks, over
 * SQLite in a Durable Object, with a count of trips and rows. The types are left out before it runs.
 */
import { DurableObject } from 'cloudflare:workers'

interface Query {
  readonly sql: string
  readonly params?: readonly unknown[]
}

/** Named by workerd's configuration alone. */
export class D1 extends DurableObject {
  readonly #sql = this.ctx.storage.sql
  #counted = { trips: 0, writing: 0, rowsRead: 0, rowsWritten: 0 }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/counted') {
      return Response.json({ ...this.#counted, bytes: this.#sql.databaseSize })
    }
    const asked = await request.json<Query | Query[]>()
    const queries = Array.isArray(asked) ? asked : [asked]
    const before = this.#counted.rowsWritten
    try {
      const answers = this.ctx.storage.transactionSync(() => queries.map((one) => this.#run(one)))
      const asRows = searchParams.get('resultsFormat') === 'ROWS_AND_COLUMNS'
      return Response.json(
        answers.map(({ columns, rows, meta }) => ({
          success: true,
          meta,
          results: asRows
            ? { columns, rows }
            : rows.map((row) => Object.fromEntries(columns.map((name, n) => [name, row[n]]))),
        })),
      )
    } catch (error) {
      return Response.json({ success: false, error: String(error) })
    } finally {
      this.#counted.trips += 1
      if (this.#counted.rowsWritten > before) this.#counted.writing += 1
    }
  }

  #run({ sql, params = [] }: Query) {
    const values = params.map((value) => (Array.isArray(value) ? new Uint8Array(value) : value))
    const cursor = this.#sql.exec(sql, ...values)
    const columns = cursor.columnNames
    const rows = [...cursor.raw()]
    const { rowsRead, rowsWritten } = cursor
    this.#counted.rowsRead += rowsRead
    this.#counted.rowsWritten += rowsWritten
    const [[changes] = []] = rowsWritten > 0 ? [...this.#sql.exec('SELECT changes()').raw()] : [[0]]
    const meta = {
      duration: 0,
      changes: Number(changes),
      last_row_id: 0,
      changed_db: rowsWritten > 0,
      size_after: this.#sql.databaseSize,
      rows_read: rowsRead,
      rows_written: rowsWritten,
    }
    return { columns, rows, meta }
  }
}

export default {
  fetch(request: Request, env: { readonly OBJECT: DurableObjectNamespace<D1> }): Promise<Response> {
    return env.OBJECT.getByName('d1').fetch(request)
  },
}
