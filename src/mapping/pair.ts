/**
 * A pair: one SCIM attribute path and one attribute of the app, both ways. What a client says at the
 * path becomes the app's form, and what the app holds becomes SCIM's.
 */
import type { AttributeSpec, NativeObject } from '../adapter/contract.ts'
import type { WrittenPair } from '../adapter/mapping-entry.ts'
import { ScimError } from '../scim/error.ts'
import { getAt, type Path, printPath } from '../scim/path.ts'
import { type Attribute, foldCase, type Json, type Resource } from '../scim/schema.ts'
import { isObject, isPrimary } from '../scim/values.ts'
import { scimValue } from './scim-value.ts'

export interface Pair {
  readonly path: Path
  /** The path's canonical text: the key in shadows and for push-down. */
  readonly key: string
  /** The app's own attribute name. */
  readonly app: string
  readonly spec: AttributeSpec
  /**
   * `list`: the path names a part of every element (`roles.value`) and the app holds several values;
   * `one`: the same, and the app has room for one of them.
   */
  readonly shape: 'value' | 'list' | 'one'
  /** Each of the app's values, and SCIM's for it; undefined: they are the same. */
  readonly table: readonly TableRow[] | undefined
  /** What a create sends where the client sends none, in the app's terms. */
  readonly fallback: Json | undefined
  readonly apply: 'always' | 'create'
  readonly clear: 'null' | 'empty' | 'keep'
}

export interface TableRow {
  readonly app: Json
  readonly scim: Json
}

export function toPair(path: Path, entry: WrittenPair, spec: AttributeSpec): Pair {
  const { values, default: fallback, apply = 'always', clear } = entry
  return {
    path,
    key: printPath(path),
    app: entry.app,
    spec,
    shape: wholeOf(path) ? (spec.multiValued ? 'list' : 'one') : 'value',
    table:
      values &&
      Object.entries(values).map(([text, scim]) => ({ app: appValueOf(spec, text), scim })),
    fallback,
    apply,
    clear: clear ?? (spec.clearable === false ? 'keep' : 'null'),
  }
}

/** `roles` for `roles.value`, a part of every element; undefined for any other path. */
export function wholeOf(path: Path): Path | undefined {
  if (path.kind === 'extension' || path.filter) return undefined
  const { attribute, subAttribute } = path.ref
  if (!attribute.multiValued || !subAttribute) return undefined
  return { ...path, ref: { ...path.ref, subAttribute: undefined } }
}

/** True where values are compared as they are: the app can be asked for what a client asks for. */
export function isPlain({ shape, table }: Pair): boolean {
  return shape !== 'one' && !table
}

/** What the client says at a pair, as far as the app is to hear of it; undefined: nothing. */
export function saidAt({ path, shape, table }: Pair, resource: Resource): Json | undefined {
  const said = getAt(resource, path)
  if (shape === 'value' || !Array.isArray(said)) return said
  const values = [...new Set(said)]
  return shape === 'list' ? values : chosen(path, resource, values, table)
}

/**
 * Of several values, the one for an app with room for one: that of the primary element; else the one
 * that stands first in the table; else the last, because Entra adds a new role behind the old ones
 * and takes none away (`AppRoleAssignmentsComplex`).
 */
function chosen(
  path: Path,
  resource: Resource,
  values: readonly Json[],
  table: Pair['table'],
): Json | undefined {
  if (path.kind === 'extension') return values.at(-1)
  const { ref } = path
  const elements = getAt(resource, { ...path, ref: { ...ref, subAttribute: undefined } })
  const name = ref.subAttribute?.name ?? 'value'
  const primary = Array.isArray(elements) ? elements.find(isPrimary) : undefined
  const first = isObject(primary) ? primary[name] : undefined
  if (first !== undefined) return first
  const leaf = ref.subAttribute ?? ref.attribute
  const row = table?.find(({ scim }) => values.some((value) => means(leaf, value, scim)))
  return row ? row.scim : values.at(-1)
}

/**
 * The app's form of what a client says.
 *
 * @throws {ScimError} `invalidValue` for a value that the table does not have
 */
export function toForm(pair: Pair, said: Json): Json {
  if (!pair.table) return said
  if (Array.isArray(said)) return said.map((one) => appFormOf(pair, one))
  return appFormOf(pair, said)
}

function appFormOf({ path, key, table = [] }: Pair, value: Json): Json {
  const row = table.find(({ scim }) => means(leafOf(path), value, scim))
  if (row) return row.app
  const known = [...new Set(table.map(({ scim }) => JSON.stringify(scim)))]
  throw new ScimError(
    'invalidValue',
    `"${key}" must be one of ${known.join(', ')}: the mapping of this connection has no other ` +
      'value. Correct it in the source directory, or let an administrator add it to the mapping.',
  )
}

/** What the app holds, as a client reads it: an array where the path names parts. */
export function heldAt(pair: Pair, object: NativeObject): Json | undefined {
  const raw = scimValue(object.attributes[pair.app])
  if (raw === undefined) return undefined
  if (pair.shape === 'value') return scimFormOf(pair, raw)
  const values = (Array.isArray(raw) ? raw : [raw])
    .map((one) => scimFormOf(pair, one))
    .filter((one) => one !== undefined)
  return values.length === 0 ? undefined : values
}

/** What the table does not have is nothing that SCIM has a word for. */
function scimFormOf({ table }: Pair, value: Json): Json | undefined {
  return table ? table.find(({ app }) => app === value)?.scim : value
}

function leafOf(path: Path): Attribute | undefined {
  return path.kind === 'extension' ? undefined : (path.ref.subAttribute ?? path.ref.attribute)
}

function means(attribute: Attribute | undefined, a: Json, b: Json): boolean {
  if (typeof a !== 'string' || typeof b !== 'string' || attribute?.caseExact) return a === b
  return foldCase(a) === foldCase(b)
}

/** A key of JSON is text, whatever the app's own type. */
function appValueOf({ type }: AttributeSpec, text: string): Json {
  if (type === 'boolean') return text === 'true'
  return type === 'number' ? Number(text) : text
}
