/**
 * The elements of BER that LDAP uses (RFC 4511 §5.1): one-byte tags and definite lengths. Strict: an
 * element that does not end inside what holds it is refused, so every walk ends. (The parser of
 * ldapts asks such a message for ever.)
 */

export class MalformedBer extends Error {}

export interface BerElement {
  readonly tag: number
  readonly content: Uint8Array
}

/** Longest length field that is read: 4 bytes after the first. */
const MAX_LENGTH_BYTES = 4

/**
 * Where the content of the element at `at` begins and ends, whether or not it is there already;
 * undefined where not even its length is.
 *
 * @throws {MalformedBer}
 */
function boundsAt(bytes: Uint8Array, at: number): { from: number; to: number } | undefined {
  const first = bytes[at + 1]
  if (first === undefined) return undefined
  if (first < 0x80) return { from: at + 2, to: at + 2 + first }
  const count = first & 0x7f
  if (count === 0 || count > MAX_LENGTH_BYTES) throw new MalformedBer()
  let length = 0
  for (let i = 0; i < count; i++) {
    const byte = bytes[at + 2 + i]
    if (byte === undefined) return undefined
    length = length * 256 + byte
  }
  const from = at + 2 + count
  return { from, to: from + length }
}

/** Bytes of the whole element that `bytes` begin with; undefined where too few are there to say. */
export function lengthOfFirst(bytes: Uint8Array): number | undefined {
  return boundsAt(bytes, 0)?.to
}

/** @throws {MalformedBer} where the elements do not fill `bytes` exactly */
export function elementsOf(bytes: Uint8Array): BerElement[] {
  const found: BerElement[] = []
  for (let at = 0; at < bytes.length; ) {
    const bounds = boundsAt(bytes, at)
    if (!bounds || bounds.to > bytes.length) throw new MalformedBer()
    found.push({ tag: bytes[at] ?? 0, content: bytes.subarray(bounds.from, bounds.to) })
    at = bounds.to
  }
  return found
}

/** A number that is not negative: an INTEGER or ENUMERATED of LDAP. */
export function numberOf({ content }: BerElement): number {
  const [first] = content
  if (first === undefined || first > 0x7f || content.length > 4) throw new MalformedBer()
  return content.reduce((value, byte) => value * 256 + byte, 0)
}

// fatal: bytes that are no UTF-8 must not become names with replacement characters.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function textOf({ content }: BerElement): string {
  try {
    return UTF8.decode(content)
  } catch {
    throw new MalformedBer()
  }
}
