/** Values that an app is likely to take, by what the adapter says of each attribute. */
import { alikeForm } from '../alike.ts'
import type { AttributeSpec, Attributes, NativeObject, Value } from '../contract.ts'
import { appOf, isOneWay, type WrittenMapping } from '../mapping-entry.ts'
import type { Scene } from './scene.ts'

/** Two values for each attribute, so that one can be changed into the other. */
export type Variant = 0 | 1

/** Undefined where nothing is known of what the app takes: `samples` in kit.json says it. */
export function sample(scene: Scene, name: string, variant: Variant = 0): Value | undefined {
  const spec = scene.spec.attributes[name]
  if (!spec) return undefined
  const one = sampleOne(scene, name, spec, variant)
  if (one === undefined) return undefined
  return spec.multiValued && !Array.isArray(one) ? [one] : one
}

function sampleOne(
  scene: Scene,
  name: string,
  spec: AttributeSpec,
  variant: Variant,
): Value | undefined {
  const given = scene.subject.notes.samples[scene.type]?.[name]
  if (given) return withName(scene, given[variant % given.length])
  const { unique, type } = spec
  const isNamed = unique || name === scene.spec.naming
  const path = pathOf(scene.spec.mapping, name)
  const words = wordsOf(scene.spec.mapping, name)
  if (words) return as(words[variant % words.length], type)
  // What nothing is mapped to may be a word of the app's own: it takes what it has already.
  if (path === undefined && !isNamed) return seen(scene, name)[variant]
  switch (type) {
    case 'string':
      return isNamed ? named(scene, name, path) : text(path, variant)
    case 'number':
      return 41 + variant
    case 'boolean':
      return variant === 0
    case 'datetime':
      return `203${variant}-02-03T04:05:06Z`
    case 'object':
      return undefined
  }
}

/** `{name}` in a sample is a name that nobody has: of a unique attribute no two may be the same. */
function withName(scene: Scene, value: Value | undefined): Value | undefined {
  return typeof value === 'string' ? value.replaceAll('{name}', () => scene.name()) : value
}

function seen({ survey, type }: Scene, name: string): readonly Value[] {
  const values = (survey[type] ?? []).map(({ attributes }) => attributes[name])
  const texts = values.filter((value) => typeof value === 'string' || typeof value === 'number')
  // In the order of the app: invented values in a recording have another one.
  return [...new Set(texts)]
}

/** The SCIM path whose value the attribute holds. */
export function pathOf(mapping: WrittenMapping, name: string): string | undefined {
  return Object.entries(mapping).find(([key, entry]) => appOf(key, entry) === name)?.[0]
}

/** The app's words of a mapping that has a table of them. */
function wordsOf(mapping: WrittenMapping, name: string): readonly string[] | undefined {
  for (const [key, entry] of Object.entries(mapping)) {
    if (typeof entry === 'string' || appOf(key, entry) !== name) continue
    if (isOneWay(entry)) {
      return entry.value === undefined || entry.value === null ? undefined : [String(entry.value)]
    }
    if ('values' in entry && entry.values) return Object.keys(entry.values)
  }
  return undefined
}

function as(text: string | undefined, type: AttributeSpec['type']): Value | undefined {
  if (text === undefined) return undefined
  if (type === 'number') return Number(text)
  return type === 'boolean' ? text === 'true' : text
}

/** A name of its own, in the form in which the app has its names. */
function named(scene: Scene, name: string, path: string | undefined): string {
  const own = scene.name()
  const values = seen(scene, name)
  const areMails = values.length > 0 && values.every((value) => String(value).includes('@'))
  return areMails || isMail(path) ? `${own}@kit.example` : own
}

const isMail = (path: string | undefined): boolean => /^emails\b/i.test(path ?? '')

/** In the form that apps do not rewrite: phones without blanks, names with a first capital. */
function text(path = '', variant: Variant): string {
  const word = variant === 0 ? 'Alder' : 'Birch'
  const key = path.replace(/^urn:.*:/i, '').toLowerCase()
  if (isMail(path)) return `${word.toLowerCase()}@kit.example`
  if (key.startsWith('phonenumbers')) return `+4930555010${variant}`
  if (key.startsWith('photos') || key.endsWith('url')) return `https://kit.example/${variant}`
  if (key === 'preferredlanguage' || key === 'locale') return variant === 0 ? 'en' : 'de'
  if (key === 'timezone') return variant === 0 ? 'Europe/Berlin' : 'Europe/Paris'
  if (key.endsWith('.country')) return variant === 0 ? 'DE' : 'FR'
  return word
}

/** What people sign in with, or the group goes by. */
export function nameIn({ spec }: Scene, { attributes }: NativeObject): string {
  return String(attributes[spec.naming])
}

/** What a create may hold, naming first. */
export function creatable({ spec }: Scene): readonly string[] {
  return Object.keys(spec.attributes).filter((name) => spec.attributes[name]?.write !== 'never')
}

/** What the app requires, and the naming attribute. @param naming in place of a name of its own */
export function minimal(scene: Scene, naming?: string): Attributes {
  const { attributes, naming: name } = scene.spec
  const names = creatable(scene).filter((one) => one === name || attributes[one]?.required)
  return fill(scene, names, naming)
}

/** All that can be written and that there is a sample of. */
export function maximal(scene: Scene): Attributes {
  return fill(scene, creatable(scene))
}

function fill(scene: Scene, names: readonly string[], naming?: string): Attributes {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value =
        name === scene.spec.naming && naming !== undefined ? naming : sample(scene, name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Attributes that an update may change, with two samples that differ; the naming one aside. */
export function changeable(scene: Scene): readonly string[] {
  const { attributes, naming } = scene.spec
  return Object.keys(attributes).filter((name) => {
    if (name === naming || attributes[name]?.write !== 'always') return false
    const [one, other] = [sample(scene, name, 0), sample(scene, name, 1)]
    return one !== undefined && other !== undefined && !same(attributes[name], one, other)
  })
}

/** A value to write where the object holds these: there is one of whatever is `changeable`. */
export function another(scene: Scene, name: string, held: Attributes): Value {
  const spec = scene.spec.attributes[name]
  const [first, second] = [sample(scene, name, 0), sample(scene, name, 1)]
  return (same(spec, held[name], first) ? second : first) as Value
}

/** Whether two values are one as far as the app tells them apart. */
export function same(
  spec: AttributeSpec | undefined,
  a: Value | undefined,
  b: Value | undefined,
): boolean {
  return form(spec, a) === form(spec, b)
}

function form(spec: AttributeSpec | undefined, value: Value | undefined): string {
  if (value === null || value === undefined || value === '') return 'none'
  if (Array.isArray(value)) {
    return value.length === 0
      ? 'none'
      : value
          .map((one) => form(spec, one))
          .sort()
          .join('\n')
  }
  if (spec?.type === 'datetime') return String(Date.parse(String(value)))
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // `caseExact` is about how an app compares; one that does may still raise the first letter of a name.
  return alikeForm(spec?.alike, text).toLowerCase().normalize('NFC')
}
