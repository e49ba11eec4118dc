/** How large one resource may be, members of a group aside: it is kept in one row, twice over. */
import { ScimError } from './error.ts'
import { MAX_RESOURCE } from './limits.ts'
import type { Resource } from './schema.ts'

/** @throws {ScimError} 413 */
export function refuseLarge(resource: Resource): void {
  const text = JSON.stringify(resource)
  // A character has three bytes at most: what is far from the limit is not encoded.
  if (text.length * 3 <= MAX_RESOURCE) return
  if (new TextEncoder().encode(text).byteLength <= MAX_RESOURCE) return
  const detail = `A resource may have ${MAX_RESOURCE} bytes, members aside. Send shorter values.`
  throw new ScimError(413, detail)
}
