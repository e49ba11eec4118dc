/** Versions of resources as weak ETags (RFC 7644 §3.14, RFC 9110 §8.8, §13.1). */
import type { Json, JsonObject } from './schema.ts'
import { isObject } from './values.ts'

/**
 * The version of a resource: the same for the same content whatever the order of members. Pass the
 * full resource, before projection (RFC 7644 §3.14); its `meta.version` does not count.
 *
 * Two 53-bit multiply-and-mix hashes with different seeds, 106 bits: no chance collision within
 * any life of a resource. It guards against lost updates, not against an attacker, who gains
 * nothing by forging the version of a resource that he may write anyway; so it can be synchronous.
 */
export function weakETag(resource: JsonObject): string {
  const { meta, ...rest } = resource
  const { version: _, ...unversioned } = isObject(meta) ? meta : {}
  const text = stable({ ...rest, meta: unversioned })
  return `W/"${hash106(text)}"`
}

/** JSON with members sorted by name. Values are canonical resources, which are never deep. */
function stable(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`
  if (!isObject(value)) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((n) => `${JSON.stringify(n)}:${stable(value[n] ?? null)}`).join()}}`
}

const SEEDS = [0x9e3779b1, 0x85ebca77] as const

/** cyrb53 (bryc, public domain) by two seeds in one pass: each two 32-bit lanes, mixed at the end. */
function hash106(text: string): string {
  let a = 0xdeadbeef ^ SEEDS[0]
  let b = 0x41c6ce57 ^ SEEDS[0]
  let c = 0xdeadbeef ^ SEEDS[1]
  let d = 0x41c6ce57 ^ SEEDS[1]
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
    c = Math.imul(c ^ unit, 2654435761)
    d = Math.imul(d ^ unit, 1597334677)
  }
  return mixed(a, b) + mixed(c, d)
}

function mixed(left: number, right: number): string {
  let a = left
  let b = right
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36).padStart(11, '0')
}

/**
 * True where a write may go ahead: no `If-Match`, or one that names the version. Compared weakly,
 * although RFC 9110 §13.1.1 wants strong: SCIM's own examples send weak ETags in `If-Match`.
 */
export function matchesIfMatch(header: string | null | undefined, version: string): boolean {
  return header === null || header === undefined || names(header, version)
}

/** True where `If-None-Match` names the version: a GET is answered 304, a write 412. */
export function matchesIfNoneMatch(header: string | null | undefined, version: string): boolean {
  return header !== null && header !== undefined && names(header, version)
}

/** One entity tag, with or without the quotes that some clients forget. */
const TAG = /(?:W\/)?(?:"([^"]*)"|([^",\s]+))/gi

function names(header: string, version: string): boolean {
  if (header.trim() === '*') return true
  const wanted = opaque(version)
  return [...header.matchAll(TAG)].some(([, quoted, bare]) => (quoted ?? bare) === wanted)
}

function opaque(tag: string): string {
  return tag.replace(/^W\//i, '').replace(/^"(.*)"$/, '$1')
}
