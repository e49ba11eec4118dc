import type { Json } from '../scim/schema.ts'

/** Null and "" in the app are SCIM's unassigned (RFC 7643 §2.5). */
export function scimValue(value: Json | undefined): Json | undefined {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
    ? undefined
    : value
}
