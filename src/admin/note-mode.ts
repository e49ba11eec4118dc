/** Who changed the mode of a connection, in its audit: from then on the app is written to, or is not. */
import type { ConnectionMode } from '../access/policy.ts'
import { type Actor, Audit } from '../db/audit.ts'
import type { DataDatabases, Placed } from '../db/data-databases.ts'
import { writeAll } from '../db/database.ts'

export interface ModeChange {
  readonly connection: Placed
  readonly was: ConnectionMode
  readonly mode: ConnectionMode
  /** Milliseconds since 1970. */
  readonly at: number
}

/** After the change, which is in another database: of one that is cut off in between the log knows. */
export async function noteMode(
  data: DataDatabases,
  { actor, request }: { readonly actor: Actor; readonly request: string },
  { connection, was, mode, at }: ModeChange,
): Promise<void> {
  const entry = { request, type: '', link: '', op: 'decide', decision: 'mode-changed' } as const
  const audit = new Audit(connection.id, { actor })
  await writeAll(data.of(connection), [audit.entry({ ...entry, detail: { was, mode } }, at)])
}
