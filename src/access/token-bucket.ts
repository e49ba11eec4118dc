/**
 * Token buckets, one a key: each holds `burst` tokens at most and fills at `perSecond`. Pure: the time
 * is passed in. What an isolate remembers of them is bounded, and a key that is forgotten starts full.
 */
import { BoundedMap } from './bounded-map.ts'

export interface Rate {
  /** Tokens that come back in a second, above 0. */
  readonly perSecond: number
  /** Tokens that a bucket holds when it is full: what may be taken at once. At least 1. */
  readonly burst: number
}

interface Bucket {
  readonly tokens: number
  /** Milliseconds: when it held so many. */
  readonly at: number
}

export class TokenBuckets {
  readonly #buckets: BoundedMap<Bucket>

  /** @param capacity keys that are remembered; beyond it, the one asked for longest ago goes */
  constructor(capacity: number) {
    this.#buckets = new BoundedMap(capacity)
  }

  /**
   * Takes a token of the key's bucket.
   *
   * @param now milliseconds
   * @returns 0 where it was taken; else the milliseconds until one can be
   */
  take(key: string, rate: Rate, now: number): number {
    const held = this.peek(key, rate, now)
    if (held < 1) return Math.ceil(((1 - held) * 1000) / rate.perSecond)
    this.charge(key, rate, now, 1)
    return 0
  }

  /** Takes so many, held or not: what is let in already may cost more than one, and is paid back. */
  charge(key: string, rate: Rate, now: number, tokens: number): void {
    this.#buckets.set(key, { tokens: this.peek(key, rate, now) - tokens, at: now })
  }

  /** Gives back one that was taken. */
  giveBack(key: string, rate: Rate, now: number): void {
    this.charge(key, rate, now, -1)
  }

  /** Tokens that the key's bucket holds now; below 0 while it is in debt. Takes none. */
  peek(key: string, { perSecond, burst }: Rate, now: number): number {
    const bucket = this.#buckets.get(key)
    if (!bucket) return burst
    const passed = now - bucket.at
    if (passed >= 0) return Math.min(burst, bucket.tokens + (passed * perSecond) / 1000)
    // A clock that was set back fills nothing, and the bucket fills by it from now on.
    this.#buckets.set(key, { ...bucket, at: now })
    return bucket.tokens
  }
}
