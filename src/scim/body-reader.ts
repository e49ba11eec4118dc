import { attributePath, findAttribute } from './attribute-name.ts'
import { ScimError } from './error.ts'
import type {
  Attribute,
  AttributeRef,
  Json,
  JsonObject,
  Profile,
  Resource,
  ResourceDefinition,
} from './schema.ts'
import { coerceValue, isObject, isUnassigned } from './values.ts'

/** Collects the attributes of one body. Only names taken from a schema become keys. */
export class BodyReader {
  readonly ignored: string[] = []
  readonly #definition: ResourceDefinition
  readonly #profile: Profile
  readonly #resource: Resource = {}
  readonly #seen = new Set<string>()
  /** Values under names that are not the attribute's own: they yield to those that are. */
  readonly #aliased: { key: string; ref: AttributeRef; value: Json }[] = []

  constructor(definition: ResourceDefinition, profile: Profile) {
    this.#definition = definition
    this.#profile = profile
  }

  read(body: JsonObject): void {
    for (const [key, value] of Object.entries(body)) {
      const attribute = this.#definition.coreAttribute(key)
      const extension = this.#definition.extension(key)
      if (attribute) this.#put(undefined, attribute, value)
      else if (extension) this.#readExtension(extension.id, value)
      else this.#readAlias(key, value)
    }
  }

  finish(): Resource {
    for (const { key, ref, value } of this.#aliased) {
      if (!this.#putAlias(ref, value)) this.ignored.push(key)
    }
    return this.#resource
  }

  #readExtension(urn: string, value: Json): void {
    this.#once(urn)
    if (isUnassigned(value, this.#profile)) return
    if (!isObject(value)) throw new ScimError('invalidValue', `"${urn}" must be a JSON object.`)
    for (const [key, part] of Object.entries(value)) {
      const attribute = this.#definition.extensionAttribute(urn, key)
      if (attribute) this.#put(urn, attribute, part)
      else this.#unknown(`${urn}:${key}`, part)
    }
  }

  /** Tolerant only: `department`, `manager.value`, `urn:...:User:department`, a core block. */
  #readAlias(key: string, value: Json): void {
    const isCore = key.toLowerCase() === this.#definition.core.id.toLowerCase()
    if (this.#profile === 'strict') {
      this.#unknown(key, value)
    } else if (isCore && isObject(value)) {
      for (const [name, part] of Object.entries(value)) this.#alias(`${key}:${name}`, part)
    } else {
      this.#alias(key, value)
    }
  }

  #alias(key: string, value: Json): void {
    const ref = findAttribute(this.#definition, key)
    if (ref) this.#aliased.push({ key, ref, value })
    else this.#unknown(key, value)
  }

  #unknown(key: string, value: Json): void {
    // A null for an attribute that we do not know asks for nothing (Entra sends many).
    if (this.#profile === 'strict' && !isUnassigned(value, this.#profile)) {
      throw new ScimError('invalidSyntax', `"${key}" is not an attribute of this resource type.`)
    }
    this.ignored.push(key)
  }

  #once(name: string): void {
    const folded = name.toLowerCase()
    if (this.#seen.has(folded)) {
      throw new ScimError('invalidSyntax', `"${name}" is given more than once.`)
    }
    this.#seen.add(folded)
  }

  #put(urn: string | undefined, attribute: Attribute, value: Json): void {
    this.#once(attributePath(urn, attribute))
    const coerced = this.#coerce(urn, attribute, value)
    if (coerced !== undefined) this.#holder(urn)[attribute.name] = coerced
  }

  /** False where the value yields to one that is there, or names one part of many values. */
  #putAlias({ urn, attribute, subAttribute }: AttributeRef, value: Json): boolean {
    if (subAttribute && attribute.multiValued) return false
    if (subAttribute?.mutability === 'readOnly') return true
    const given = subAttribute ? { [subAttribute.name]: value } : value
    const coerced = this.#coerce(urn, attribute, given)
    if (coerced === undefined) return true
    const holder = this.#holder(urn)
    const held = holder[attribute.name]
    if (held === undefined) {
      holder[attribute.name] = coerced
      return true
    }
    if (!subAttribute || !isObject(held) || subAttribute.name in held) return false
    holder[attribute.name] = { ...held, ...(isObject(coerced) && coerced) }
    return true
  }

  #coerce(urn: string | undefined, attribute: Attribute, value: Json): Json | undefined {
    // `schemas` is answered by what the resource holds; readOnly is ours to state
    if (attribute.mutability === 'readOnly' || attribute.name === 'schemas') return undefined
    const path = attributePath(urn, attribute)
    return coerceValue(attribute, value, this.#profile, { path, ignored: this.ignored })
  }

  #holder(urn: string | undefined): JsonObject {
    if (urn === undefined) return this.#resource
    const held = this.#resource[urn]
    if (isObject(held)) return held
    const block: JsonObject = {}
    this.#resource[urn] = block
    return block
  }
}
