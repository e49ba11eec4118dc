/**
 * What an isolate remembers for many owners, kept small: whoever has most of it makes room, and of
 * theirs what was asked for longest ago goes. So nobody pushes out more of others than they have themselves.
 */
export class Shares<T> {
  readonly #capacity: number
  #size = 0
  /** Owners, and the entries of each: used longest ago first. */
  readonly #owners = new Map<string, Map<string, T>>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(owner: string, key: string): T | undefined {
    const value = this.#owners.get(owner)?.get(key)
    if (value !== undefined) this.#put(owner, key, value)
    return value
  }

  set(owner: string, key: string, value: T): void {
    const isNew = this.#owners.get(owner)?.has(key) !== true
    if (isNew && this.#size >= this.#capacity) this.#makeRoom(owner)
    this.#put(owner, key, value)
    if (isNew) this.#size += 1
  }

  #put(owner: string, key: string, value: T): void {
    const own = this.#owners.get(owner) ?? new Map<string, T>()
    own.delete(key)
    own.set(key, value)
    this.#owners.delete(owner)
    this.#owners.set(owner, own)
  }

  #makeRoom(asking: string): void {
    const its = this.#owners.get(asking)
    let most = its && ([asking, its] as const)
    for (const one of this.#owners) if (!most || one[1].size > most[1].size) most = one
    if (!most) return
    const [owner, own] = most
    const [oldest] = own.keys()
    if (oldest !== undefined) own.delete(oldest)
    if (own.size === 0) this.#owners.delete(owner)
    this.#size -= 1
  }
}
