/** A user as Microsoft Graph writes it down, as the SCIM resource that Entra would send. */
import { parsePath, setAt } from '../scim/path.ts'
import type { Json, Resource, ResourceDefinition } from '../scim/schema.ts'

/** One object of an export, by Graph's names. */
export type ExportedUser = Readonly<Record<string, unknown>>

/**
 * Entra's default attribute mapping for a SCIM app (Microsoft Learn, "Develop and plan provisioning
 * for a SCIM endpoint"): SCIM path to the names that the value goes by in Graph and in the portal's
 * CSV; the first that has one counts.
 */
export const DEFAULT_MAPPING: Readonly<Record<string, readonly string[]>> = {
  userName: ['userPrincipalName'],
  active: ['accountEnabled'],
  displayName: ['displayName'],
  title: ['jobTitle'],
  'emails[type eq "work"].value': ['mail'],
  preferredLanguage: ['preferredLanguage'],
  'name.givenName': ['givenName'],
  'name.familyName': ['surname'],
  'name.formatted': ['displayName'],
  'phoneNumbers[type eq "work"].value': ['businessPhones', 'telephoneNumber'],
  'phoneNumbers[type eq "mobile"].value': ['mobilePhone', 'mobile'],
  externalId: ['mailNickname'],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber': ['employeeId'],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department': ['department'],
}

/** `changed`: SCIM path to Graph name, where the client's mapping is not the default one. */
export function toResource(
  definition: ResourceDefinition,
  user: ExportedUser,
  changed: Readonly<Record<string, string>>,
): Resource {
  const mapping = {
    ...DEFAULT_MAPPING,
    ...Object.fromEntries(Object.entries(changed).map(([path, name]) => [path, [name]])),
  }
  const byName = new Map(Object.entries(user).map(([name, value]) => [name.toLowerCase(), value]))
  let resource: Resource = {}
  for (const [text, names] of Object.entries(mapping)) {
    const path = parsePath(definition, text, 'tolerant')
    if (path.kind !== 'attribute') continue
    const { attribute, subAttribute } = path.ref
    const isSwitch = (subAttribute ?? attribute).type === 'boolean'
    const found = names.map((name) => simple(byName.get(name.toLowerCase()))).find(isGiven)
    const value = isSwitch ? toBoolean(found) : found
    if (value !== undefined) resource = setAt(resource, path, value)
  }
  return resource
}

/** Names in `changed` that no resource of this type has. */
export function unknownPaths(
  definition: ResourceDefinition,
  changed: Readonly<Record<string, string>>,
): string[] {
  return Object.keys(changed).filter((text) => {
    const path = parsePath(definition, text, 'tolerant')
    return path.kind !== 'attribute'
  })
}

/** Graph gives some single values as arrays (`businessPhones`); CSV has text alone. */
function simple(value: unknown): Json | undefined {
  if (Array.isArray(value)) return simple(value[0])
  if (typeof value === 'string') return value.trim()
  return typeof value === 'boolean' || typeof value === 'number' ? value : undefined
}

const isGiven = (value: Json | undefined) => value !== undefined && value !== ''

function toBoolean(value: Json | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value
  return typeof value === 'string' ? value.toLowerCase() === 'true' : undefined
}
