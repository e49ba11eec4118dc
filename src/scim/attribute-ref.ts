/**
 * Attribute names as clients write them (`attrPath` of RFC 7644 §3.4.2.2, figure 1, and §3.10),
 * resolved against the schemas of a resource type.
 */
import {
  type Attribute,
  type AttributeRef,
  type Profile,
  type ResourceDefinition,
  subAttribute,
} from './schema.ts'

/** An extension's URN alone: all attributes of the extension. */
export interface ExtensionRef {
  readonly urn: string
  readonly attribute: undefined
  readonly subAttribute: undefined
}

/** Lower-case schema URNs of a definition, the longest first so that no prefix shadows another. */
const schemaUrns = new WeakMap<ResourceDefinition, readonly { folded: string; urn?: string }[]>()

function urnsOf(definition: ResourceDefinition) {
  let urns = schemaUrns.get(definition)
  if (!urns) {
    urns = [
      { folded: definition.core.id.toLowerCase() },
      ...definition.extensions.map(({ id }) => ({ folded: id.toLowerCase(), urn: id })),
    ].sort((a, b) => b.folded.length - a.folded.length)
    schemaUrns.set(definition, urns)
  }
  return urns
}

/**
 * Resolves `[URN ":"] name ["." subName]` without regard to case; undefined where no schema of the
 * resource type has that attribute. The tolerant profile also knows extension attributes by bare
 * name, and the URN followed by a dot (`…:User.department`), which Entra sent in 2018.
 */
export function resolveName(
  definition: ResourceDefinition,
  text: string,
  profile: Profile,
): AttributeRef | ExtensionRef | undefined {
  if (text.includes(':')) return resolveQualified(definition, text, profile)
  const dot = text.indexOf('.')
  const name = dot < 0 ? text : text.slice(0, dot)
  const core = definition.coreAttribute(name)
  const found =
    core || profile === 'strict'
      ? core && { urn: undefined, attribute: core }
      : definition.unqualified(name)
  if (!found) return undefined
  return withSub(found.urn, found.attribute, dot < 0 ? undefined : text.slice(dot + 1), profile)
}

function resolveQualified(
  definition: ResourceDefinition,
  text: string,
  profile: Profile,
): AttributeRef | ExtensionRef | undefined {
  const folded = text.toLowerCase()
  for (const schema of urnsOf(definition)) {
    if (!folded.startsWith(schema.folded)) continue
    const { urn } = schema
    const rest = text.slice(schema.folded.length)
    if (rest === '') {
      return urn === undefined ? undefined : { urn, attribute: undefined, subAttribute: undefined }
    }
    if (rest[0] !== ':' && !(rest[0] === '.' && profile === 'tolerant')) continue
    const dot = rest.indexOf('.', 1)
    const name = rest.slice(1, dot < 0 ? undefined : dot)
    const found = urn ? definition.extensionAttribute(urn, name) : definition.coreAttribute(name)
    if (found) return withSub(urn, found, dot < 0 ? undefined : rest.slice(dot + 1), profile)
  }
  return undefined
}

function withSub(
  urn: string | undefined,
  attribute: Attribute,
  subName: string | undefined,
  profile: Profile,
): AttributeRef | undefined {
  if (subName === undefined) return { urn, attribute, subAttribute: undefined }
  // RFC 7643 §2.4: the elements of a multi-valued attribute have a `value`, simple ones too.
  if (profile === 'tolerant' && isValueOfSimple(attribute, subName)) {
    return { urn, attribute, subAttribute: undefined }
  }
  const sub = subAttribute(attribute, subName)
  return sub && { urn, attribute, subAttribute: sub }
}

function isValueOfSimple(attribute: Attribute, subName: string): boolean {
  return attribute.multiValued && attribute.type !== 'complex' && subName.toLowerCase() === 'value'
}

/** The canonical text of an attribute reference. */
export function printRef(ref: AttributeRef | ExtensionRef): string {
  if (!ref.attribute) return ref.urn
  const name = ref.urn === undefined ? ref.attribute.name : `${ref.urn}:${ref.attribute.name}`
  return ref.subAttribute ? `${name}.${ref.subAttribute.name}` : name
}

/** What an error repeats of a name that a client gave: no mail address or telephone number is one. */
export function shownName(name: string): string {
  return /^[a-z$][\w.:$-]{0,99}$/i.test(name) ? `"${name}"` : 'something that is no name'
}
