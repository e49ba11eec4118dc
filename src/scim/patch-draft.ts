/** A resource while a PATCH works on it: what one operation does at one path (RFC 7644 §3.5.2). */
import { printRef } from './attribute-ref.ts'
import { ScimError } from './error.ts'
import type { Filter } from './filter.ts'
import { elementMatcher, matchesElement } from './match.ts'
import type { PatchOperation } from './patch.ts'
import { immutable, PatchChange } from './patch-change.ts'
import { PatchValues } from './patch-values.ts'
import { type AttributePath, elementFrom, stampOf } from './path.ts'
import { isBlank } from './resource.ts'
import type { Attribute, AttributeRef, Json, JsonObject, Profile, Resource } from './schema.ts'
import { equalValues, isObject, isPrimary, isShell, isUnassigned } from './values.ts'

type Op = PatchOperation['op']

/** One attribute that an operation named. */
interface Slot {
  readonly urn: string | undefined
  readonly attribute: Attribute
  /** Single-valued attributes; a complex value is the draft's own copy. */
  single: Json | undefined
  /** Multi-valued attributes. */
  readonly values: PatchValues | undefined
  /** How it was last cleared, for the error about a required attribute. */
  cleared: Op | undefined
}

export class PatchDraft {
  readonly ignored: string[] = []
  readonly #resource: Resource
  readonly #profile: Profile
  readonly #on: PatchChange
  /** By attribute; by qualified name where it is an extension's, as schemas may share data. */
  readonly #slots = new Map<Attribute | string, Slot>()

  constructor(resource: Resource, profile: Profile) {
    this.#resource = resource
    this.#profile = profile
    this.#on = new PatchChange(profile, this.ignored)
  }

  /** `value` undefined on a remove: no values are named. The path is writable. */
  change(op: Op, path: AttributePath, value: Json | undefined): void {
    const slot = this.#slot(path.ref)
    if (op === 'remove' || isUnassigned(value, this.#profile)) slot.cleared = op
    if (slot.values) this.#changeValues(op, path, value, slot, slot.values)
    else this.#changeSingle(op, path, value, slot)
  }

  /**
   * The resource in canonical form.
   *
   * @throws {ScimError} where a required attribute is left without a value
   */
  finish(): Resource {
    const resource = { ...this.#resource }
    const own = new Set<string>()
    for (const slot of this.#slots.values()) {
      const value = this.#finishSlot(slot)
      const { urn, attribute } = slot
      if (attribute.required && isBlank(value)) throw this.#missing(slot)
      if (urn !== undefined && !own.has(urn)) {
        resource[urn] = isObject(resource[urn]) ? { ...resource[urn] } : {}
        own.add(urn)
      }
      const holder = urn === undefined ? resource : resource[urn]
      if (!isObject(holder)) continue
      if (value === undefined) delete holder[attribute.name]
      else holder[attribute.name] = value
    }
    for (const urn of own) {
      if (isUnassigned(resource[urn], 'strict')) delete resource[urn]
    }
    return resource
  }

  #slot({ urn, attribute }: AttributeRef): Slot {
    const key = urn === undefined ? attribute : `${urn}:${attribute.name}`
    const known = this.#slots.get(key)
    if (known) return known
    const holder = urn === undefined ? this.#resource : this.#resource[urn]
    const value = isObject(holder) ? holder[attribute.name] : undefined
    const copy = (element: Json): Json => (isObject(element) ? { ...element } : element)
    const elements = value === undefined ? [] : Array.isArray(value) ? value.map(copy) : [value]
    const slot: Slot = {
      urn,
      attribute,
      single: attribute.multiValued ? undefined : elements[0],
      values: attribute.multiValued ? new PatchValues(attribute, elements) : undefined,
      cleared: undefined,
    }
    this.#slots.set(key, slot)
    return slot
  }

  #finishSlot({ attribute, single, values }: Slot): Json | undefined {
    if (!values) return isUnassigned(single, 'strict') ? undefined : single
    // Several operations may build or empty one element; only what is left counts.
    const kept = values.elements.filter(
      (element) =>
        !isUnassigned(element, 'strict') &&
        !(this.#profile === 'tolerant' && isShell(attribute, element)),
    )
    return kept.length === 0 ? undefined : kept
  }

  #missing({ urn, attribute, cleared }: Slot): ScimError {
    const name = printRef({ urn, attribute, subAttribute: undefined })
    // RFC 7644 §3.5.2.2: removing a required attribute is a matter of mutability.
    const type = cleared === 'remove' ? 'mutability' : 'invalidValue'
    return new ScimError(type, `"${name}" is required and cannot be left without a value.`)
  }

  // ---- single-valued attributes ------------------------------------------------------------------

  #changeSingle(op: Op, path: AttributePath, value: Json | undefined, slot: Slot): void {
    const { attribute, subAttribute: sub } = path.ref
    const { filter } = path
    if (filter && !(slot.single !== undefined && matchesElement(filter, slot.single))) {
      if (this.#isMissAllowed(op, path, value)) return
      // There is one value, and it is not the one meant (Entra: `manager[value eq "…"]`).
      if (slot.single !== undefined) throw noTarget(path)
      slot.single = this.#created(path, filter)
    }
    if (attribute.type === 'complex') {
      const before = isObject(slot.single) ? slot.single : undefined
      const after = this.#on.changeElement(op, path, value, before ?? {})
      const isFixed = attribute.mutability === 'immutable' && before !== undefined
      if (isFixed && !equalValues(attribute, before, after)) throw immutable(path)
      slot.single = after
      return
    }
    const holder: JsonObject = slot.single === undefined ? {} : { [attribute.name]: slot.single }
    this.#on.setPart(op, path, sub ?? attribute, value, holder)
    slot.single = holder[attribute.name]
  }

  // ---- multi-valued attributes -------------------------------------------------------------------

  #changeValues(
    op: Op,
    path: AttributePath,
    value: Json | undefined,
    slot: Slot,
    values: PatchValues,
  ): void {
    const { attribute, subAttribute: sub } = path.ref
    const before = attribute.mutability === 'immutable' ? [...values.elements] : undefined
    if (path.filter || sub) this.#changeSelected(op, path, value, values)
    else this.#on.changeWhole(op, path, value, values)
    const changed =
      before && before.length > 0 && !equalValues(attribute, before, [...values.elements])
    if (changed) throw immutable(path)
    if (values.elements.length === 0) slot.cleared = op
  }

