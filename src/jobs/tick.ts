/** One run of the cron: every job has its turn, whatever becomes of the one before. */
import type { Jobs } from './jobs.ts'

/** Cloudflare ends an invocation of the cron after 15 minutes; what is begun takes its time. */
const LAST_BEGIN_MS = 10 * 60_000

/** @throws what the first job failed with, after the others, so that the platform counts the run as failed */
export async function tick(
  { io, log }: Pick<Jobs, 'io' | 'log'>,
  jobs: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const until = io.now() + LAST_BEGIN_MS
  const failures: unknown[] = []
  for (const [job, work] of Object.entries(jobs)) {
    if (io.now() >= until) {
      log({ event: 'job.late', job })
      continue
    }
    try {
      await work()
    } catch (error) {
      failures.push(error)
      log({ event: 'job.failed', job, error: error instanceof Error ? error.name : typeof error })
    }
  }
  if (failures.length > 0) throw failures[0]
}
