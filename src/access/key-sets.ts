/**
 * Public keys of the providers whose tokens are trusted (RFC 7517), remembered by this isolate for each
 * connection: what one asks for does neither push out nor hold up what another has.
 *
 * A key that is not known makes its set be read again, at most once in `REFRESH_MS`, so that made-up
 * key ids cost the provider nothing. A set that cannot be read is used for a day longer.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import * as z from 'zod'
import { readAtMost } from './read-at-most.ts'
import { Shares } from './shares.ts'
import { steadyClock } from './steady-clock.ts'

const FRESH_MS = 3_600_000
const STALE_MS = 24 * 3_600_000
/** Between two readings of one set because of a key that it lacks. */
const REFRESH_MS = 60_000
/** After a set could not be read. */
const PAUSE_MS = 10_000
const TIMEOUT_MS = 5_000
/** Whoever has been reading for so long was cut off with its request. */
const GIVEN_UP_MS = TIMEOUT_MS + 1_000
/** How often those look who wait for what another request reads. */
const LOOK_MS = 20
/** Entra's is 20 KB. */
const MAX_BYTES = 131_072
/** Two for each connection whose client is Entra; at their largest, some 50 of an isolate's 128 MB. */
const REMEMBERED = 400

const keySetSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(200) })

/** Times are of the steady clock. */
interface Remembered {
  readonly keys: JWTVerifyGetKey | undefined
  readonly readAt: number
  readonly triedAt: number
  /** Since when a request has been reading it. */
  readonly readingSince?: number
}

interface Wish {
  /** It is read again where it is older, unless that was tried within `pauseMs`. */
  readonly maxAgeMs: number
  readonly pauseMs: number
  /** What there is will do while another request reads it. */
  readonly isOldGood: boolean
}

const FRESH: Wish = { maxAgeMs: FRESH_MS, pauseMs: PAUSE_MS, isOldGood: true }
/** It lacks a key. */
const NEWER: Wish = { maxAgeMs: 0, pauseMs: REFRESH_MS, isOldGood: false }

/** No key set can be had: nothing is known of the token, and the client has to come again. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}

export interface KeySetsDeps {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly wait: (ms: number) => Promise<void>
  /** Why an address is refused; undefined where it may be called. */
  readonly checkUrl: (url: string) => string | undefined
}

/** One for each isolate. */
export class KeySets {
  readonly #deps: KeySetsDeps
  readonly #now: () => number
  readonly #sets = new Shares<Remembered>(REMEMBERED)

  constructor(deps: KeySetsDeps) {
    this.#deps = deps
    this.#now = steadyClock(deps.now)
  }

  /**
   * The keys of these sets, as one: what `jwtVerify` asks for the key of a header.
   *
   * @param owner id of the connection by whose client they are trusted
   */
  of(owner: string, urls: readonly string[]): JWTVerifyGetKey {
    return async (header, token) => {
      const inSets = (sets: readonly Remembered[]) => firstKey(sets, header, token)
      let sets = await Promise.all(urls.map((url) => this.#read(owner, url, FRESH)))
      const found = await inSets(sets)
      if (found) return found
      sets = await Promise.all(urls.map((url) => this.#read(owner, url, NEWER)))
      const renewed = await inSets(sets)
      if (renewed) return renewed
      // It may be in a set, or in the newer version of one, that could not be read: a doubt, no refusal.
      if (sets.some(({ keys, readAt, triedAt }) => !keys || readAt < triedAt)) {
        throw new KeysUnavailable()
      }
      throw new errors.JWKSNoMatchingKey()
    }
  }

  async #read(owner: string, url: string, wish: Wish): Promise<Remembered> {
    for (;;) {
      const now = this.#now()
      const known = this.#sets.get(owner, url)
      if (known?.keys && now - known.readAt < wish.maxAgeMs) return known
      if (known?.readingSince !== undefined && now - known.readingSince < GIVEN_UP_MS) {
        if (known.keys && wish.isOldGood) return this.#notTooOld(known, now)
        // No promise is shared: a request that is cut off settles none.
        await this.#deps.wait(LOOK_MS)
        continue
      }
      const isTried = known !== undefined && known.readingSince === undefined
      if (isTried && now - known.triedAt < wish.pauseMs) return this.#notTooOld(known, now)
      return this.#readNow(owner, url, known, now)
    }
  }

  async #readNow(
    owner: string,
    url: string,
    known: Remembered | undefined,
    now: number,
  ): Promise<Remembered> {
    const former = known?.keys
    const readAt = known?.readAt ?? 0
    // Said before it is read, to the requests that come meanwhile.
    this.#sets.set(owner, url, { keys: former, readAt, triedAt: now, readingSince: now })
    const keys = await this.#fetch(url)
    const read = keys ? { keys, readAt: now, triedAt: now } : { keys: former, readAt, triedAt: now }
    this.#sets.set(owner, url, read)
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
  const read = await readAtMost(response, bounds)
  return read.kind === 'whole' ? new TextDecoder().decode(read.bytes) : undefined
}

async function discard(response: Response): Promise<undefined> {
  await response.body?.cancel()
}
