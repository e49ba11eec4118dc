/** JSON Pointers (RFC 6901) into what apps answer, and into what they are sent. */

/** `__proto__` and its like are refused where pointers are parsed, not where they are followed. */
const FORBIDDEN = ['__proto__', 'prototype', 'constructor']
const MAX_PARTS = 12

/** Undefined where the text is no pointer that a manifest may hold. */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined
  const parts = text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  return parts.length > MAX_PARTS || parts.some((p) => FORBIDDEN.includes(p)) ? undefined : parts
}

/**
 * The value that the pointer names; undefined where there is none. Of an XML element that has
 * attributes and a text, that is its text: whether somebody adds an attribute must not matter.
 */
export function getAt(value: unknown, pointer: string): unknown {
  const found = partAt(value, pointer)
  if (typeof found !== 'object' || found === null || !Object.hasOwn(found, '#text')) return found
  const isLeaf = Object.keys(found).every((name) => name === '#text' || name.startsWith('@'))
  return isLeaf ? (found as Readonly<Record<string, unknown>>)['#text'] : found
}

/** As `getAt`, but an XML element is itself: it may be an object of the app. */
export function partAt(value: unknown, pointer: string): unknown {
  let found = value
  for (const part of parsePointer(pointer) ?? []) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined
    found = (found as Readonly<Record<string, unknown>>)[part]
  }
  return found
}

/** Puts the value there, with the objects on the way. The whole (`''`) cannot be put. */
export function putAt(target: Record<string, unknown>, pointer: string, value: unknown): void {
  const parts = parsePointer(pointer) ?? []
  const last = parts.at(-1)
  if (last === undefined) return
  let inner = target
  for (const part of parts.slice(0, -1)) {
    const next = inner[part]
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) {
      inner = next as Record<string, unknown>
    } else {
      const made: Record<string, unknown> = {}
      inner[part] = made
      inner = made
    }
  }
  inner[last] = value
}
