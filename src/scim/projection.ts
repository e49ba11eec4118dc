/** Which attributes an answer shows (RFC 7644 §3.9, RFC 7643 §7 `returned`). */
import { findAttribute } from './attribute-name.ts'
import { ScimError } from './error.ts'
import { MAX_PROJECTED } from './limits.ts'
import type {
  Attribute,
  AttributeRef,
  Json,
  JsonObject,
  Profile,
  ResourceDefinition,
} from './schema.ts'
import { isObject } from './values.ts'

/** Query parameters as text, or the arrays of a SearchRequest (RFC 7644 §3.4.3). */
export interface ProjectionParameters {
  readonly attributes?: string | readonly string[] | undefined
  readonly excludedAttributes?: string | readonly string[] | undefined
}

/** For one attribute: all of it, or these sub-attributes. */
type Named = 'whole' | ReadonlySet<Attribute>

export interface Projection {
  readonly definition: ResourceDefinition
  /** `only` where `attributes` was given. */
  readonly kind: 'default' | 'only'
  /** Attributes to show besides `returned: always`. Keys are the schema's own objects. */
  readonly included: ReadonlyMap<Attribute, Named>
  readonly excluded: ReadonlyMap<Attribute, Named>
}

/**
 * Reads `attributes` and `excludedAttributes`. Names that no schema knows select nothing. A schema
 * URN alone selects all of that schema.
 *
 * @throws {ScimError} `invalidValue` for too many names, and in the strict profile where both are
 *   given; the tolerant one lets `attributes` decide
 */
export function parseProjection(
  definition: ResourceDefinition,
  parameters: ProjectionParameters,
  profile: Profile,
): Projection {
  const attributes = names(parameters.attributes)
  const excluded = names(parameters.excludedAttributes)
  if (attributes.length > 0 && excluded.length > 0 && profile === 'strict') {
    throw new ScimError('invalidValue', 'Give "attributes" or "excludedAttributes", not both.')
  }
  if (attributes.length > 0) {
    const included = select(definition, attributes)
    return { definition, kind: 'only', included, excluded: new Map() }
  }
  return {
    definition,
    kind: 'default',
    included: new Map(),
    excluded: select(definition, excluded),
  }
}

function names(parameter: string | readonly string[] | undefined): string[] {
  const parts = typeof parameter === 'string' ? parameter.split(',') : (parameter ?? [])
  if (parts.length > MAX_PROJECTED) {
    throw new ScimError('invalidValue', `Name ${MAX_PROJECTED} attributes at most.`)
  }
  return parts.map((name) => name.trim()).filter((name) => name !== '')
}

function select(
  definition: ResourceDefinition,
  attributes: readonly string[],
): Map<Attribute, Named> {
  const selected = new Map<Attribute, Named>()
  for (const name of attributes) {
    const schema = [definition.core, ...definition.extensions].find(
      ({ id }) => id.toLowerCase() === name.toLowerCase(),
    )
    for (const attribute of schema?.attributes ?? []) selected.set(attribute, 'whole')
    const ref = findAttribute(definition, name)
    if (!ref) continue
    const { attribute, subAttribute } = ref
    const before = selected.get(attribute)
    if (!subAttribute || before === 'whole') selected.set(attribute, 'whole')
    else selected.set(attribute, new Set([...(before ?? []), subAttribute]))
  }
  return selected
}

/**
 * True where the answer shows the attribute, or any part of it: what nobody wants need not be
 * loaded. Takes a name as in `attributes`, too; a name that no schema knows is not wanted.
 */
export function wants(projection: Projection, wanted: AttributeRef | string): boolean {
  const ref = typeof wanted === 'string' ? findAttribute(projection.definition, wanted) : wanted
  if (!ref) return false
  const part = partOf(projection, ref.attribute)
  if (part === 'none' || !ref.subAttribute) return part !== 'none'
  return shows(part, ref.subAttribute)
}

interface Part {
  /** Undefined: those that are returned by default. */
  readonly only: ReadonlySet<Attribute> | undefined
  readonly without: ReadonlySet<Attribute> | undefined
}

const WHOLE: Part = { only: undefined, without: undefined }

/** What the projection shows of one attribute. */
function partOf({ kind, included, excluded }: Projection, attribute: Attribute): Part | 'none' {
  const { returned } = attribute
  if (returned === 'never') return 'none'
  const include = included.get(attribute)
  const exclude = excluded.get(attribute)
  if (include !== undefined && exclude === undefined) {
    return include === 'whole' || returned === 'always'
      ? WHOLE
      : { only: include, without: undefined }
  }
  if (returned === 'always') return WHOLE
  if (kind === 'only' || exclude === 'whole') return 'none'
  if (returned === 'request' && include === undefined) return 'none'
  return exclude === undefined ? WHOLE : { only: undefined, without: exclude }
}

function shows({ only, without }: Part, sub: Attribute): boolean {
  switch (sub.returned) {
    case 'never':
      return false
    case 'always':
      return true
    case 'default':
      return only ? only.has(sub) : !without?.has(sub)
    case 'request':
      // A parent that is asked for as a whole does not ask for each part (RFC 7643 §7).
      return only?.has(sub) ?? false
  }
}

/** The part of a rendered resource that the projection shows. Nothing is changed in place. */
export function project(
  definition: ResourceDefinition,
  rendered: JsonObject,
  projection: Projection,
): JsonObject {
  const shown = projectBlock(definition.attributes, rendered, projection)
  for (const { id, attributes } of definition.extensions) {
    const held = rendered[id]
    if (!isObject(held)) continue
    const block = projectBlock(attributes, held, projection)
    if (Object.keys(block).length > 0) shown[id] = block
  }
  return shown
}

function projectBlock(
  attributes: Iterable<Attribute>,
  holder: JsonObject,
  projection: Projection,
): JsonObject {
  const block: JsonObject = {}
  for (const attribute of attributes) {
    const value = holder[attribute.name]
    if (value === undefined) continue
    const part = partOf(projection, attribute)
    if (part === 'none') continue
    const shown = projectValue(attribute, value, part)
    if (shown !== undefined) block[attribute.name] = shown
  }
  return block
}

function projectValue(attribute: Attribute, value: Json, part: Part): Json | undefined {
  const { subAttributes = [] } = attribute
  const hidden = subAttributes.filter((sub) => !shows(part, sub))
  if (hidden.length === 0) return value
  if (Array.isArray(value)) {
    const elements = value.flatMap((element) => projectValue(attribute, element, part) ?? [])
    return elements.length > 0 ? elements : undefined
  }
  if (!isObject(value)) return value
  const names = new Set(hidden.map(({ name }) => name))
  const kept = Object.entries(value).filter(([name]) => !names.has(name))
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}
