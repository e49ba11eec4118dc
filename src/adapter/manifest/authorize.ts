/** What authorising a request needs and gives, whichever way an app wants it. */
import type { Kept } from '../contract.ts'
import { AdapterFailure } from '../failure.ts'
import type { HttpClient, HttpRequest } from '../http.ts'
import type { Defaults } from './fill-request.ts'
import type { Placed } from './request-schema.ts'
import { type Session, within } from './session.ts'
import type { TokenCache } from './token-cache.ts'

export interface Signed {
  readonly request: HttpRequest
  /** Forgets what the app has refused. False: it was new, and another one would be refused too. */
  readonly forget: () => boolean
}

export interface Write {
  /** Where the token of a write goes, where this one says so itself. */
  readonly csrf: readonly Placed[] | undefined
}

/** @param write undefined: the request only reads */
export type Authorize = (request: HttpRequest, write: Write | undefined) => Promise<Signed>

export interface AuthContext {
  readonly http: HttpClient
  readonly settings: Readonly<Record<string, string>>
  readonly secret: (name: string) => string
  readonly tokens: TokenCache
  readonly newId: () => string
  /** Of every request of the manifest. */
  readonly defaults: Defaults
  /** Absent where nothing can be kept: a refresh token that rotates then lasts for one token. */
  readonly kept?: Kept | undefined
}

export interface Issued {
  readonly session: Session
  readonly ttlSeconds: number
  /** True: it was had before, by another isolate, so the app may have ended it since. */
  readonly isOld?: boolean
}

/** A token is not used in its last seconds: it would expire on the way. */
const MARGIN_SECONDS = 30

export function tokenOf(token: string, ttlSeconds: number): Issued {
  const ttl = Math.max(0, ttlSeconds - MARGIN_SECONDS)
  return { session: { kept: { token }, cookies: {} }, ttlSeconds: ttl }
}

/** @param issue is told the session that the app has refused within this request, if any */
export function issued(
  { tokens, http }: Pick<AuthContext, 'tokens' | 'http'>,
  key: () => Promise<string>,
  placeOf: (write: Write | undefined) => readonly Placed[],
  issue: (refused: Session | undefined) => Promise<Issued>,
): Authorize {
  let refused: Session | undefined
  return async (request, write) => {
    const id = await key()
    const held = tokens.get(id, http.now())
    const had: Issued =
      held === undefined ? await issue(refused) : { ...(JSON.parse(held) as Issued), isOld: true }
    const { session, ttlSeconds, isOld = false } = had
    const text = held ?? JSON.stringify(had)
    if (held === undefined) tokens.set(id, text, http.now() + ttlSeconds * 1_000)
    const forget = () => {
      refused = session
      // Another request may have got a new one meanwhile.
      if (tokens.get(id, http.now()) === text) tokens.delete(id)
      return isOld
    }
    return { request: within(session, placeOf(write), request), forget }
  }
}

/** RFC 7617 §2.1: UTF-8. */
export function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`)
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`
}

export function refused(): AdapterFailure {
  return new AdapterFailure('auth', 'the app gave no token for these credentials', {
    effect: 'none',
    answered: true,
  })
}
