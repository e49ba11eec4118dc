/** Seals anew, with the current key, what former keys have sealed, so that these can be dropped. */

import { SealError, type Sealing } from '../access/seal.ts'
import { steadyClock } from '../access/steady-clock.ts'
import type { Database } from '../db/database.ts'
import { countSealedBy, reseal, type StoredSecret, sealedBy } from '../db/sealed-secrets.ts'
import { errorName } from '../log/error-name.ts'
import type { Log } from '../log/events.ts'

/** In one run of the cron. A key file of some KB at most each. */
const BATCH = 200

/**
 * Another deployment, which is still being replaced or was rolled back to, goes on sealing with a key that
 * is a former one here.
 */
const AGAIN_MS = 10 * 60_000

export interface ResealDeps {
  /** Holds the control tables. */
  readonly db: Database
  readonly sealing: Sealing
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly log: Log
}

/**
 * For one isolate: each call is one run of the cron, and does nothing where no former key is set. Runs
 * may overlap, and repeat: a row changes only while it is what was read.
 */
export function resealing({ db, sealing, now, log }: ResealDeps): () => Promise<void> {
  const steady = steadyClock(now)
  let doneAt: number | undefined

  async function run(): Promise<void> {
    const { current, previous } = await sealing.keyIds()
    if (current === undefined || previous.length === 0) return
    if (doneAt !== undefined && steady() - doneAt < AGAIN_MS) return
    const found = await sealedBy(db, previous, BATCH)
    const resealed = await reseal(db, await sealAnew(found, sealing))
    const left = found.length === 0 ? 0 : await countSealedBy(db, previous)
    if (found.length > 0) log({ event: 'sealing.resealed', key: current, secrets: resealed, left })
    if (left > 0) return
    // The former keys may be dropped.
    if (doneAt === undefined || found.length > 0) log({ event: 'sealing.done', key: current })
    doneAt = steady()
  }

  return async () => {
    try {
      await run()
    } catch (error) {
      // The words of a SealError are ours; those of others may hold values.
      const detail = error instanceof SealError ? error.message : ''
      const name = errorName(error)
      log({ event: 'sealing.failed', error: name, detail })
    }
  }
}

/** Those that do not open stay as they are: somebody has to enter them again, and is told so. */
async function sealAnew(found: readonly StoredSecret[], sealing: Sealing) {
  const changes = await Promise.all(
    found.map(async (from) => {
      try {
        const plain = await sealing.open(from, from)
        return [{ from, to: await sealing.seal(plain, from) }]
      } catch (error) {
        if (!(error instanceof SealError)) throw error
        return []
      }
    }),
  )
  return changes.flat()
}
