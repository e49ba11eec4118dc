/** Entries of a mapping that can never work are refused, each at its path and with what to write. */
import * as z from 'zod'
import type { AttributeSpec } from '../adapter/contract.ts'
import { appOf, isOneWay, type MappingEntry, type WrittenPair } from '../adapter/mapping-entry.ts'
import { faultOf } from '../mapping/expression.ts'
import { wholeOf } from '../mapping/pair.ts'
import { type Path, printPath } from '../scim/path.ts'
import type { Json, JsonObject, ResourceDefinition } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { checkAttribute, parseAt } from './check-path.ts'
import type { AdapterDescription } from './describe-adapter.ts'
import { type InvalidMember, invalidMembers, memberPath } from './problem.ts'

const simple = z.union([z.string(), z.number(), z.boolean()], 'must be a text, number or boolean')
const constant = z.union([simple, z.array(simple)], 'must be a value, or a list of values')
const apply = z.enum(['always', 'create'], 'must be "always" or "create"').optional()
const clear = z.enum(['null', 'empty', 'keep'], 'must be "null", "empty" or "keep"').optional()
const app = z.string('must be the name of an app attribute').min(1)

const writtenPair = z.strictObject({
  app,
  values: z.record(z.string(), simple).optional(),
  default: constant.optional(),
  apply,
  clear,
})

const writtenOneWay = z
  .strictObject({
    app: app.optional(),
    from: z.string('must be a JSONata expression').min(1).optional(),
    value: constant.optional(),
    apply,
    clear,
  })
  .refine(
    ({ from, value }) => from === undefined || value === undefined,
    'has "from" and "value": an attribute is made of one of them',
  )

/** Where an entry stands, and what is known of the app's attribute that it names. */
interface Here {
  readonly at: readonly PropertyKey[]
  readonly type: string
  readonly definition: ResourceDefinition
  readonly adapter: AdapterDescription | undefined
}

export function checkMapping(
  mapping: JsonObject,
  definitions: ReadonlyMap<string, ResourceDefinition>,
  adapter: AdapterDescription | undefined,
): InvalidMember[] {
  return Object.entries(mapping).flatMap(([type, entries]): InvalidMember[] => {
    const definition = definitions.get(type)
    const at = ['mapping', type]
    if (!definition) {
      return [{ path: memberPath(at), message: 'the connection has no such resource type' }]
    }
    if (typeof entries !== 'object' || entries === null || Array.isArray(entries)) {
      return [{ path: memberPath(at), message: 'must be an object: SCIM path to app attribute' }]
    }
    return checkEntries(entries, { at, type, definition, adapter })
  })
}

/** People are found by the naming attribute: what is made of others is no key of a client's. */
export function checkNaming(
  { mapping, policy }: { readonly mapping: JsonObject; readonly policy: JsonObject },
  adapter: AdapterDescription | undefined,
): InvalidMember[] {
  return Object.entries(mapping).flatMap(([type, entries]) => {
    const naming = adapter?.resource?.(type)?.naming
    // Groups go by no other rule.
    if (!isObject(entries) || (type === 'User' && policy['match'] !== undefined)) return []
    const made = Object.entries(entries).find(([text, entry]) => {
      const given = isObject(entry) ? (entry as MappingEntry) : undefined
      return given && isOneWay(given) && appOf(text, given) === naming
    })
    if (!made) return []
    const message =
      `"${naming}" is what is searched for: pair it with a SCIM attribute` +
      (type === 'User' ? ', or say in the policy "match" what people are found by' : '')
    return [{ path: memberPath(['mapping', type, made[0]]), message }]
  })
}

function checkEntries(entries: JsonObject, { at, ...of }: Here): InvalidMember[] {
  const spelt = new Map<string, { text: string; path: Path }>()
  const written = new Map<string, { text: string; oneWay: boolean }>()
  return Object.entries(entries).flatMap(([text, entry]) => {
    const here = [...at, text]
    const refuse = (message: string): InvalidMember => ({ path: memberPath(here), message })
    const { entry: parsed, path, errors } = checkEntry(text, entry, { ...of, at: here })
    if (path && parsed && !isOneWay(parsed)) {
      // Names fold (RFC 7643 §2.1): `title` and `Title` would be two answers to one question.
      const canonical = printPath(path)
      const other = spelt.get(canonical)
      if (other) errors.push(refuse(`is the same attribute as "${other.text}"`))
      const rival = [...spelt.values()].find((one) => meet(one.path, path))
      if (!other && rival) {
        errors.push(refuse(`speaks of the same values as "${rival.text}": leave one of them out`))
      }
      spelt.set(canonical, { text, path })
    }
    const name = parsed && appOf(text, parsed)
    if (parsed && name !== undefined) {
      const oneWay = isOneWay(parsed)
      const other = written.get(name)
      if (other && (other.oneWay || oneWay)) {
        errors.push(refuse(`writes the app's attribute "${name}", which "${other.text}" writes`))
      }
      written.set(name, { text, oneWay })
    }
    return errors
  })
}

/** A part of every element, and something else of the same attribute. */
function meet(a: Path, b: Path): boolean {
  if (a.kind === 'extension' || b.kind === 'extension') return false
  const isSame = a.ref.attribute === b.ref.attribute && a.ref.urn === b.ref.urn
  const hasParts = wholeOf(a) !== undefined || wholeOf(b) !== undefined
  return isSame && hasParts && printPath(a) !== printPath(b)
}

