/** Live links as items that an import takes back, page by page. */
import type { Connection } from '../access/connection.ts'
import { MovedLinks } from '../db/moved-links.ts'
import { parseShadow } from '../mapping/shadow.ts'
import type { ImportItem } from './import-conflict.ts'
import type { Jobs } from './jobs.ts'

/** In the order of their ids, after the one given. Tombstones are left out: they hold no account. */
export async function exportLinks(
  jobs: Jobs,
  connection: Connection,
  after: string,
  limit: number,
): Promise<ImportItem[]> {
  const links = new MovedLinks(jobs.openData(connection), connection.id)
  const rows = await links.list(after, limit)
  return rows.map(({ shadow, externalId, ...row }) => {
    const { kept, echo } = parseShadow(shadow)
    const { externalId: _, ...attributes } = kept
    return {
      ...row,
      ...(externalId !== undefined && { externalId }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(Object.keys(echo).length > 0 && { echo }),
    }
  })
}
