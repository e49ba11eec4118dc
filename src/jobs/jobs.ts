import type { Access } from '../access/authenticate.ts'
import type { Connection } from '../access/connection.ts'
import type { OnCall } from '../adapter/app-call.ts'
import type { Deadline } from '../calls/deadline.ts'
import type { Actor } from '../db/audit.ts'
import type { Connections } from '../db/connections.ts'
import type { DataDatabase, DataDatabases } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import type { ValueHashes } from '../govern/value-hashes.ts'
import type { Log } from '../log/events.ts'
import type { AppTrouble } from '../operations/app-trouble.ts'
import type { Io, OpenApp } from '../operations/endpoint.ts'

/** What work outside a request is given. */
export interface Jobs {
  readonly access: Pick<Access, 'byId' | 'named'>
  readonly connections: Connections
  readonly io: Io
  readonly openApp: (connection: Connection, deadline: Deadline, onCall: OnCall) => Promise<OpenApp>
  readonly data: DataDatabases
  /** The database that holds the data tables of a connection. @throws {DatabaseUnbound} */
  readonly openData: (connection: Pick<Connection, 'dataDatabase'>) => Database
  readonly hashes: ValueHashes
  readonly trouble: AppTrouble
  /** For the audit, where somebody asks for the work; undefined: the cron does. */
  readonly actor?: Actor
  readonly log: Log
}

/**
 * Of work on all connections whose data is in one database. `access` knows no others by their ids: rows of
 * one whose data is elsewhere are nobody's.
 */
export interface DataJobs extends Jobs {
  /** Holds the data tables. */
  readonly db: Database
}

export function jobsIn(jobs: Jobs, { binding, db }: DataDatabase): DataJobs {
  const { access } = jobs
  const byId = async (id: string) => {
    const connection = await access.byId(id)
    return connection?.dataDatabase === binding ? connection : undefined
  }
  return { ...jobs, db, access: { byId, named: (name) => access.named(name) } }
}
