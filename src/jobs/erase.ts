/** Off-boarding: erases the data of connections that were deleted, in bounded steps. */
import { eraseData } from '../db/sweeping.ts'
import { errorName } from '../log/error-name.ts'
import type { Jobs } from './jobs.ts'

const CONNECTIONS = 10
/** Rows of one table in one run: seconds of the one writer that a database has. */
const ROWS = 5_000

export async function erase(jobs: Jobs): Promise<void> {
  const { connections, openData, io, log } = jobs
  for (const { id, dataDb } of await connections.offboarding(CONNECTIONS)) {
    try {
      // The control row goes last, in a run that finds nothing more to erase.
      if (await eraseData(openData({ dataDatabase: dataDb }), id, ROWS)) await connections.erase(id)
    } catch (error) {
      // Of one database, which may be gone: the others go on. Drizzle's message holds bound values.
      const name = errorName(error)
      log({ event: 'erase.failed', connection: '', error: name })
      await connections.eraseLater(id, io.now())
    }
  }
}
