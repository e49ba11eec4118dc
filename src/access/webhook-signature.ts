/** Signatures of webhooks: the Standard Webhooks specification, symmetric (`v1`). */
import { Buffer } from 'node:buffer'

const PREFIX = 'whsec_'
/** The specification asks for 24 to 64. */
const SECRET_BYTES = 32

/** A new signing secret. It is shown once, and sealed. */
export function mintSigningSecret(
  random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  return PREFIX + Buffer.from(random(new Uint8Array(SECRET_BYTES))).toString('base64')
}

/** What a secret is called that nobody is shown again: 8 hexadecimal digits of its SHA-256. */
export async function signingSecretId(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return Buffer.from(digest).toString('hex').slice(0, 8)
}

/**
 * The three headers of a webhook. Every secret signs, so that receivers change theirs when they like.
 *
 * @param id the same in every attempt
 * @param now milliseconds: the time of this attempt
 */
export async function signatureHeaders(
  id: string,
  body: string,
  secrets: readonly string[],
  now: number,
): Promise<Readonly<Record<string, string>>> {
  const timestamp = String(Math.floor(now / 1000))
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`)
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const bytes = Buffer.from(secret.slice(PREFIX.length), 'base64')
      const algorithm = { name: 'HMAC', hash: 'SHA-256' }
      const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
      const mac = await crypto.subtle.sign('HMAC', key, signed)
      return `v1,${Buffer.from(mac).toString('base64')}`
    }),
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}
