/** What one PATCH operation makes of one value, or of all values of an attribute (RFC 7644 §3.5.2). */
import { ScimError } from './error.ts'
import type { PatchOperation } from './patch.ts'
import { PatchValues } from './patch-values.ts'
import { type AttributePath, printPath } from './path.ts'
import { type Attribute, type Json, type JsonObject, type Profile, subAttribute } from './schema.ts'
import {
  coerceElement,
  coerceValue,
  equalValues,
  isObject,
  isPrimary,
  isUnassigned,
} from './values.ts'

type Op = PatchOperation['op']

export class PatchChange {
  readonly #profile: Profile
  readonly #ignored: string[]

  /** `ignored` collects the paths of sub-attributes that no schema knows. */
  constructor(profile: Profile, ignored: string[]) {
    this.#profile = profile
    this.#ignored = ignored
  }

  changeWhole(op: Op, path: AttributePath, value: Json | undefined, values: PatchValues): void {
    if (op === 'remove') {
      // Entra: these are to go, not all; an empty array names nobody.
      const given = value === undefined ? undefined : this.#coerceEach(path, value)
      if (given) values.removeAt(new Set(given.flatMap((element) => values.findAll(element))))
      else values.replaceAll([])
      return
    }
    const given = this.#coerceAll(path, value ?? null)
    if (op === 'replace') values.replaceAll(given)
    else this.#add(path, given, values)
  }

