/** Attribute paths (RFC 7644 §3.5.2, figure 7; §3.10), and values at them. */
import { type ExtensionRef, printRef, resolveName, shownName } from './attribute-ref.ts'
import { ScimError } from './error.ts'
import { conjunctiveEqualities, type Filter, printFilter } from './filter.ts'
import { MAX_FILTER_LENGTH } from './limits.ts'
import { matchesElement } from './match.ts'
import { parseElementFilter, UnknownAttribute } from './parse-filter.ts'
import {
  type Attribute,
  type AttributeRef,
  type Json,
  type JsonObject,
  type Profile,
  type Resource,
  type ResourceDefinition,
  subAttribute,
} from './schema.ts'
import { isObject } from './values.ts'

/** An attribute, or part of it. The references of `filter` are relative to one element. */
export interface AttributePath {
  readonly kind: 'attribute'
  readonly ref: AttributeRef
  readonly filter: Filter | undefined
}

/** A whole extension: its URN alone. */
export interface ExtensionPath {
  readonly kind: 'extension'
  readonly ref: ExtensionRef
}

export type Path = AttributePath | ExtensionPath

/** Well-formed, but no schema of the resource type has the attribute. */
export interface UnknownPath {
  readonly kind: 'unknown'
  readonly text: string
}

/** The characters of `name`, `name.sub` and `urn:…:name.sub`. */
const NAME = /^[a-z$][\w.:$+%/@~-]*$/i

/**
 * @throws {ScimError} `invalidPath` for a malformed path, `invalidFilter` for a malformed filter
 *   in it (RFC 7644 §3.12 gives that type to filters in paths, too)
 */
export function parsePath(
  definition: ResourceDefinition,
  text: string,
  profile: Profile,
): Path | UnknownPath {
  if (text.length > MAX_FILTER_LENGTH) throw malformed(text)
  const open = text.indexOf('[')
  const name = open < 0 ? text : text.slice(0, open)
  const found = resolveName(definition, name, profile)
  if (!found) return unknown(text, name)
  if (open < 0) {
    return found.attribute
      ? { kind: 'attribute', ref: found, filter: undefined }
      : { kind: 'extension', ref: found }
  }
  if (!found.attribute || found.subAttribute) throw malformed(text)
  const { attribute } = found
  // Only what has parts, or many values, can be selected from.
  if (!attribute.multiValued && attribute.type !== 'complex') throw malformed(text)
  try {
    const { filter, end } = parseElementFilter(attribute, text, open + 1, profile)
    const ref = withSuffix(found, text, end, profile)
    return ref ? { kind: 'attribute', ref, filter } : { kind: 'unknown', text }
  } catch (error) {
    if (error instanceof UnknownAttribute) return { kind: 'unknown', text }
    throw error
  }
}

/** The sub-attribute behind the bracket; undefined where it is unknown. */
function withSuffix(
  ref: AttributeRef,
  text: string,
  end: number,
  profile: Profile,
): AttributeRef | undefined {
  if (end === text.length) return ref
  const name = text.slice(end + 1)
  if (text[end] !== '.' || !/^[a-z$][\w$-]*$/i.test(name)) throw malformed(text)
  const sub = subAttribute(ref.attribute, name)
  if (sub) return { ...ref, subAttribute: sub }
  const isSimple = ref.attribute.type !== 'complex'
  return profile === 'tolerant' && isSimple && name.toLowerCase() === 'value' ? ref : undefined
}

function unknown(text: string, name: string): UnknownPath {
  const brackets = text.slice(name.length)
  // The filter of an unknown attribute cannot be resolved; at least the bracket must close.
  const closes = brackets === '' || /^\[[\s\S]*\](?:\.[a-z$][\w$-]*)?$/i.test(brackets)
  if (!closes || !isName(name)) throw malformed(text)
  return { kind: 'unknown', text }
}

/** True for what may be the name of an attribute, of a part of one, or of a schema. */
export function isName(text: string): boolean {
  return NAME.test(text) && !/\.\.|[.:]$/.test(text)
}

/** Names the attribute alone: what stands in brackets is a value, and may be a person's. */
function malformed(text: string): ScimError {
  const [name = ''] = text.split('[', 1)
  return new ScimError(
    'invalidPath',
    `The path, which begins with ${shownName(name)}, is not an attribute path.`,
  )
}

/** The canonical text of a path: equal for two paths that mean the same place. */
export function printPath(path: Path): string {
  if (path.kind === 'extension' || !path.filter) return printRef(path.ref)
  const { urn, attribute, subAttribute: sub } = path.ref
  const whole = printRef({ urn, attribute, subAttribute: undefined })
  return `${whole}[${printFilter(path.filter)}]${sub ? `.${sub.name}` : ''}`
}

/**
 * The value at a path. With a filter: of the first element that matches. A sub-attribute of a
 * multi-valued attribute without a filter gives an array of what the elements have.
 */
export function getAt(resource: Resource, path: Path): Json | undefined {
  if (path.kind === 'extension') return resource[path.ref.urn]
  const { ref, filter } = path
  const value = holderOf(resource, ref)?.[ref.attribute.name]
  const sub = ref.subAttribute?.name
  if (filter) {
    const element = elementsOf(value).find((one) => matchesElement(filter, one))
    return sub === undefined ? element : part(element, sub)
  }
  if (sub === undefined) return value
  if (!ref.attribute.multiValued) return part(value, sub)
  const parts = elementsOf(value).flatMap((element) => part(element, sub) ?? [])
  return parts.length === 0 ? undefined : parts
}

