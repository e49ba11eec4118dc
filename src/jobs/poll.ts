/**
 * Polls: what has become of people who are invited, or whom a job of the app is making. The app is
 * asked once for each that is due, ever more rarely as time goes by.
 */
import { dueTickets, postpone } from '../db/sweeping.ts'
import { settlePending } from '../operations/activate.ts'
import type { Jobs } from './jobs.ts'
import { type Due, openDue } from './sweep.ts'

/** In one run; the sweeper and a scan share its invocation. */
const BATCH = 30
const TRY_AGAIN_MS = 10 * 60_000

export async function poll(jobs: Jobs): Promise<void> {
  const { io, log, db } = jobs
  /** An app that does not answer is not asked for the next person as well. */
  const failing = new Set<string>()
  for (const due of await dueTickets(db, io.now(), BATCH)) {
    let isLater = failing.has(due.connection)
    try {
      isLater ||= !(await settle(jobs, due))
    } catch (error) {
      isLater = true
      failing.add(due.connection)
      log({
        event: 'poll.failed',
        connection: due.connection,
        error: error instanceof Error ? error.name : typeof error,
      })
    }
    if (isLater) await postpone(db, due, io.now() + TRY_AGAIN_MS)
  }
}

/** False: not now. */
async function settle(jobs: Jobs, due: Due): Promise<boolean> {
  const open = await openDue(jobs, due, 'poll')
  if (!open?.endpoint.port.poll || open.link.ticket === undefined) return false
  await settlePending(open.endpoint, open.link, open.intent)
  return true
}
