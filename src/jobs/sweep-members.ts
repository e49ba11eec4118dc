/**
 * Finishes changes of members without their client (design decision 5): those of a request that was cut
 * off or was too large, and those that the app could not be told of at the time.
 */
import { modeOf } from '../access/mode.ts'
import { type DueEdge, dueEdges, forgetRemovals, postponeEdges } from '../db/edge-intents.ts'
import { Budget } from '../membership/budget.ts'
import { isOutage } from '../membership/retry.ts'
import { finishMembers } from '../operations/finish-members.ts'
import { GROUP } from '../operations/members.ts'
import { eachConnection, tellFailure } from './each-connection.ts'
import { endpointOf } from './endpoint.ts'
import type { DataJobs } from './jobs.ts'

/** Changes in one run. */
const BATCH = 500
/** Time in one run: the other jobs share its minute. */
const TIME_MS = 20_000
const TRY_AGAIN_MS = 10 * 60_000

export async function sweepMembers(jobs: DataJobs): Promise<void> {
  const { db, io } = jobs
  await forgetRemovals(db, io.now(), BATCH)
  const budget = new Budget(io.now, TIME_MS)
  const due = await dueEdges(db, io.now(), BATCH)
  await eachConnection(jobs, 'sweep.failed', due, async (edges, connection) => {
    if (budget.isSpent) return
    try {
      await finish(jobs, connection, edges, budget)
    } catch (error) {
      await postponeEdges(db, connection, io.now(), io.now() + TRY_AGAIN_MS)
      throw error
    }
  })
}

async function finish(
  jobs: DataJobs,
  id: string,
  due: readonly DueEdge[],
  budget: Budget,
): Promise<void> {
  const { access, io, db } = jobs
  const connection = await access.byId(id)
  // Only a live connection writes to its app; what cannot be told now waits behind the others.
  const isLive = connection !== undefined && modeOf(connection, io.now()) === 'live'
  const endpoint = isLive ? await endpointOf(jobs, connection, GROUP, 'sweep') : undefined
  if (!endpoint) return postponeEdges(db, id, io.now(), io.now() + TRY_AGAIN_MS)
  for (const [group, edges] of Map.groupBy(due, (edge) => edge.group)) {
    if (budget.isSpent) return
    const members = edges.map(({ member }) => member)
    const failure = await finishMembers(endpoint, group, members, budget)
    if (!isOutage(failure)) continue
    // An app that does not answer is not asked again and again.
    await tellFailure(jobs, 'sweep.failed', id, failure)
    return postponeEdges(db, id, io.now(), io.now() + TRY_AGAIN_MS)
  }
}
