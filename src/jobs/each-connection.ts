/**
 * Jobs work many connections, and the app of one of them may hang: a few are worked side by side, and
 * what fails in one is the log's and its own finding's, never the others'.
 */
import { AdapterFailure } from '../adapter/failure.ts'
import type { Connections } from '../db/connections.ts'
import { Findings } from '../db/findings.ts'
import { errorName } from '../log/error-name.ts'
import type { Jobs } from './jobs.ts'

/** An invocation has six connections to the outside at a time, of which D1 wants some. */
const SIDE_BY_SIDE = 3

type Failed = 'sweep.failed' | 'poll.failed' | 'scan.failed' | 'alerts.failed'

/**
 * Works the items connection by connection, in the order in which they come.
 *
 * @param work all items of one connection
 */
export async function eachConnection<T extends { readonly connection: string }>(
  jobs: Jobs,
  event: Failed,
  items: readonly T[],
  work: (items: readonly T[], connection: string) => Promise<void>,
): Promise<void> {
  const queue = [...Map.groupBy(items, ({ connection }) => connection)]
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [connection, own] = next
      try {
        await work(own, connection)
      } catch (error) {
        await tellFailure(jobs, event, connection, error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, queue.length) }, lane))
}

/** An accident of one connection: in the log, and where it is its app's, a finding. */
export async function tellFailure(
  {
    io,
    access,
    openData,
    log,
    trouble,
    connections,
  }: Pick<Jobs, 'io' | 'access' | 'openData' | 'log' | 'trouble' | 'connections'>,
  event: Failed,
  connection: string,
  error: unknown,
): Promise<void> {
  const name = await nameOf(connections, connection)
  log({ event, connection: name, error: errorName(error) })
  if (!(error instanceof AdapterFailure)) return
  const found = await access.byId(connection)
  if (!found) return
  await trouble.note(
    { connection: found, io, findings: new Findings(openData(found), connection) },
    error,
  )
}

/** For the log, of an accident: the D1 that knows it may be what has failed. */
export async function nameOf(connections: Pick<Connections, 'known'>, id: string): Promise<string> {
  const [found] = await connections.known({ ids: [id] }).catch(() => [])
  return found?.name ?? ''
}
