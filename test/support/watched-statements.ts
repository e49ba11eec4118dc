/** Every statement that isolates of the tests send to D1, while somebody listens. */
import { type Observed, observed } from '../db/observed-database.ts'

let listening: Observed[] | undefined

/** Of isolates that are opened from now on. */
export function watchStatements(): { readonly stop: () => ReadonlySet<string> } {
  const all: Observed[] = []
  listening = all
  return {
    stop: () => {
      listening = undefined
      return new Set(all.flatMap(({ trips }) => trips.flat()))
    },
  }
}

/** The database itself where nobody listens. */
export function heard(db: D1Database): D1Database {
  if (!listening) return db
  const one = observed(db)
  listening.push(one)
  return one.db
}
