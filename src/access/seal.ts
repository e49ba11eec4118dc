/**
 * Secrets at rest: AES-256-GCM with a key that is a secret of the Worker, never in the database.
 * The additional data binds each ciphertext to its row, so that one copied to another row or
 * another connection does not open.
 *
 * Keys rotate: the current one seals, former ones only open (docs/security.md).
 */
import { Buffer } from 'node:buffer'
import { type ReadSecret, SecretUnavailable } from './worker-secret.ts'

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

/** The operator has to act. The message names the setting and the secret, and never a value. */
export class SealError extends Error {
  override readonly name = 'SealError'
  /** True: it may pass by itself, because a key could not be read now. */
  readonly passes: boolean

  constructor(message: string, info: { readonly passes?: boolean; readonly cause?: unknown } = {}) {
    super(message, { cause: info.cause })
    this.passes = info.passes ?? false
  }
}

export interface SealingKeys {
  /** 32 random bytes in base64: seals and opens. */
  readonly current: string | ReadSecret | undefined
  /** Those before it, in any order, with white space or commas between them: they only open. */
  readonly previous?: string | ReadSecret | undefined
}

export interface KeyIds {
  /** Undefined: none is set. */
  readonly current: string | undefined
  readonly previous: readonly string[]
}

const CURRENT = 'POSTERN_SEALING_KEY'
const PREVIOUS = 'POSTERN_SEALING_KEYS_PREVIOUS'
/** NIST SP 800-38D §5.2.1.1: 96 bits is the length that GCM is made for. */
const NONCE_BYTES = 12
const KEY_BYTES = 32
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

interface ImportedKey {
  readonly id: string
  readonly key: CryptoKey
  /** The same bytes, to derive other keys from. */
  readonly root: CryptoKey
}

export class Sealing {
  readonly #readCurrent: ReadSecret
  readonly #readPrevious: ReadSecret
  readonly #random: (bytes: Uint8Array) => Uint8Array
  #current: ImportedKey | undefined
  #previous: readonly ImportedKey[] | undefined

  /**
   * A missing or unusable key is an error on first use only, so that a gateway whose adapters need
   * no secrets runs without one.
   */
  constructor(
    keys: SealingKeys | string | undefined,
    random: (bytes: Uint8Array) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
  ) {
    const { current, previous } = typeof keys === 'object' ? keys : { current: keys }
    this.#readCurrent = readerOf(current)
    this.#readPrevious = readerOf(previous)
    this.#random = random
  }

  /** @throws {SealError} if the current key is missing or unusable */
  async seal(plain: string, place: SealPlace): Promise<Sealed> {
    const { id, key } = await this.#currentKey()
    const nonce = this.#random(new Uint8Array(NONCE_BYTES))
    const ciphertext = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: nonce, additionalData: additionalData(place) },
      key,
      new TextEncoder().encode(plain),
    )
    const sealed = Buffer.concat([nonce, new Uint8Array(ciphertext)]).toString('base64url')
    return { sealed, keyId: id }
  }

  /** @throws {SealError} if its key is none of ours, or the row was tampered with */
  async open({ sealed, keyId }: Sealed, place: SealPlace): Promise<string> {
    const key = await this.#keyOf(keyId, place)
    const bytes = Buffer.from(sealed, 'base64url')
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
      throw new SealError(
        `secret "${place.name}" does not open: its row was altered or moved. Enter it again`,
        { cause },
      )
    }
  }

  /** @throws {SealError} where one of the keys cannot be read, or is none */
  async keyIds(): Promise<KeyIds> {
    const isSet = (await read(this.#readCurrent)) !== ''
    const current = isSet ? (await this.#currentKey()).id : undefined
    const previous = (await this.#previousKeys()).map(({ id }) => id)
    return { current, previous: previous.filter((id) => id !== current) }
  }

  /**
   * Keys that values of a connection are hashed under (HKDF, RFC 5869): of the current key first, then of
   * those before it, under which older hashes were made.
   *
   * @throws {SealError} where any of the keys is missing or unusable
   */
  async hashKeys(connectionId: string): Promise<readonly CryptoKey[]> {
    const roots = [
      (await this.#currentKey()).root,
      ...(await this.#previousKeys()).map((k) => k.root),
    ]
    const info = new TextEncoder().encode(`audit:${connectionId}`)
    return Promise.all(
      roots.map((root) =>
        crypto.subtle.deriveKey(
          { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info },
          root,
          { name: 'HMAC', hash: 'SHA-256', length: 256 },
          false,
          ['sign'],
        ),
      ),
    )
  }

  async #keyOf(keyId: string, { name }: SealPlace): Promise<CryptoKey> {
    let trouble: unknown
    try {
      const current = await this.#currentKey()
      if (current.id === keyId) return current.key
    } catch (error) {
      trouble = error
    }
    const found = (await this.#previousKeys()).find(({ id }) => id === keyId)
    if (found) return found.key
    if (trouble) throw trouble
    throw new SealError(
      `secret "${name}" was sealed with key ${keyId}, which this gateway has not: ${CURRENT} is key ` +
        `${this.#current?.id}. Enter the secret again, or put the former key into ${PREVIOUS}`,
    )
  }

  async #currentKey(): Promise<ImportedKey> {
    if (this.#current) return this.#current
    const base64 = await read(this.#readCurrent)
    if (base64 === '') {
      throw new SealError(`${CURRENT} is not set: secrets cannot be stored or read`)
    }
    this.#current = await importKey(base64, `${CURRENT} must be ${KEY_BYTES} bytes in base64`)
    return this.#current
  }

  async #previousKeys(): Promise<readonly ImportedKey[]> {
    if (this.#previous) return this.#previous
    const list = (await read(this.#readPrevious)).split(/[\s,]+/).filter((one) => one !== '')
    const refusal = `${PREVIOUS} must be a list of keys, each of ${KEY_BYTES} bytes in base64`
    this.#previous = await Promise.all(list.map((base64) => importKey(base64, refusal)))
    return this.#previous
  }
}

function readerOf(given: string | ReadSecret | undefined): ReadSecret {
  return typeof given === 'function' ? given : async () => given ?? ''
}

async function read(secret: ReadSecret): Promise<string> {
  try {
    return await secret()
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error
    throw new SealError(error.message, { passes: true, cause: error })
  }
}

/** JSON, so that no two places share an encoding whatever their names hold. */
function additionalData(place: SealPlace): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([place.connectionId, place.name]))
}

/** @throws {SealError} with this `refusal` */
async function importKey(base64: string, refusal: string): Promise<ImportedKey> {
  const bytes = Buffer.from(base64, 'base64')
  if (!BASE64.test(base64) || bytes.length !== KEY_BYTES) throw new SealError(refusal)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  const key = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  const root = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  return { id: Buffer.from(digest).toString('hex').slice(0, 16), key, root }
}
