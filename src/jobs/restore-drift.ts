/** What a person decides on a finding of drift: the client's last words are put back. */
import type { Connection } from '../access/connection.ts'
import { writeAll } from '../db/database.ts'
import { isEnded } from '../db/link.ts'
import { Links } from '../db/links.ts'
import { restoreResource } from '../operations/restore.ts'
import { endpointOf } from './endpoint.ts'
import type { Jobs } from './jobs.ts'
import { ONLY_AT_CREATE, refusalOf } from './restore-by-policy.ts'

export type RestoreOutcome =
  | { readonly kind: 'restored'; readonly paths: readonly string[] }
  /** The app holds what the client said: the finding is out of date, and closed. */
  | { readonly kind: 'no-drift' }
  /** No live link of this id. */
  | { readonly kind: 'no-link' }
  /** `reason` in our own words, for an administrator. */
  | { readonly kind: 'refused'; readonly reason: string; readonly isTemporary: boolean }

/**
 * A person decides that the client's last words are put back, all of one link, whatever the policy.
 * Closes the findings about them where nothing is left.
 */
export async function restoreDrift(
  jobs: Jobs,
  connection: Connection,
  linkId: string,
): Promise<RestoreOutcome> {
  const [link] = await new Links(jobs.openData(connection), connection.id).getAll([linkId])
  const isLive = link && !isEnded(link)
  const endpoint = isLive && (await endpointOf(jobs, connection, link.type, 'restore'))
  if (!endpoint) return { kind: 'no-link' }
  try {
    const { restored, left } = await restoreResource(endpoint, linkId, () => true)
    if (left.length > 0) {
      return { kind: 'refused', reason: ONLY_AT_CREATE, isTemporary: false }
    }
    const subjects = [`${link.type}:${linkId}`]
    const kinds = ['drift', 'reactivated'] as const
    const { db, findings } = endpoint
    await writeAll(
      db,
      kinds.map((kind) => findings.closeAll(kind, subjects)),
    )
    return restored.length > 0 ? { kind: 'restored', paths: restored } : { kind: 'no-drift' }
  } catch (error) {
    const { message, isSilent } = refusalOf(error)
    return { kind: 'refused', reason: message, isTemporary: isSilent }
  }
}
