/** Who changed the mode of a connection, in its audit: from then on the app is written to, or is not. */
import type { ConnectionMode } from '../access/policy.ts'
import { type Actor, Audit } from '../db/audit.ts'
import type { DataDatabases, Placed } from '../db/data-databases.ts'
import { writeAll } from '../db/database.ts'

export interface ModeChange {
  readonly was: ConnectionMode
  readonly mode: ConnectionMode
  /** Milliseconds since 1970. */
  readonly at: number
}

/** @throws {DatabaseUnbound} before anything is changed that could not be noted */
export type NotesModes = (connection: Placed) => (change: ModeChange) => Promise<void>

/** Told after the change, which is in another database: of one that is cut off in between the log knows. */
export function notesModes(
  data: DataDatabases,
  { actor, request }: { readonly actor: Actor; readonly request: string },
): NotesModes {
  return (connection) => {
    const db = data.of(connection)
    const audit = new Audit(connection.id, { actor })
    return async ({ was, mode, at }) => {
      const entry = { request, type: '', link: '', op: 'decide', decision: 'mode-changed' } as const
      await writeAll(db, [audit.entry({ ...entry, detail: { was, mode } }, at)])
    }
  }
}
