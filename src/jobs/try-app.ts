/** Whether an app answers to settings and secrets, before a connection goes by them. It only reads. */
import type { Connection } from '../access/connection.ts'
import type { OnCall } from '../adapter/app-call.ts'
import type { Adapter } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { Deadline } from '../calls/deadline.ts'
import type { OpenApp } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { openFor } from './endpoint.ts'
import type { Jobs } from './jobs.ts'

export interface Trial {
  /** As it would be. Its id is that of the connection at work, whose pace holds. */
  readonly connection: Connection
  /** In place of the one that the connection names. */
  readonly adapter?: Adapter
  /** False: its settings, secrets or adapter are not those that are stored. */
  readonly isStored: boolean
}

export interface TrialDeps extends Pick<Jobs, 'io' | 'openData'> {
  /** Its failures count for no other call. */
  readonly openTrial: (trial: Trial, deadline: Deadline, onCall: OnCall) => Promise<OpenApp>
}

export type AppTrial =
  /** `type`: of what was read; absent where there is no app behind the adapter. */
  | { readonly ok: true; readonly type?: string; readonly ms: number }
  | { readonly ok: false; readonly detail: string; readonly ms: number }

/** One call, of the list that every app has. */
export async function tryApp(
  { io, openData, openTrial }: TrialDeps,
  trial: Trial,
): Promise<AppTrial> {
  const { connection } = trial
  const startedAt = io.now()
  const ms = () => io.now() - startedAt
  const jobs: Pick<Jobs, 'io' | 'openApp' | 'openData'> = {
    ...{ io, openData },
    openApp: (_, deadline, onCall) => openTrial(trial, deadline, onCall),
  }
  try {
    const { app } = await openFor(jobs, connection, 'try')
    for (const type of connection.definitions.keys()) {
      const port = app.port(type)
      if (!port) continue
      await port.list({ pageSize: 1 })
      return { ok: true, type, ms: ms() }
    }
    return { ok: true, ms: ms() }
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    return { ok: false, detail: toScimError(error).message, ms: ms() }
  }
}
