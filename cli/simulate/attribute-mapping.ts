/**
 * Entra's default attribute mappings for users (Microsoft Learn, "Understand how provisioning
 * integrates with SCIM"): which value goes to which SCIM path. Deliberately not the gateway's own
 * code for paths: a client that shares it would share its mistakes.
 */
import type { Person } from './directory.ts'

export const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP_URN = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const ENTERPRISE_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

export type JsonObject = { [name: string]: unknown }

/** A SCIM path in the few shapes that Entra's mappings have. */
export interface Target {
  readonly path: string
  /** URN of the extension that holds the attribute; undefined: core. */
  readonly extension: string | undefined
  readonly attribute: string
  /** Of `attribute[type eq "..."].subAttribute`. */
  readonly type: string | undefined
  readonly subAttribute: string | undefined
  /** "Exact case" in the portal: otherwise a difference in letter case alone is none. */
  readonly exact: boolean
}

export interface MappedValue {
  readonly target: Target
  readonly value: string | boolean
}

type Source = (person: Person) => string | boolean | undefined

const PATH =
  /^(?:(?<extension>urn:.+):)?(?<attribute>\w+)(?:\[type eq "(?<type>\w+)"\])?(?:\.(?<subAttribute>\w+))?$/

export function target(path: string, exact = false): Target {
  const groups = PATH.exec(path)?.groups
  if (!groups) throw new TypeError(`not a path of a mapping: ${path}`)
  const { extension, attribute = '', type, subAttribute } = groups
  return { path, extension, attribute, type, subAttribute, exact }
}

const USER_MAPPINGS: readonly (readonly [Source, Target])[] = [
  [(p) => p.userPrincipalName, target('userName')],
  [(p) => p.accountEnabled, target('active')],
  [(p) => p.displayName, target('displayName')],
  [(p) => p.jobTitle, target('title')],
  [(p) => p.mail, target('emails[type eq "work"].value')],
  [(p) => p.preferredLanguage, target('preferredLanguage')],
  [(p) => p.givenName, target('name.givenName')],
  [(p) => p.surname, target('name.familyName')],
  [(p) => p.displayName, target('name.formatted')],
  [(p) => p.physicalDeliveryOfficeName, target('addresses[type eq "work"].formatted')],
  [(p) => p.streetAddress, target('addresses[type eq "work"].streetAddress')],
  [(p) => p.city, target('addresses[type eq "work"].locality')],
  [(p) => p.postalCode, target('addresses[type eq "work"].postalCode')],
  [(p) => p.country, target('addresses[type eq "work"].country')],
  [(p) => p.telephoneNumber, target('phoneNumbers[type eq "work"].value')],
  [(p) => p.mobile, target('phoneNumbers[type eq "mobile"].value')],
  [(p) => p.proxyAddress, target('emails[type eq "other"].value')],
  [(p) => p.mailNickname, target('externalId', true)],
  [(p) => p.employeeId, target(`${ENTERPRISE_URN}:employeeNumber`)],
  [(p) => p.department, target(`${ENTERPRISE_URN}:department`)],
]

/** What Entra wants the SCIM resource of a person to say. What is not set is not sent. */
export function mapPerson(person: Person): MappedValue[] {
  return USER_MAPPINGS.flatMap(([source, to]) => {
    const value = source(person)
    return value === undefined ? [] : [{ target: to, value }]
  })
}

/** What a resource says at a target. */
export function readTarget(resource: JsonObject, at: Target): unknown {
  const holder = at.extension === undefined ? resource : asObject(resource[at.extension])
  const held = holder?.[at.attribute]
  const element =
    at.type === undefined
      ? held
      : asList(held).find((one) => String(asObject(one)?.['type']).toLowerCase() === at.type)
  return at.subAttribute === undefined ? element : asObject(element)?.[at.subAttribute]
}

/** Puts a value into a resource under construction. */
function writeTarget(resource: JsonObject, at: Target, value: unknown): void {
  const holder = at.extension === undefined ? resource : child(resource, at.extension)
  if (at.subAttribute === undefined) {
    holder[at.attribute] = value
  } else if (at.type === undefined) {
    child(holder, at.attribute)[at.subAttribute] = value
  } else {
    holder[at.attribute] ??= []
    const list = holder[at.attribute] as JsonObject[]
    let element = list.find((one) => one['type'] === at.type)
    if (!element) {
      element = { ...(at.type === 'work' && { primary: true }), type: at.type }
      list.push(element)
    }
    element[at.subAttribute] = value
  }
}

/** The body of `POST /Users` in Entra's shape: the same in both dialects. */
export function userBody(values: readonly MappedValue[]): JsonObject {
  const body: JsonObject = {
    // Both URNs, also where there is no enterprise data.
    schemas: [USER_URN, ENTERPRISE_URN],
    meta: { resourceType: 'User' },
    roles: [],
  }
  for (const { target: at, value } of values) writeTarget(body, at, value)
  return body
}

function child(holder: JsonObject, name: string): JsonObject {
  const held = asObject(holder[name]) ?? {}
  holder[name] = held
  return held
}

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
