/** Resources in request bodies (RFC 7644 §3.3, §3.5.1) and in responses (RFC 7643 §3). */
import { attributePath } from './attribute-name.ts'
import { BodyReader } from './body-reader.ts'
import { ScimError } from './error.ts'
import type {
  Attribute,
  Json,
  JsonObject,
  Profile,
  Resource,
  ResourceDefinition,
} from './schema.ts'
import { equalValues, isObject } from './values.ts'

export interface ParsedResource {
  readonly resource: Resource
  /** Names in the body that no schema knows, as they were sent. */
  readonly ignored: readonly string[]
}

/**
 * The resource in the body of a POST or PUT, in canonical form. readOnly attributes are left out
 * without complaint (RFC 7644 §3.3).
 *
 * @throws {ScimError} `invalidSyntax` where the body is no resource of this type, `invalidValue`
 *   naming the attribute whose value is wrong or missing
 */
export function parseResource(
  definition: ResourceDefinition,
  body: unknown,
  profile: Profile,
): ParsedResource {
  if (!isObject(body)) {
    throw new ScimError('invalidSyntax', 'The body must be a JSON object that holds one resource.')
  }
  if (profile === 'strict') checkSchemas(definition, body)
  const reader = new BodyReader(definition, profile)
  reader.read(body)
  const resource = reader.finish()
  checkRequired(definition, resource, profile)
  return { resource, ignored: reader.ignored }
}

/**
 * RFC 7643 §3: `schemas` names the resource's own schema. URNs it names besides, and extensions it
 * does not name, are let pass in both profiles: Entra lists a group URN of its own and leaves out
 * custom extensions.
 */
function checkSchemas(definition: ResourceDefinition, body: JsonObject): void {
  const key = Object.keys(body).find((name) => name.toLowerCase() === 'schemas')
  const schemas = key === undefined ? undefined : body[key]
  const core = definition.core.id
  const named =
    Array.isArray(schemas) &&
    schemas.some((urn) => typeof urn === 'string' && urn.toLowerCase() === core.toLowerCase())
  if (!named) throw new ScimError('invalidSyntax', `"schemas" must be an array with "${core}".`)
}

/**
 * Refuses a resource that lacks a required attribute, or holds an empty one (RFC 7643 §2.2). An
 * extension's own required attributes count where the extension is required or has data.
 *
 * @throws {ScimError} `invalidValue`
 */
export function checkRequired(
  definition: ResourceDefinition,
  resource: Resource,
  profile: Profile,
): void {
  checkRequiredIn(definition.attributes, undefined, resource, profile)
  for (const { id, attributes } of definition.extensions) {
    const block = resource[id]
    const { required } = definition.type.schemaExtensions.find(({ schema }) => schema === id) ?? {}
    if (isObject(block)) checkRequiredIn(attributes, id, block, profile)
    else if (required) throw new ScimError('invalidValue', `The extension "${id}" is required.`)
  }
}

function checkRequiredIn(
  attributes: Iterable<Attribute>,
  urn: string | undefined,
  holder: JsonObject,
  profile: Profile,
): void {
  for (const attribute of attributes) {
    if (attribute.mutability === 'readOnly' || attribute.name === 'schemas') continue
    const value = holder[attribute.name]
    const path = attributePath(urn, attribute)
    if (attribute.required && isBlank(value)) throw missing(path)
    // Entra's mappings send parts of complex values; only the strict profile insists on all.
    if (profile === 'tolerant' || !attribute.subAttributes) continue
    for (const element of Array.isArray(value) ? value : [value]) {
      if (!isObject(element)) continue
      const lacking = attribute.subAttributes.find((s) => s.required && isBlank(element[s.name]))
      if (lacking) throw missing(`${path}.${lacking.name}`)
    }
  }
}

/** What a required attribute must not be. */
export function isBlank(value: Json | undefined): boolean {
  return value === undefined || (typeof value === 'string' && value.trim() === '')
}

function missing(path: string): ScimError {
  return new ScimError('invalidValue', `"${path}" is required and must not be empty.`)
}

/**
 * RFC 7644 §3.5.1: a PUT may set an immutable attribute once and must repeat it afterwards. One
 * that it leaves out stays: returns `after` with it. Elements of multi-valued attributes may come
 * and go as wholes, so their parts are not compared.
 *
 * @throws {ScimError} `mutability` naming the attribute
 */
export function checkImmutable(
  definition: ResourceDefinition,
  before: Resource,
  after: Resource,
): Resource {
  const kept = keepImmutable(definition.attributes, undefined, before, after)
  for (const { id, attributes } of definition.extensions) {
    const [old, now] = [before[id], kept[id]]
    if (!isObject(old)) continue
    const block = keepImmutable(attributes, id, old, isObject(now) ? now : {})
    if (Object.keys(block).length > 0) kept[id] = block
  }
  return kept
}

function keepImmutable(
  attributes: Iterable<Attribute>,
  urn: string | undefined,
  before: JsonObject,
  after: JsonObject,
): JsonObject {
  const kept = { ...after }
  for (const attribute of attributes) {
    const [old, now] = [before[attribute.name], after[attribute.name]]
    if (old === undefined) continue
    const path = attributePath(urn, attribute)
    if (attribute.mutability === 'immutable') {
      if (now !== undefined && !equalValues(attribute, old, now)) throw immutable(path)
      kept[attribute.name] = old
    } else if (isObject(old) && attribute.subAttributes) {
      const complex = keepImmutable(attribute.subAttributes, path, old, isObject(now) ? now : {})
      if (Object.keys(complex).length > 0) kept[attribute.name] = complex
    }
  }
  return kept
}

function immutable(path: string): ScimError {
  return new ScimError('mutability', `"${path}" is immutable and already has another value.`)
}

export interface RenderInput {
  readonly id: string
  readonly resource: Resource
  readonly meta: {
    /** ISO 8601; left out where the app does not say. */
    readonly created?: string | undefined
    readonly lastModified?: string | undefined
    /** Absolute URI. */
    readonly location: string
  }
}

/**
 * The whole SCIM representation of a resource, before projection: `schemas` names its own schema
 * and the extensions that have data; attributes come in the schema's order; what no schema knows,
 * and what is `returned: never`, stays inside.
 */
export function renderResource(
  definition: ResourceDefinition,
  input: RenderInput,
): JsonObject & { readonly meta: JsonObject } {
  const { resource, meta } = input
  const extensions = definition.extensions.flatMap(({ id, attributes }) => {
    const held = resource[id]
    const block = isObject(held) ? shown(attributes, held) : {}
    return Object.keys(block).length > 0 ? [[id, block] as const] : []
  })
  const { created, lastModified, location } = meta
  return {
    schemas: [definition.core.id, ...extensions.map(([id]) => id)],
    id: input.id,
    ...shown(definition.attributes, resource),
    ...Object.fromEntries(extensions),
    meta: {
      resourceType: definition.type.name,
      ...(created !== undefined && { created }),
      ...(lastModified !== undefined && { lastModified }),
      location,
    },
  }
}

/** Attributes that `renderResource` states itself. */
const STATED = new Set(['schemas', 'id', 'meta'])

function shown(attributes: Iterable<Attribute>, holder: JsonObject): JsonObject {
  const block: JsonObject = {}
  for (const { name, returned } of attributes) {
    const value = holder[name]
    if (value !== undefined && returned !== 'never' && !STATED.has(name)) block[name] = value
  }
  return block
}
