/** Whether an app answers to settings and secrets, before a connection goes by them. It only reads. */
import type { Connection } from '../access/connection.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { toScimError } from '../operations/failure.ts'
import { openFor } from './endpoint.ts'
import type { Jobs } from './jobs.ts'

export type AppTrial =
  /** `type`: of what was read; absent where there is no app behind the adapter. */
  | { readonly ok: true; readonly type?: string; readonly ms: number }
  | { readonly ok: false; readonly detail: string; readonly ms: number }

/** One call, of the list that every app has. */
export async function tryApp(
  jobs: Pick<Jobs, 'io' | 'openApp' | 'openData'>,
  connection: Connection,
): Promise<AppTrial> {
  const startedAt = jobs.io.now()
  const ms = () => jobs.io.now() - startedAt
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
