/**
 * One run of the cron: every job has its turn, whatever becomes of the one before. Where a run takes
 * long, it is written down which job it is at: the next run begins after that one, so that a job which
 * takes all the time, or with which the platform ends the run, keeps those behind it waiting once.
 */
import type { After } from '../access/read-at-most.ts'
import type { CronTurn } from '../db/cron-turn.ts'
import { errorName } from '../log/error-name.ts'
import type { Jobs } from './jobs.ts'

/** Cloudflare ends an invocation of the cron after 15 minutes; what is begun takes its time. */
const LAST_BEGIN_MS = 10 * 60_000
/** Runs that are over by then, which is all of them most of the time, cost no write. */
const LONG_MS = 60_000

export interface Turns {
  readonly turn: CronTurn
  readonly after: After
}

/**
 * @param turns absent: each run begins with the first job
 * @throws what the first job failed with, after the others, so that the platform counts the run as failed
 */
export async function tick(
  { io, log }: Pick<Jobs, 'io' | 'log'>,
  jobs: Readonly<Record<string, () => Promise<void>>>,
  turns?: Turns,
): Promise<void> {
  const begunAt = io.now()
  const failures: unknown[] = []
  const late: string[] = []
  const place = turns && new Place(turns, { io, log })
  for (const [job, work] of after(await place?.last(), Object.entries(jobs))) {
    if (io.now() - begunAt >= LAST_BEGIN_MS) {
      late.push(job)
      log({ event: 'job.late', job })
      continue
    }
    await place?.begin(job, io.now() - begunAt)
    try {
      await work()
    } catch (error) {
      failures.push(error)
      log({ event: 'job.failed', job, error: errorName(error) })
    }
  }
  await place?.end(late.length > 0)
  if (failures.length > 0) throw failures[0]
}

/** In order, from the one after `last` on, and then from the first; as they are where nobody knows it. */
function after<T>(last: string | undefined, jobs: readonly (readonly [string, T])[]) {
  const next = jobs.findIndex(([job]) => job === last) + 1
  return [...jobs.slice(next), ...jobs.slice(0, next)]
}

/** Where this run is. What D1 does not take is told, and costs no job its turn. */
class Place {
  readonly #turns: Turns
  readonly #jobs: Pick<Jobs, 'io' | 'log'>
  readonly #callOff: () => void
  #job: string | undefined
  /** What D1 has of it. */
  #noted: string | undefined

  constructor(turns: Turns, jobs: Pick<Jobs, 'io' | 'log'>) {
    this.#turns = turns
    this.#jobs = jobs
    this.#callOff = turns.after(LONG_MS, () => void this.#note())
  }

  async last(): Promise<string | undefined> {
    await this.#tried(async () => {
      this.#noted = await this.#turns.turn.last()
    })
    return this.#noted
  }

  async begin(job: string, passedMs: number): Promise<void> {
    this.#job = job
    if (passedMs >= LONG_MS) await this.#note()
  }

  async end(isLate: boolean): Promise<void> {
    this.#callOff()
    if (isLate) await this.#note()
    else if (this.#noted !== undefined) await this.#tried(() => this.#turns.turn.clear())
  }

  async #note(): Promise<void> {
    const job = this.#job
    if (job === undefined || job === this.#noted) return
    await this.#tried(() => this.#turns.turn.note(job, this.#jobs.io.now()))
    this.#noted = job
  }

  async #tried(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch {
      // Drizzle's message holds bound values.
      this.#jobs.log({ event: 'lost', what: 'turn of the cron' })
    }
  }
}
