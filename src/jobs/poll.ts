/**
 * Polls: what has become of people who are invited, or whom a job of the app is making. The app is
 * asked once for each that is due, ever more rarely as time goes by.
 */
import { type DueIntent, dueTickets, postpone } from '../db/sweeping.ts'
import { Budget } from '../membership/budget.ts'
import { isOutage } from '../membership/retry.ts'
import { settlePending } from '../operations/activate.ts'
import { eachConnection, tellFailure } from './each-connection.ts'
import type { DataJobs } from './jobs.ts'
import { type Due, openDue, restAll } from './sweep.ts'

/** In one run; the sweeper and a scan share its invocation. */
const BATCH = 30
/** Time in one run: the other jobs share its minute. */
const TIME_MS = 15_000
const TRY_AGAIN_MS = 10 * 60_000
const FAILED = 'poll.failed'

export async function poll(jobs: DataJobs): Promise<void> {
  const { io, db } = jobs
  const budget = new Budget(io.now, TIME_MS)
  const due = await dueTickets(db, io.now(), BATCH)
  await eachConnection(jobs, FAILED, due, (own) => askAll(jobs, own, budget))
}

async function askAll(jobs: DataJobs, all: readonly DueIntent[], budget: Budget): Promise<void> {
  const { io, db } = jobs
  for (const due of all) {
    if (!budget.take()) return
    let isLater = true
    try {
      isLater = !(await settle(jobs, due))
    } catch (error) {
      await tellFailure(jobs, FAILED, due.connection, error)
      if (isOutage(error)) return restAll(jobs, due)
    }
    if (isLater) await postpone(db, due, io.now() + TRY_AGAIN_MS)
  }
}

/** False: not now. */
async function settle(jobs: DataJobs, due: Due): Promise<boolean> {
  const open = await openDue(jobs, due, 'poll')
  if (!open?.endpoint.port.poll || open.link.ticket === undefined) return false
  await settlePending(open.endpoint, open.link, open.intent)
  return true
}
