/**
 * Who waits for a call of the app, in the order in which they came. A request that is cut off leaves
 * nothing behind it but its place, which is cleared away when its time is over. Pure.
 */

/** Whoever has not looked again for so long is there no more. */
const LATE_MS = 250
/** Nobody looks again so long after their time. */
const GONE_MS = 1_000

export interface Place {
  /** When whoever waits here looks again. */
  looksAt: number
  /** The end of their time. */
  readonly until: number
}

/** Times are milliseconds. */
export class Places {
  readonly #places = new Set<Place>()

  get size(): number {
    return this.#places.size
  }

  join(now: number, until: number): Place {
    for (const place of this.#places) {
      if (place.until + GONE_MS <= now) this.#places.delete(place)
    }
    const place = { looksAt: now, until }
    this.#places.add(place)
    return place
  }

  leave(place: Place): void {
    this.#places.delete(place)
  }

  /** How many wait before this place. */
  ahead(mine: Place, now: number): number {
    let ahead = 0
    for (const place of this.#places) {
      if (place === mine) break
      if (isThere(place, now)) ahead += 1
    }
    return ahead
  }

  waiting(now: number): number {
    return [...this.#places].filter((place) => isThere(place, now)).length
  }
}

function isThere({ looksAt }: Place, now: number): boolean {
  return looksAt + LATE_MS > now
}
