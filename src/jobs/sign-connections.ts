/** Writes down, for connections from before that was kept, what their links go by. */

import type { Connections } from '../db/connections.ts'
import { errorName } from '../log/error-name.ts'
import type { Log } from '../log/events.ts'

/** In one run of the cron; each may cost a read of its adapter. */
const BATCH = 20

export async function signConnections({
  connections,
  sandbox,
  describe,
  log,
}: {
  readonly connections: Connections
  /** Has no app: its links go by nothing outside. */
  readonly sandbox: string
  readonly describe: (adapter: string) => Promise<{ readonly identity?: string } | undefined>
  readonly log: Log
}): Promise<void> {
  for (const { id, name, adapter } of await connections.unsigned(sandbox, BATCH)) {
    try {
      const identity = (await describe(adapter))?.identity
      if (identity !== undefined) await connections.sign(id, undefined, identity)
    } catch (error) {
      log({
        event: 'sign.failed',
        connection: name,
        error: errorName(error),
      })
    }
  }
}
