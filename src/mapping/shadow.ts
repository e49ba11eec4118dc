/**
 * The echo rule (design decision 6): what the client sent is what it reads back, as long as the app
 * still holds what it made of it. A shadow remembers only what the app cannot show back: values it
 * rewrites, and attributes it has no place for.
 */
import type { NativeObject } from '../adapter/contract.ts'
import { getAt, type Path, pruneAt, removeAt, setAt } from '../scim/path.ts'
import type { Json, Resource, ResourceDefinition } from '../scim/schema.ts'
import { type Mapping, scimValue } from './mapping.ts'
import { same } from './same.ts'

export interface Shadow {
  /** Attributes that the app cannot hold, as the client sent them. */
  readonly kept: Resource
  /** By pair: what was sent and what the app made of it; null stands for absent. */
  readonly echo: Readonly<Record<string, { readonly sent: Json; readonly app: Json }>>
  /** The version of the mapping that `echo` was made under; another one makes it void. */
  readonly mapping: number
}

export function parseShadow(text: string): Shadow {
  return { kept: {}, echo: {}, mapping: 0, ...(JSON.parse(text) as Partial<Shadow>) }
}

export function printShadow(shadow: Shadow): string {
  const { kept, echo, mapping } = shadow
  return JSON.stringify({
    ...(Object.keys(kept).length > 0 && { kept }),
    ...(Object.keys(echo).length > 0 && { echo }),
    mapping,
  })
}

/** The client's view of an account: what the app holds now, under the echo rule. */
export function toView(
  mapping: Mapping,
  mappingVersion: number,
  object: NativeObject,
  shadow: Shadow,
): Resource {
  // What the app could not hold under another mapping it may hold under this one.
  const isCurrent = shadow.mapping === mappingVersion
  let view = isCurrent ? shadow.kept : mapping.unmapped(shadow.kept)
  for (const pair of mapping.pairs) {
    const held = scimValue(object.attributes[pair.app])
    const echo = isCurrent ? shadow.echo[pair.key] : undefined
    const isEchoed = echo !== undefined && same(echo.app, held ?? null)
    const value = isEchoed ? (echo.sent ?? undefined) : held
    if (value !== undefined && value !== null) view = setAt(view, pair.path, value)
    // The app has cleared it: no `{ "type": "work" }` without a value stays behind.
    else if (!isEchoed) view = withoutElement(view, pair.path)
    else view = pruneAt(view, pair.path)
  }
  return mapping.switches ? { ...view, active: object.active ?? true } : view
}

/** The element whose `value` this path is; undefined for other paths. */
function elementOf(path: Path): Path | undefined {
  const isValue =
    path.kind === 'attribute' && path.filter && path.ref.subAttribute?.name === 'value'
  return isValue ? { ...path, ref: { ...path.ref, subAttribute: undefined } } : undefined
}

function withoutElement(view: Resource, path: Path): Resource {
  const element = elementOf(path)
  return element ? removeAt(view, element) : view
}

/** What to remember after a write, so that `toView` of this object gives `sent` back. */
export function toShadow(
  definition: ResourceDefinition,
  mapping: Mapping,
  mappingVersion: number,
  sent: Resource,
  object: NativeObject,
): Shadow {
  const echo: Record<string, { sent: Json; app: Json }> = {}
  for (const pair of mapping.pairs) {
    const wanted = getAt(sent, pair.path)
    const held = scimValue(object.attributes[pair.app])
    const element = wanted === undefined ? elementOf(pair.path) : undefined
    const isSentEmpty = element !== undefined && getAt(sent, element) !== undefined
    if (isSentEmpty || !same(wanted, held)) {
      echo[pair.key] = { sent: wanted ?? null, app: held ?? null }
    }
  }
  return {
    kept: withoutSecrets(definition, mapping.unmapped(sent)),
    echo: withoutSecretPairs(mapping, echo),
    mapping: mappingVersion,
  }
}

/** `returned: never` marks secrets (RFC 7643 §7): they pass through and are never kept. */
export function withoutSecrets(definition: ResourceDefinition, resource: Resource): Resource {
  return Object.fromEntries(
    Object.entries(resource).filter(
      ([name]) => definition.coreAttribute(name)?.returned !== 'never',
    ),
  )
}

function withoutSecretPairs<T>(mapping: Mapping, echo: Record<string, T>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(echo).filter(([key]) => {
      const path = mapping.pair(key)?.path
      return path?.kind !== 'attribute' || path.ref.attribute.returned !== 'never'
    }),
  )
}
