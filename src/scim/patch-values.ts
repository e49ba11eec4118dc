/** The elements of one multi-valued attribute while a PATCH works on them (RFC 7644 §3.5.2). */
import { type Attribute, type Json, type JsonObject, subAttribute } from './schema.ts'
import { comparisonKey, equalValues, isObject, isPrimary } from './values.ts'

/** An index of so few values costs more than it saves. */
const FEW = 8

export class PatchValues {
  readonly #attribute: Attribute
  readonly #value: Attribute | undefined
  readonly #type: Attribute | undefined
  #elements: Json[]
  /** Positions by `value`, or by everything where an element has none; void after a change. */
  #positions: Map<string, number[]> | undefined

  /** `elements` are taken over: the caller must not use them on. */
  constructor(attribute: Attribute, elements: Json[]) {
    this.#attribute = attribute
    this.#value = subAttribute(attribute, 'value')
    this.#type = subAttribute(attribute, 'type')
    this.#elements = elements
  }

  get elements(): readonly Json[] {
    return this.#elements
  }

  replaceAll(elements: Json[]): void {
    this.#elements = elements
    this.#positions = undefined
  }

  removeAt(positions: ReadonlySet<number>): void {
    this.replaceAll(this.#elements.filter((_, at) => !positions.has(at)))
  }

  setAt(position: number, element: Json): void {
    const before = this.#elements[position]
    this.#elements[position] = element
    const isKnown = before !== undefined && this.#positions !== undefined
    if (isKnown && this.#key(before) !== this.#key(element)) this.#positions = undefined
  }

  append(element: Json): number {
    const at = this.#elements.push(element) - 1
    const positions = this.#positions
    if (positions) note(positions, this.#key(element), at)
    return at
  }

  /**
   * The element that an added one says again: RFC 7644 §3.5.2.1 changes nothing for a value that is
   * there, RFC 7643 §2.4 allows a (type, value) once. A missing type is any type.
   */
  find(given: Json): number | undefined {
    const candidates = this.#candidates(given)
    const type = this.#type
    const same = candidates.find(
      (at) => !type || equalValues(type, part(this.#elements[at], type), part(given, type)),
    )
    return same ?? candidates.find((at) => this.#typesAgree(this.#elements[at], given))
  }

  /** Elements that a `remove` with a value names: by `value`, else by every part it gives. */
  findAll(given: Json): readonly number[] {
    if (isObject(given) && !(this.#value && part(given, this.#value) !== undefined)) {
      const parts = (this.#attribute.subAttributes ?? []).filter((sub) => sub.name in given)
      return this.#elements.flatMap((element, at) =>
        parts.every((sub) => equalValues(sub, part(element, sub), part(given, sub))) ? [at] : [],
      )
    }
    return this.#candidates(given).filter((at) => this.#typesAgree(this.#elements[at], given))
  }

  /** RFC 7643 §2.4, RFC 7644 §3.5.2: a new primary value makes the others not primary. */
  keepPrimary(position: number): void {
    for (const [at, element] of this.#elements.entries()) {
      if (at === position || !isObject(element) || !isPrimary(element)) continue
      this.#elements[at] = { ...element, primary: false }
      if (!this.#value || part(element, this.#value) === undefined) this.#positions = undefined
    }
  }

  #typesAgree(element: Json | undefined, given: Json): boolean {
    if (!this.#type) return true
    const [a, b] = [part(element, this.#type), part(given, this.#type)]
    return a === undefined || b === undefined || equalValues(this.#type, a, b)
  }

  #candidates(given: Json): readonly number[] {
    const key = this.#key(given)
    if (!this.#positions) {
      if (this.#elements.length <= FEW) {
        return this.#elements.flatMap((element, at) => (this.#key(element) === key ? [at] : []))
      }
      this.#positions = new Map()
      for (const [at, element] of this.#elements.entries()) {
        note(this.#positions, this.#key(element), at)
      }
    }
    return this.#positions.get(key) ?? []
  }

  #key(element: Json): string {
    const value = this.#value && part(element, this.#value)
    return this.#value && value !== undefined
      ? comparisonKey(this.#value, value)
      : comparisonKey(this.#attribute, element)
  }
}

function note(positions: Map<string, number[]>, key: string, at: number): void {
  const known = positions.get(key)
  if (known) known.push(at)
  else positions.set(key, [at])
}

function part(element: Json | undefined, sub: Attribute): Json | undefined {
  return isObject(element) ? (element as JsonObject)[sub.name] : undefined
}
