/**
 * Finishes roles without their client (design decision 5): those of a request that was cut off or was
 * too large, of a changed role table, and those that the app could not be told of at the time.
 */
import type { Connection } from '../access/connection.ts'
import { modeOf } from '../access/mode.ts'
import { type DueRole, dueRoles, postponeRoles } from '../db/role-intents.ts'
import { Budget } from '../membership/budget.ts'
import { isOutage } from '../membership/retry.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { finishRoles, followTable } from '../operations/roles.ts'
import { eachConnection, tellFailure } from './each-connection.ts'
import { endpointOf } from './endpoint.ts'
import type { DataJobs, Jobs } from './jobs.ts'

/** Intents in one run. */
const BATCH = 500
/** Time in one run: the other jobs share its minute. */
const TIME_MS = 15_000
const TRY_AGAIN_MS = 10 * 60_000

export async function sweepRoles(jobs: DataJobs): Promise<void> {
  const { db, io } = jobs
  const budget = new Budget(io.now, TIME_MS)
  const due = await dueRoles(db, io.now(), BATCH)
  await eachConnection(jobs, 'sweep.failed', due, async (roles, connection) => {
    if (budget.isSpent) return
    try {
      await finish(jobs, connection, roles, budget)
    } catch (error) {
      await postponeRoles(db, connection, io.now(), io.now() + TRY_AGAIN_MS)
      throw error
    }
  })
}

async function finish(
  jobs: DataJobs,
  id: string,
  due: readonly DueRole[],
  budget: Budget,
): Promise<void> {
  const connection = await jobs.access.byId(id)
  // Only a live connection writes to its app; what cannot be told now waits behind the others.
  const isLive = connection !== undefined && modeOf(connection, jobs.io.now()) === 'live'
  const users = isLive ? await openUsers(jobs, connection) : undefined
  if (users) {
    const people = [...new Set(due.map(({ link }) => link))]
    const failure = await finishRoles(users, people, budget)
    if (!isOutage(failure)) return
    await tellFailure(jobs, 'sweep.failed', id, failure)
  }
  await postponeRoles(jobs.db, id, jobs.io.now(), jobs.io.now() + TRY_AGAIN_MS)
}

/** A policy has changed, perhaps: whoever its role table concerns is due from then on. */
export async function followRoles(jobs: Jobs, connection: Connection): Promise<void> {
  const users = await openUsers(jobs, connection)
  if (users) await followTable(users)
}

async function openUsers(jobs: Jobs, connection: Connection): Promise<Endpoint | undefined> {
  return endpointOf(jobs, connection, 'User', 'roles')
}
