import type { JsonObject } from '../scim/schema.ts'

/** `meta.version` of a rendered resource: its weak ETag. */
export function versionOf(resource: JsonObject): string {
  const meta = resource['meta'] as JsonObject | undefined
  return String(meta?.['version'] ?? '')
}
