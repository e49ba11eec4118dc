/** Entries in their branch of the tree: found, changed, and followed by the groups that name them. */
import type { Delta, Value, WriteOutcome } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { childOf, parentOf, parseDn, writeRdn } from '../../src/adapter/ldap/dn.ts'
import type { LdapFilter } from '../../src/adapter/ldap/filter.ts'
import type { LdapEntry } from '../../src/adapter/ldap/response.ts'
import { RESULT } from '../../src/adapter/ldap/result.ts'
import type { LdapChange, LdapSession } from '../../src/adapter/ldap/session.ts'
import { askedOf, type Held, idOf, type Shown, toObject } from './entries.ts'
import { MAX_PAGE } from './paging.ts'

/** Where people are, or groups. */
export interface Branch {
  readonly base: string
  readonly objectClass: string
  readonly attributes: Held
  /** Those that no two entries may share, as far as the directory or we see to that. */
  readonly unique: readonly string[]
  readonly shown: Shown
  /** What is asked for beside the attributes. */
  readonly beside: readonly string[]
}

/** Where members are named: every group below the base. */
export interface Groups {
  readonly base: string
  readonly placeholder: string
}

export const GROUP_CLASS = 'groupOfNames'

export function filterOf({ objectClass }: Branch, ...more: readonly LdapFilter[]): LdapFilter {
  return { and: [{ equal: ['objectClass', objectClass] }, ...more] }
}

export async function byId(
  session: LdapSession,
  branch: Branch,
  id: string,
  attributes: readonly string[] = askedOf(branch.attributes, ...branch.beside),
): Promise<LdapEntry | undefined> {
  const filter = filterOf(branch, { equal: ['entryUUID', id] })
  const { entries } = await session.search({ base: branch.base, filter, attributes, sizeLimit: 2 })
  return entries[0]
}

/** Everybody with this value. @throws {AdapterFailure} where they are more than one page */
export async function byValue(
  session: LdapSession,
  branch: Branch,
  attribute: string,
  value: string,
): Promise<readonly LdapEntry[]> {
  if (value === '') return []
  const { entries, isComplete } = await session.search({
    base: branch.base,
    filter: filterOf(branch, { equal: [attribute, value] }),
    attributes: askedOf(branch.attributes, ...branch.beside),
    sizeLimit: MAX_PAGE,
  })
  if (isComplete) return entries
  throw new AdapterFailure('protocol', 'too many entries have one value', { effect: 'none' })
}

/** Attributes as LDAP holds them: text, and no empty one. */
export function valuesOf(value: Value | undefined): string[] {
  const values = Array.isArray(value) ? value : [value]
  return values
    .filter((one) => one !== null && one !== undefined && one !== '')
    .map((one) => String(one))
}

/**
 * Changes an entry, and its name first where an attribute of the name changes: if the new name is
 * taken, nothing has changed.
 */
export async function updateEntry(
  session: LdapSession,
  branch: Branch,
  groups: Groups,
  id: string,
  { set, unset }: Delta,
): Promise<WriteOutcome> {
  const entry = await byId(session, branch, id)
  if (!entry) return { kind: 'gone' }
  const [rdn = []] = parseDn(entry.dn) ?? []
  const isInName = (name: string) => rdn.some((ava) => sameType(ava.type, name))
  const newRdn = rdn.map((ava) => {
    const name = Object.keys(set).find((one) => sameType(one, ava.type))
    const [value = ava.value] = name === undefined ? [] : valuesOf(set[name])
    return { type: ava.type, value }
  })
  let { dn } = entry
  if (writeRdn(newRdn) !== writeRdn(rdn)) {
    const code = await session.rename(dn, writeRdn(newRdn), [
      RESULT.entryAlreadyExists,
      RESULT.constraintViolation,
      RESULT.noSuchObject,
    ])
    if (code === RESULT.noSuchObject) return { kind: 'gone' }
    if (code !== RESULT.success) throw await inTheWay(session, branch, id, set, code)
    dn = childOf(parentOf(dn), newRdn)
    await follow(session, groups, entry.dn, dn)
  }
  const changes: LdapChange[] = [
    ...Object.entries(set).map(([name, value]) => replace(name, valuesOf(value))),
    ...unset.map((name) => replace(name, [])),
  ].filter(({ attribute }) => !isInName(attribute))
  if (changes.length > 0) {
    const code = await session.modify(dn, changes, [
      RESULT.constraintViolation,
      RESULT.noSuchObject,
    ])
    if (code === RESULT.noSuchObject) return { kind: 'gone' }
    if (code !== RESULT.success) throw await inTheWay(session, branch, id, set, code)
  }
  const changed = await session.read(dn, askedOf(branch.attributes, ...branch.beside))
  return { kind: 'ok', ...(changed && { object: toObject(changed, branch.shown) }) }
}

