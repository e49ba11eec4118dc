/** Whether D1 answers. Whoever asks has not signed in, so asking costs D1 next to nothing. */
import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** What an isolate says without asking again. */
const KNOWN_MS = 1_000

/** For one isolate. @param now milliseconds */
export function healthOf(db: Database, now: () => number): () => Promise<boolean> {
  let known: { readonly isHealthy: boolean; readonly at: number } | undefined
  return async () => {
    const at = now()
    if (known && at - known.at < KNOWN_MS) return known.isHealthy
    // Said before it is asked: those who come meanwhile go by what there is.
    if (known) known = { ...known, at }
    const isHealthy = await answers(db)
    known = { isHealthy, at }
    return isHealthy
  }
}

async function answers(db: Database): Promise<boolean> {
  try {
    const row = await db.get<{ ok: number }>(sql`SELECT 1 AS ok`)
    return row.ok === 1
  } catch {
    // Whatever it is: there is no database.
    return false
  }
}
