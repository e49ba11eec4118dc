/** Resource types of one connection: the built-in ones, and what its administrator declared. */
import {
  type Extension,
  type InvalidInput,
  type Parsed,
  parseExtension,
  parseResourceType,
  under,
} from './parse-schema.ts'
import { COMMON_ATTRIBUTES, ResourceDefinition, type ResourceType, type Schema } from './schema.ts'

export interface BuiltIn {
  readonly type: ResourceType
  readonly core: Schema
  readonly extensions: readonly Schema[]
}

/**
 * Joins the built-in types with a connection's `extensions` and `resourceTypes` (null and undefined
 * mean none). A declared type's own schema is the entry of `extensions` that has its URN.
 */
export function joinResources(
  builtIn: readonly BuiltIn[],
  extensionsInput: unknown,
  resourceTypesInput: unknown,
): Parsed<ReadonlyMap<string, ResourceDefinition>> {
  const errors: InvalidInput[] = []
  const extensions = parseList('extensions', extensionsInput, parseExtension, errors)
  const declared = parseList('resourceTypes', resourceTypesInput, parseResourceType, errors)
  if (errors.length > 0) return { ok: false, errors }

  const fault = (path: string, message: string) => errors.push({ path, message })
  const types = new Map(builtIn.map((entry) => [entry.type.name, entry]))
  for (const [at, type] of declared.entries()) {
    const taken = [...types.values()].some(
      (other) =>
        fold(other.type.name) === fold(type.name) ||
        fold(other.type.endpoint) === fold(type.endpoint),
    )
    const core = extensions.find(({ schema }) => fold(schema.id) === fold(type.schema))
    if (taken) fault(`resourceTypes.${at}.name`, 'another resource type has this name or endpoint')
    else if (!core)
      fault(`resourceTypes.${at}.schema`, 'no entry of "extensions" holds this schema')
    else types.set(type.name, { type, core: core.schema, extensions: [] })
  }
  for (const [at, { resourceType, schema }] of extensions.entries()) {
    if (!types.has(resourceType)) {
      fault(`extensions.${at}.resourceType`, 'there is no resource type of this name')
    }
    const same = extensions.findIndex(
      (other) => other.resourceType === resourceType && fold(other.schema.id) === fold(schema.id),
    )
    const isBuiltIn = builtIn.some((entry) =>
      [entry.core, ...entry.extensions].some(({ id }) => fold(id) === fold(schema.id)),
    )
    if (same < at) fault(`extensions.${at}.schema.id`, 'another entry has the same id')
    if (isBuiltIn) fault(`extensions.${at}.schema.id`, 'this schema is built in')
  }
  const missing = (urn: string, name: string) => {
    const at = declared.findIndex((type) => type.name === name)
    const message = `no entry of "extensions" holds the schema ${urn}`
    fault(`resourceTypes.${at}.schemaExtensions`, message)
  }
  const definitions = new Map<string, ResourceDefinition>()
  for (const [name, entry] of types) {
    definitions.set(
      name,
      define(entry, extensions, (urn) => missing(urn, name)),
    )
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, value: definitions }
}

function define(
  { type, core, extensions: known }: BuiltIn,
  extensions: readonly Extension[],
  onMissing: (urn: string) => void,
): ResourceDefinition {
  const own = extensions.filter(
    ({ resourceType, schema }) =>
      resourceType === type.name && fold(schema.id) !== fold(type.schema),
  )
  const available = [...known, ...extensions.map(({ schema }) => schema)]
  const joined = new Map<string, { schema: Schema; required: boolean }>()
  for (const { schema: urn, required } of type.schemaExtensions) {
    const schema = available.find(({ id }) => fold(id) === fold(urn))
    if (schema) joined.set(fold(urn), { schema, required })
    else onMissing(urn)
  }
  for (const { schema, required } of own) {
    const stated = joined.get(fold(schema.id))?.required ?? false
    joined.set(fold(schema.id), { schema, required: required || stated })
  }
  const all = [...joined.values()]
  return new ResourceDefinition(
    {
      ...type,
      schema: core.id,
      schemaExtensions: all.map(({ schema, required }) => ({ schema: schema.id, required })),
    },
    withoutCommon(core),
    all.map(({ schema }) => schema),
  )
}

/** Vendors list `id` and `meta` in their schemas; RFC 7643 §3.1 defines them for every resource. */
function withoutCommon(core: Schema): Schema {
  const common = new Set(COMMON_ATTRIBUTES.map(({ name }) => fold(name)))
  return { ...core, attributes: core.attributes.filter(({ name }) => !common.has(fold(name))) }
}

function parseList<T>(
  name: string,
  input: unknown,
  parse: (input: unknown) => Parsed<T>,
  errors: InvalidInput[],
): T[] {
  if (input === undefined || input === null) return []
  if (!Array.isArray(input)) {
    errors.push({ path: name, message: 'must be an array' })
    return []
  }
  return input.flatMap((entry: unknown, at) => {
    const parsed = parse(entry)
    if (parsed.ok) return [parsed.value]
    errors.push(...under(`${name}.${at}`, parsed.errors))
    return []
  })
}

function fold(name: string): string {
  return name.toLowerCase()
}
