/**
 * Secrets at rest: AES-256-GCM with a key that is a secret of the Worker, never in the database.
 * The additional data binds each ciphertext to its row, so that one copied to another row or
 * another connection does not open.
 */
import { Buffer } from 'node:buffer'

export interface Sealed {
  /** base64url of nonce, ciphertext and tag. */
  readonly sealed: string
  /** Says which key it needs: 16 hexadecimal digits of the key's SHA-256. */
  readonly keyId: string
}

/** Where a secret lives: what its ciphertext is bound to. */
export interface SealPlace {
  readonly connectionId: string
  readonly name: string
}

/** The operator has to act. The message names the setting and never a value. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/** NIST SP 800-38D §5.2.1.1: 96 bits is the length that GCM is made for. */
const NONCE_BYTES = 12
const KEY_BYTES = 32

interface ImportedKey {
  readonly id: string
  readonly key: CryptoKey
}

export class Sealing {
  readonly #base64: string | undefined
  readonly #random: (bytes: Uint8Array) => Uint8Array
  #imported: ImportedKey | undefined

  /**
   * A missing or unusable key is an error on first use only, so that a gateway whose adapters need
   * no secrets runs without one.
   *
   * @param base64 the Worker secret POSTERN_SEALING_KEY: 32 random bytes in base64
   */
  constructor(
    base64: string | undefined,
    random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
  ) {
    this.#base64 = base64
    this.#random = random
  }

  /** @throws {SealError} if the key is missing or unusable */
  async seal(plain: string, place: SealPlace): Promise<Sealed> {
    const { id, key } = await this.#key()
    const nonce = this.#random(new Uint8Array(NONCE_BYTES))
    const ciphertext = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: nonce, additionalData: additionalData(place) },
      key,
      new TextEncoder().encode(plain),
    )
    const sealed = Buffer.concat([nonce, new Uint8Array(ciphertext)]).toString('base64url')
    return { sealed, keyId: id }
  }

  /** @throws {SealError} if the key is missing or another one, or the row was tampered with */
  async open(sealed: Sealed, place: SealPlace): Promise<string> {
    const { id, key } = await this.#key()
    if (sealed.keyId !== id) {
      throw new SealError(
        `secret "${place.name}" was sealed with key ${sealed.keyId}, but POSTERN_SEALING_KEY is key ${id}`,
      )
    }
    const bytes = Buffer.from(sealed.sealed, 'base64url')
    try {
      const plain = await crypto.subtle.decrypt(
        {
          name: 'AES-GCM',
          iv: bytes.subarray(0, NONCE_BYTES),
          additionalData: additionalData(place),
        },
        key,
        bytes.subarray(NONCE_BYTES),
      )
      return new TextDecoder().decode(plain)
    } catch (cause) {
      throw new SealError(`secret "${place.name}" does not open: its row was altered or moved`, {
        cause,
      })
    }
  }

  async #key(): Promise<ImportedKey> {
    this.#imported ??= await importKey(this.#base64)
    return this.#imported
  }
}

/** JSON, so that no two places share an encoding whatever their names hold. */
function additionalData(place: SealPlace): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([place.connectionId, place.name]))
}

async function importKey(base64: string | undefined): Promise<ImportedKey> {
  if (!base64) {
    throw new SealError('POSTERN_SEALING_KEY is not set: secrets cannot be stored or read')
  }
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length !== KEY_BYTES) {
    throw new SealError(`POSTERN_SEALING_KEY must be ${KEY_BYTES} bytes in base64`)
  }
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  return { id: Buffer.from(digest).toString('hex').slice(0, 16), key }
}
