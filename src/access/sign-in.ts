/**
 * Who asks for something of the admin API: the bootstrap token, a token of an administrator, a session
 * that was made from one, or what Cloudflare Access vouches for. D1 is asked each time, so that whoever is removed is out at once.
 *
 * Whoever fails too often from one place is told to wait, in this isolate. A right token gets in all
 * the same, so nobody can lock an administrator out: 256 bits are guessed by nobody. The exception is
 * a bootstrap token that is too short for that: where its source has failed too often, it is not even
 * looked at.
 */
import { type AdministratorRow, Administrators } from '../db/administrators.ts'
import { type Administrator, BOOTSTRAP, toAdministrator } from './administrator.ts'
import { ACCESS_HEADER, accessName } from './cloudflare-access.ts'
import { type KeySets, KeysUnavailable } from './key-sets.ts'
import { LastUse, type LastUseDeps } from './last-use.ts'
import { originOf } from './same-origin.ts'
import {
  mintSession,
  NO_SESSION_COOKIE,
  proveSession,
  readSession,
  SESSION_MS,
  type SessionClaim,
  sessionCookie,
  sessionIn,
} from './session.ts'
import { sourceOf } from './source.ts'
import { type Rate, TokenBuckets } from './token-bucket.ts'
import { bearerToken, equalTokens, hashToken, isAdminToken } from './tokens.ts'
import { MAX_JWT, prove, type Trust } from './trust.ts'
import type { ReadSecret } from './worker-secret.ts'

/** Failed sign-ins from one source: twenty at once, then one in six seconds. */
const FAILURES: Rate = { burst: 20, perSecond: 1 / 6 }
/** Sources that one isolate remembers: some hundred bytes each. */
const SOURCES = 10_000
/** Whose key sets those of Cloudflare Access are. */
const GATEWAY = ''
/** 192 bits in base64: what `npm start` makes. */
const SHORTEST_TOKEN = 32

export interface SignInDeps extends LastUseDeps {
  readonly db: D1Database
  /** POSTERN_ADMIN_TOKEN; empty: it lets nobody in. */
  readonly bootstrapToken: ReadSecret
  /** Keys sessions of the console; it is not in the database. Empty: there are none. */
  readonly sessionSecret: ReadSecret
  /** Of Cloudflare Access; undefined: its header is not looked at. */
  readonly access: Trust | undefined
  readonly keySets: KeySets
  /** Told once that the bootstrap token can be guessed, by somebody with patience. */
  readonly isWeak: () => void
}

export type SignedIn =
  | { readonly kind: 'in'; readonly administrator: Administrator }
  /** Nothing was shown, or nothing that is right. */
  | { readonly kind: 'refused' }
  /** Cloudflare Access vouches for somebody who is no administrator here. */
  | { readonly kind: 'stranger' }
  /** A page of another site would write by the sign-in of somebody's browser. */
  | { readonly kind: 'other-site' }
  /** The keys of Cloudflare Access cannot be read now. */
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'wait'; readonly seconds: number }

/** One for each isolate: it holds what this isolate remembers. */
export class SignIn {
  readonly #deps: SignInDeps
  readonly #administrators: Administrators
  readonly #failures = new TokenBuckets(SOURCES)
  readonly #lastUse: LastUse
  #hasWarned = false

  constructor(deps: SignInDeps) {
    this.#deps = deps
    this.#administrators = new Administrators(deps.db)
    this.#lastUse = new LastUse(deps, 'administrator last use')
  }

  /** @throws {SecretUnavailable} where the bootstrap token decides, and cannot be read now */
  async identify(request: Pick<Request, 'headers' | 'method' | 'url'>): Promise<SignedIn> {
    const source = sourceOf(request.headers)
    // Taken before anything is looked at: of many tries at once each counts.
    const waitMs = this.#failures.take(source, FAILURES, this.#deps.now())
    const signedIn = await this.#identify(request, waitMs > 0)
    const hasFailed = signedIn.kind === 'refused' || signedIn.kind === 'stranger'
    if (hasFailed && waitMs > 0) return { kind: 'wait', seconds: Math.ceil(waitMs / 1000) }
    if (!hasFailed && waitMs === 0) this.#failures.giveBack(source, FAILURES, this.#deps.now())
    return signedIn
  }

