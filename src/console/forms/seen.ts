/**
 * What a form was filled in over, sent along with it: two who change the same at once must not undo each
 * other. Pure.
 */
import type { Json, JsonObject } from '../../scim/schema.ts'
import { isObject } from '../../scim/values.ts'
import { sameJson } from './merge-to.ts'

/** The hidden field of a form that has it, as JSON. */
export const SEEN = 'seen'

export interface Change {
  readonly path: string
  /** Undefined: there was none. */
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** Undefined where the form says nothing of it. */
export function readSeen(text: string): JsonObject | undefined {
  if (text === '') return undefined
  try {
    const read: Json = JSON.parse(text)
    return isObject(read) ? read : undefined
  } catch {
    return undefined
  }
}

/** The smallest members that differ; lists are taken whole. */
export function changesBetween(before: JsonObject, after: JsonObject, within = ''): Change[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap((name) => {
    const path = `${within}${name}`
    const [was, is] = [before[name], after[name]]
    if (sameJson(was, is)) return []
    if (was !== undefined && is !== undefined && isObject(was) && isObject(is)) {
      return changesBetween(was, is, `${path}.`)
    }
    return [{ path, before: was, after: is }]
  })
}

/**
 * The fields of a form that comes back after somebody else has saved: what was touched as it was entered,
 * all else as it is stored now.
 *
 * @param seen text of a field as the form had it @param stored as it would have it now
 */
export function overlaid(
  given: (name: string) => string,
  seen: (name: string) => string,
  stored: (name: string) => string,
  isSame: (name: string, one: string, other: string) => boolean = (_, one, other) => one === other,
): (name: string) => string {
  return (name) => (isSame(name, given(name), seen(name)) ? stored(name) : given(name))
}
