/** Values of the app that moved away from what it had made of the client's. */
import type { NativeObject } from '../adapter/contract.ts'
import { getAt, type Path } from '../scim/path.ts'
import type { Json } from '../scim/schema.ts'
import type { Mapping, Place } from './mapping.ts'
import { wholeOf } from './pair.ts'
import { same } from './same.ts'
import { baselineOf, type Shadow } from './shadow.ts'

export interface Drift {
  readonly place: Place
  /** The client's last word; null: it took the value away. */
  readonly sent: Json
  /** What the app holds now; null: nothing. */
  readonly held: Json
  /** Whole elements, where the place names a part of each: which of them is primary, for one. */
  readonly elements?: { readonly path: Path; readonly value: Json }
}

/**
 * Where the app no longer holds what it had made of the client's word. A client has no say where the
 * app writes alone, and a mapping that changed since leaves nothing to compare with.
 */
export function driftOf(
  mapping: Mapping,
  mappingVersion: number,
  shadow: Shadow,
  object: NativeObject,
): Drift[] {
  if (shadow.mapping !== mappingVersion) return []
  return mapping.places.flatMap((place) => {
    const known = baselineOf(shadow, place.key)
    if (!known || known.filled || place.write === 'never') return []
    const held = place.heldBy(object) ?? null
    if (same(known.app, held)) return []
    const path = wholeOf(place.path)
    const value = path && getAt(shadow.kept, path)
    return [{ place, sent: known.sent, held, ...(value && { elements: { path, value } }) }]
  })
}

/** Somebody whom the client had switched off was switched on in the app: a matter of security. */
export function isReactivation({ place, sent, held }: Drift): boolean {
  return place.key === 'active' && sent === false && held === true
}

/** The shadow whose baselines at these places are what the app holds. */
export function accepted(shadow: Shadow, drift: readonly Drift[]): Shadow {
  const keys = new Set(drift.map(({ place }) => place.key))
  const echo = Object.entries(shadow.echo).filter(([key]) => !keys.has(key))
  const held = drift.map(({ place, held: value }) => [place.key, value] as const)
  return {
    ...shadow,
    echo: Object.fromEntries(echo),
    held: { ...shadow.held, ...Object.fromEntries(held) },
  }
}

/** Those of `echo` that the app bears out: what another time remembered is no drift of today. */
export function stillHeld(
  mapping: Mapping,
  echo: Shadow['echo'],
  object: NativeObject,
): Shadow['echo'] {
  const entries = mapping.places.flatMap(({ key, heldBy }) => {
    const one = echo[key]
    return one && same(one.app, heldBy(object) ?? null) ? [[key, one] as const] : []
  })
  return Object.fromEntries(entries)
}
