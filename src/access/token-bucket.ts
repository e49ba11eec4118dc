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
   * Takes `tokens` of the key's bucket, or none of them. More than a burst is taken from a full bucket,
   * which is then in debt, so that no request is so large that it can never pass.
   *
   * @param now milliseconds
   * @returns 0 where they were taken; else the milliseconds until they can be
   */
  take(key: string, rate: Rate, now: number, tokens = 1): number {
    const held = this.peek(key, rate, now)
    const needed = Math.min(tokens, rate.burst)
    if (held < needed) return Math.ceil(((needed - held) * 1000) / rate.perSecond)
    this.#buckets.set(key, { tokens: held - tokens, at: now })
    return 0
  }

  /** Tokens that the key's bucket holds now; below 0 while it is in debt. Takes none. */
  peek(key: string, { perSecond, burst }: Rate, now: number): number {
    const bucket = this.#buckets.get(key)
    if (!bucket) return burst
    // A clock that was set back fills nothing.
    const passed = Math.max(0, now - bucket.at)
    return Math.min(burst, bucket.tokens + (passed * perSecond) / 1000)
  }
}
