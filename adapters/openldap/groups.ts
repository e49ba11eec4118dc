/** Groups: groupOfNames (RFC 4519 §3.5), whose members are named by their distinguished names. */
import type { AddRemovePort, Member } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { LdapClient } from '../../src/adapter/ldap/client.ts'
import { isBelow, parseDn } from '../../src/adapter/ldap/dn.ts'
import type { LdapFilter } from '../../src/adapter/ldap/filter.ts'
import type { LdapEntry } from '../../src/adapter/ldap/response.ts'
import { RESULT } from '../../src/adapter/ldap/result.ts'
import type { LdapSession } from '../../src/adapter/ldap/session.ts'
import { anyOf, idOf } from './entries.ts'
import { MAX_PAGE } from './paging.ts'
import { creator, openEntries } from './people.ts'
import { type Branch, byId, filterOf, GROUP_CLASS, type Groups, leaveGroup } from './tree.ts'

/** By resource type. */
export type Branches = Readonly<Record<'User' | 'Group', Branch>>

/** Reads of members that are under way at once: slapd ends a connection that has 1,000 of them. */
const SIDE_BY_SIDE = 50

export function openGroups(ldap: LdapClient, branches: Branches, groups: Groups) {
  const { Group: branch } = branches
  // All pages of a walk are of one list: an entry shows all of its members, or none.
  let walked: { readonly group: string; readonly names: readonly string[] } | undefined
  const membership: AddRemovePort = {
    members: (group, { pageSize, cursor }) =>
      ldap.use(async (session) => {
        if (cursor === undefined || walked?.group !== group) {
          walked = { group, names: await namedBy(session, branch, groups, group) }
        }
        const { names } = walked
        const from = cursor === undefined ? 0 : names.findIndex((dn) => dn > cursor)
        const page = from < 0 ? [] : names.slice(from, from + Math.min(pageSize, MAX_PAGE))
        const items = await membersNamed(session, branches, page)
        const last = page.at(-1)
        const isWhole = from < 0 || from + page.length >= names.length
        return { items, ...(!isWhole && last !== undefined && { next: last }) }
      }),

    addMembers: (group, members) =>
      ldap.use(async (session) => {
        const [entry, names] = await Promise.all([
          byId(session, branch, group, ['entryUUID']),
          namesOf(session, branches, members),
        ])
        if (!entry) return { kind: 'gone' }
        if (!names) return { kind: 'gone', what: 'member' }
        const join = (values: readonly string[]) =>
          session.modify(
            entry.dn,
            [{ how: 'add', attribute: 'member', values }],
            [RESULT.attributeOrValueExists, RESULT.noSuchObject],
          )
        let code = await join(names)
        if (code === RESULT.attributeOrValueExists) {
          const absent = await those(session, entry.dn, names, false)
          if (absent.length === 0) return { kind: 'unchanged' }
          code = await join(absent)
        }
        if (code === RESULT.noSuchObject) return { kind: 'gone' }
        if (code !== RESULT.success) throw movedOn()
        return { kind: 'ok' }
      }),

    removeMembers: (group, members) =>
      ldap.use(async (session) => {
        const [entry, names] = await Promise.all([
          byId(session, branch, group, ['entryUUID']),
          namesOf(session, branches, members),
        ])
        if (!entry) return { kind: 'gone' }
        if (!names) return { kind: 'gone', what: 'member' }
        let done = await leaveGroup(session, groups, entry.dn, names)
        if (done === 'absent') {
          const present = await those(session, entry.dn, names, true)
          if (present.length === 0) return { kind: 'unchanged' }
          done = await leaveGroup(session, groups, entry.dn, present)
        }
        if (done === 'absent') throw movedOn()
        return { kind: done }
      }),
  }
  return {
    ...openEntries(ldap, branch, groups),
    create: creator(ldap, branch, 'cn', () => ({
      objectClass: ['top', GROUP_CLASS],
      member: [groups.placeholder],
    })),
    ...membership,
  }
}

