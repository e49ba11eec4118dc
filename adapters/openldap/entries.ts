/** Entries of people and groups as the adapter shows them, and what of an entry is asked for. */
import type { AttributeSpec, Attributes, NativeObject, Value } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { foldDn, parseDn, type Rdn } from '../../src/adapter/ldap/dn.ts'
import type { LdapEntry } from '../../src/adapter/ldap/response.ts'

export type Held = Readonly<Record<string, AttributeSpec>>

/** draft-behera-ldap-password-policy §5.3.3: locked until somebody lifts it. Any other time passes. */
export const LOCKED_FOR_GOOD = '000001010000Z'
export const LOCKED_TIME = 'pwdAccountLockedTime'

const OPERATIONAL = ['entryUUID', 'createTimestamp', 'modifyTimestamp']

export function askedOf(attributes: Held, ...more: readonly string[]): string[] {
  return [...Object.keys(attributes), ...OPERATIONAL, ...more]
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** RFC 4530: what an entry keeps when it is renamed. */
export function idOf(entry: LdapEntry): string {
  const [id = ''] = entry.values('entryUUID')
  if (UUID.test(id)) return id.toLowerCase()
  const message = 'the directory does not show the entryUUID of an entry'
  throw new AdapterFailure('forbidden', message, { effect: 'none' })
}

/** The values of an entry; of one that is its name, that which the name has comes first. */
export function attributesOf(entry: LdapEntry, attributes: Held): Attributes {
  const [rdn = []] = parseDn(entry.dn) ?? []
  const held: Record<string, Value> = {}
  for (const [name, { multiValued }] of Object.entries(attributes)) {
    const values = entry.values(name)
    if (values.length === 0) continue
    if (multiValued) held[name] = [...values]
    else held[name] = inName(rdn, name, values) ?? values[0] ?? null
  }
  return held
}

function inName(rdn: Rdn, name: string, values: readonly string[]): string | undefined {
  const named = rdn.find(({ type }) => type.toLowerCase() === name.toLowerCase())
  return values.find((value) => value.toLowerCase() === named?.value.toLowerCase())
}

export interface Shown {
  readonly attributes: Held
  /** Names that nobody may write. */
  readonly isProtected: (dn: string) => boolean
  /** True: the directory has a lock, and `active` says so. */
  readonly hasLock: boolean
}

export function toObject(entry: LdapEntry, shown: Shown): NativeObject {
  const created = isoOf(entry.values('createTimestamp')[0])
  const modified = isoOf(entry.values('modifyTimestamp')[0])
  return {
    id: idOf(entry),
    attributes: attributesOf(entry, shown.attributes),
    ...(shown.hasLock && { active: !isLocked(entry) }),
    ...(shown.isProtected(entry.dn) && { protected: true }),
    ...(created && { createdAt: created, fingerprint: created }),
    ...(modified && { modifiedAt: modified }),
  }
}

export function isLocked(entry: LdapEntry): boolean {
  return entry.values(LOCKED_TIME).includes(LOCKED_FOR_GOOD)
}

/** GeneralizedTime (RFC 4517 §3.3.13), as directories write timestamps; undefined for any other. */
function isoOf(time: string | undefined): string | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/.exec(time ?? '')
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second] = parts
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
}

/** Whether an entry has one of these names, in any way of writing them. */
export function anyOf(names: readonly string[]): (dn: string) => boolean {
  const folded = new Set(names.map(foldDn))
  return (dn) => folded.has(foldDn(dn))
}