/**
 * The resource with this value at the path. With a filter: in the first element that matches,
 * else in a new one that carries what the filter demands of it (`type` of `emails[type eq "work"]`).
 * A sub-attribute of a multi-valued attribute without a filter takes an array, a value an element.
 */
export function setAt(resource: Resource, path: Path, value: Json): Resource {
  if (path.kind === 'extension') return { ...resource, [path.ref.urn]: value }
  const { ref, filter } = path
  const { attribute } = ref
  const before = holderOf(resource, ref)?.[attribute.name]
  const sub = ref.subAttribute?.name
  if (!filter && (sub === undefined || !attribute.multiValued)) {
    return withAttribute(
      resource,
      ref,
      sub === undefined ? value : merged(before, { [sub]: value }),
    )
  }
  const elements = elementsOf(before)
  if (!filter && sub !== undefined) {
    const keep = (one: Json) => elements.find((e) => part(e, sub) === one) ?? { [sub]: one }
    return withAttribute(resource, ref, elementsOf(value).map(keep))
  }
  if (!filter) return resource
  const at = elements.findIndex((element) => matchesElement(filter, element))
  const stamp = at < 0 ? stampOf(filter) : undefined
  const old = at < 0 ? stamp : elements[at]
  const next =
    sub !== undefined
      ? merged(old, { [sub]: value })
      : isObject(value)
        ? merged(stamp, value)
        : value
  const all = at < 0 ? [...elements, next] : elements.with(at, next)
  return withAttribute(resource, ref, attribute.multiValued ? all : next)
}

/**
 * The resource without the value that `getAt` reads, and without what is then empty: a complex
 * value, an extension, an element of which only the filter's own demands are left. Where another
 * element matches the filter, the emptied one stays: `setAt` finds its place by it, and
 * `pruneAt` takes it out.
 */
export function removeAt(resource: Resource, path: Path): Resource {
  if (path.kind === 'extension') {
    const { [path.ref.urn]: _, ...rest } = resource
    return rest
  }
  const { ref, filter } = path
  const before = holderOf(resource, ref)?.[ref.attribute.name]
  if (before === undefined) return resource
  const sub = ref.subAttribute?.name
  if (!filter && sub === undefined) return withAttribute(resource, ref, undefined)
  const matching = filter && elementsOf(before).filter((one) => matchesElement(filter, one))
  const elements = elementsOf(before).flatMap((element) => {
    if (matching && element !== matching[0]) return [element]
    if (sub === undefined || !isObject(element)) return []
    const { [sub]: _, ...rest } = element
    const keepsPlace = matching !== undefined && matching.length > 1
    return keepsPlace || !isShellOf(filter, rest) ? [rest] : []
  })
  const after = ref.attribute.multiValued ? elements : elements[0]
  return withAttribute(resource, ref, elements.length === 0 ? undefined : after)
}

/** The resource without the element that `removeAt` left in its place and nobody filled again. */
export function pruneAt(resource: Resource, path: Path): Resource {
  if (path.kind === 'extension' || !path.filter || !path.ref.attribute.multiValued) return resource
  const { ref, filter } = path
  const elements = elementsOf(holderOf(resource, ref)?.[ref.attribute.name])
  const first = elements.find((one) => matchesElement(filter, one))
  if (!isObject(first) || !isShellOf(filter, first)) return resource
  const rest = elements.filter((one) => one !== first)
  return withAttribute(resource, ref, rest.length === 0 ? undefined : rest)
}

/** True where the element holds nothing but what the filter demands of it. */
function isShellOf(filter: Filter | undefined, element: JsonObject): boolean {
  const stamp = filter && stampOf(filter)
  return Object.entries(element).every(([name, value]) => stamp?.[name] === value)
}

/**
 * What an element must hold for the filter's sake: its conjunctive equalities. Undefined where
 * there are none, so that no element can be made to match.
 */
export function stampOf(filter: Filter): JsonObject | undefined {
  const equalities = conjunctiveEqualities(filter)
  if (equalities.length === 0) return undefined
  return Object.fromEntries(equalities.map(({ ref, value }) => [ref.attribute.name, value]))
}

/** The value of a simple multi-valued attribute's element made by a stamp, else the stamp. */
export function elementFrom(attribute: Attribute, stamp: JsonObject): Json {
  return attribute.type === 'complex' ? stamp : (stamp['value'] ?? null)
}

function elementsOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function part(element: Json | undefined, name: string): Json | undefined {
  return isObject(element) ? element[name] : undefined
}

function merged(old: Json | undefined, change: JsonObject): JsonObject {
  return isObject(old) ? { ...old, ...change } : change
}

function holderOf(resource: Resource, { urn }: AttributeRef): JsonObject | undefined {
  const holder = urn === undefined ? resource : resource[urn]
  return isObject(holder) ? holder : undefined
}

function withAttribute(resource: Resource, ref: AttributeRef, value: Json | undefined): Resource {
  const { name } = ref.attribute
  const { [name]: _, ...rest } = holderOf(resource, ref) ?? {}
  const holder = value === undefined ? rest : { ...rest, [name]: value }
  if (ref.urn === undefined) return holder
  if (Object.keys(holder).length > 0) return { ...resource, [ref.urn]: holder }
  const { [ref.urn]: __, ...without } = resource
  return without
}
