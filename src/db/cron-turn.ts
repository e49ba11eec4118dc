/** Which job of the cron had its turn last, where a run took long or was cut off. */
import { sql } from 'drizzle-orm'
import { type Database, writeAll } from './database.ts'

export class CronTurn {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Undefined: the last run came to its end. */
  async last(): Promise<string | undefined> {
    const row = await this.#db.get<{ job: string } | undefined>(
      sql`SELECT job FROM cron_turn WHERE id = 1`,
    )
    return row?.job
  }

  async note(job: string, now: number): Promise<void> {
    await writeAll(this.#db, [
      sql`INSERT INTO cron_turn (id, job, at) VALUES (1, ${job}, ${now})
          ON CONFLICT (id) DO UPDATE SET job = excluded.job, at = excluded.at`,
    ])
  }

  async clear(): Promise<void> {
    await writeAll(this.#db, [sql`DELETE FROM cron_turn WHERE id = 1`])
  }
}
