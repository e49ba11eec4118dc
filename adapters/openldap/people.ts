/** People: inetOrgPerson (RFC 2798), off by a lock that does not pass. */
import type { AnyPort, WritePort } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { LdapClient } from '../../src/adapter/ldap/client.ts'
import { childOf } from '../../src/adapter/ldap/dn.ts'
import { RESULT } from '../../src/adapter/ldap/result.ts'
import { askedOf, idOf, isLocked, LOCKED_FOR_GOOD, LOCKED_TIME, toObject } from './entries.ts'
import { pageOf } from './paging.ts'
import {
  type Branch,
  byId,
  byValue,
  filterOf,
  type Groups,
  inTheWay,
  leaveGroups,
  replace,
  updateEntry,
  valuesOf,
} from './tree.ts'

export type ReadWritePort = Pick<AnyPort, 'get' | 'find' | 'list'> &
  Pick<WritePort, 'update' | 'remove'>

/** What people and groups have in common. */
export function openEntries(ldap: LdapClient, branch: Branch, groups: Groups): ReadWritePort {
  const asked = askedOf(branch.attributes, ...branch.beside)
  return {
    get: (id) =>
      ldap.use(async (session) => {
        const entry = await byId(session, branch, id)
        return entry ? toObject(entry, branch.shown) : null
      }),

    find: (attribute, value) =>
      ldap.use(async (session) => {
        const entries = await byValue(session, branch, attribute, value)
        return entries.map((entry) => toObject(entry, branch.shown))
      }),

    list: (page) =>
      ldap.use(async (session) => {
        const range = { base: branch.base, filter: filterOf(branch), attributes: asked }
        const { items, next } = await pageOf(session, range, page)
        return {
          items: items.map((entry) => toObject(entry, branch.shown)),
          ...(next !== undefined && { next }),
        }
      }),

    update: (id, delta) => ldap.use((session) => updateEntry(session, branch, groups, id, delta)),

    remove: (id) =>
      ldap.use(async (session) => {
        const entry = await byId(session, branch, id, ['entryUUID'])
        if (!entry) return { kind: 'gone' }
        await leaveGroups(session, groups, entry.dn)
        const code = await session.remove(entry.dn, [RESULT.noSuchObject])
        return { kind: code === RESULT.success ? 'ok' : 'gone' }
      }),
  }
}

/** Makes an entry named by `rdn`, with classes and attributes that it holds beside. */
export function creator(
  ldap: LdapClient,
  branch: Branch,
  rdn: string,
  beside: (active: boolean | undefined) => Readonly<Record<string, readonly string[]>>,
): WritePort['create'] {
  return ({ attributes, active }) =>
    ldap.use(async (session) => {
      const [name] = valuesOf(attributes[rdn])
      if (name === undefined) {
        throw new AdapterFailure('invalid', 'the attribute of the name has no value', {
          effect: 'none',
          attributes: [rdn],
        })
      }
      const dn = childOf(branch.base, [{ type: rdn, value: name }])
      const held = Object.entries(attributes)
        .map(([attribute, value]) => [attribute, valuesOf(value)] as const)
        .filter(([, values]) => values.length > 0)
      const code = await session.add(dn, { ...Object.fromEntries(held), ...beside(active) }, [
        RESULT.entryAlreadyExists,
        RESULT.constraintViolation,
      ])
      const entry =
        code === RESULT.constraintViolation
          ? undefined
          : await session.read(dn, askedOf(branch.attributes, ...branch.beside))
      if (code === RESULT.success) {
        if (entry) return { kind: 'created', object: toObject(entry, branch.shown) }
        throw new AdapterFailure('forbidden', 'the directory does not show what was made', {
          effect: 'unknown',
        })
      }
      if (entry) return { kind: 'exists', id: idOf(entry) }
      const refusal = await inTheWay(session, branch, undefined, attributes, code)
      if (refusal.id === undefined) throw refusal
      return { kind: 'exists', id: refusal.id }
    })
}

export function openPeople(ldap: LdapClient, branch: Branch, groups: Groups, rdn: string) {
  return {
    ...openEntries(ldap, branch, groups),

    create: creator(ldap, branch, rdn, (active) => ({
      objectClass: ['top', 'person', 'organizationalPerson', 'inetOrgPerson'],
      ...(active === false && { [LOCKED_TIME]: [LOCKED_FOR_GOOD] }),
    })),

    setActive: ((id, active) =>
      ldap.use(async (session) => {
        const entry = await byId(session, branch, id)
        if (!entry) return { kind: 'gone' }
        if (isLocked(entry) !== active) return { kind: 'unchanged' }
        const lock = replace(LOCKED_TIME, active ? [] : [LOCKED_FOR_GOOD])
        const code = await session.modify(entry.dn, [lock], [RESULT.noSuchObject])
        if (code === RESULT.noSuchObject) return { kind: 'gone' }
        const changed = await session.read(entry.dn, askedOf(branch.attributes, ...branch.beside))
        return { kind: 'ok', ...(changed && { object: toObject(changed, branch.shown) }) }
      })) satisfies WritePort['setActive'],
  }
}