function checkEntry(
  text: string,
  entry: Json,
  here: Here,
): { entry?: MappingEntry; path?: Path; errors: InvalidMember[] } {
  const { at, type, definition, adapter } = here
  const isAlone = text.startsWith('=')
  const { value: path, errors } = isAlone ? { errors: [] } : parseAt(text, definition, at)
  const parsed = parseEntry(text, entry, at)
  if ('errors' in parsed) return { errors: [...errors, ...parsed.errors] }
  const given = parsed.entry
  const name = appOf(text, given)
  if (name === undefined) {
    errors.push({ path: memberPath([...at, 'app']), message: 'is required: the app attribute' })
    return { errors }
  }
  const unknown = checkAttribute(name, type, adapter, at)
  errors.push(...unknown)
  const spec = adapter?.resource?.(type)?.attributes[name]
  if (unknown.length === 0) {
    if (isOneWay(given)) errors.push(...checkOneWay(given, name, spec, at))
    else if (path) {
      errors.push(...checkPair(typeof given === 'string' ? { app: given } : given, path, spec, at))
    }
  }
  return { entry: given, ...(path && { path }), errors }
}

function parseEntry(
  text: string,
  entry: Json,
  at: readonly PropertyKey[],
): { entry: MappingEntry } | { errors: InvalidMember[] } {
  const refuse = (message: string, ...below: string[]) => ({
    errors: [{ path: memberPath([...at, ...below]), message }],
  })
  if (typeof entry === 'string' && !text.startsWith('=')) return { entry }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return text.startsWith('=')
      ? refuse('must be an object with "from", an expression, or "value", a constant')
      : refuse('must be the name of an app attribute, or an object with "app"')
  }
  const oneWay = isOneWay(entry as unknown as MappingEntry)
  if (text.startsWith('=') && !oneWay) return refuse('needs "from", an expression, or "value"')
  if (text.startsWith('=') && entry['app'] !== undefined && entry['app'] !== text.slice(1)) {
    return refuse('must be what stands behind the "=", or be left out', 'app')
  }
  const parsed = (oneWay ? writtenOneWay : writtenPair).safeParse(entry)
  return parsed.success
    ? { entry: parsed.data as MappingEntry }
    : { errors: invalidMembers(parsed.error, at) }
}

function checkPair(
  { values, default: fallback, clear: how }: WrittenPair,
  path: Path,
  spec: AttributeSpec | undefined,
  at: readonly PropertyKey[],
): InvalidMember[] {
  const refuse = (message: string, ...below: string[]): InvalidMember => ({
    path: memberPath([...at, ...below]),
    message,
  })
  const errors: InvalidMember[] = []
  if (fallback !== undefined) errors.push(...checkValue(fallback, spec, [...at, 'default']))
  errors.push(...checkClear(how, spec, at))
  if (!values) return errors
  const leaf = path.kind === 'extension' ? undefined : (path.ref.subAttribute ?? path.ref.attribute)
  if (!leaf || leaf.type === 'complex') {
    return [...errors, refuse('needs an attribute with one value, as in "roles.value"', 'values')]
  }
  const wanted = leaf.type === 'boolean' || leaf.type === 'integer' ? leaf.type : 'string'
  for (const [text, value] of Object.entries(values)) {
    const fits = wanted === 'integer' ? typeof value === 'number' : typeof value === wanted
    if (!fits) {
      errors.push(refuse(`must be of SCIM's type here, ${leaf.type}`, 'values', text))
    }
    const isKey =
      spec?.type === 'boolean'
        ? text === 'true' || text === 'false'
        : spec?.type !== 'number' || (text !== '' && Number.isFinite(Number(text)))
    if (!isKey) errors.push(refuse(`the app's attribute is a ${spec?.type}`, 'values', text))
  }
  if (Object.keys(values).length === 0) errors.push(refuse('must have a value', 'values'))
  return errors
}

function checkOneWay(
  { from, value, clear: how }: Extract<MappingEntry, { from?: string }>,
  name: string,
  spec: AttributeSpec | undefined,
  at: readonly PropertyKey[],
): InvalidMember[] {
  const errors: InvalidMember[] = []
  const fault = from === undefined ? undefined : faultOf(from)
  if (fault !== undefined) errors.push({ path: memberPath([...at, 'from']), message: fault })
  if (value !== undefined) errors.push(...checkValue(value, spec, [...at, 'value']))
  if (spec?.write === 'never') {
    errors.push({ path: memberPath(at), message: `the app lets nobody write "${name}"` })
  }
  return [...errors, ...checkClear(how, spec, at)]
}

/** Whether the app's attribute can hold the value. */
function checkValue(
  value: unknown,
  spec: AttributeSpec | undefined,
  at: readonly PropertyKey[],
): InvalidMember[] {
  if (!spec) return []
  const wanted = spec.type === 'datetime' ? 'string' : spec.type
  if (Array.isArray(value) !== (spec.multiValued ?? false)) {
    const message = spec.multiValued ? 'must be a list: the app holds several' : 'must be one value'
    return [{ path: memberPath(at), message }]
  }
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.every((one) => typeof one === wanted)
    ? []
    : [{ path: memberPath(at), message: `must be a ${wanted}, as the app's attribute is` }]
}

function checkClear(
  how: WrittenPair['clear'],
  spec: AttributeSpec | undefined,
  at: readonly PropertyKey[],
): InvalidMember[] {
  const refuse = (message: string) => [{ path: memberPath([...at, 'clear']), message }]
  if (how === 'empty' && spec && spec.type !== 'string' && !spec.multiValued) {
    return refuse(`the app's attribute is a ${spec.type}, which is never empty: write "null"`)
  }
  if (how === 'null' && spec?.clearable === false) {
    return refuse('the app holds no account without this attribute: write "keep"')
  }
  return []
}
