/**
 * A PATCH that only adds members, or takes out those that it names: nothing of it depends on the group, so the
 * group is not read, where the adapter says that it is never protected and that no id is reused. What the app
 * says of it is believed only where it cannot mean that the group is not there (decision 0002).
 */

import { isEnded } from '../db/link.ts'
import { needsPresent, planChanges } from '../membership/plan.ts'
import { parsePatchOp } from '../scim/patch.ts'
import { separate, type ValueChange } from '../scim/patch-delta.ts'
import { notFound, objectOf } from './account.ts'
import { importOf, tellWanted } from './change-members.ts'
import type { Endpoint } from './endpoint.ts'
import { settleUpdate } from './finish-update.ts'
import { GROUP, membershipOf } from './members.ts'
import { knownMembers } from './plan-members.ts'
import { refuseByMode } from './refuse-by-mode.ts'
import { mayGoUnread } from './unread.ts'
import { membersOfUnread } from './unread-group.ts'
import { begin } from './update.ts'

/**
 * False: it is not such a PATCH, or not such a group, and nothing was done. Else it is done, and nobody can
 * show the group, for nobody has read it.
 *
 * @throws {ScimError} as `patchResource`
 */
export async function changeNamedMembers(
  endpoint: Endpoint,
  id: string,
  body: unknown,
): Promise<boolean> {
  const changes = mayGoUnread(endpoint) ? changesIn(endpoint, body) : undefined
  if (!changes) return false
  refuseByMode(endpoint)
  const { links, definition } = endpoint
  const link = await links.get(definition.type.name, id, [begin(endpoint, id)])
  if (!link || isEnded(link)) throw notFound(endpoint)
  const { nativeId } = link
  if (nativeId === undefined || link.verdict === 'protected' || link.isReused) return false
  if (link.open?.op === 'update') await settleUpdate(endpoint, link)

  const { wanted, named, additive } = planChanges(changes, [], isAdditive(endpoint))
  const all = [...wanted].map(([member, isWanted]) => ({ member, wanted: isWanted }))
  const leaving = all.filter((change) => !change.wanted).map(({ member }) => member)
  let isUnread = true
  const plan = { read: undefined, changes: all }
  const imported = await importOf(endpoint, link, nativeId, plan, async (pages) => {
    const read = await membersOfUnread(endpoint, link, nativeId, leaving, pages)
    isUnread = !read.isThere
    return read.held
  })
  const who = {
    named: [...named],
    never: endpoint.spec.capabilities.members?.nested ? undefined : GROUP,
  }
  const { isThere } = await tellWanted(endpoint, link, all, {
    imported,
    additive,
    isUnread,
    want: async (open, hold, times, also) => {
      const found = await endpoint.edgeIntents.wantNamed(link.id, open, who, hold, times, also)
      return found && { ...found, links: await knownMembers(endpoint, link.id, named, found.links) }
    },
  })
  if (!isThere && !(await objectOf(endpoint, link))) throw notFound(endpoint)
  return true
}

function isAdditive({ connection }: Endpoint): boolean {
  return connection.policy.groups.additiveSingleReplace
}

/** Undefined: there is more in it, or it needs to be known who is in the group. */
function changesIn(endpoint: Endpoint, body: unknown): readonly ValueChange[] | undefined {
  const { definition, profile, port } = endpoint
  const attribute = membershipOf(endpoint)
  if (!attribute || !port.members) return undefined
  const { rest, changes } = separate(definition, parsePatchOp(body, profile), attribute, profile)
  const isAll = rest.length > 0 || changes.length === 0
  return isAll || needsPresent(changes, isAdditive(endpoint)) ? undefined : changes
}
