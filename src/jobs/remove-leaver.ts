/** Removes one person by the word of an administrator: Entra sends no DELETE for who is unassigned. */
import type { Connection } from '../access/connection.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { Links } from '../db/links.ts'
import { objectOf, viewOf } from '../operations/account.ts'
import { deleteResource } from '../operations/delete.ts'
import { toScimError } from '../operations/failure.ts'
import { ScimError } from '../scim/error.ts'
import { endpointOf } from './endpoint.ts'
import type { Jobs } from './jobs.ts'

export type RemoveOutcome =
  | { readonly kind: 'removed' }
  /** Why not, and what to do first. */
  | { readonly kind: 'refused'; readonly detail: string }

/** As a client's DELETE, by the connection's policy; the guard is not asked, a person has decided. */
export async function removeLeaver(
  jobs: Jobs,
  connection: Connection,
  id: string,
): Promise<RemoveOutcome> {
  const db = jobs.openData(connection)
  const [link] = await new Links(db, connection.id).getAll([id])
  if (link?.inactiveSince === undefined) {
    return { kind: 'refused', detail: 'No client has disabled a person of this id.' }
  }
  const endpoint = await endpointOf(jobs, connection, link.type, 'remove')
  if (!endpoint) throw new Error('a link of a type that its connection does not have')
  try {
    const object = await objectOf(endpoint, link)
    if (object && viewOf(endpoint, link, object)['active'] !== false) {
      return {
        kind: 'refused',
        detail: 'The account has been switched on in the app. Switch it off there, or leave it.',
      }
    }
    await deleteResource(endpoint, id, undefined, 'decided')
    return { kind: 'removed' }
  } catch (error) {
    const failure = error instanceof AdapterFailure ? toScimError(error) : error
    if (failure instanceof ScimError) return { kind: 'refused', detail: failure.message }
    throw error
  }
}
