/** The merge patch (RFC 7396) that makes `after` of `before`; undefined where nothing differs. Pure. */
import type { Json, JsonObject } from '../../scim/schema.ts'
import { isObject } from '../../scim/values.ts'

export function mergeTo(before: JsonObject, after: JsonObject): JsonObject | undefined {
  const patch: JsonObject = {}
  for (const name of Object.keys(before)) {
    if (!Object.hasOwn(after, name)) patch[name] = null
  }
  for (const [name, next] of Object.entries(after)) {
    const change = changeOf(before[name], next)
    if (change !== undefined) patch[name] = change
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

function changeOf(was: Json | undefined, next: Json): Json | undefined {
  if (was !== undefined && isObject(was) && isObject(next)) return mergeTo(was, next)
  return was !== undefined && sameJson(was, next) ? undefined : next
}

/** The order of members does not count (RFC 8259 §4). */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return JSON.stringify(ordered(a)) === JSON.stringify(ordered(b))
}

function ordered(value: Json): Json {
  if (Array.isArray(value)) return value.map(ordered)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, ordered(one)]),
  )
}
