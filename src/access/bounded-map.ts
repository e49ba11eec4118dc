/**
 * What an isolate remembers, kept small. Where it is full, what was asked for or written longest ago goes
 * first, unless it is still needed: then what is not goes before it.
 */
export class BoundedMap<T> {
  readonly #capacity: number
  readonly #isNeeded: (value: T) => boolean
  readonly #entries = new Map<string, T>()

  /** @param isNeeded asked only where the map is full, of one entry after the other */
  constructor(capacity: number, isNeeded: (value: T) => boolean = () => false) {
    this.#capacity = capacity
    this.#isNeeded = isNeeded
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): T | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    // A Map keeps the order of insertion: what is used goes to the end of it.
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: T): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#capacity) this.#makeRoom()
    this.#entries.set(key, value)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  #makeRoom(): void {
    for (const [key, value] of this.#entries) {
      if (this.#isNeeded(value)) continue
      this.#entries.delete(key)
      return
    }
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}
