/**
 * PATCH (RFC 7644 §3.5.2) on one multi-valued attribute whose present value is not at hand: the
 * members of a group are rows, and are never loaded to change a few of them.
 */
import { printRef } from './attribute-ref.ts'
import { ScimError } from './error.ts'
import type { Filter } from './filter.ts'
import type { PatchOperation } from './patch.ts'
import { type AttributePath, parsePath, printPath, stampOf } from './path.ts'
import type { AttributeRef, Json, JsonObject, Profile, ResourceDefinition } from './schema.ts'
import { coerceValue, isObject, isUnassigned } from './values.ts'

/** In order. Every object has a `value`; none is in one list twice. */
export type ValueChange =
  | { readonly op: 'add' | 'remove' | 'replace'; readonly values: JsonObject[] }
  /** `filter` is relative to one element. */
  | { readonly op: 'removeWhere'; readonly filter: Filter }
  | { readonly op: 'removeAll' }

/**
 * Splits operations into those on the attribute, as changes, and the rest, for `applyPatch`.
 *
 * @throws {ScimError} `invalidPath`, `invalidFilter`, `invalidValue`, `mutability` (parts of an
 *   element are immutable)
 */
export function separate(
  definition: ResourceDefinition,
  operations: readonly PatchOperation[],
  attributeName: string,
  profile: Profile,
): { readonly rest: readonly PatchOperation[]; readonly changes: readonly ValueChange[] } {
  const attribute = definition.coreAttribute(attributeName)
  if (!attribute?.multiValued) throw new Error(`${attributeName} is not multi-valued`)
  const ref: AttributeRef = { urn: undefined, attribute, subAttribute: undefined }
  const separation = new Separation(definition, ref, profile)
  for (const operation of operations) separation.take(operation)
  return separation
}

class Separation {
  readonly rest: PatchOperation[] = []
  readonly changes: ValueChange[] = []
  readonly #definition: ResourceDefinition
  readonly #ref: AttributeRef
  readonly #profile: Profile

  constructor(definition: ResourceDefinition, ref: AttributeRef, profile: Profile) {
    this.#definition = definition
    this.#ref = ref
    this.#profile = profile
  }

  take(operation: PatchOperation): void {
    const { op, path: text, value } = operation
    if (text === undefined || this.#isCore(text)) {
      const rest = isObject(value) && op !== 'remove' ? this.#split(op, value) : value
      if (rest !== undefined) this.rest.push({ ...operation, value: rest })
      return
    }
    const path = this.#ours(text)
    if (path) this.#change(op, path, value)
    else this.rest.push(operation)
  }

