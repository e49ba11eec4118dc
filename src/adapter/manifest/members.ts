/** Members of groups through a manifest, in each of the ways in which apps take them. */
import type {
  AddRemovePort,
  Member,
  MembershipPort,
  ReplaceOnGroupPort,
  ReplaceOnUserPort,
  ReplaceOutcome,
} from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { HttpResponse } from '../http.ts'
import { write } from './change.ts'
import { idOf } from './convert.ts'
import { type App, exchange } from './exchange.ts'
import { itemsAt } from './items.ts'
import { meets } from './judge.ts'
import type { MembershipSpec, MembersSpec } from './membership-schema.ts'
import { memberIdIn } from './object.ts'
import { readAll, readPage } from './pages.ts'
import { getAt, partAt } from './pointer.ts'
import { typed } from './read.ts'
import type { RequestSpec } from './request-schema.ts'
import type { ResourceManifest } from './resource-schema.ts'
import { factsWith, fillText, placeholdersIn, type Values } from './template.ts'

type Ports = Partial<AddRemovePort & ReplaceOnGroupPort & ReplaceOnUserPort>
type Shape<K extends MembershipSpec['kind']> = Extract<MembershipSpec, { kind: K }>

export function memberPort(app: App, group: ResourceManifest, user: ResourceManifest): Ports {
  const { membership } = group
  const where: Where = { app, group, user }
  switch (membership.kind) {
    case 'none':
      return {}
    case 'add-remove':
      return { ...reading(where, membership.members), ...addRemove(where, membership) }
    case 'replace-on-group':
      return { ...reading(where, membership.members), ...replaceOnGroup(where, membership) }
    case 'replace-on-user':
      return { ...reading(where, membership.members), ...replaceOnUser(where, membership) }
  }
}

interface Where {
  readonly app: App
  readonly group: ResourceManifest
  readonly user: ResourceManifest
}

/** Refused before the app is asked: no group of a manifest holds groups. */
function personId({ user }: Where, member: Member): string | number {
  if (member.type !== 'User') {
    throw new AdapterFailure('invalid', 'a group of this app holds accounts only', {
      effect: 'none',
    })
  }
  return typed(user, member.id)
}

function reading({ app, group }: Where, spec: MembersSpec): MembershipPort {
  const paged = { ...spec, request: spec }
  return {
    async members(id, page) {
      const values = { group: typed(group, id) }
      const { rows, next, total, response } = await readPage(app, group, paged, values, page)
      const facts = factsWith(spec.where, { ...values, config: app.settings })
      const items = rows.flatMap((row): Member[] => {
        if (!meets(facts, row)) return []
        const member = memberIdIn(app, spec, row)
        if (member === undefined) throw response.misunderstood()
        return [{ type: 'User', id: member }]
      })
      const revision =
        spec.revision === undefined ? undefined : idOf(getAt(response.json, spec.revision))
      return {
        items,
        ...(next !== undefined && { next }),
        // A count of rows is none of members where some are no members.
        ...(total !== undefined && spec.where.length === 0 && { total }),
        ...(revision !== undefined && { revision }),
      }
    },
  }
}

function addRemove(where: Where, spec: Shape<'add-remove'>): Omit<AddRemovePort, 'members'> {
  const { app, group } = where
  const tell = async (request: RequestSpec, id: string, members: readonly Member[]) => {
    const ids = members.map((member) => personId(where, member))
    const [member] = ids
    if (member === undefined) return { kind: 'unchanged' } as const
    const values = { group: typed(group, id), member, members: ids }
    if (!placeholdersIn(request).includes('edge')) {
      return write(app, group, request, values, 'nothing')
    }
    const edge = await edgeOf(where, spec.members, values, members[0]?.id)
    if (edge === undefined) return { kind: 'unchanged' } as const
    return write(app, group, request, { ...values, edge }, 'nothing')
  }
  return {
    addMembers: (id, members) => tell(spec.add, id, members),
    removeMembers: (id, members) => tell(spec.remove, id, members),
  }
}

/** Where a membership has an id of its own, nobody keeps it: it is read. */
async function edgeOf(
  { app, group }: Where,
  spec: MembersSpec,
  values: Values,
  member: string | undefined,
): Promise<unknown> {
  const rows = await readAll(app, group, { ...spec, request: spec }, values)
  const row = rows.find((one) => memberIdIn(app, spec, one) === member)
  return spec.edge === undefined ? undefined : getAt(row, spec.edge)
}

function replaceOnGroup(
  where: Where,
  { replace }: Shape<'replace-on-group'>,
): Omit<ReplaceOnGroupPort, 'members'> {
  return {
    replaceMembers: (id, members, revision) => {
      const ids = members.map((member) => personId(where, member))
      const values = { group: typed(where.group, id), members: ids, revision }
      return replaced(where, replace, values)
    },
  }
}

function replaceOnUser(
  where: Where,
  { groupsOf, replace, fallback: template }: Shape<'replace-on-user'>,
): Omit<ReplaceOnUserPort, 'members'> {
  const { app, group } = where
  const fallback = template === undefined ? undefined : fillText(template, { config: app.settings })
  /** Nobody is in the fallback beside another group: it is there for want of one. */
  const inSome = (groups: readonly string[]): readonly string[] => {
    if (fallback === undefined) return groups
    const others = groups.filter((id) => id !== fallback)
    return others.length > 0 ? others : [fallback]
  }
  return {
    async groupsOf(member) {
      const values = { member: personId(where, member) }
      const { verdict, response } = await exchange(app, group, groupsOf, values)
      if (verdict === 'absent') return null
      const groups = rolesIn(response, groupsOf.items).map((row) => {
        const id = idOf(getAt(row, groupsOf.id))
        if (id === undefined) throw response.misunderstood()
        return id
      })
      const revision =
        groupsOf.revision === undefined ? undefined : idOf(getAt(response.json, groupsOf.revision))
      return { groups, ...(revision !== undefined && { revision }) }
    },
    replaceGroups: (member, groups, revision) => {
      const ids = inSome(groups).map((id) => typed(group, id))
      const values = { member: personId(where, member), groups: ids, revision }
      return replaced(where, replace, values)
    },
  }
}

/** An app with one role for each says it without a list; null is none. */
function rolesIn(response: HttpResponse, pointer: string): readonly unknown[] {
  const found = partAt(response.json, pointer)
  if (found === null) return []
  return typeof found === 'object' || found === undefined ? itemsAt(response, pointer) : [found]
}

async function replaced(
  { app, group }: Where,
  request: RequestSpec,
  values: Values,
): Promise<ReplaceOutcome> {
  const { verdict, response } = await exchange(app, group, request, values)
  switch (verdict) {
    case 'ok':
      return { kind: 'ok' }
    case 'unchanged':
    case 'stale':
      return { kind: verdict }
    case 'absent':
      return { kind: 'gone' }
    case 'memberAbsent':
      return { kind: 'gone', what: 'member' }
    default:
      throw response.misunderstood()
  }
}
