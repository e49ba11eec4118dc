/** Takes everybody out of a group that the app does not let go with members in it. */
import type { Link } from '../db/link.ts'
import { Budget } from '../membership/budget.ts'
import { ScimError } from '../scim/error.ts'
import type { Endpoint } from './endpoint.ts'
import { linksOf, walkMembers } from './members.ts'
import { newHold } from './settle-members.ts'
import { tellMembers } from './tell-members.ts'

/** Members of one group that one delete takes out; the next one goes on. */
const MAX_PAGES = 20

/**
 * Who left stays out, whatever becomes of the others: the delete is repeated and finds fewer.
 *
 * @throws {ScimError} 503 where they are more than one request may tell the app of
 */
export async function emptyGroup(endpoint: Endpoint, group: Link, nativeId: string): Promise<void> {
  const { io, deadline } = endpoint
  const { members, isWhole } = await walkMembers(endpoint, nativeId, MAX_PAGES)
  const budget = new Budget(io.now, deadline.leftMs())
  for (const [type, some] of Map.groupBy(members, (member) => member.type)) {
    const links = await linksOf(
      endpoint,
      type,
      some.map(({ id }) => id),
    )
    const tasks = links.map((link) => ({ link, wanted: false }))
    const hold = newHold(endpoint)
    const { failure, fates } = await tellMembers(endpoint, { ...group, nativeId }, tasks, {
      budget,
      hold,
    })
    if (failure !== undefined) throw failure
    if ([...fates.values()].includes('left')) throw tooMany()
  }
  if (!isWhole) throw tooMany()
}

function tooMany(): ScimError {
  return new ScimError(
    503,
    'The app lets this group go only once its members have left, and they are more than one request ' +
      'may take out. Retry later: each try takes out some.',
    { retryAfterSeconds: 30 },
  )
}
