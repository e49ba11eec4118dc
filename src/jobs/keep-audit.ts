/** The upkeep of the audit and of the sums beside it: cut-off updates are written down, old rows go. */
import { closeSending, dueAudits, lookAgain, pruneAudit } from '../db/audit-upkeep.ts'
import { pruneTraffic } from '../db/traffic.ts'
import { errorName } from '../log/error-name.ts'
import type { DataJobs, Jobs } from './jobs.ts'

/** No request takes that long: whoever began it does not live any more. */
const CUT_OFF_MS = 10 * 60_000
/** Updates in one run. */
const CLOSED = 200
/** Connections in one run, and rows of each. */
const CONNECTIONS = 20
const ROWS = 2_000
const AGAIN_MS = 6 * 3_600_000
/** Where one run was not enough. */
const SOON_MS = 60_000
const DAY_MS = 24 * 3_600_000
const KEEP_TRAFFIC_MS = 31 * DAY_MS

/** Updates that were cut off become rows. */
export async function closeCutOff({ db, io, log }: DataJobs): Promise<void> {
  const now = io.now()
  const cutOff = await closeSending(db, now - CUT_OFF_MS, CLOSED, now)
  if (cutOff > 0) log({ event: 'audit.cut-off', updates: cutOff })
}

/** Old rows go. */
export async function keepAudit(jobs: Jobs & { readonly control: D1Database }): Promise<void> {
  const { control, access, io, openData, data, log } = jobs
  const now = io.now()
  for (const id of await dueAudits(control, now, CONNECTIONS)) {
    const connection = await access.byId(id)
    if (!connection) continue
    if (!data.isBound(connection.dataDatabase)) {
      await lookAgain(control, id, now + AGAIN_MS)
      continue
    }
    const { retentionDays } = connection.policy.audit
    const before = now - retentionDays * DAY_MS
    let next = AGAIN_MS
    try {
      if (await pruneAudit(openData(connection), id, before, ROWS)) next = SOON_MS
    } catch (error) {
      // Of one database: the others go on, and it does not stand before them the next time.
      const name = errorName(error)
      log({ event: 'audit.not-pruned', connection: connection.name, error: name })
    }
    await lookAgain(control, id, now + next)
  }
}

/** Old sums go. */
export async function forgetTraffic({ db, io }: DataJobs): Promise<void> {
  await pruneTraffic(db, io.now() - KEEP_TRAFFIC_MS, ROWS)
}
