import type { Access } from '../access/authenticate.ts'
import type { Connection } from '../access/connection.ts'
import type { OnCall } from '../adapter/app-call.ts'
import type { Deadline } from '../calls/deadline.ts'
import type { Actor } from '../db/audit.ts'
import type { Connections } from '../db/connections.ts'
import type { Database } from '../db/database.ts'
import type { ValueHashes } from '../govern/value-hashes.ts'
import type { Log } from '../log/events.ts'
import type { AppTrouble } from '../operations/app-trouble.ts'
import type { Io, OpenApp } from '../operations/endpoint.ts'

/** What work outside a request is given. */
export interface Jobs {
  /** Holds the data tables. */
  readonly db: Database
  readonly access: Access
  readonly connections: Connections
  readonly io: Io
  readonly openApp: (connection: Connection, deadline: Deadline, onCall: OnCall) => Promise<OpenApp>
  readonly openData: (connection: Connection) => Database
  readonly hashes: ValueHashes
  readonly trouble: AppTrouble
  /** For the audit, where somebody asks for the work; undefined: the cron does. */
  readonly actor?: Actor
  readonly log: Log
}
