/** An adapter's new version must not make the links of a connection mean other people. */
import type { Connection } from '../access/connection.ts'
import { movedTypes } from '../adapter/identity.ts'
import { AdapterMismatch } from '../adapter/mismatch.ts'
import type { Connections } from '../db/connections.ts'
import type { Database } from '../db/database.ts'
import { hasLinks } from '../db/manifests.ts'

/**
 * @param identity of the adapter as it is now
 * @throws {AdapterMismatch} while objects are linked under another one
 */
export async function holdIdentity(
  connection: Connection,
  identity: string,
  connections: Connections,
  db: Database,
): Promise<void> {
  const { adapterIdentity: before, id, policy } = connection
  if (before === undefined || before === identity) return
  for (const type of movedTypes(before, identity)) {
    // Groups that Postern records itself are none of the adapter's.
    if (type === 'Group' && policy.groups.mode !== 'native') continue
    if (!(await hasLinks(db, id, type))) continue
    throw new AdapterMismatch(
      `The version of the adapter that is deployed means something else by what is linked (${type}). ` +
        'Its operator must go back to the version before, or give it another name and connect anew.',
    )
  }
  await connections.sign(id, before, identity)
}
