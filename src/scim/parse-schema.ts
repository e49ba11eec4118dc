/**
 * Schema and ResourceType resources as an administrator gives them (RFC 7643 §6, §7): checked, and
 * completed with the defaults of §2.2. What passes here is trusted everywhere else.
 */
import * as z from 'zod'
import { type Attribute, attribute, type ResourceType, type Schema } from './schema.ts'

/** `path` leads to the fault by member names and indexes, for example `attributes.0.name`. */
export interface InvalidInput {
  readonly path: string
  readonly message: string
}

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: readonly InvalidInput[] }

/** ATTRNAME of RFC 7644 §3.4.2.2 (erratum: `_` and `-` inside, a letter first). */
const ATTRIBUTE_NAME = /^[A-Za-z][\w-]*$/

/** Names that every JavaScript object answers to would read as present where they are not. */
function isInherited(name: string): boolean {
  return name in {}
}

function attributeName(isSubAttribute: boolean) {
  return z
    .string()
    .max(128)
    .refine((name) => ATTRIBUTE_NAME.test(name) || (isSubAttribute && name === '$ref'), {
      error: 'must begin with a letter and consist of letters, digits, "_" and "-"',
    })
    .refine((name) => !isInherited(name), { error: 'is a reserved name' })
}

/** Members given as null are members left out. */
function optional<T extends z.ZodType>(type: T) {
  return z.preprocess((value) => value ?? undefined, type.optional())
}

const SIMPLE_TYPES = [
  'string',
  'boolean',
  'decimal',
  'integer',
  'dateTime',
  'reference',
  'binary',
] as const

const characteristics = {
  multiValued: optional(z.boolean()),
  description: optional(z.string()),
  required: optional(z.boolean()),
  canonicalValues: optional(z.array(z.string())),
  caseExact: optional(z.boolean()),
  mutability: optional(z.enum(['readOnly', 'readWrite', 'immutable', 'writeOnly'])),
  returned: optional(z.enum(['always', 'never', 'default', 'request'])),
  uniqueness: optional(z.enum(['none', 'server', 'global'])),
  referenceTypes: optional(z.array(z.string())),
}

// RFC 7643 §2.3.8: a complex attribute holds no complex attribute.
const subAttributeInput = z.object({
  name: attributeName(true),
  type: z.enum(SIMPLE_TYPES),
  ...characteristics,
})

const attributeInput = z
  .object({
    name: attributeName(false),
    type: z.enum([...SIMPLE_TYPES, 'complex']),
    ...characteristics,
    subAttributes: optional(z.array(subAttributeInput).max(200).superRefine(uniqueNames)),
  })
  .superRefine(({ type, subAttributes = [] }, context) => {
    if ((type === 'complex') !== subAttributes.length > 0) {
      const message = 'a complex attribute has sub-attributes, and no other type has any'
      context.addIssue({ code: 'custom', path: ['subAttributes'], message })
    }
  })

const urn = z
  .string()
  .max(256)
  .regex(/^urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:[\w:.()+,=@;$!*'%/-]+$/i, {
    error: 'must be a URN',
  })

const schemaInput = z.object({
  id: urn,
  name: optional(z.string()),
  description: optional(z.string()),
  attributes: z.array(attributeInput).min(1).max(1000).superRefine(uniqueNames),
})

/** RFC 7643 §2.1: names that differ only in case are the same name. */
function uniqueNames(attributes: { name: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>()
  for (const [at, { name }] of attributes.entries()) {
    const message = 'is the name of another attribute'
    if (seen.has(name.toLowerCase()))
      context.addIssue({ code: 'custom', path: [at, 'name'], message })
    seen.add(name.toLowerCase())
  }
}

const RESERVED_ENDPOINTS = ['/schemas', '/resourcetypes', '/serviceproviderconfig', '/bulk', '/me']

const resourceTypeInput = z.object({
  id: optional(z.string()),
  name: z
    .string()
    .regex(/^[A-Za-z][\w-]{0,63}$/, { error: 'must be a name of letters and digits' }),
  description: optional(z.string()),
  endpoint: z
    .string()
    .regex(/^\/[A-Za-z][\w-]{0,63}$/, { error: 'must be "/" and a name, such as "/Devices"' })
    .refine((endpoint) => !RESERVED_ENDPOINTS.includes(endpoint.toLowerCase()), {
      error: 'is an endpoint of the protocol',
    }),
  schema: urn,
  schemaExtensions: optional(z.array(z.object({ schema: urn, required: optional(z.boolean()) }))),
})

const extensionInput = z.object({
  resourceType: z.string(),
  required: optional(z.boolean()),
  schema: z.unknown(),
})

/** Checks a Schema resource (RFC 7643 §7). */
export function parseSchema(input: unknown): Parsed<Schema> {
  return parse(schemaInput, input, (given) => ({
    id: given.id,
    name: given.name ?? given.id.slice(given.id.lastIndexOf(':') + 1),
    description: given.description ?? '',
    attributes: given.attributes.map(complete),
  }))
}

/** Checks a ResourceType resource (RFC 7643 §6). */
export function parseResourceType(input: unknown): Parsed<ResourceType> {
  return parse(resourceTypeInput, input, (given) => ({
    id: given.id ?? given.name,
    name: given.name,
    description: given.description ?? '',
    endpoint: given.endpoint,
    schema: given.schema,
    schemaExtensions: (given.schemaExtensions ?? []).map(({ schema, required = false }) => ({
      schema,
      required,
    })),
  }))
}

/** A schema and the resource type it belongs to: as an extension, or as its own schema. */
export interface Extension {
  readonly resourceType: string
  readonly required: boolean
  readonly schema: Schema
}

/** Checks one entry of a connection's `extensions`. */
export function parseExtension(input: unknown): Parsed<Extension> {
  const outer = parse(extensionInput, input, (given) => given)
  if (!outer.ok) return outer
  const { resourceType, required = false } = outer.value
  const schema = parseSchema(outer.value.schema)
  if (!schema.ok) return { ok: false, errors: under('schema', schema.errors) }
  return { ok: true, value: { resourceType, required, schema: schema.value } }
}

/** The same faults, seen from one level further out. */
export function under(prefix: string, errors: readonly InvalidInput[]): InvalidInput[] {
  return errors.map(({ path, message }) => ({ path: path ? `${prefix}.${path}` : prefix, message }))
}

type Given = Omit<z.infer<typeof attributeInput>, 'type' | 'subAttributes'> & {
  type: Attribute['type']
  subAttributes?: Given[] | undefined
}

function complete(given: Given): Attribute {
  const { name, type, subAttributes, ...rest } = given
  const stated = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return attribute({
    name,
    type,
    ...stated,
    // RFC 7643 §7: writeOnly "usually also has a returned setting of never"; otherwise it would leak
    ...(given.mutability === 'writeOnly' && { returned: 'never' }),
    ...(subAttributes && { subAttributes: subAttributes.map(complete) }),
  })
}

function parse<S extends z.ZodType, T>(
  type: S,
  input: unknown,
  make: (given: z.output<S>) => T,
): Parsed<T> {
  const result = type.safeParse(input)
  if (result.success) return { ok: true, value: make(result.data) }
  const errors = result.error.issues.map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message,
  }))
  return { ok: false, errors }
}