/** All whom a group names, in an order that stays. */
async function namedBy(
  session: LdapSession,
  branch: Branch,
  groups: Groups,
  group: string,
): Promise<readonly string[]> {
  const entry = await byId(session, branch, group, ['entryUUID', 'member'])
  if (!entry) throw new AdapterFailure('protocol', 'there is no such group', { effect: 'none' })
  const isPlaceholder = anyOf([groups.placeholder])
  return entry
    .values('member')
    .filter((dn) => !isPlaceholder(dn))
    .sort()
}

/** Somebody else changes the same members of the same group. */
function movedOn(): AdapterFailure {
  const message = 'the members of the group changed meanwhile'
  return new AdapterFailure('unavailable', message, { effect: 'none', answered: true })
}

/** Of these names, those that the group has, or has not. */
async function those(
  session: LdapSession,
  group: string,
  names: readonly string[],
  present: boolean,
): Promise<string[]> {
  const answers = await inTurn(names, (dn) => session.compare(group, 'member', dn))
  return names.filter((_, index) => answers[index] === present)
}

/** The names of all of them; undefined where one is not there. */
async function namesOf(
  session: LdapSession,
  branches: Branches,
  members: readonly Member[],
): Promise<string[] | undefined> {
  const names: string[] = []
  for (const type of ['User', 'Group'] as const) {
    const ids = new Set(
      members.filter((one) => one.type === type).map(({ id }) => id.toLowerCase()),
    )
    if (ids.size === 0) continue
    const branch = branches[type]
    const equals = [...ids].map((id) => ({ equal: ['entryUUID', id] as const }))
    const { entries, isComplete } = await session.search({
      base: branch.base,
      filter: filterOf(branch, { or: equals }),
      attributes: ['entryUUID'],
      sizeLimit: MAX_PAGE,
    })
    if (!isComplete || entries.length < ids.size) return undefined
    names.push(...entries.map(({ dn }) => dn))
  }
  return names.length === 0 ? undefined : names
}

/** Whoever is a person or a group below the bases. A name that nobody has (any more) is nobody. */
async function membersNamed(
  session: LdapSession,
  branches: Branches,
  names: readonly string[],
): Promise<Member[]> {
  const members: Member[] = []
  for (const type of ['User', 'Group'] as const) {
    const branch = branches[type]
    const below = names.filter((dn) => isBelow(dn, branch.base))
    const entries =
      (await allAtOnce(session, branch, below)) ?? (await each(session, branch, below))
    members.push(...entries.map((entry) => ({ type, id: idOf(entry) })))
  }
  return members
}

/** By what they are named by, in one search; undefined where that is not to be had. */
async function allAtOnce(
  session: LdapSession,
  branch: Branch,
  names: readonly string[],
): Promise<readonly LdapEntry[] | undefined> {
  if (names.length === 0) return []
  const equals: LdapFilter[] = []
  for (const dn of names) {
    const [ava, ...others] = parseDn(dn)?.[0] ?? []
    if (!ava || others.length > 0) return undefined
    equals.push({ equal: [ava.type, ava.value] })
  }
  const { entries, isComplete } = await session.search({
    base: branch.base,
    filter: filterOf(branch, { or: equals }),
    attributes: ['entryUUID'],
    sizeLimit: 2 * MAX_PAGE,
  })
  if (!isComplete) return undefined
  // Elsewhere below the base another entry may be named alike.
  const isNamed = anyOf(names)
  return entries.filter(({ dn }) => isNamed(dn))
}

async function each(
  session: LdapSession,
  branch: Branch,
  names: readonly string[],
): Promise<readonly LdapEntry[]> {
  const isOfClass = filterOf(branch)
  const read = (dn: string) => session.read(dn, ['entryUUID'], isOfClass)
  return (await inTurn(names, read)).filter((entry) => entry !== undefined)
}

/** A few at a time, in the order of what is asked. */
async function inTurn<A, B>(of: readonly A[], ask: (one: A) => Promise<B>): Promise<readonly B[]> {
  const answers: B[] = []
  for (let at = 0; at < of.length; at += SIDE_BY_SIDE) {
    answers.push(...(await Promise.all(of.slice(at, at + SIDE_BY_SIDE).map(ask))))
  }
  return answers
}
