/** A mapping as rows of a form, and rows as a mapping. docs/mapping.md says what the keys mean. Pure. */
import type { AppAttribute } from '../../admin/connection-adapter.ts'
import type { Json, JsonObject } from '../../scim/schema.ts'
import { isObject } from '../../scim/values.ts'
import { parseJson, textOf } from './json-text.ts'

export const FLOWS = ['pair', 'expression', 'constant'] as const
export type Flow = (typeof FLOWS)[number]

/** All as texts, as a form has them. */
export interface MappingRow {
  /** Path of SCIM; empty where the app's attribute stands alone. */
  readonly scim: string
  readonly flow: Flow
  readonly app: string
  /** The expression, or the constant. */
  readonly made: string
  readonly apply: string
  readonly clear: string
  /** JSON. */
  readonly values: string
  readonly fallback: string
}

export const EMPTY_ROW: MappingRow = {
  scim: '',
  flow: 'pair',
  app: '',
  made: '',
  apply: '',
  clear: '',
  values: '',
  fallback: '',
}

export interface RowFault {
  readonly row: number
  readonly message: string
}

export interface ReadRows {
  readonly entries: JsonObject
  /** Of each row; undefined where it is empty. */
  readonly keys: readonly (string | undefined)[]
  readonly faults: readonly RowFault[]
}

export function rowsOf(entries: JsonObject, attributes: readonly AppAttribute[]): MappingRow[] {
  return Object.entries(entries).map(([key, entry]) => rowOf(key, entry, attributes))
}

function rowOf(key: string, entry: Json, attributes: readonly AppAttribute[]): MappingRow {
  const isAlone = key.startsWith('=')
  const scim = isAlone ? '' : key
  const given = isObject(entry) ? entry : {}
  const named = typeof entry === 'string' ? entry : memberText(given['app'])
  const row = {
    ...{ ...EMPTY_ROW, scim, app: named || (isAlone ? key.slice(1) : '') },
    ...{ apply: memberText(given['apply']), clear: memberText(given['clear']) },
  }
  if (given['from'] !== undefined) {
    return { ...row, flow: 'expression', made: memberText(given['from']) }
  }
  if (given['value'] !== undefined) {
    const attribute = attributes.find(({ name }) => name === row.app)
    return { ...row, flow: 'constant', made: constantText(given['value'], attribute) }
  }
  const { values, default: fallback } = given
  return {
    ...row,
    values: values === undefined ? '' : JSON.stringify(values),
    fallback: memberText(fallback),
  }
}

const memberText = (value: Json | undefined): string => (value === undefined ? '' : textOf(value))

export function readRows(
  rows: readonly MappingRow[],
  attributes: readonly AppAttribute[],
): ReadRows {
  const entries: JsonObject = {}
  const faults: RowFault[] = []
  const keys = rows.map((row, at) => {
    const { scim, app, flow, made } = row
    if ([scim, app, made].every((text) => text.trim() === '')) return undefined
    const key = scim.trim() || (flow === 'pair' ? '' : `=${app}`)
    const refuse = (message: string) => faults.push({ row: at, message })
    if (key === '')
      refuse('which SCIM attribute? Only an expression or a constant goes without one')
    else if (Object.hasOwn(entries, key)) refuse('stands in another row as well')
    else if (app === '') refuse('which attribute of the app?')
    else {
      const entry = entryOf(
        row,
        attributes.find(({ name }) => name === app),
      )
      if (entry === undefined) refuse('the table of values is no JSON: {"app’s value": "SCIM’s"}')
      else entries[key] = entry
    }
    return key
  })
  return { entries, keys, faults }
}

/** Undefined where the table of values is no JSON. */
function entryOf(row: MappingRow, attribute: AppAttribute | undefined): Json | undefined {
  const { scim, flow, app, made, apply, clear } = row
  const how = { ...(apply && { apply }), ...(clear && { clear }) }
  switch (flow) {
    case 'expression':
      return { ...(scim.trim() && { app }), from: made, ...how }
    case 'constant':
      return { ...(scim.trim() && { app }), value: jsonOf(made, attribute), ...how }
    case 'pair': {
      const values = row.values.trim() === '' ? undefined : parseJson(row.values)
      if (row.values.trim() !== '' && values === undefined) return undefined
      const entry = {
        ...(values !== undefined && { values }),
        ...(row.fallback !== '' && { default: jsonOf(row.fallback, attribute) }),
        ...how,
      }
      return Object.keys(entry).length === 0 ? app : { app, ...entry }
    }
  }
}

/** As `jsonOf` reads it back: a text that would be read as something else is written as JSON. */
function constantText(value: Json, attribute: AppAttribute | undefined): string {
  const text = textOf(value)
  return jsonOf(text, attribute) === value || typeof value !== 'string'
    ? text
    : JSON.stringify(value)
}

/** A text is a text where the app holds one; else it is what JSON says, and refused where it is not. */
function jsonOf(text: string, attribute: AppAttribute | undefined): Json {
  const isText = attribute?.type === 'string' || attribute?.type === 'datetime'
  if (isText && !attribute.isMultiValued) return text
  return parseJson(text) ?? text
}

/** The row that a path of the API is about, `mapping.User.name.givenName.clear`; -1: none. */
export function rowAt(path: string, type: string, keys: readonly (string | undefined)[]): number {
  const before = `mapping.${type}.`
  if (!path.startsWith(before)) return -1
  const rest = path.slice(before.length)
  const found = keys.flatMap((key, at) =>
    key !== undefined && (rest === key || rest.startsWith(`${key}.`)) ? [{ key, at }] : [],
  )
  const [longest] = found.sort((a, b) => b.key.length - a.key.length)
  return longest?.at ?? -1
}
