/** JSON merge patch (RFC 7396). */
import type { Json } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'

/**
 * The target with the patch applied (RFC 7396 §2); neither is changed. A member named `__proto__`
 * is a member like any other.
 */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const merged = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value))
  }
  // fromEntries defines members, it does not assign them: no setter of the prototype is run.
  return Object.fromEntries(merged)
}
