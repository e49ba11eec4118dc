/** The app refuses our credentials, is down, slow or throttled: findings, without a flood of writes. */
import { BoundedMap } from '../access/bounded-map.ts'
import type { Connection } from '../access/connection.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { CallsPaused } from '../calls/circuit.ts'
import type { Database } from '../db/database.ts'
import { Findings } from '../db/findings.ts'
import type { Endpoint, Io } from './endpoint.ts'
import { toScimError, troubleOf } from './failure.ts'
import { SecretUnreadable } from './unsealed.ts'

const EVERY_MS = 60_000
/** Connections and kinds that one isolate remembers. */
const REMEMBERED = 1_000

/**
 * One for each isolate. While an app fails, every request of its connection does: one write a minute
 * says so as well as a thousand. The cron closes the finding when the app answers again.
 */
export class AppTrouble {
  /** When this isolate last wrote, by connection and kind. */
  readonly #noted = new BoundedMap<number>(REMEMBERED)

  /** Does nothing for a failure that is about one object. */
  async note(
    {
      findings,
      io,
      connection,
    }: {
      readonly findings: Findings
      readonly io: Pick<Io, 'now' | 'newId'>
      readonly connection: Pick<Connection, 'id'>
    },
    failure: AdapterFailure,
  ): Promise<void> {
    const { code } = failure
    const kind = troubleOf(code)
    if (!kind) return
    const isPaused = failure instanceof CallsPaused
    const key = `${connection.id}\n${kind}\n${isPaused}`
    const now = io.now()
    const last = this.#noted.get(key)
    // A clock that was set back by more says nothing.
    if (last !== undefined && Math.abs(now - last) < EVERY_MS) return
    this.#noted.set(key, now)
    await findings.report(io.newId(), kind, connection.id, detailOf(failure), now)
  }

  /** `open`, for a client's request. @throws {ScimError} where the app's adapter fails in it */
  async opening<T>(
    { connection, db, io }: Pick<Endpoint, 'connection' | 'io'> & { readonly db: Database },
    open: () => Promise<T>,
  ): Promise<T> {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof AdapterFailure)) throw error
      await this.note({ connection, io, findings: new Findings(db, connection.id) }, error)
      throw toScimError(error)
    }
  }
}

/** In our own words alone, where the code does not say it. */
function detailOf(failure: AdapterFailure): Readonly<Record<string, string>> {
  const { code, message } = failure
  if (failure instanceof CallsPaused) return { code, calls: 'paused' }
  return failure instanceof SecretUnreadable ? { code, reason: message } : { code }
}
