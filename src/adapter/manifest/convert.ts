/** Objects of the app to what the contract calls them, and attributes back to the app's own form. */
import type { Attributes, NativeObject, Value } from '../contract.ts'
import { elementsWith, valuesOf } from './elements.ts'
import { isSo } from './judge.ts'
import { getAt, putAt } from './pointer.ts'
import type { AttributeDeclaration, ResourceManifest } from './resource-schema.ts'
import type { Values } from './template.ts'

type Row = Readonly<Record<string, unknown>>

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Native ids are text whatever the app's type. Undefined where there is none. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What stands in a text where the form has the placeholder; undefined where it is of another form. */
export function partIn(form: string, placeholder: string, shown: unknown): string | undefined {
  if (typeof shown !== 'string') return undefined
  const at = form.indexOf(placeholder)
  const [before, after] = [form.slice(0, at), form.slice(at + placeholder.length)]
  const isSo = shown.startsWith(before) && shown.endsWith(after)
  return isSo && shown.length > before.length + after.length
    ? shown.slice(before.length, shown.length - after.length)
    : undefined
}

/** Undefined where the app's answer is no such object: no id, or a switch that nobody understands. */
export function toObject(resource: ResourceManifest, row: unknown): NativeObject | undefined {
  if (!isRow(row)) return undefined
  const id = idOf(getAt(row, resource.id))
  const active = resource.active && activeOf(resource.active, getAt(row, resource.active.at))
  if (id === undefined || (resource.active && active === undefined)) return undefined
  const text = (pointer: string | undefined) =>
    pointer === undefined ? undefined : idOf(getAt(row, pointer))
  const [fingerprint, ticket] = [text(resource.fingerprint), text(resource.ticket)]
  const [createdAt, modifiedAt] = [text(resource.createdAt), text(resource.modifiedAt)]
  const facts = resource.protected
  return {
    id,
    attributes: toAttributes(resource, row),
    ...(active !== undefined && { active }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(createdAt !== undefined && { createdAt }),
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(ticket !== undefined && { ticket }),
    ...(facts.some((fact) => isSo(fact, row)) && { protected: true }),
  }
}

function activeOf(
  { on, off, otherwise }: NonNullable<ResourceManifest['active']>,
  value: unknown,
): boolean | undefined {
  const shown = value ?? null
  if (shown === on) return true
  return [off].flat().some((one) => one === shown) ? false : otherwise
}

function toAttributes(resource: ResourceManifest, row: Row): Attributes {
  return Object.fromEntries(
    Object.entries(resource.attributes).flatMap(([name, spec]): [string, Value][] => {
      const raw = getAt(row, spec.at ?? memberNamed(name))
      const value = spec.where ? readElements(spec, raw) : readValue(spec, raw)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** RFC 6901 §3: names of attributes hold neither `~` nor `/`. */
function memberNamed(name: string): string {
  return `/${name}`
}

function readValue(spec: AttributeDeclaration, raw: unknown): Value | undefined {
  if (raw === undefined || raw === null || raw === spec.clear) return undefined
  if (!spec.multiValued) return readOne(spec, raw)
  const values = [raw].flat().flatMap((one) => {
    const inner = getAt(one, spec.each ?? '')
    const value = inner === null ? undefined : readOne(spec, inner)
    return value === undefined ? [] : [value]
  })
  return values.length > 0 ? values : undefined
}

/** Apps whose every value is text (XML Schema §3.3.2). */
const BOOLEANS = new Map<unknown, boolean>([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/** What an app says of a question with yes or no, in whatever form. */
export function isTrue(raw: unknown): boolean {
  const known = BOOLEANS.get(typeof raw === 'string' ? raw.toLowerCase() : raw)
  return known ?? Boolean(raw)
}

/** Of a list that holds other things too. */
function readElements(spec: AttributeDeclaration, raw: unknown): Value | undefined {
  const values = valuesOf(spec, raw)
  const { each: _, ...whole } = spec
  return readValue(whole, spec.multiValued ? values : values[0])
}

function readOne(spec: AttributeDeclaration, shown: unknown): Value | undefined {
  const { type, values, form } = spec
  const raw = form === undefined ? shown : partIn(form, '{value}', shown)
  const known = values?.find(({ app }) => app === raw)
  if (known) return known.is
  switch (type) {
    case 'string':
    case 'datetime':
      return typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean'
        ? String(raw)
        : undefined
    case 'number': {
      const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
      return typeof number === 'number' && Number.isFinite(number) ? number : undefined
    }
    case 'boolean':
      return typeof raw === 'boolean' ? raw : BOOLEANS.get(raw)
    case 'object':
      return raw as Value
  }
}

/** True where these attributes are parts of lists, which are replaced as wholes: they are read first. */
export function areParts({ attributes }: ResourceManifest, names: readonly string[]): boolean {
  return names.some((name) => attributes[name]?.where !== undefined)
}

/**
 * What the app is to be told of these attributes, in the order in which they are declared: an XML
 * schema may demand one. Those that it does not have are left out.
 *
 * @param current the app's own form of the object, where a part of a list of it is written
 */
export function toApp(
  resource: ResourceManifest,
  set: Attributes,
  unset: readonly string[],
  { config, current }: { readonly config: Values; readonly current?: unknown },
): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(resource.attributes)) {
    const value = Object.hasOwn(set, name) ? set[name] : undefined
    const isCleared = unset.includes(name)
    if (spec.write === 'never' || (value === undefined && !isCleared)) continue
    const at = spec.at ?? memberNamed(name)
    const target = spec.writeAt ?? at
    if (spec.where) {
      const wanted = value === undefined ? [] : [value].flat().map((one) => writeOne(spec, one))
      // Another attribute may be a part of the same list.
      const held = getAt(body, target) ?? getAt(current, at)
      putAt(body, target, elementsWith(spec, held, wanted, config))
    } else if (value === undefined) putAt(body, target, spec.multiValued ? [] : spec.clear)
    else putAt(body, target, writeValue(spec, value))
  }
  return body
}

function writeValue(spec: AttributeDeclaration, value: Value): unknown {
  if (!spec.multiValued) return writeOne(spec, value)
  return [value].flat().map((one) => {
    const { each } = spec
    if (each === undefined || each === '') return writeOne(spec, one)
    const element: Record<string, unknown> = {}
    putAt(element, each, writeOne(spec, one))
    return element
  })
}

export function writeOne(spec: AttributeDeclaration, value: Value): unknown {
  const { values, as, form } = spec
  if (form !== undefined)
    return value === null ? value : form.replace('{value}', () => String(value))
  const known = values?.find(({ is }) => is === value)
  if (known) return known.app
  if (as === 'string' && value !== null) return String(value)
  if (as === 'number' && typeof value === 'string' && value.trim() !== '') return Number(value)
  return value
}

/** Everything that can be written, as an object shows it now. */
export function writable(resource: ResourceManifest, { attributes }: NativeObject): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => resource.attributes[name]?.write === 'always'),
  )
}

/** Names that the app gives back count only where they are ours; in the app's order. */
export function attributesNamed(resource: ResourceManifest, names: unknown): string[] {
  const byName = new Map<unknown, string>(
    Object.entries(resource.attributes).flatMap(([name, { at, writeAt }]) =>
      [at, writeAt, memberNamed(name)].flatMap((pointer): [string, string][] => {
        const last = pointer?.split('/').at(-1)
        return last === undefined || last === '' ? [] : [[last, name]]
      }),
    ),
  )
  // Some apps say why, by the name of each field.
  const said = isRow(names) ? Object.keys(names) : [names].flat()
  return said.flatMap((name) => byName.get(name) ?? [])
}