  #isCore(text: string): boolean {
    return text.toLowerCase() === this.#definition.core.id.toLowerCase()
  }

  /** The path if it leads to our attribute. Other names are not even parsed: `applyPatch` will. */
  #ours(text: string): AttributePath | undefined {
    if (!text.toLowerCase().includes(this.#ref.attribute.name.toLowerCase())) return undefined
    const path = parsePath(this.#definition, text, this.#profile)
    const isOurs = path.kind === 'attribute' && path.ref.attribute === this.#ref.attribute
    return isOurs ? path : undefined
  }

  /** Takes our keys out of an operation without path; undefined where no other key is left. */
  #split(op: 'add' | 'replace', value: JsonObject): JsonObject | undefined {
    const rest: [string, Json][] = []
    let taken = false
    for (const [key, part] of Object.entries(value)) {
      if (this.#isCore(key) && isObject(part) && this.#profile === 'tolerant') {
        const left = this.#split(op, part)
        if (left) rest.push([key, left])
        taken = true
        continue
      }
      const path = this.#keyPath(key)
      if (path) this.#change(op, path, part)
      else rest.push([key, part])
      taken ||= path !== undefined
    }
    if (!taken) return value
    return rest.length > 0 ? Object.fromEntries(rest) : undefined
  }

  /** In the strict profile a key is a name; in the tolerant one a path, if it is one. */
  #keyPath(key: string): AttributePath | undefined {
    const named = this.#definition.coreAttribute(key)
    if (named === this.#ref.attribute) {
      return { kind: 'attribute', ref: this.#ref, filter: undefined }
    }
    const mayBePath = key.includes('[') || /^[\w.:$+%/@~-]+$/.test(key)
    return named || this.#profile === 'strict' || !mayBePath ? undefined : this.#ours(key)
  }

  #change(op: PatchOperation['op'], path: AttributePath, value: Json | undefined): void {
    const { subAttribute } = path.ref
    if (subAttribute && subAttribute.name !== 'value') throw this.#immutable(path)
    // `members.value` is a way to write a member down; the value of one that is there stays.
    if (subAttribute && (path.filter || op !== 'add')) throw this.#immutable(path)
    if (op === 'remove') this.#remove(path, value)
    else if (path.filter) this.#addSelected(path, path.filter, value ?? null)
    else if (op === 'replace') this.changes.push({ op, values: this.#replacement(value ?? null) })
    else this.#push('add', this.#values(value ?? null))
  }

  #remove({ filter }: AttributePath, value: Json | undefined): void {
    if (filter) {
      const selected = selectedValues(filter)
      if (selected) this.#push('remove', distinct(selected.map((one) => ({ value: one }))))
      else this.changes.push({ op: 'removeWhere', filter })
    } else if (value === undefined || value === null) {
      this.changes.push({ op: 'removeAll' })
    } else {
      // Entra's default dialect: these, never all. An empty array names nobody.
      this.#push('remove', this.#values(value))
    }
  }

  /** `members[value eq "x"]` as target of an add: the element is x, whether present or not. */
  #addSelected(path: AttributePath, filter: Filter, value: Json): void {
    const stamp = stampOf(filter)
    if (typeof stamp?.['value'] !== 'string') {
      throw new ScimError('noTarget', `"${printPath(path)}" names no "value" to add.`)
    }
    if (isUnassigned(value, this.#profile)) {
      this.#push('remove', [{ value: stamp['value'] }])
      return
    }
    const [given, ...more] = this.#values(isObject(value) ? { ...stamp, ...value } : value)
    if (more.length > 0 || given?.['value'] !== stamp['value']) throw this.#immutable(path)
    this.#push('add', [{ ...stamp, ...given }])
  }

  #push(op: 'add' | 'remove', values: JsonObject[]): void {
    if (values.length > 0) this.changes.push({ op, values })
  }

  /** Null and [] are words for nobody (RFC 7643 §2.5); elements without a value are a slip. */
  #replacement(value: Json): JsonObject[] {
    const values = this.#values(value)
    const isWordForNone =
      value === null || value === '' || (Array.isArray(value) && value.length === 0)
    if (values.length === 0 && !isWordForNone) throw this.#nameless()
    return values
  }

  #values(value: Json): JsonObject[] {
    const { attribute } = this.#ref
    // RFC 7644 §3.5.2.1: one value may come without an array.
    const array = isObject(value) ? [value] : value
    const names = (element: Json) => coerceValue(attribute, [element], this.#profile) !== undefined
    if (this.#profile === 'strict' && Array.isArray(array) && !array.every(names)) {
      throw this.#nameless()
    }
    const elements = coerceValue(attribute, array, this.#profile) ?? []
    const objects = (Array.isArray(elements) ? elements : [elements]).map((element) => {
      if (isObject(element) && typeof element['value'] === 'string') return element
      throw this.#nameless()
    })
    return distinct(objects)
  }

  #nameless(): ScimError {
    return new ScimError('invalidValue', `An element of "${printRef(this.#ref)}" has no "value".`)
  }

  #immutable(path: AttributePath): ScimError {
    return new ScimError('mutability', `"${printPath(path)}" is immutable: add or remove instead.`)
  }
}

/** The values that `value eq "x"`, or an or-chain of it, selects; undefined for other filters. */
function selectedValues(filter: Filter): string[] | undefined {
  if (filter.kind === 'or') {
    const parts = filter.filters.map(selectedValues)
    return parts.every((part) => part !== undefined) ? parts.flat() : undefined
  }
  const isEquality = filter.kind === 'compare' && filter.operator === 'eq'
  if (!isEquality || filter.ref.attribute.name !== 'value') return undefined
  // Where case does not count, a value names more than the one element that is written so.
  if (typeof filter.value !== 'string' || !filter.ref.attribute.caseExact) return undefined
  return [filter.value]
}

function distinct(elements: readonly JsonObject[]): JsonObject[] {
  const byValue = new Map(elements.map((element) => [element['value'], element]))
  return [...byValue.values()]
}
