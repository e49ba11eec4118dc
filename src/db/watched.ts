/** D1 with somebody who is told of each trip to it, whoever makes it. */

export interface Trip {
  readonly ms: number
  readonly statements: number
  readonly isFailed: boolean
}

export type OnTrip = (trip: Trip) => void

/**
 * @param now milliseconds since 1970
 * @param told of trips that failed as well
 */
export function watched(d1: D1Database, now: () => number, told: OnTrip): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>()
  async function trip<T>(statements: number, ask: () => Promise<T>): Promise<T> {
    const sentAt = now()
    const tell = (isFailed: boolean) => told({ ms: now() - sentAt, statements, isFailed })
    try {
      const result = await ask()
      tell(false)
      return result
    } catch (error) {
      tell(true)
      throw error
    }
  }
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      all: () => trip(1, () => statement.all()),
      run: () => trip(1, () => statement.run()),
      first: (...column: [string]) => trip(1, () => statement.first(...column)),
      raw: (...options: [{ columnNames?: false }]) => trip(1, () => statement.raw(...options)),
    } as D1PreparedStatement
    originals.set(wrapped, statement)
    return wrapped
  }
  return {
    prepare: (query: string) => wrap(d1.prepare(query)),
    batch: (statements: D1PreparedStatement[]) =>
      trip(statements.length, () => d1.batch(statements.map((one) => originals.get(one) ?? one))),
  } as D1Database
}
