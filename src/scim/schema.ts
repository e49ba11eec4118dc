/**
 * Schemas as data (RFC 7643 §2, §6, §7), and the look-up of attributes by name or URN without
 * regard to case (RFC 7643 §2.1). Every rule about an attribute is answered by its schema; no
 * shared code lists attribute names.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

/**
 * The attributes of one resource in canonical form: names in the schema's letter case, extension
 * attributes under their schema URN, unassigned attributes absent (no null, no empty array, no
 * empty complex value). Without `schemas`, `id` and `meta` until it is rendered.
 */
export type Resource = JsonObject

export type Profile = 'tolerant' | 'strict'

/** RFC 7643 §7. Characteristics that the RFC gives a default may be left out in data. */
export interface Attribute {
  readonly name: string
  readonly type:
    | 'string'
    | 'boolean'
    | 'decimal'
    | 'integer'
    | 'dateTime'
    | 'reference'
    | 'binary'
    | 'complex'
  readonly multiValued: boolean
  readonly description?: string
  readonly required: boolean
  readonly canonicalValues?: readonly string[]
  readonly caseExact: boolean
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly'
  readonly returned: 'always' | 'never' | 'default' | 'request'
  readonly uniqueness: 'none' | 'server' | 'global'
  readonly referenceTypes?: readonly string[]
  readonly subAttributes?: readonly Attribute[]
}

export interface Schema {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly Attribute[]
}

/** RFC 7643 §6. */
export interface ResourceType {
  readonly id: string
  readonly name: string
  readonly description: string
  /** Relative to the SCIM base, for example `/Users`. */
  readonly endpoint: string
  readonly schema: string
  readonly schemaExtensions: readonly { readonly schema: string; readonly required: boolean }[]
}

/** Where an attribute lives in a resource: the extension's URN (absent for core) and the names. */
export interface AttributeRef {
  /** URN of the extension that holds the attribute; undefined for core and common attributes. */
  readonly urn: string | undefined
  readonly attribute: Attribute
  /** Present when the name had a second part (`name.givenName`). */
  readonly subAttribute: Attribute | undefined
}

const DEFAULTS = {
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
} as const

/** Completes an attribute given as data with the defaults of RFC 7643 §2.2. */
export function attribute(
  partial: Partial<Omit<Attribute, 'subAttributes'>> & {
    name: string
    type: Attribute['type']
    subAttributes?: readonly Attribute[]
  },
): Attribute {
  return { ...DEFAULTS, ...partial }
}

/** Attributes of every resource (RFC 7643 §3.1), which no schema document lists. */
export const COMMON_ATTRIBUTES: readonly Attribute[] = [
  attribute({
    name: 'schemas',
    type: 'reference',
    multiValued: true,
    caseExact: true,
    returned: 'always',
  }),
  attribute({
    name: 'id',
    type: 'string',
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute({ name: 'externalId', type: 'string', caseExact: true }),
  attribute({
    name: 'meta',
    type: 'complex',
    mutability: 'readOnly',
    subAttributes: [
      attribute({ name: 'resourceType', type: 'string', caseExact: true, mutability: 'readOnly' }),
      attribute({ name: 'created', type: 'dateTime', mutability: 'readOnly' }),
      attribute({ name: 'lastModified', type: 'dateTime', mutability: 'readOnly' }),
      attribute({ name: 'location', type: 'reference', caseExact: true, mutability: 'readOnly' }),
      attribute({ name: 'version', type: 'string', caseExact: true, mutability: 'readOnly' }),
    ],
  }),
]

/** A resource type with its schemas, ready for look-ups. Build once per connection. */
export class ResourceDefinition {
  readonly type: ResourceType
  readonly core: Schema
  readonly extensions: readonly Schema[]
  /** Names fold to lower case: RFC 7643 §2.1 makes attribute names case-insensitive. */
  readonly #core = new Map<string, Attribute>()
  readonly #extensions = new Map<string, { schema: Schema; names: Map<string, Attribute> }>()

  constructor(type: ResourceType, core: Schema, extensions: readonly Schema[]) {
    this.type = type
    this.core = core
    this.extensions = extensions
    for (const a of [...COMMON_ATTRIBUTES, ...core.attributes]) {
      this.#core.set(a.name.toLowerCase(), a)
    }
    for (const schema of extensions) {
      const names = new Map(schema.attributes.map((a) => [a.name.toLowerCase(), a]))
      this.#extensions.set(schema.id.toLowerCase(), { schema, names })
    }
  }

  /** Core and common attributes. */
  get attributes(): Iterable<Attribute> {
    return this.#core.values()
  }

  /** The extension with this URN, in any letter case. */
  extension(urn: string): Schema | undefined {
    return this.#extensions.get(urn.toLowerCase())?.schema
  }

  coreAttribute(name: string): Attribute | undefined {
    return this.#core.get(name.toLowerCase())
  }

  extensionAttribute(urn: string, name: string): Attribute | undefined {
    return this.#extensions.get(urn.toLowerCase())?.names.get(name.toLowerCase())
  }

  /** Extension attributes by bare name, for clients that do not qualify them; core wins. */
  unqualified(name: string): { urn: string | undefined; attribute: Attribute } | undefined {
    const core = this.coreAttribute(name)
    if (core) return { urn: undefined, attribute: core }
    for (const { schema, names } of this.#extensions.values()) {
      const found = names.get(name.toLowerCase())
      if (found) return { urn: schema.id, attribute: found }
    }
    return undefined
  }
}

/** Sub-attributes by their own and by their lower-case name. */
const subAttributes = new WeakMap<Attribute, ReadonlyMap<string, Attribute>>()

export function subAttribute(parent: Attribute, name: string): Attribute | undefined {
  if (!parent.subAttributes) return undefined
  let names = subAttributes.get(parent)
  if (!names) {
    names = new Map(
      parent.subAttributes.flatMap((a) => [
        [a.name.toLowerCase(), a] as const,
        [a.name, a] as const,
      ]),
    )
    subAttributes.set(parent, names)
  }
  return names.get(name) ?? names.get(name.toLowerCase())
}

/**
 * Folds a string for comparison where `caseExact` is false: Unicode NFC, then lower case. The same
 * function makes claim keys, so that what a filter finds and what a claim forbids never differ.
 */
export function foldCase(value: string): string {
  return (isAscii(value) ? value : value.normalize('NFC')).toLowerCase()
}

/** ASCII is in every normal form already. */
function isAscii(value: string): boolean {
  for (let at = 0; at < value.length; at += 1) if (value.charCodeAt(at) > 0x7f) return false
  return true
}
