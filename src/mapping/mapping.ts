/**
 * The mapping of one resource type as data: pairs of a SCIM attribute path and an attribute of the
 * app, which work both ways, and what the app is told beside. The adapter ships a default, the
 * connection owns it.
 */
import type {
  AttributeSpec,
  Attributes,
  Delta,
  NativeObject,
  ResourceSpec,
} from '../adapter/contract.ts'
import { appOf, isOneWay, type WrittenMapping } from '../adapter/mapping-entry.ts'
import { ScimError } from '../scim/error.ts'
import { getAt, type Path, parsePath, printPath, removeAt, setAt } from '../scim/path.ts'
import type { Attribute, Json, Resource, ResourceDefinition } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { type OneWay, toOneWay } from './one-way.ts'
import { heldAt, type Pair, saidAt, toForm, toPair, wholeOf } from './pair.ts'
import { same } from './same.ts'
import { scimValue } from './scim-value.ts'

/** What a client says can be set beside what the app holds: at each pair, and at the switch. */
export interface Place {
  readonly path: Path
  /** The path's canonical text. */
  readonly key: string
  /** `never`: the app alone has the say there. */
  readonly write: AttributeSpec['write']
  /** True where a part of it is `returned: never` or writeOnly (RFC 7643 §7): never kept. */
  readonly isSecret: boolean
  /** Several values are in an order that an app with room for one would choose the last of. */
  readonly saidIn: (resource: Resource) => Json | undefined
  readonly heldBy: (object: NativeObject) => Json | undefined
}

export class Mapping {
  readonly pairs: readonly Pair[]
  /** True where `active` is the app's own on/off switch and not an attribute. */
  readonly switches: boolean
  readonly #oneWays: readonly OneWay[]
  readonly #byKey: ReadonlyMap<string, Pair>
  readonly #definition: ResourceDefinition
  #places: readonly Place[] | undefined

  constructor(
    definition: ResourceDefinition,
    spec: ResourceSpec,
    override: WrittenMapping | undefined,
  ) {
    this.#definition = definition
    this.switches = spec.capabilities.active === 'native'
    const pairs: Pair[] = []
    const oneWays: OneWay[] = []
    for (const [text, entry] of Object.entries(override ?? spec.mapping)) {
      const app = appOf(text, entry)
      const appSpec = app === undefined ? undefined : spec.attributes[app]
      const path = isOneWay(entry) ? undefined : parsePath(definition, text, 'tolerant')
      if (app === undefined || !appSpec || path?.kind === 'unknown') {
        throw new Error(`mapping of ${definition.type.name}: "${text}" or "${app}" does not exist`)
      }
      if (isOneWay(entry)) oneWays.push(toOneWay(definition, text, app, entry, appSpec))
      else if (path) pairs.push(toPair(path, typeof entry === 'string' ? { app } : entry, appSpec))
    }
    this.pairs = pairs
    this.#oneWays = oneWays.filter((one) => one.spec.write !== 'never')
    this.#byKey = new Map(pairs.map((pair) => [pair.key, pair]))
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
      const value = heldAt(pair, object)
      if (value !== undefined) resource = setAt(resource, pair.path, value)
    }
    if (this.switches) resource = { ...resource, active: object.active ?? true }
    return resource
  }

  /**
   * What a create sends: every mapped attribute that has a value, and what the app is told beside.
   *
   * @throws {ScimError} `invalidValue` for what the mapping has no form of
   */
  async toApp(resource: Resource): Promise<Attributes> {
    const { attributes, faults } = await this.tryToApp(resource)
    if (faults[0]) throw faults[0].fault
    return attributes
  }

  /** As `toApp`, with every entry that has no form for the resource; `key` as the mapping has it. */
  async tryToApp(resource: Resource): Promise<{
    readonly attributes: Attributes
    readonly faults: readonly { readonly key: string; readonly fault: ScimError }[]
  }> {
    const attributes: Record<string, Json> = {}
    const faults: { key: string; fault: ScimError }[] = []
    for (const entry of [...this.pairs, ...this.#oneWays]) {
      const { key, app, spec } = entry
      if (spec.write === 'never') continue
      try {
        const value = await ('valueFor' in entry
          ? entry.valueFor(resource)
          : createForm(entry, resource))
        if (value !== undefined) attributes[app] = value
      } catch (error) {
        if (!(error instanceof ScimError)) throw error
        faults.push({ key, fault: error })
      }
    }
    return { attributes, faults }
  }

  /**
   * The part of `toApp` that is said by pairs.
   *
   * @throws {ScimError} `invalidValue` for a value that a table does not have
   */
  pairsToApp(resource: Resource): Attributes {
    const attributes: Record<string, Json> = {}
    for (const pair of this.pairs) {
      const value = pair.spec.write === 'never' ? undefined : createForm(pair, resource)
      if (value !== undefined) attributes[pair.app] = value
    }
    return attributes
  }

  /**
   * What the app must change so that the client's view goes from `before` to `after`. Pairs whose
   * value the client did not change send nothing, whatever the app holds by now.
   *
   * @param isFirst true: the client has not written this account under this mapping yet, and what
   *   the app is told beside has to be brought along
   * @throws {ScimError} `invalidValue` for what the mapping has no form of
   */
  async delta(
    before: Resource,
    after: Resource,
    object: NativeObject,
    isFirst = false,
  ): Promise<Delta> {
    const delta: MutableDelta = { set: {}, unset: [] }
    for (const pair of this.pairs) {
      if (pair.spec.write !== 'always' || pair.apply === 'create') continue
      const said = saidAt(pair, after)
      if (same(said, saidAt(pair, before))) continue
      note(delta, pair, said === undefined ? undefined : toForm(pair, said), object)
    }
    for (const oneWay of this.#oneWays) {
      if (oneWay.spec.write !== 'always' || oneWay.apply === 'create') continue
      const was = await tried(oneWay, before)
      const is = await tried(oneWay, after)
      // What failed before has not failed by this change, which may be a leaver's.
      if ('fault' in is) {
        if ('fault' in was) continue
        throw is.fault
      }
      if (!isFirst && 'value' in was && same(is.value, was.value)) continue
      note(delta, oneWay, is.value, object)
    }
    return delta
  }

  /** The resource without what the app's own attributes say: what has to live with the link. */
  unmapped(resource: Resource): Resource {
    let rest = resource
    for (const pair of this.pairs) rest = withoutHeld(rest, pair)
    if (this.switches) {
      const { active: _, ...without } = rest
      rest = without
    }
    return rest
  }
}

