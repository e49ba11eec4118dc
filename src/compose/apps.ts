/** The app of a connection, opened: which adapter it is, at which pace, and what comes of its calls. */
import type { Connection } from '../access/connection.ts'
import type { Sealing } from '../access/seal.ts'
import { steadyClock } from '../access/steady-clock.ts'
import type { OnCall } from '../adapter/app-call.ts'
import type { Limits } from '../adapter/contract.ts'
import { identityOf } from '../adapter/identity.ts'
import { directoriesBy } from '../adapter/ldap/directories.ts'
import { RemoteAdapter } from '../adapter/remote/connect.ts'
import { createDial } from '../adapter/sql/dial.ts'
import type { AppCalls } from '../calls/app-calls.ts'
import { AppHealth, AppHealths } from '../calls/app-health.ts'
import type { Deadline } from '../calls/deadline.ts'
import type { Connections } from '../db/connections.ts'
import type { Placed } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import { Documents } from '../db/documents.ts'
import type { Trial } from '../jobs/try-app.ts'
import type { OpenApp } from '../operations/endpoint.ts'
import { holdIdentity } from '../operations/hold-identity.ts'
import { keptFor } from '../operations/kept.ts'
import { openAdapter, openPrivate, openSandbox, withRecorded } from '../operations/open-app.ts'
import type { StoredAdapters } from '../operations/stored-adapters.ts'
import type { Kind } from '../pacing/lessor.ts'
import { Paces } from '../pacing/paces.ts'
import { termsOf } from '../pacing/terms.ts'
import type { Parts } from './parts.ts'

/** Where adapters come from, and what they are opened with. */
export interface Storage {
  readonly stored: StoredAdapters
  readonly connections: Connections
  readonly sealing: Sealing
  readonly openData: (connection: Pick<Placed, 'dataDatabase'>) => Database
  readonly allowInsecure: boolean
}

export interface Apps {
  /** A trial (`try-app.ts`) goes by its own adapter and changes nothing of the connection at work. */
  readonly open: (
    connection: Connection,
    deadline: Deadline,
    kind: Kind,
    onCall: OnCall,
    trial?: Trial,
  ) => Promise<OpenApp>
  /** Private adapters by name. */
  readonly remotes: ReadonlyMap<string, RemoteAdapter>
}

export function openApps(parts: Parts, storage: Storage): Apps {
  const { adapters, privateAdapters, sandbox, io, fetch, waitUntil, log } = parts
  const { openSocket, hyperdrives } = parts
  const { certificates = new Map<string, Parts['fetch']>() } = parts
  const { stored, connections, sealing, openData, allowInsecure } = storage
  const { now } = io
  const outside = {
    ...{ fetch, certificates, hyperdrives, now, allowInsecure },
    dial: createDial(openSocket),
    openDirectory: directoriesBy(openSocket),
  }
  const paces = new Paces({ ...io, pacerOf: parts.pacerOf, waitUntil, log })
  const healths = new AppHealths(log)
  const callIo = { ...io, now: steadyClock(now) }
  const remotes = new Map(
    [...privateAdapters].map(([name, binding]) => [
      name,
      new RemoteAdapter(binding, { name, allowInsecure }),
    ]),
  )

  const callsOf = (connection: Connection, deadline: Deadline, isTrial: boolean): AppCalls => {
    const { requestTimeoutMs: timeoutMs } = connection.policy.limits
    // What comes of a trial must neither pause the connection at work nor let it go on.
    const health = isTrial ? new AppHealth(connection.name, log) : healths.of(connection)
    return { health, deadline, io: callIo, timeoutMs }
  }
  const hold = (connection: Connection, identity: string) =>
    holdIdentity(connection, identity, connections, openData(connection))
  const paceOf = (connection: Connection, declared: Limits | undefined, kind: Kind) =>
    paces.of(connection, termsOf(connection.policy.limits, declared), kind)

  const openOutside: Apps['open'] = async (connection, deadline, kind, onCall, trial) => {
    const name = connection.adapter
    const remote = remotes.get(name)
    if (remote) {
      const described = await remote.describe()
      if (!trial) await hold(connection, identityOf(described))
      const calls = callsOf(connection, deadline, trial !== undefined)
      const pace = paceOf(connection, described.limits, kind)
      return openPrivate(remote, described, connection, calls, pace, { onCall, now })
    }
    const adapter = trial?.adapter ?? adapters.get(name) ?? (await stored.named(name))
    if (!adapter) throw new Error(`no adapter or manifest "${name}"`)
    if (!trial) await hold(connection, identityOf(adapter))
    const pace = paceOf(connection, adapter.limits, kind)
    const kept = keptFor(connection.id, connections, sealing, trial?.isStored === false)
    const calls = callsOf(connection, deadline, trial !== undefined)
    return openAdapter(adapter, connection, { ...outside, onCall, pace }, calls, kept)
  }

  return {
    remotes,
    async open(connection, deadline, kind, onCall, trial) {
      const documents = () => new Documents(openData(connection), connection.id, now)
      if (connection.adapter === sandbox.name) return openSandbox(sandbox, connection, documents())
      const app = await openOutside(connection, deadline, kind, onCall, trial)
      if (connection.policy.groups.mode === 'native') return app
      // Groups that the app knows nothing of are kept here, where the sandbox keeps its own.
      return withRecorded(app, 'Group', openSandbox(sandbox, connection, documents()))
    },
  }
}
