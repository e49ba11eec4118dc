/**
 * A client of D1 that says and answers what the one of workerd does (`test/database.test.ts` holds it), without its
 * spans, requests and headers: they took as long as SQLite.
 */

/** @param asked JSON of one query, or of a batch @returns JSON as D1 answers */
export type Ask = (asked: string) => Promise<string>

interface Query {
  readonly sql: string
  readonly params: readonly unknown[]
}

interface Ran {
  readonly results: { readonly columns: readonly string[]; readonly rows: readonly unknown[][] }
  readonly [more: string]: unknown
}

export function databaseClient(ask: Ask): D1Database {
  const queries = new WeakMap<object, Query>()
  async function run<Asked extends Query | readonly Query[]>(asked: Asked): Promise<Ran[]> {
    const answer = JSON.parse(await ask(JSON.stringify(asked))) as Ran[] | { error: string }
    if (Array.isArray(answer)) return answer
    throw new Error(`D1_ERROR: ${answer.error}`, { cause: new Error(answer.error) })
  }
  const one = async (query: Query): Promise<Ran> => {
    const [ran] = await run(query)
    if (!ran) throw new Error('a query that was not answered')
    return ran
  }
  const prepare = (sql: string, params: readonly unknown[] = []): D1PreparedStatement => {
    const query = { sql, params }
    const all = async () => asObjects(await one(query))
    const statement = {
      bind: (...values: readonly unknown[]) => prepare(sql, values.map(bound)),
      all,
      run: all,
      async first(column?: string) {
        const row = (await all()).results[0]
        if (!row) return null
        if (column === undefined) return row
        if (row[column] !== undefined) return row[column]
        const cause = new Error('Column not found')
        throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${column})`, { cause })
      },
      async raw(options?: { readonly columnNames?: boolean }) {
        const { columns, rows } = (await one(query)).results
        return options?.columnNames ? [columns, ...rows] : rows
      },
    }
    queries.set(statement, query)
    return statement as unknown as D1PreparedStatement
  }
  return {
    prepare: (sql: string) => prepare(sql),
    async batch(statements: readonly D1PreparedStatement[]) {
      return (await run(statements.map((statement) => queryOf(queries, statement)))).map(asObjects)
    },
  } as unknown as D1Database
}

function queryOf(queries: WeakMap<object, Query>, statement: object): Query {
  const query = queries.get(statement)
  if (!query) throw new Error('a statement of another database')
  return query
}

function asObjects({ results: { columns, rows }, ...more }: Ran) {
  const results = rows.map((row) => {
    const object: Record<string, unknown> = {}
    // A later column takes the place of one of the same name.
    for (let i = 0; i < columns.length; i++) object[columns[i] ?? ''] = row[i]
    return object
  })
  return { ...more, results }
}

/** Bytes cross as an array of numbers. */
function bound(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'string' || value === null) return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (Array.isArray(value) && value.every(isByte)) return value
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)]
  if (value instanceof Uint8Array) return [...value]
  const told = `Type '${typeof value}' not supported for value '${value}'`
  throw new Error(`D1_TYPE_ERROR: ${told}`, { cause: new Error(told) })
}

const isByte = (value: unknown) => typeof value === 'number' && value >= 0 && value < 256
