/** A map whose values are made when they are first asked for: what no request needs costs no start. */
export class OnDemand<Value> implements ReadonlyMap<string, Value> {
  readonly #makers: ReadonlyMap<string, () => Value>
  readonly #made = new Map<string, Value>()

  constructor(makers: ReadonlyMap<string, () => Value>) {
    this.#makers = makers
  }

  get size(): number {
    return this.#makers.size
  }

  has(key: string): boolean {
    return this.#makers.has(key)
  }

  get(key: string): Value | undefined {
    const made = this.#made.get(key)
    if (made !== undefined) return made
    const value = this.#makers.get(key)?.()
    if (value !== undefined) this.#made.set(key, value)
    return value
  }

  keys(): MapIterator<string> {
    return this.#makers.keys()
  }

  *entries(): MapIterator<[string, Value]> {
    for (const key of this.keys()) yield [key, this.get(key) as Value]
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries()
  }

  forEach(tell: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this.entries()) tell(value, key, this)
  }
}
