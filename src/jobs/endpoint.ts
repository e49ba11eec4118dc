/** A connection as a job works it. No client asks, so there is no address to locate resources by. */
import type { Connection } from '../access/connection.ts'
import { type Endpoint, type OpenConnection, openEndpoint } from '../operations/endpoint.ts'
import type { Jobs } from './jobs.ts'

/** @param cause what the request ids in the audit begin with */
export async function openFor(
  { io, openApp, openData }: Pick<Jobs, 'io' | 'openApp' | 'openData'>,
  connection: Connection,
  cause: string,
): Promise<OpenConnection> {
  return {
    connection,
    app: await openApp(connection),
    db: openData(connection),
    io,
    baseUrl: '',
    request: `${cause}-${io.newId()}`,
  }
}

/** Undefined: the connection, or its app, has no such resource type. */
export async function endpointOf(
  jobs: Pick<Jobs, 'io' | 'openApp' | 'openData'>,
  connection: Connection,
  type: string,
  cause: string,
): Promise<Endpoint | undefined> {
  return openEndpoint(await openFor(jobs, connection, cause), type)
}
