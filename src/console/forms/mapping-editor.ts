/** What is edited of a mapping, as rows or as JSON: opened, read from the form, written anew. Pure. */
import type { AppAttribute, ConnectionAdapterView } from '../../admin/connection-adapter.ts'
import type { Trial } from '../../admin/mapping.ts'
import type { Json, JsonObject } from '../../scim/schema.ts'
import { isObject } from '../../scim/values.ts'
import type { Refused } from '../ask.ts'
import type { Form } from './form.ts'
import { readJsonLines } from './json-lines.ts'
import { FLOWS, type MappingRow, type RowFault, readRows, rowAt, rowsOf } from './mapping-rows.ts'
import { sameJson } from './merge-to.ts'

/** Rows of a form; a mapping with more is edited as JSON. */
const MOST_ROWS = 300

/** What is in the form, and what is wrong with it. */
export interface MappingEditor {
  readonly as: 'table' | 'json'
  readonly rows: readonly MappingRow[]
  /** Of the rows, in the mapping. */
  readonly keys: readonly (string | undefined)[]
  readonly json: string
  /** Undefined: the form cannot be read as a mapping. */
  readonly draft?: JsonObject
  /** Of the mapping that this began with. */
  readonly version: number
  readonly sample: string
  readonly person: string
  readonly rowFaults: readonly RowFault[]
  readonly lineFaults: readonly {
    readonly line: number
    readonly path: string
    readonly message: string
  }[]
  readonly sampleFault?: string | undefined
  readonly refused?: Refused
  readonly triedOn?: TriedOn
  readonly isSaved?: boolean
}

export interface TriedOn {
  readonly trial: Trial
  /** Of the mapping that holds, on the same sample. */
  readonly before: Trial | undefined
  readonly person: string
}

/** @param wanted `json`: as JSON; anything else: as rows */
export function openEditor(
  draft: JsonObject,
  attributes: readonly AppAttribute[],
  wanted: string | undefined,
  begun: Pick<MappingEditor, 'version' | 'sample'>,
): MappingEditor {
  const empty = { rows: [], keys: [], json: '', person: '', rowFaults: [], lineFaults: [] }
  const editor: MappingEditor = { ...empty, ...begun, as: 'table', draft }
  return writtenAs(wanted === 'json' ? 'json' : 'table', editor, attributes)
}

/** The draft, written as the form has it. */
export function writtenAs(
  wanted: MappingEditor['as'],
  editor: MappingEditor,
  attributes: readonly AppAttribute[],
): MappingEditor {
  const { draft = {} } = editor
  const rows = rowsOf(draft, attributes)
  const as = rows.length > MOST_ROWS ? 'json' : wanted
  const json = JSON.stringify(draft, null, 2)
  return { ...editor, as, rows: as === 'json' ? [] : rows, keys: Object.keys(draft), json }
}

export function readEditor(form: Form, attributes: readonly AppAttribute[]): MappingEditor {
  const same = {
    ...{ sample: form.text('sample'), person: form.text('person').trim() },
    version: Number(form.text('version')),
  }
  if (form.text('as') === 'json') {
    const json = form.text('json')
    const read = readJsonLines(json)
    const editor = { ...same, as: 'json' as const, rows: [], keys: [], json, rowFaults: [] }
    if (!read.ok) return { ...editor, lineFaults: [{ ...read.fault, path: '' }] }
    if (isObject(read.value)) return { ...editor, draft: read.value, lineFaults: [] }
    return { ...editor, lineFaults: [{ line: 1, path: '', message: 'must be an object' }] }
  }
  const count = Math.min(Number(form.text('rows')) || 0, MOST_ROWS)
  const rows = Array.from({ length: count }, (_, at) => rowIn(form, at)).filter(
    (row) => row !== undefined,
  )
  const { entries, keys, faults } = readRows(rows, attributes)
  return {
    ...same,
    ...{ as: 'table', rows, keys, json: '', rowFaults: faults, lineFaults: [] },
    ...(faults.length === 0 && { draft: entries }),
  }
}

/** Undefined: it was taken away, or is empty and nobody asked for more of them. */
function rowIn(form: Form, at: number): MappingRow | undefined {
  const text = (name: string) => form.text(`row.${at}.${name}`)
  const isEmpty = ['scim', 'app', 'made'].every((name) => text(name).trim() === '')
  if (text('gone') !== '' || (isEmpty && form.text('do') !== 'row')) return undefined
  return {
    ...{ scim: text('scim').trim(), app: text('app'), made: text('made') },
    flow: FLOWS.find((one) => one === text('flow')) ?? 'pair',
    ...{ apply: text('apply'), clear: text('clear') },
    ...{ values: text('values'), fallback: text('fallback') },
  }
}

/** With each error where it belongs: at a row, at a line, at the sample, or above all. */
export function withRefusal(editor: MappingEditor, type: string, refused: Refused): MappingEditor {
  const rowFaults = [...editor.rowFaults]
  const lineFaults = [...editor.lineFaults]
  const others: Refused['errors'][number][] = []
  const read = editor.as === 'json' ? readJsonLines(editor.json) : undefined
  let sampleFault: string | undefined
  for (const error of refused.errors) {
    const { path, message } = error
    const row = rowAt(path, type, editor.keys)
    if (path === 'resource' || path === 'person') sampleFault = message
    else if (read?.ok && path.startsWith(`mapping.${type}`)) {
      const below = path.slice(`mapping.${type}.`.length)
      lineFaults.push({ line: read.lines.of(below), path: below, message })
    } else if (row >= 0) rowFaults.push({ row, message })
    else others.push(error)
  }
  const isGeneral = others.length > 0 || refused.errors.length === 0
  return {
    ...{ ...editor, rowFaults, lineFaults, sampleFault },
    ...(isGeneral && { refused: { ...refused, errors: others } }),
  }
}

export interface EntryChange {
  readonly key: string
  /** Undefined: it is not there. */
  readonly before: Json | undefined
  readonly after: Json | undefined
}

export function changesTo(before: JsonObject, after: JsonObject): EntryChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    sameJson(before[key], after[key]) ? [] : [{ key, before: before[key], after: after[key] }],
  )
}

export const attributesIn = (
  adapter: ConnectionAdapterView,
  type: string,
): readonly AppAttribute[] => adapter.resources[type]?.attributes ?? []