export const replace = (attribute: string, values: readonly string[]): LdapChange => ({
  how: 'replace',
  attribute,
  values,
})

function sameType(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/**
 * What a refusal means: `constraintViolation` is a value that another entry has (overlay `unique`), or
 * one that breaks some other rule; the directory says which only in prose.
 */
export async function inTheWay(
  session: LdapSession,
  branch: Branch,
  id: string | undefined,
  wanted: Readonly<Record<string, Value>>,
  code: number,
): Promise<AdapterFailure & { readonly id?: string }> {
  for (const attribute of branch.unique) {
    for (const value of valuesOf(wanted[attribute])) {
      const others = await byValue(session, branch, attribute, value)
      const other = others.find((entry) => idOf(entry) !== id)
      if (other) return taken([attribute], idOf(other))
    }
  }
  if (code === RESULT.entryAlreadyExists) return taken([], undefined)
  const attributes = Object.keys(wanted)
  const message = 'the directory refuses a value (constraintViolation)'
  return new AdapterFailure('invalid', message, { effect: 'none', answered: true, attributes })
}

function taken(attributes: readonly string[], id: string | undefined) {
  const message = 'another entry of the directory has this value'
  const info = { effect: 'none', answered: true, attributes } as const
  return Object.assign(new AdapterFailure('conflict', message, info), id !== undefined && { id })
}

// ---- groups that name an entry ---------------------------------------------------------------------

async function groupsNaming(session: LdapSession, { base }: Groups, dn: string) {
  const { entries } = await session.search({
    base,
    filter: { and: [{ equal: ['objectClass', GROUP_CLASS] }, { equal: ['member', dn] }] },
    attributes: ['entryUUID'],
  })
  return entries.map((entry) => entry.dn)
}

/** The overlay `refint` does the same, a little later, where there is one: either may be first. */
const MAY_BE_DONE = [RESULT.noSuchAttribute, RESULT.attributeOrValueExists, RESULT.noSuchObject]

/** Groups know a renamed entry by its new name. */
async function follow(
  session: LdapSession,
  groups: Groups,
  before: string,
  dn: string,
): Promise<void> {
  for (const group of await groupsNaming(session, groups, before)) {
    const leave: LdapChange = { how: 'delete', attribute: 'member', values: [before] }
    const join: LdapChange = { how: 'add', attribute: 'member', values: [dn] }
    await session.modify(group, [leave, join], MAY_BE_DONE)
  }
}

/**
 * Nobody is named by a group who is no more: the next entry of that name would be its member.
 */
export async function leaveGroups(session: LdapSession, groups: Groups, dn: string): Promise<void> {
  for (const group of await groupsNaming(session, groups, dn)) {
    await leaveGroup(session, groups, group, [dn])
  }
}

/** All at once or none. A group keeps one member at least (`groupOfNames`): the placeholder. */
export async function leaveGroup(
  session: LdapSession,
  { placeholder }: Groups,
  group: string,
  members: readonly string[],
): Promise<'ok' | 'absent' | 'gone'> {
  const leave: LdapChange = { how: 'delete', attribute: 'member', values: members }
  const stay: LdapChange = { how: 'add', attribute: 'member', values: [placeholder] }
  const expect = [RESULT.noSuchAttribute, RESULT.noSuchObject, RESULT.objectClassViolation]
  let code = await session.modify(group, [leave], expect)
  if (code === RESULT.objectClassViolation) {
    code = await session.modify(group, [stay, leave], [RESULT.noSuchAttribute, RESULT.noSuchObject])
  }
  if (code === RESULT.noSuchObject) return 'gone'
  return code === RESULT.success ? 'ok' : 'absent'
}
