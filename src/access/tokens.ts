/**
 * Bearer tokens: 256 random bits, so that a plain SHA-256 is all that has to be stored, and a
 * look-up by hash tells nothing by its timing.
 */
import { Buffer } from 'node:buffer'

/**
 * Let secret scanners know it by its form: a bearer token, an administrator's, or the secret of an
 * OAuth client.
 */
const PREFIX = 'pst_'
const ADMIN_PREFIX = 'psa_'
const CLIENT_SECRET_PREFIX = 'psc_'
const TOKEN_BYTES = 32
/** RFC 6750 §2.1; RFC 9110 §11.1 makes the scheme's name case-insensitive. */
const BEARER = /^Bearer +(\S+)$/i
/** Ours are 47 characters, an identity provider's some KB; bounds what is hashed. */
const MAX_TOKEN_LENGTH = 16_384

/** A new token. It is shown once and kept nowhere; `hash` is what is stored. */
export async function mintToken(
  random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
  prefix = PREFIX,
): Promise<{ token: string; hash: string }> {
  const bytes = random(new Uint8Array(TOKEN_BYTES))
  const token = prefix + Buffer.from(bytes).toString('base64url')
  return { token, hash: await hashToken(token) }
}

/** As a token: 256 bits, shown once. */
export async function mintClientSecret(): Promise<{ secret: string; hash: string }> {
  const { token: secret, hash } = await mintToken(undefined, CLIENT_SECRET_PREFIX)
  return { secret, hash }
}

/** As a token, for an administrator. */
export function mintAdminToken(): Promise<{ token: string; hash: string }> {
  return mintToken(undefined, ADMIN_PREFIX)
}

/** Whether it can be one that `mintAdminToken` made: of others D1 is not asked. */
export function isAdminToken(token: string): boolean {
  return token.startsWith(ADMIN_PREFIX)
}

/** SHA-256, hexadecimal. */
export async function hashToken(token: string): Promise<string> {
  return Buffer.from(await sha256(token)).toString('hex')
}

/** The token of an `Authorization: Bearer` header; undefined where there is none. */
export function bearerToken(header: string | undefined): string | undefined {
  const token = header && BEARER.exec(header)?.[1]
  return token && token.length <= MAX_TOKEN_LENGTH ? token : undefined
}

/** Compares in a time that does not depend on the values. An empty `expected` equals nothing. */
export async function equalTokens(given: string, expected: string): Promise<boolean> {
  // Digests, because timingSafeEqual throws on unequal lengths.
  const [a, b] = await Promise.all([sha256(given), sha256(expected)])
  return crypto.subtle.timingSafeEqual(a, b) && expected !== ''
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