  /**
   * A session of the console, by the token that a form was filled in with.
   *
   * @returns the `Set-Cookie` of it where the token is right; `no-secret`: this gateway has no sessions
   * @throws {SecretUnavailable}
   */
  async begin(
    request: Pick<Request, 'headers' | 'url'>,
    token: string,
  ): Promise<
    Exclude<SignedIn, { kind: 'in' }> | { kind: 'in'; cookie: string } | { kind: 'no-secret' }
  > {
    const { url } = request
    if (originOf(request.headers, new URL(url).origin) === 'other') return { kind: 'other-site' }
    // As if it were a bearer: the same throttle, the same rules for a short one.
    const headers = new Headers({ authorization: `Bearer ${token}` })
    const address = request.headers.get('cf-connecting-ip')
    if (address !== null) headers.set('cf-connecting-ip', address)
    const signedIn = await this.identify({ headers, method: 'POST', url })
    if (signedIn.kind !== 'in') return signedIn
    const secret = await this.#deps.sessionSecret()
    if (secret === '') return { kind: 'no-secret' }
    const tokenHash = await hashToken(token)
    const stored = isAdminToken(token)
      ? await this.#administrators.byTokenHash(tokenHash)
      : undefined
    const now = this.#deps.now()
    const claim: SessionClaim = {
      tokenId: stored?.token.id ?? BOOTSTRAP.id,
      expiresAt: Math.min(now + SESSION_MS, stored?.token.expiresAt ?? Number.POSITIVE_INFINITY),
    }
    const value = await mintSession(claim, { tokenHash, secret })
    return { kind: 'in', cookie: sessionCookie(value, claim, now) }
  }

  /** `Set-Cookie` that ends a session in the browser. */
  readonly ended: string = NO_SESSION_COOKIE

  async #identify(
    { headers, method, url }: Pick<Request, 'headers' | 'method' | 'url'>,
    isSlowed: boolean,
  ): Promise<SignedIn> {
    const authorization = headers.get('authorization')
    if (authorization !== null) return this.#byToken(bearerToken(authorization) ?? '', isSlowed)
    const session = sessionIn(headers.get('cookie'))
    const assertion = this.#deps.access ? headers.get(ACCESS_HEADER) : null
    if (session === undefined && assertion === null) return { kind: 'refused' }
    // A browser is known by a cookie, ours or that of Access, which goes along with what any page
    // makes it send.
    const isSafe = method === 'GET' || method === 'HEAD'
    if (!isSafe && originOf(headers, new URL(url).origin) === 'other') return { kind: 'other-site' }
    const bySession = session === undefined ? undefined : await this.#bySession(session)
    if (bySession) return { kind: 'in', administrator: bySession }
    return assertion !== null && this.#deps.access
      ? this.#byAccess(assertion, this.#deps.access)
      : { kind: 'refused' }
  }

  async #bySession(value: string): Promise<Administrator | undefined> {
    const claim = readSession(value)
    if (!claim) return undefined
    const { bootstrapToken, sessionSecret, now } = this.#deps
    const secret = await sessionSecret()
    if (claim.tokenId === BOOTSTRAP.id) {
      const token = await bootstrapToken()
      if (token === '') return undefined
      const key = { tokenHash: await hashToken(token), secret }
      return (await proveSession(value, key, now())) ? BOOTSTRAP : undefined
    }
    const found = await this.#administrators.byTokenId(claim.tokenId)
    if (!found) return undefined
    const { row, token } = found
    if (token.expiresAt !== null && token.expiresAt <= now()) return undefined
    if (!(await proveSession(value, { tokenHash: token.hash, secret }, now()))) return undefined
    this.#noteUse(row, token.id)
    return toAdministrator(row, 'session')
  }

  async #byToken(token: string, isSlowed: boolean): Promise<SignedIn> {
    const found = isAdminToken(token) ? await this.#stored(token) : undefined
    if (found) return { kind: 'in', administrator: found }
    const bootstrap = await this.#deps.bootstrapToken()
    const isShort = bootstrap !== '' && bootstrap.length < SHORTEST_TOKEN
    if (isShort && !this.#hasWarned) {
      this.#hasWarned = true
      this.#deps.isWeak()
    }
    const isRight = !(isShort && isSlowed) && (await equalTokens(token, bootstrap))
    return isRight ? { kind: 'in', administrator: BOOTSTRAP } : { kind: 'refused' }
  }

  async #stored(token: string): Promise<Administrator | undefined> {
    const found = await this.#administrators.byTokenHash(await hashToken(token))
    if (!found) return undefined
    const { row, token: shown } = found
    if (shown.expiresAt !== null && shown.expiresAt <= this.#deps.now()) return undefined
    this.#noteUse(row, shown.id)
    return toAdministrator(row, 'token')
  }

  async #byAccess(jwt: string, trust: Trust): Promise<SignedIn> {
    if (jwt.length > MAX_JWT) return { kind: 'refused' }
    const { keySets, now } = this.#deps
    try {
      const proof = await prove(jwt, trust, keySets.of(GATEWAY, trust.keySets), now())
      const name = proof.kind === 'trusted' ? accessName(proof.claims) : undefined
      if (name === undefined) return { kind: 'refused' }
      const row = await this.#administrators.named(name)
      if (!row) return { kind: 'stranger' }
      this.#noteUse(row)
      return { kind: 'in', administrator: toAdministrator(row, 'access') }
    } catch (error) {
      if (error instanceof KeysUnavailable) return { kind: 'unavailable' }
      throw error
    }
  }

  #noteUse({ id }: AdministratorRow, token?: string): void {
    const note = (at: number) => this.#administrators.noteUse(id, token, at)
    this.#lastUse.note(`${id}\n${token ?? ''}`, note)
  }
}