function createForm(pair: Pair, resource: Resource): Json | undefined {
  const said = saidAt(pair, resource)
  return said === undefined ? pair.fallback : toForm(pair, said)
}

interface MutableDelta {
  readonly set: Record<string, Json>
  readonly unset: string[]
}

function note(
  { set, unset }: MutableDelta,
  { app, spec, clear }: Pick<Pair, 'app' | 'spec' | 'clear'>,
  form: Json | undefined,
  object: NativeObject,
): void {
  const held = scimValue(object.attributes[app])
  if (same(form, held)) return
  if (form !== undefined) set[app] = form
  else if (clear === 'empty') set[app] = spec.multiValued ? [] : ''
  else if (clear === 'null') unset.push(app)
}

async function tried(
  { valueFor }: OneWay,
  view: Resource,
): Promise<{ readonly value: Json | undefined } | { readonly fault: ScimError }> {
  try {
    return { value: await valueFor(view) }
  } catch (error) {
    if (error instanceof ScimError) return { fault: error }
    throw error
  }
}

/**
 * Where a pair names a part of every element, the other parts (`type`, `display`, `primary`) live with
 * the link, in whole elements: `setAt` finds them again by the part that the app holds.
 */
function withoutHeld(resource: Resource, { path }: Pair): Resource {
  const whole = wholeOf(path)
  if (!whole) return removeAt(resource, path)
  const elements = getAt(resource, whole)
  const labelled = (Array.isArray(elements) ? elements : []).filter(
    (element) => isObject(element) && Object.keys(element).length > 1,
  )
  const rest = removeAt(resource, whole)
  return labelled.length === 0 ? rest : setAt(rest, whole, labelled)
}

function placesOf(definition: ResourceDefinition, { pairs, switches }: Mapping): Place[] {
  const places: Place[] = pairs.map((pair) => ({
    path: pair.path,
    key: pair.key,
    // What the app was told once is the app's own from then on.
    write: pair.apply === 'create' ? 'never' : pair.spec.write,
    isSecret: isSecret(definition, pair.path),
    saidIn: (resource) => inOrder(pair, resource),
    heldBy: (object) => heldAt(pair, object),
  }))
  const active = switches ? parsePath(definition, 'active', 'tolerant') : undefined
  if (active && active.kind !== 'unknown') {
    const heldBy = (object: NativeObject) => object.active ?? true
    const saidIn = (resource: Resource) => getAt(resource, active)
    const key = printPath(active)
    places.push({ path: active, key, write: 'always', isSecret: false, saidIn, heldBy })
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

function inOrder(pair: Pair, resource: Resource): Json | undefined {
  const all = getAt(resource, pair.path)
  if (pair.shape !== 'one' || !Array.isArray(all)) return all
  const told = saidAt(pair, resource)
  return told === undefined ? all : [...all.filter((one) => one !== told), told]
}
