/** Members where no app holds them: an edge is the membership. */
import { type Write, writeAll } from '../db/database.ts'
import type { Account } from './account.ts'
import type { Moved } from './change-members.ts'
import type { Endpoint } from './endpoint.ts'
import { membershipRows } from './membership-rows.ts'
import type { MemberPlan } from './plan-members.ts'
import { followTable, givesRoles, rolesOfMembers, tableOf, tellRoles } from './roles.ts'

/** As the settling wrote it: the client compares this answer's version with that of its next read. */
export function movedOn(account: Account, moved: Pick<Moved, 'versions' | 'at'>): Account {
  if (moved.versions === 0) return account
  const { link } = account
  return {
    ...account,
    link: { ...link, version: link.version + moved.versions, modifiedAt: moved.at },
  }
}

/** Where no app holds the members, an edge is the membership. */
export async function record(
  endpoint: Endpoint,
  account: Account,
  { changes, additive }: MemberPlan,
): Promise<Account> {
  const { db, links, edges, audit, request, io } = endpoint
  const { link: group } = account
  if (givesRoles(endpoint)) await followTable(endpoint)
  const held = await edges.present(
    group.id,
    changes.map(({ link }) => link.id),
  )
  const differs = changes.filter(({ link, wanted }) => held.has(link.id) !== wanted)
  if (differs.length === 0) return tellOfRoles(endpoint, account, changes)
  const added = differs.filter(({ wanted }) => wanted).map(({ link }) => link)
  const dropped = differs.filter(({ wanted }) => !wanted).map(({ link }) => link.id)
  const at = io.now()
  const writes: Write[] = []
  if (added.length > 0) {
    const put = added.map((link) => ({ member: link.id, memberType: link.type }))
    writes.push(edges.put(group.id, put, at))
  }
  if (dropped.length > 0) writes.push(edges.drop(group.id, dropped))
  const detail = {
    added: added.length,
    removed: dropped.length,
    ...(additive > 0 && { additiveSingleReplace: additive }),
  }
  const entry = { request, type: group.type, link: group.id, op: 'members' as const, detail }
  const people = differs.map(({ link }) => link)
  writes.push(
    links.touch(group.id, at),
    ...membershipRows(endpoint, group, differs, at),
    audit.entry({ ...entry, decision: 'updated' }, at),
  )
  await writeAll(db, [...writes, ...rolesOfMembers(endpoint, group, people)])
  return tellOfRoles(endpoint, movedOn(account, { versions: 1, at }), changes)
}

/** Also of those whose role an earlier request could not tell. */
async function tellOfRoles(
  endpoint: Endpoint,
  account: Account,
  changes: MemberPlan['changes'],
): Promise<Account> {
  const { externalId } = account.link
  const { rows } = tableOf(endpoint.connection.policy)
  const isListed = rows.some((row) => row.externalId === externalId)
  if (!givesRoles(endpoint) || !isListed) return account
  const failure = await tellRoles(
    endpoint,
    changes.map(({ link }) => link.id),
  )
  if (failure !== undefined) throw failure
  return account
}
