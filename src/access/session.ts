/**
 * A session of the console: a cookie made from an administrator's token, and bound to it. Its value
 * says which token, until when, and a MAC over both, keyed by the token's hash and a secret of the
 * Worker: it ends with the token, and who reads the database cannot make one. Pure, and stored nowhere.
 */
import { Buffer } from 'node:buffer'

/** `__Host-`: set by this host itself, over https, for all paths (RFC 6265bis §4.1.3.2). */
const SESSION_COOKIE = '__Host-postern'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'
export const SESSION_MS = 12 * 3_600_000

/** What a session is bound to. */
export interface SessionKey {
  /** SHA-256 of the administrator's token, as it is stored. */
  readonly tokenHash: string
  /** Of the Worker; not in the database. Empty: there are no sessions. */
  readonly secret: string
}

/** What a session says of itself; nothing is proved yet. */
export interface SessionClaim {
  /** Id of the administrator's token; `bootstrap` for POSTERN_ADMIN_TOKEN. */
  readonly tokenId: string
  /** Milliseconds. */
  readonly expiresAt: number
}

const VALUE = /^([a-z0-9-]{1,36})\.(\d{1,15})\.([A-Za-z0-9_-]{43})$/

/** The cookie's value. @throws where there is no secret */
export async function mintSession(claim: SessionClaim, key: SessionKey): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', await macKey(key), message(claim))
  return `${claim.tokenId}.${claim.expiresAt}.${Buffer.from(mac).toString('base64url')}`
}

/** Undefined: it is none of ours by its form. */
export function readSession(value: string): SessionClaim | undefined {
  const [, tokenId, expiresAt] = VALUE.exec(value) ?? []
  return tokenId === undefined ? undefined : { tokenId, expiresAt: Number(expiresAt) }
}

/** Whether this value was made under that key, and has not expired. @param now milliseconds */
export async function proveSession(value: string, key: SessionKey, now: number): Promise<boolean> {
  const claim = readSession(value)
  if (!claim || claim.expiresAt <= now || key.secret === '') return false
  const mac = Buffer.from(value.slice(value.lastIndexOf('.') + 1), 'base64url')
  return crypto.subtle.verify('HMAC', await macKey(key), mac, message(claim))
}

/** `Set-Cookie`. @param now milliseconds */
export function sessionCookie(value: string, { expiresAt }: SessionClaim, now: number): string {
  const seconds = Math.max(0, Math.floor((expiresAt - now) / 1000))
  return `${SESSION_COOKIE}=${value}; Max-Age=${seconds}; ${ATTRIBUTES}`
}

/** `Set-Cookie` that ends it in the browser. */
export const NO_SESSION_COOKIE = `${SESSION_COOKIE}=; Max-Age=0; ${ATTRIBUTES}`

/** The value in a `Cookie` header; undefined where there is none, or more than one. */
export function sessionIn(cookies: string | null): string | undefined {
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim())
  const values = pairs.flatMap((pair) =>
    pair.startsWith(`${SESSION_COOKIE}=`) ? [pair.slice(SESSION_COOKIE.length + 1)] : [],
  )
  return values.length === 1 ? values[0] : undefined
}

const message = ({ tokenId, expiresAt }: SessionClaim): Uint8Array =>
  new TextEncoder().encode(`${tokenId}.${expiresAt}`)

async function macKey({ tokenHash, secret }: SessionKey): Promise<CryptoKey> {
  if (secret === '') throw new Error('sessions need a secret of the Worker')
  const bytes = (text: string) => new TextEncoder().encode(text)
  const base = await crypto.subtle.importKey('raw', bytes(secret), 'HKDF', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: bytes(tokenHash), info: bytes('postern session') },
    base,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign', 'verify'],
  )
}
