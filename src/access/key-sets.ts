/**
 * Public keys of the providers whose tokens are trusted (RFC 7517), remembered by this isolate.
 *
 * A key that is not known makes its set be read again, at most once in `REFRESH_MS`, so that made-up
 * key ids cost the provider nothing. A set that cannot be read is used for a day longer.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import * as z from 'zod'
import { BoundedMap } from './bounded-map.ts'
import { readAtMost } from './read-at-most.ts'

const FRESH_MS = 3_600_000
const STALE_MS = 24 * 3_600_000
/** Between two readings of one set because of a key that it lacks. */
const REFRESH_MS = 60_000
/** After a set could not be read. */
const PAUSE_MS = 10_000
const TIMEOUT_MS = 5_000
/** Entra's is 20 KB. */
const MAX_BYTES = 262_144
const REMEMBERED = 200

const keySetSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(200) })

interface Remembered {
  readonly keys: JWTVerifyGetKey | undefined
  readonly readAt: number
  readonly triedAt: number
}

/** No key set can be had: nothing is known of the token, and the client has to come again. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}

export interface KeySetsDeps {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Why an address is refused; undefined where it may be called. */
  readonly checkUrl: (url: string) => string | undefined
}

/** One for each isolate. */
export class KeySets {
  readonly #deps: KeySetsDeps
  readonly #sets = new BoundedMap<Remembered>(REMEMBERED)

  constructor(deps: KeySetsDeps) {
    this.#deps = deps
  }

  /** The keys of these sets, as one: what `jwtVerify` asks for the key of a header. */
  of(urls: readonly string[]): JWTVerifyGetKey {
    return async (header, token) => {
      const inSets = (sets: readonly Remembered[]) => firstKey(sets, header, token)
      let sets = await Promise.all(urls.map((url) => this.#read(url, FRESH_MS, PAUSE_MS)))
      const found = await inSets(sets)
      if (found) return found
      sets = await Promise.all(urls.map((url) => this.#read(url, 0, REFRESH_MS)))
      const renewed = await inSets(sets)
      if (renewed) return renewed
      // It may be in a set, or in the newer version of one, that could not be read: a doubt, no refusal.
      if (sets.some(({ keys, readAt, triedAt }) => !keys || readAt < triedAt)) {
        throw new KeysUnavailable()
      }
      throw new errors.JWKSNoMatchingKey()
    }
  }

  /** Read again where it is older than `maxAgeMs`, unless that was tried within `pauseMs`. */
  async #read(url: string, maxAgeMs: number, pauseMs: number): Promise<Remembered> {
    const now = this.#deps.now()
    const known = this.#sets.get(url)
    if (known?.keys && now - known.readAt < maxAgeMs) return known
    if (known && now - known.triedAt < pauseMs) return this.#notTooOld(known, now)
    // Said before it is read: requests that come meanwhile go by what there is.
    if (known) this.#sets.set(url, { ...known, triedAt: now })
    const keys = await this.#fetch(url)
    const read = keys
      ? { keys, readAt: now, triedAt: now }
      : { keys: known?.keys, readAt: known?.readAt ?? 0, triedAt: now }
    this.#sets.set(url, read)
    return this.#notTooOld(read, now)
  }

  #notTooOld(set: Remembered, now: number): Remembered {
    return now - set.readAt < STALE_MS ? set : { ...set, keys: undefined }
  }

  /** Undefined: it cannot be read now, or is no key set. */
  async #fetch(url: string): Promise<JWTVerifyGetKey | undefined> {
    const { fetch, checkUrl } = this.#deps
    if (checkUrl(url) !== undefined) return undefined
    try {
      const response = await fetch(url, {
        headers: { accept: 'application/json', 'user-agent': 'postern' },
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = response.ok ? await readText(response) : await discard(response)
      const parsed = keySetSchema.safeParse(text === undefined ? undefined : JSON.parse(text))
      return parsed.success ? createLocalJWKSet(parsed.data as JSONWebKeySet) : undefined
    } catch {
      // Whatever it was, there are no keys; whether old ones do is decided by their age.
      return undefined
    }
  }
}

async function firstKey(
  sets: readonly Remembered[],
  ...asked: Parameters<JWTVerifyGetKey>
): Promise<Awaited<ReturnType<JWTVerifyGetKey>> | undefined> {
  for (const { keys } of sets) {
    try {
      if (keys) return await keys(...asked)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
  }
  return undefined
}

async function readText(response: Response): Promise<string | undefined> {
  // The time is bounded by the signal of the request.
  const bounds = { maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, after: () => () => {} }
  const read = await readAtMost(response.body, bounds)
  return read.kind === 'whole' ? new TextDecoder().decode(read.bytes) : undefined
}

async function discard(response: Response): Promise<undefined> {
  await response.body?.cancel()
}
