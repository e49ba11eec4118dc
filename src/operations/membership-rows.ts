/** Who joined and who left, as rows of the audit: the timeline of a member shows its groups. */
import type { Write } from '../db/database.ts'
import type { Link } from '../db/link.ts'
import type { Endpoint } from './endpoint.ts'

/** In one commit: of a group that is filled at once the counts are kept. */
const MOST = 20

export function membershipRows(
  { audit, request }: Endpoint,
  group: Link,
  moved: readonly { readonly link: Link; readonly wanted: boolean }[],
  now: number,
): Write[] {
  return moved.slice(0, MOST).map(({ link, wanted }) => {
    const entry = { request, type: link.type, link: link.id, op: 'members' as const }
    const detail = { group: group.id }
    return audit.entry({ ...entry, decision: wanted ? 'joined' : 'left', detail }, now)
  })
}
