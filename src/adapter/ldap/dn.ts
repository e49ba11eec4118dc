/** Distinguished names (RFC 4514): written so that no value can be taken for anything else, and read. */

/** One attribute and value of a relative name. */
export interface Ava {
  readonly type: string
  readonly value: string
}

/** Several where a name has more than one part: `cn=Ada+uid=ada`. */
export type Rdn = readonly Ava[]

/** Everything but these is escaped: more than RFC 4514 §2.4 asks for, and never less. */
const PLAIN = /^[A-Za-z0-9\-._@\u0080-\u{10ffff}]$/u
const ALL_PLAIN = /^[A-Za-z0-9\-._@\u0080-\u{10ffff}]+$/u
/** Nothing in it can be written otherwise, but for letter case. */
const CANONICAL =
  /^[A-Za-z][A-Za-z0-9-]*=[A-Za-z0-9\-._@\u0080-\u{10ffff}]+(?:,[A-Za-z][A-Za-z0-9-]*=[A-Za-z0-9\-._@\u0080-\u{10ffff}]+)*$/u
const HEX_PAIR = /^[0-9A-Fa-f]{2}$/

export function writeRdn(rdn: Rdn): string {
  return rdn.map(({ type, value }) => `${type}=${escapeValue(value)}`).join('+')
}

/** The entry below `parent`. */
export function childOf(parent: string, rdn: Rdn): string {
  return `${writeRdn(rdn)},${parent}`
}

/** The name of the entry above, as it is written. */
export function parentOf(dn: string): string {
  return splitAt(dn, ',').slice(1).join(',')
}

function escapeValue(value: string): string {
  const whole = value.toWellFormed()
  if (ALL_PLAIN.test(whole)) return whole
  let text = ''
  const characters = [...whole]
  for (const [index, character] of characters.entries()) {
    const isInside = index > 0 && index < characters.length - 1
    if (PLAIN.test(character) || (character === ' ' && isInside)) text += character
    else text += `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  }
  return text
}

/** Undefined where it is no distinguished name. The first is the entry's own. */
export function parseDn(text: string): readonly Rdn[] | undefined {
  if (text.trim() === '') return undefined
  const names: Ava[][] = []
  for (const name of splitAt(text, ',')) {
    const avas: Ava[] = []
    for (const ava of splitAt(name, '+')) {
      const equals = ava.indexOf('=')
      const type = ava.slice(0, equals).trim()
      const value = equals < 0 ? undefined : unescapeValue(ava.slice(equals + 1))
      if (value === undefined || !/^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)$/.test(type)) {
        return undefined
      }
      avas.push({ type, value })
    }
    names.push(avas)
  }
  return names
}

/** One text for every way to write a name, without letter case: to be compared, not to be sent. */
export function foldDn(text: string): string {
  // Most are: a group may name ten thousand.
  if (CANONICAL.test(text)) return text.toLowerCase()
  const names = parseDn(text)
  if (!names) return text.toLowerCase()
  return names
    .map((rdn) =>
      writeRdn(
        rdn.map(({ type, value }) => ({
          type: type.toLowerCase(),
          value: value.trim().replaceAll(/ +/g, ' ').toLowerCase(),
        })),
      )
        .split('+')
        .sort()
        .join('+'),
    )
    .join(',')
}

/** True for `base` itself and everything below it. */
export function isBelow(dn: string, base: string): boolean {
  const [folded, foldedBase] = [foldDn(dn), foldDn(base)]
  return folded === foldedBase || folded.endsWith(`,${foldedBase}`)
}

/** At every `separator` that no backslash stands before. */
function splitAt(text: string, separator: string): string[] {
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at += 1
    else if (character === separator) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  parts.push(text.slice(from))
  return parts
}

function unescapeValue(raw: string): string | undefined {
  // Blanks around it are no part of it; one that is escaped is (RFC 4514 §2.4).
  const text = raw.trimStart().replace(/(^|[^\\]) +$/, '$1')
  // `#` begins a value in BER, which no attribute of people or groups has.
  if (text.startsWith('#')) return undefined
  // A group may name ten thousand: most of them escape nothing.
  return text.includes('\\') ? unescaped(text) : text
}

/** Escaped pairs are bytes of UTF-8, of which a character may need several. */
function unescaped(text: string): string {
  const bytes: number[] = []
  const encoder = new TextEncoder()
  for (let at = 0; at < text.length; ) {
    const isEscaped = text.charAt(at) === '\\'
    const pair = text.slice(at + 1, at + 3)
    if (isEscaped && HEX_PAIR.test(pair)) {
      bytes.push(Number.parseInt(pair, 16))
      at += 3
      continue
    }
    if (isEscaped) at += 1
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0x5c)
    bytes.push(...encoder.encode(character))
    at += character.length
  }
  return new TextDecoder().decode(new Uint8Array(bytes))
}
