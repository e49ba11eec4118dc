/** Off-boarding: erases the data of connections that were deleted, in bounded steps. */
import { eraseData } from '../db/sweeping.ts'
import type { Jobs } from './jobs.ts'

const CONNECTIONS = 10
/** Rows of one table in one run: seconds of the one writer that a database has. */
const ROWS = 5_000

export async function erase(jobs: Jobs): Promise<void> {
  const { connections } = jobs
  for (const { id } of await connections.offboarding(CONNECTIONS)) {
    // The control row goes last, in a run that finds nothing more to erase.
    if (await eraseData(jobs.db, id, ROWS)) await connections.erase(id)
  }
}
