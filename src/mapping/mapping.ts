/**
 * The mapping of one resource type: pairs of a SCIM attribute path and an attribute of the app, as
 * data that works both ways. The adapter ships a default, the connection owns it.
 */
import type {
  AttributeSpec,
  Attributes,
  Delta,
  NativeObject,
  ResourceSpec,
} from '../adapter/contract.ts'
import { getAt, type Path, parsePath, printPath, removeAt, setAt } from '../scim/path.ts'
import type { Attribute, Json, Resource, ResourceDefinition } from '../scim/schema.ts'
import { same } from './same.ts'

export interface Pair {
  readonly path: Path
  /** The path's canonical text: the key in shadows and for push-down. */
  readonly key: string
  /** The app's own attribute name. */
  readonly app: string
  readonly spec: AttributeSpec
}

/** What a client says can be set beside what the app holds: at each pair, and at the switch. */
export interface Place {
  readonly path: Path
  /** The path's canonical text. */
  readonly key: string
  readonly write: AttributeSpec['write']
  /** True where a part of it is `returned: never` or writeOnly (RFC 7643 §7): never kept. */
  readonly isSecret: boolean
  readonly heldBy: (object: NativeObject) => Json | undefined
}

export class Mapping {
  readonly pairs: readonly Pair[]
  /** True where `active` is the app's own on/off switch and not an attribute. */
  readonly switches: boolean
  readonly #byKey: ReadonlyMap<string, Pair>
  readonly #definition: ResourceDefinition
  #places: readonly Place[] | undefined

  constructor(
    definition: ResourceDefinition,
    spec: ResourceSpec,
    override: Readonly<Record<string, string>> | undefined,
  ) {
    this.#definition = definition
    this.switches = spec.capabilities.active === 'native'
    this.pairs = Object.entries(override ?? spec.mapping).map(([text, app]) => {
      const path = parsePath(definition, text, 'tolerant')
      const appSpec = spec.attributes[app]
      if (path.kind === 'unknown' || !appSpec) {
        throw new Error(`mapping of ${definition.type.name}: "${text}" or "${app}" does not exist`)
      }
      return { path, key: printPath(path), app, spec: appSpec }
    })
    this.#byKey = new Map(this.pairs.map((pair) => [pair.key, pair]))
  }

  get places(): readonly Place[] {
    this.#places ??= placesOf(this.#definition, this)
    return this.#places
  }

  /** The pair for a path in canonical text. */
  pair(key: string): Pair | undefined {
    return this.#byKey.get(key)
  }

  /** What the app's object says in SCIM terms, mapped attributes only. */
  toScim(object: NativeObject): Resource {
    let resource: Resource = {}
    for (const pair of this.pairs) {
      const value = scimValue(object.attributes[pair.app])
      if (value !== undefined) resource = setAt(resource, pair.path, value)
    }
    if (this.switches) resource = { ...resource, active: object.active ?? true }
    return resource
  }

  /** What a create sends: every mapped attribute that has a value. */
  toApp(resource: Resource): Attributes {
    const attributes: Record<string, Json> = {}
    for (const { path, app, spec } of this.pairs) {
      const value = getAt(resource, path)
      if (value !== undefined && spec.write !== 'never') attributes[app] = value
    }
    return attributes
  }

  /**
   * What the app must change so that the client's view goes from `before` to `after`. Pairs whose
   * value the client did not change send nothing, whatever the app holds by now.
   */
  delta(before: Resource, after: Resource, object: NativeObject): Delta {
    const set: Record<string, Json> = {}
    const unset: string[] = []
    for (const { path, app, spec } of this.pairs) {
      const wanted = getAt(after, path)
      if (spec.write !== 'always' || same(wanted, getAt(before, path))) continue
      const held = scimValue(object.attributes[app])
      if (same(wanted, held)) continue
      if (wanted !== undefined) set[app] = wanted
      else if (spec.clearable !== false && held !== undefined) unset.push(app)
    }
    return { set, unset }
  }

  /** The resource without what the app's own attributes say: what has to live with the link. */
  unmapped(resource: Resource): Resource {
    let rest = resource
    for (const { path } of this.pairs) rest = removeAt(rest, path)
    if (this.switches) {
      const { active: _, ...without } = rest
      rest = without
    }
    return rest
  }
}

function placesOf(definition: ResourceDefinition, { pairs, switches }: Mapping): Place[] {
  const places: Place[] = pairs.map(({ path, key, app, spec }) => ({
    path,
    key,
    write: spec.write,
    isSecret: isSecret(definition, path),
    heldBy: (object) => scimValue(object.attributes[app]),
  }))
  const active = switches ? parsePath(definition, 'active', 'tolerant') : undefined
  if (active && active.kind !== 'unknown') {
    const heldBy = (object: NativeObject) => object.active ?? true
    places.push({ path: active, key: printPath(active), write: 'always', isSecret: false, heldBy })
  }
  return places
}

function isSecret(definition: ResourceDefinition, path: Path): boolean {
  if (path.kind === 'extension') {
    const extension = definition.extensions.find(({ id }) => id === path.ref.urn)
    return extension?.attributes.some(hides) ?? false
  }
  const { attribute, subAttribute } = path.ref
  return attribute.returned === 'never' || hides(subAttribute ?? attribute)
}

function hides({ returned, mutability, subAttributes = [] }: Attribute): boolean {
  return returned === 'never' || mutability === 'writeOnly' || subAttributes.some(hides)
}

/** Null and "" in the app are SCIM's unassigned (RFC 7643 §2.5). */
export function scimValue(value: Json | undefined): Json | undefined {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
    ? undefined
    : value
}
