/**
 * Values as the audit keeps them: HMAC-SHA-256 under a key of the connection, cut to 128 bits. It answers
 * "was it the same value", and nobody who reads the database can try out names.
 */
import { Buffer } from 'node:buffer'
import { BoundedMap } from '../access/bounded-map.ts'
import type { Json } from '../scim/schema.ts'

const BYTES = 16
/** Connections of which one isolate remembers the keys. */
const REMEMBERED = 1_000

export interface KeySource {
  /** The current one first. */
  hashKeys(connection: string): Promise<readonly CryptoKey[]>
}

/** One for each isolate. */
export class ValueHashes {
  readonly #source: KeySource
  readonly #keys = new BoundedMap<readonly CryptoKey[]>(REMEMBERED)

  constructor(source: KeySource) {
    this.#source = source
  }

  /** @throws {SealError} where there is no key */
  async value(connection: string, path: string, value: Json): Promise<string> {
    const [key] = await this.#keysOf(connection)
    return key ? hash(key, ['value', path, value]) : ''
  }

  /** Of a key that names somebody. */
  async about(connection: string, kind: string, norm: string): Promise<string> {
    return (await this.abouts(connection, [{ kind, norm }], 1))[0] ?? ''
  }

  /** Under each key that older rows may have been written under. */
  async abouts(
    connection: string,
    all: readonly { readonly kind: string; readonly norm: string }[],
    keys = Number.POSITIVE_INFINITY,
  ): Promise<string[]> {
    const known = (await this.#keysOf(connection)).slice(0, keys)
    return Promise.all(
      all.flatMap(({ kind, norm }) => known.map((key) => hash(key, ['about', kind, norm]))),
    )
  }

  async #keysOf(connection: string): Promise<readonly CryptoKey[]> {
    const known = this.#keys.get(connection)
    if (known) return known
    const keys = await this.#source.hashKeys(connection)
    this.#keys.set(connection, keys)
    return keys
  }
}

async function hash(key: CryptoKey, parts: readonly Json[]): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(parts))
  const mac = await crypto.subtle.sign('HMAC', key, text)
  return Buffer.from(mac, 0, BYTES).toString('base64url')
}