  /** Each value as it is: `{"type":"home"}` says nothing to add, but what to remove. */
  #coerceEach(path: AttributePath, value: Json): Json[] {
    const given = Array.isArray(value) ? value : [value]
    return given.flatMap((one) => this.coerceOne(path, path.ref.attribute, one) ?? [])
  }

  #add(path: AttributePath, given: readonly Json[], values: PatchValues): void {
    for (const element of given) {
      const known = values.find(element)
      const at = known ?? values.append(element)
      const old = values.elements[at]
      if (known !== undefined && isObject(old) && isObject(element)) {
        values.setAt(at, { ...old, ...withoutImmutable(path.ref.attribute, element, old) })
      }
      if (isPrimary(element)) values.keepPrimary(at)
    }
  }

  #coerceAll(path: AttributePath, value: Json): Json[] {
    const { attribute } = path.ref
    // RFC 7644 §3.5.2.1: one value may come without an array.
    const array = this.#profile === 'strict' && isObject(value) ? [value] : value
    const coerced = coerceValue(attribute, array, this.#profile, this.#options(path))
    const elements = Array.isArray(coerced) ? coerced : []
    return elements.map((element) => withoutReadOnly(attribute, element))
  }

  /** One complex value after the operation; undefined where nothing of it is to stay. */
  changeElement(
    op: Op,
    path: AttributePath,
    value: Json | undefined,
    before: JsonObject,
  ): JsonObject | undefined {
    const { attribute, subAttribute: sub } = path.ref
    if (sub) {
      const after = { ...before }
      this.setPart(op, path, sub, value, after)
      const named = sub.name in after ? { [sub.name]: after[sub.name] ?? null } : {}
      return this.#isAnother(attribute, before, after) ? named : after
    }
    const names = value !== undefined && (op !== 'remove' || this.#profile === 'tolerant')
    const given = names ? this.coerceOne(path, attribute, value) : undefined
    if (op === 'remove') {
      // Microsoft's library: a remove that names another value than the one there is a no-op.
      const isOther = !attribute.multiValued && isObject(given) && !isPart(attribute, given, before)
      return isOther ? before : undefined
    }
    const cleared = isObject(value) ? this.#clearedParts(attribute, value) : []
    if (given === undefined && cleared.length === 0) {
      // RFC 7644 §3.5.2.3: what an object does not name stays as it is. null and "" clear.
      return isObject(value) ? before : undefined
    }
    return this.#merge(path, before, isObject(given) ? given : {}, cleared)
  }

  /** Sub-attributes that a complex value names and leaves unassigned. */
  #clearedParts(attribute: Attribute, value: JsonObject): Attribute[] {
    return Object.entries(value).flatMap(([name, part]) => {
      const sub = isUnassigned(part, this.#profile) ? subAttribute(attribute, name) : undefined
      return sub && sub.mutability !== 'readOnly' ? [sub] : []
    })
  }

  /** RFC 7644 §3.5.2.1, §3.5.2.3: parts that are not named stay as they are. */
  #merge(
    path: AttributePath,
    old: JsonObject,
    given: JsonObject,
    cleared: readonly Attribute[] = [],
  ): JsonObject {
    const { attribute } = path.ref
    for (const sub of attribute.subAttributes ?? []) {
      if (sub.mutability !== 'immutable' || old[sub.name] === undefined) continue
      const now = given[sub.name]
      if (now !== undefined ? !equalValues(sub, old[sub.name], now) : cleared.includes(sub)) {
        throw immutable(path)
      }
    }
    const next: JsonObject = { ...old, ...given }
    for (const { name } of cleared) delete next[name]
    return this.#isAnother(attribute, old, next) ? given : next
  }

  /**
   * True where a reference to another resource (a `value` and a `$ref`: manager) now names another
   * one, or none: what was said about the former no longer holds.
   */
  #isAnother(attribute: Attribute, old: JsonObject, next: JsonObject): boolean {
    const value = subAttribute(attribute, 'value')
    if (!value || old['value'] === undefined || old['value'] === next['value']) return false
    const isReference = subAttribute(attribute, '$ref') !== undefined
    return isReference && !equalValues(value, old['value'], next['value'])
  }

  /** Sets, adds to, or unsets one part of a complex value, or a simple attribute in its holder. */
  setPart(
    op: Op,
    path: AttributePath,
    attribute: Attribute,
    value: Json | undefined,
    holder: JsonObject,
  ): void {
    const { name } = attribute
    const before = holder[name]
    let after: Json | undefined
    if (attribute.multiValued) {
      const values = new PatchValues(attribute, Array.isArray(before) ? [...before] : [])
      this.changeWhole(op, { ...path, ref: { ...path.ref, attribute } }, value, values)
      after = values.elements.length > 0 ? [...values.elements] : undefined
    } else if (op !== 'remove') {
      after = this.coerceOne(path, attribute, value)
    } else if (value !== undefined && this.#profile === 'tolerant') {
      // As above: only the value that is named goes.
      const named = this.coerceOne(path, attribute, value)
      if (named !== undefined && !equalValues(attribute, before, named)) after = before
    }
    const isFixed = attribute.mutability === 'immutable' && before !== undefined
    if (isFixed && !equalValues(attribute, before, after)) throw immutable(path)
    if (after === undefined) delete holder[name]
    else holder[name] = after
  }

  coerceOne(path: AttributePath, attribute: Attribute, value: Json | undefined): Json | undefined {
    const coerced = coerceElement(attribute, value ?? null, this.#profile, this.#options(path))
    return coerced === undefined ? undefined : withoutReadOnly(attribute, coerced)
  }

  #options(path: AttributePath): { path: string; ignored: string[] } {
    return { path: printPath(path), ignored: this.#ignored }
  }
}

/** True where every part that is given is there and equal. */
function isPart(attribute: Attribute, given: JsonObject, element: JsonObject): boolean {
  return (attribute.subAttributes ?? []).every(
    (sub) => given[sub.name] === undefined || equalValues(sub, element[sub.name], given[sub.name]),
  )
}

/** RFC 7643 §2.2: a client's value for a readOnly part (manager.displayName) is not taken. */
function withoutReadOnly(attribute: Attribute, element: Json): Json {
  const readOnly = attribute.subAttributes?.filter((sub) => sub.mutability === 'readOnly') ?? []
  if (readOnly.length === 0 || !isObject(element)) return element
  const names = new Set(readOnly.map((sub) => sub.name))
  return Object.fromEntries(Object.entries(element).filter(([name]) => !names.has(name)))
}

/** A value that is there is not added again: its immutable parts (of members) stay. */
function withoutImmutable(attribute: Attribute, given: JsonObject, old: JsonObject): JsonObject {
  const stays = (name: string): boolean =>
    old[name] !== undefined && subAttribute(attribute, name)?.mutability === 'immutable'
  return Object.fromEntries(Object.entries(given).filter(([name]) => !stays(name)))
}

export function immutable(path: AttributePath): ScimError {
  return new ScimError('mutability', `"${printPath(path)}" is immutable.`)
}