  /** Elements that the filter selects, or all of them for a sub-attribute without a filter. */
  #changeSelected(op: Op, path: AttributePath, value: Json | undefined, values: PatchValues): void {
    const { filter } = path
    const selects = filter && elementMatcher(filter)
    const selected: number[] = []
    values.elements.forEach((element, at) => {
      if (!selects || selects(element)) selected.push(at)
    })
    if (selected.length === 0) {
      if (this.#isMissAllowed(op, path, value)) return
      const created = filter ? this.#created(path, filter) : {}
      const at = values.append(created)
      if (isPrimary(created)) values.keepPrimary(at)
      selected.push(at)
    }
    const emptied = new Set<number>()
    for (const at of selected) {
      const before = values.elements[at]
      if (isObject(before)) {
        const after = this.#on.changeElement(op, path, value, before)
        if (after === undefined) emptied.add(at)
        else values.setAt(at, after)
        if (after && isPrimary(after) && !isPrimary(before)) values.keepPrimary(at)
      } else {
        const coerced =
          op === 'remove' ? undefined : this.#on.coerceOne(path, path.ref.attribute, value)
        if (coerced === undefined) emptied.add(at)
        else values.setAt(at, coerced)
      }
    }
    if (emptied.size > 0) values.removeAt(emptied)
  }

  /** A filter selects nothing: true where that asks for nothing. */
  #isMissAllowed(op: Op, path: AttributePath, value: Json | undefined): boolean {
    const clears = op === 'remove' || isUnassigned(value, this.#profile)
    // RFC 7644 §3.12: noTarget. Entra expects success, the value being absent as it wishes.
    if (path.filter && this.#profile === 'strict') throw noTarget(path)
    return clears
  }

  /** Entra means "the work address", existing or not: the new element gets the filter's demands. */
  #created(path: AttributePath, filter: Filter): Json {
    const stamp = stampOf(filter)
    if (!stamp) throw noTarget(path)
    return elementFrom(path.ref.attribute, stamp)
  }
}

function noTarget(path: AttributePath): ScimError {
  return new ScimError('noTarget', `The filter of "${printRef(path.ref)}" selects no value.`)
}
