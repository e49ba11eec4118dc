/** A connection as a job works it. No client asks, so there is no address to locate resources by. */
import type { Connection } from '../access/connection.ts'
import { Deadline } from '../calls/deadline.ts'
import { Trail } from '../govern/trail.ts'
import { type Endpoint, type OpenConnection, openEndpoint } from '../operations/endpoint.ts'
import type { Jobs } from './jobs.ts'

/** How long a job works one connection at a time, and how long one call of a slow app may take there. */
const TURN_MS = 30_000
const LONGEST_TURN_MS = 60_000

/** @param cause what the request ids in the audit begin with */
export async function openFor(
  { io, openApp, openData, actor }: Pick<Jobs, 'io' | 'openApp' | 'openData' | 'actor'>,
  connection: Connection,
  cause: string,
): Promise<OpenConnection> {
  const { requestTimeoutMs } = connection.policy.limits
  const endsAt = io.now() + Math.min(Math.max(TURN_MS, requestTimeoutMs), LONGEST_TURN_MS)
  const deadline = new Deadline(io.now, endsAt, requestTimeoutMs)
  const request = `${cause}-${io.newId()}`
  const trail = new Trail(request, actor ?? { kind: 'job', id: cause }, io.now())
  return {
    connection,
    deadline,
    app: await openApp(connection, deadline, trail.onCall),
    db: openData(connection),
    io,
    baseUrl: '',
    request,
    trail,
  }
}

/** Undefined: the connection, or its app, has no such resource type. */
export async function endpointOf(
  jobs: Pick<Jobs, 'io' | 'openApp' | 'openData' | 'actor'>,
  connection: Connection,
  type: string,
  cause: string,
): Promise<Endpoint | undefined> {
  return openEndpoint(await openFor(jobs, connection, cause), type)
}
