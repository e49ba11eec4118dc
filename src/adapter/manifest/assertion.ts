/** Tokens that are signed here (RFC 7515, RFC 7519). */
import { importJWK, importPKCS8, SignJWT } from 'jose'
import { AdapterFailure } from '../failure.ts'
import type { AssertionSpec } from './auth-schema.ts'
import { fillJson, fillText } from './template.ts'

export interface SignContext {
  readonly settings: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly newId: () => string
}

/**
 * @param given claims that hold unless the manifest has its own
 * @throws {AdapterFailure} `auth`, effect `none`, where the key cannot sign
 */
export async function signed(
  spec: AssertionSpec,
  secret: string,
  given: Readonly<Record<string, string>>,
  { settings, now, newId }: SignContext,
): Promise<string> {
  const values = { config: settings }
  const own = fillJson(spec.claims, values) as Readonly<Record<string, unknown>>
  const issuedAt = Math.floor(now / 1_000)
  const claims = {
    jti: newId(),
    ...given,
    ...own,
    iat: issuedAt,
    exp: issuedAt + spec.ttlSeconds,
  }
  try {
    const { key, keyId } = await keyOf(spec, secret)
    const kid = spec.keyId === undefined ? keyId : fillText(spec.keyId, values)
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: spec.algorithm, typ: 'JWT', ...(kid !== undefined && { kid }) })
      .sign(key)
  } catch {
    // What the library says may quote the key.
    const message =
      'the private key does not fit its algorithm: it must be PEM (PKCS #8) or JWK, or for HS256 a secret'
    throw new AdapterFailure('auth', message, { effect: 'none' })
  }
}

type Key = Awaited<ReturnType<typeof importPKCS8>> | Uint8Array

async function keyOf(
  { algorithm, encoding }: AssertionSpec,
  secret: string,
): Promise<{ key: Key; keyId?: string }> {
  if (algorithm.startsWith('HS')) return { key: bytesOf(secret, encoding) }
  const json = secret.trim().startsWith('{') ? asObject(JSON.parse(secret)) : undefined
  if (!json) return { key: await importPKCS8(pem(secret), algorithm) }
  // The key file of a service account, as Google hands it out.
  if (typeof json['private_key'] === 'string') {
    const id = json['private_key_id']
    const key = await importPKCS8(pem(json['private_key']), algorithm)
    return { key, ...(typeof id === 'string' && { keyId: id }) }
  }
  const key = await importJWK(json, algorithm)
  return { key, ...(typeof json['kid'] === 'string' && { keyId: json['kid'] }) }
}

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('a key is an object')
  return value as Record<string, unknown>
}

/** Keys that went through one line of a form or an environment have their line breaks spelt out. */
function pem(text: string): string {
  return text.replaceAll('\\n', '\n').trim()
}

function bytesOf(secret: string, encoding: AssertionSpec['encoding']): Uint8Array {
  switch (encoding) {
    case 'text':
      return new TextEncoder().encode(secret)
    case 'hex':
      if (!/^(?:[0-9a-f]{2})+$/i.test(secret)) throw new Error('no hexadecimal digits')
      return Uint8Array.from(secret.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    case 'base64':
      return Uint8Array.from(atob(secret.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
        one.charCodeAt(0),
      )
  }
}
