/** Fields of a form out of the JSON Schema of an adapter's settings, and settings out of the form. Pure. */
import type { JsonObject } from '../../scim/schema.ts'
import { isObject } from '../../scim/values.ts'
import { parseJson, textOf } from './json-text.ts'

export interface SettingField {
  readonly name: string
  /** Absent: made of the name. */
  readonly label?: string | undefined
  readonly kind: 'text' | 'url' | 'number' | 'boolean' | 'choice' | 'json'
  readonly isRequired: boolean
  readonly hint: string | undefined
  /** Of `choice`. */
  readonly options: readonly string[]
  /** What holds where nothing is entered. */
  readonly fallback: string | undefined
}

/** Undefined: the schema names no members, so the settings are entered as JSON. */
export function fieldsOf(schema: JsonObject | null): readonly SettingField[] | undefined {
  const properties = schema?.['properties']
  if (!isObject(properties)) {
    // No members at all is something else than members that nobody knows.
    return schema?.['type'] === 'object' && schema['additionalProperties'] === false
      ? []
      : undefined
  }
  const required = schema?.['required']
  return Object.entries(properties).map(([name, given]): SettingField => {
    const property = isObject(given) ? given : {}
    const fallback = property['default']
    const description = property['description']
    return {
      name,
      kind: kindOf(property),
      isRequired: Array.isArray(required) && required.includes(name) && fallback === undefined,
      hint: typeof description === 'string' ? description : undefined,
      options: Array.isArray(property['enum']) ? property['enum'].map(String) : [],
      fallback: fallback === undefined ? undefined : textOf(fallback),
    }
  })
}

function kindOf({ type, format, enum: options }: JsonObject): SettingField['kind'] {
  if (Array.isArray(options)) return 'choice'
  switch (type) {
    case 'string':
      return format === 'uri' ? 'url' : 'text'
    case 'number':
    case 'integer':
      return 'number'
    case 'boolean':
      return 'boolean'
    default:
      return 'json'
  }
}

export type ReadSettings =
  | { readonly ok: true; readonly settings: JsonObject }
  | { readonly ok: false; readonly name: string }

/**
 * What nothing was entered for is left out. `ok: false`: `name` holds no JSON.
 *
 * @param within of which they are members, as the admin API has it
 */
export function readSettings(
  fields: readonly SettingField[] | undefined,
  given: (name: string) => string,
  within = 'settings',
): ReadSettings {
  if (!fields) {
    const read = parseJson(given(within) || '{}')
    return isObject(read) ? { ok: true, settings: read } : { ok: false, name: within }
  }
  const settings: JsonObject = {}
  for (const { name, kind, fallback } of fields) {
    const text = given(`${within}.${name}`)
    if (kind === 'boolean') {
      // A box that is not ticked sends nothing, and says no where there is a default.
      if (text !== '' || fallback !== undefined) settings[name] = text !== ''
      continue
    }
    if (text.trim() === '') continue
    if (kind === 'json') {
      const read = parseJson(text)
      if (read === undefined) return { ok: false, name: `${within}.${name}` }
      settings[name] = read
    } else {
      // What is no number stays as it is: the schema says so in its own words.
      const number = Number(text)
      settings[name] = kind === 'number' && Number.isFinite(number) ? number : text.trim()
    }
  }
  return { ok: true, settings }
}
