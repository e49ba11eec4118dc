/**
 * The sweeper: ends what a request began and could not finish (design decision 5). It finishes
 * deletes, disables and renames, and commits creates whose account is there; it never sends a create.
 */
import { modeOf } from '../access/mode.ts'
import { pruneDepartures } from '../db/departures.ts'
import type { Intent, Link } from '../db/link.ts'
import {
  type DueIntent,
  dueIntents,
  postpone,
  postponeConnection,
  pruneIntents,
} from '../db/sweeping.ts'
import { Budget } from '../membership/budget.ts'
import { isOutage } from '../membership/retry.ts'
import { finishRemoval } from '../operations/delete.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { finishUpdate } from '../operations/finish-update.ts'
import { finishCreate } from '../operations/recover.ts'
import { eachConnection, tellFailure } from './each-connection.ts'
import { endpointOf } from './endpoint.ts'
import type { DataJobs } from './jobs.ts'

/** Intents in one run; each costs a few app calls of the invocation's budget. */
const BATCH = 50
/** Time in one run: the other jobs share its minute. */
const TIME_MS = 20_000
const TRY_AGAIN_MS = 10 * 60_000
/** For all of a connection whose app fails. */
const REST_MS = 5 * 60_000
const KEEP_CLOSED_MS = 7 * 24 * 3_600_000
/** Longer than the longest window of a guard. */
const KEEP_DEPARTURES_MS = 8 * 24 * 3_600_000
const PRUNE_ROWS = 1_000

const FAILED = 'sweep.failed'

export async function sweep(jobs: DataJobs): Promise<void> {
  const { io, db } = jobs
  const budget = new Budget(io.now, TIME_MS)
  const due = await dueIntents(db, io.now(), BATCH)
  await eachConnection(jobs, FAILED, due, (own) => settleAll(jobs, own, budget))
  await pruneIntents(db, io.now() - KEEP_CLOSED_MS, PRUNE_ROWS)
  await pruneDepartures(db, io.now() - KEEP_DEPARTURES_MS, PRUNE_ROWS)
}

async function settleAll(jobs: DataJobs, all: readonly DueIntent[], budget: Budget): Promise<void> {
  const { io, db } = jobs
  for (const due of all) {
    if (!budget.take()) return
    try {
      await settle(jobs, due)
    } catch (error) {
      await tellFailure(jobs, FAILED, due.connection, error)
      if (isOutage(error)) return restAll(jobs, due)
    }
    // What could not be settled waits its turn; closed intents are not touched by this.
    await postpone(db, due, io.now() + TRY_AGAIN_MS)
  }
}

/**
 * The app does not do its work: nothing else of this connection is tried for a while, or its intents
 * would fill the next runs. The one that failed comes last, in case the fault is its own.
 */
export async function restAll({ io, db }: DataJobs, failed: DueIntent): Promise<void> {
  const now = io.now()
  await postpone(db, failed, now + REST_MS + 1)
  await postponeConnection(db, failed.connection, now, now + REST_MS)
}

async function settle(jobs: DataJobs, due: DueIntent): Promise<void> {
  const open = await openDue(jobs, due, 'sweep')
  if (!open) return
  const { endpoint, link, intent } = open
  switch (due.op) {
    case 'create':
      return finishCreate(endpoint, link, intent)
    case 'update':
      return finishUpdate(endpoint, link, intent)
    case 'delete':
      return finishRemoval(endpoint, link)
  }
}

export type Due = Pick<DueIntent, 'connection' | 'type' | 'link'>

/** Undefined: there is nothing to do, or not now. */
export async function openDue(
  jobs: DataJobs,
  due: Due,
  what: string,
): Promise<{ endpoint: Endpoint; link: Link; intent: Intent } | undefined> {
  const { access, io } = jobs
  const connection = await access.byId(due.connection)
  // Only a live connection writes to its app.
  if (!connection || modeOf(connection, io.now()) !== 'live') return undefined
  const endpoint = await endpointOf(jobs, connection, due.type, what)
  const link = await endpoint?.links.get(due.type, due.link)
  const intent = link && (await endpoint?.intents.open(link.id))
  // A request that took it over meanwhile ends it itself.
  if (!endpoint || !link || !intent || intent.leaseUntil > io.now()) return undefined
  return { endpoint, link, intent }
}
