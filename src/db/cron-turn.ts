/** Whether a run of the cron came to its end, and which job had its turn last where one took long or was cut off. */
import { sql } from 'drizzle-orm'
import { type Database, writeAll } from './database.ts'

export const UNKNOWN_JOB = ''

export class CronTurn {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * A run begins. Undefined: the one before came to its end. Else the job that it was at, `UNKNOWN_JOB` where
   * it was cut off before it was written down.
   */
  async begin(now: number): Promise<string | undefined> {
    const { meta } = await this.#db.run(sql`
      INSERT INTO cron_turn (id, job, at) VALUES (1, ${UNKNOWN_JOB}, ${now}) ON CONFLICT DO NOTHING`)
    return meta.changes === 1 ? undefined : this.last()
  }

  /** Undefined: no run is under way, and the last came to its end. */
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
