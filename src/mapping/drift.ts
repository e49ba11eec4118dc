/** Values of the app that moved away from what it had made of the client's. */
import type { NativeObject } from '../adapter/contract.ts'
import { type Mapping, scimValue } from './mapping.ts'
import { same } from './same.ts'
import type { Shadow } from './shadow.ts'

/**
 * SCIM paths whose echo baseline no longer holds. A value that the app took as it was sent leaves no
 * baseline, and its drift cannot be seen here.
 */
export function driftOf(
  mapping: Mapping,
  mappingVersion: number,
  shadow: Shadow,
  object: NativeObject,
): string[] {
  if (shadow.mapping !== mappingVersion) return []
  return mapping.pairs.flatMap(({ key, app }) => {
    const echo = shadow.echo[key]
    return echo && !same(echo.app, scimValue(object.attributes[app]) ?? null) ? [key] : []
  })
}
