/**
 * The echo rule (design decision 6): what the client sent is what it reads back, as long as the app
 * still holds what it made of it. A shadow remembers the client's last word on each attribute, what
 * the app made of it, and the attributes that the app has no place for. Of what a client never spoke
 * of it remembers nothing.
 */
import type { NativeObject } from '../adapter/contract.ts'
import { getAt, type Path, pruneAt, removeAt, setAt } from '../scim/path.ts'
import type { Json, Resource, ResourceDefinition } from '../scim/schema.ts'
import type { Mapping, Place } from './mapping.ts'
import { heldAt, type Pair, wholeOf } from './pair.ts'
import { same } from './same.ts'
import type { Words } from './words.ts'

/** Characters of JSON: a photo is not kept twice. Its drift cannot be seen. */
const LONGEST_HELD = 2_000

export interface Shadow {
  /** Attributes that the app cannot hold, as the client sent them. */
  readonly kept: Resource
  /** By place: what was sent, where the app made something else of it. */
  readonly echo: Readonly<Record<string, Echo>>
  /** By place: what was sent and is held as it was sent; null: the client took it away. */
  readonly held: Readonly<Record<string, Json>>
  /** The version of the mapping that both were made under; another one makes them void. */
  readonly mapping: number
}

/** Null stands for absent. */
export interface Echo {
  readonly sent: Json
  readonly app: Json
  /** True: the client never spoke of it; the app gave the new account a value of its own. */
  readonly filled?: boolean | undefined
}

export function parseShadow(text: string): Shadow {
  return { kept: {}, echo: {}, held: {}, mapping: 0, ...(JSON.parse(text) as Partial<Shadow>) }
}

export function printShadow(shadow: Shadow): string {
  const { kept, echo, held, mapping } = shadow
  return JSON.stringify({
    ...(Object.keys(kept).length > 0 && { kept }),
    ...(Object.keys(echo).length > 0 && { echo }),
    ...(Object.keys(held).length > 0 && { held }),
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
    const held = heldAt(pair, object)
    const whole = wholeOf(pair.path)
    const echo = isCurrent ? shadow.echo[pair.key] : undefined
    const isEchoed = echo !== undefined && same(echo.app, held ?? null)
    const value = isEchoed ? (echo.sent ?? undefined) : held
    if (value !== undefined && value !== null) view = setAt(view, pair.path, value)
    // Whole elements live with the link for those values that the app holds.
    else if (whole) view = removeAt(view, whole)
    // The app has cleared it: no `{ "type": "work" }` without a value stays behind.
    else if (!isEchoed) view = withoutElement(view, pair)
    else view = pruneAt(view, pair.path)
  }
  return mapping.switches ? { ...view, active: object.active ?? true } : view
}

/** The element whose `value` this path is; undefined for other paths. */
export function elementOf(path: Path): Path | undefined {
  const isValue =
    path.kind === 'attribute' && path.filter && path.ref.subAttribute?.name === 'value'
  return isValue ? { ...path, ref: { ...path.ref, subAttribute: undefined } } : undefined
}

function withoutElement(view: Resource, { path }: Pair): Resource {
  const element = elementOf(path)
  return element ? removeAt(view, element) : view
}

/**
 * What to remember after a write that left `object` in the app, so that `toView` of it gives `sent`
 * back. `words`: what the client spoke of, and what was known before.
 */
export function toShadow(
  definition: ResourceDefinition,
  mapping: Mapping,
  mappingVersion: number,
  sent: Resource,
  object: NativeObject,
  words: Words,
): Shadow {
  const echo: Record<string, Echo> = {}
  const held: Record<string, Json> = {}
  for (const place of mapping.places) {
    if (place.isSecret) continue
    const { key } = place
    const baseline = words.spoke(place.path)
      ? fresh(place, sent, object)
      : stands(place, sent, object, words, mappingVersion)
    if (!baseline) continue
    const { isEmpty, ...rest } = baseline
    if (rest.filled || isEmpty || !same(rest.sent, rest.app)) echo[key] = rest
    else if (JSON.stringify(rest.sent).length <= LONGEST_HELD) held[key] = rest.sent
  }
  return {
    kept: withoutSecrets(definition, mapping.unmapped(sent)),
    echo,
    held,
    mapping: mappingVersion,
  }
}

/** The client's word on one place, and the app's form of it. */
export function baselineOf({ echo, held }: Shadow, key: string): Echo | undefined {
  const value = held[key]
  return echo[key] ?? (value === undefined ? undefined : { sent: value, app: value })
}

interface Baseline extends Echo {
  /** True: the client sent the element and no value in it. */
  readonly isEmpty?: boolean
}

function fresh({ path, saidIn, heldBy }: Place, sent: Resource, object: NativeObject): Baseline {
  const wanted = saidIn(sent)
  const element = wanted === undefined ? elementOf(path) : undefined
  return {
    sent: wanted ?? null,
    app: heldBy(object) ?? null,
    ...(element && getAt(sent, element) !== undefined && { isEmpty: true }),
  }
}

/** Of what this write did not speak of: what was known before. */
function stands(
  place: Place,
  sent: Resource,
  object: NativeObject,
  { before }: Words,
  mappingVersion: number,
): Baseline | undefined {
  const app = place.heldBy(object) ?? null
  if (!before) {
    const wanted = getAt(sent, place.path) ?? null
    return same(wanted, app) ? undefined : { sent: wanted, app, filled: true }
  }
  const known =
    before.shadow.mapping === mappingVersion ? baselineOf(before.shadow, place.key) : undefined
  if (!known) return undefined
  const isEmpty = known.sent === null && before.shadow.echo[place.key] !== undefined
  // What this write changed beside, as an app does that derives one attribute from others, is
  // what the app makes of the client's words; what moved before it stays drift.
  const moved = !same(known.app, place.heldBy(before.object) ?? null)
  return { ...known, ...(!moved && { app }), isEmpty }
}

/** `returned: never` marks secrets (RFC 7643 §7): they pass through and are never kept. */
export function withoutSecrets(definition: ResourceDefinition, resource: Resource): Resource {
  return Object.fromEntries(
    Object.entries(resource).filter(
      ([name]) => definition.coreAttribute(name)?.returned !== 'never',
    ),
  )
}
