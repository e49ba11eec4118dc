/** What a connection's mode refuses. */
import type { Connection } from '../access/connection.ts'
import { modeOf } from '../access/mode.ts'
import { ScimError } from '../scim/error.ts'
import type { Endpoint } from './endpoint.ts'

/** Writes wait for the connection's mode; no mode answers a success that did not happen. */
export function refuseByMode(endpoint: Endpoint): void {
  const { connection, io } = endpoint
  switch (modeOf(connection, io.now())) {
    case 'live':
    // Each operation finds out what it would do, and says that (gate.ts).
    case 'gate':
      return
    case 'paused':
      throw paused(connection)
    case 'observe':
      throw new ScimError(
        400,
        'This connection only observes: reads are answered, nothing is written. An administrator ' +
          'of this connection must set its mode to "live" first.',
        { reason: 'observing' },
      )
  }
}

/** 503 for reads as well: the client waits, and nothing is decided on what it does not see. */
export function paused({ modeUntil }: Pick<Connection, 'modeUntil'>): ScimError {
  return new ScimError(
    503,
    modeUntil === undefined
      ? 'This connection is paused by its administrator. Retry later.'
      : `The mode of this connection ended at ${new Date(modeUntil).toISOString()}, and it is ` +
          'paused until its administrator sets another one. Retry later.',
    { retryAfterSeconds: 300, reason: 'paused' },
  )
}
