/** D1 whose errors quote what was bound, as some do. */

/** @param fails asked before each statement or batch */
export function quoting(db: D1Database, fails: () => boolean): D1Database {
  const bound = new WeakMap<object, { real: D1PreparedStatement; values: readonly unknown[] }>()
  const error = (values: readonly unknown[]) =>
    new Error(`D1_ERROR: constraint failed near ${JSON.stringify(values)}: SQLITE_CONSTRAINT`)

  const wrap = (real: D1PreparedStatement, values: readonly unknown[]): D1PreparedStatement => {
    const guard = async <T>(run: () => Promise<T>): Promise<T> => {
      if (fails()) throw error(values)
      return run()
    }
    const wrapped = {
      bind: (...given: unknown[]) => wrap(real.bind(...given), given),
      all: () => guard(() => real.all()),
      run: () => guard(() => real.run()),
      first: (column: string) => guard(() => real.first(column)),
      raw: (options?: { columnNames?: false }) => guard(() => real.raw(options)),
    } as unknown as D1PreparedStatement
    bound.set(wrapped, { real, values })
    return wrapped
  }
  return {
    prepare: (query: string) => wrap(db.prepare(query), []),
    batch: async (statements: D1PreparedStatement[]) => {
      const found = statements.map((one) => bound.get(one))
      if (fails()) throw error(found.flatMap((one) => one?.values ?? []))
      return db.batch(found.flatMap((one) => (one ? [one.real] : [])))
    },
  } as unknown as D1Database
}
