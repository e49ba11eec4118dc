/** The mapping of a connection: looked at, changed, and tried on a sample before it is saved. */
import type { ConnectionAdapterView } from '../admin/connection-adapter.ts'
import type { ConnectionView } from '../admin/connections.ts'
import type { Trial } from '../admin/mapping.ts'
import type { MappingRevisionView } from '../admin/mapping-history.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { type Asking, pathOf, type Refused } from './ask.ts'
import { type Form, readForm } from './form.ts'
import { readJsonLines } from './json-lines.ts'
import {
  EMPTY_ROW,
  type EntryChange,
  FLOWS,
  type MappingRow,
  readRows,
  rowAt,
  rowsOf,
} from './mapping-form.ts'
import { mergeTo, sameJson } from './merge-to.ts'
import type { AddPage, Page } from './page.ts'
import { type MappingEditor, MappingPage, type TriedOn } from './pages/mapping.tsx'
import { may } from './viewer.ts'

const HERE = '/connections/:name/mapping'
/** Rows of a form; a mapping with more is edited as JSON. */
const MOST_ROWS = 300

const SAMPLES: Readonly<Record<string, JsonObject>> = {
  User: {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:User',
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
    ],
    userName: 'wren.hale@example.com',
    externalId: '7d3e5f0a-6a0c-4c62-9c3a-0d1f3e5b7a11',
    displayName: 'Wren Hale',
    name: { givenName: 'Wren', familyName: 'Hale' },
    title: 'Surveyor',
    preferredLanguage: 'en-GB',
    emails: [{ type: 'work', value: 'wren.hale@example.com', primary: true }],
    active: true,
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Works' },
  },
  Group: {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'Surveyors',
    externalId: '0b7c3f6e-2f3d-4a4e-8f43-3d5c9e1b2a77',
  },
}

interface Known {
  readonly name: string
  readonly connection: ConnectionView
  /** Of the connection, as it was read. */
  readonly tag: string
  readonly adapter: ConnectionAdapterView
  readonly history: readonly MappingRevisionView[]
  readonly type: string
  /** What holds now. */
  readonly current: JsonObject
}

export function mappingPages(add: AddPage): void {
  add('GET', HERE, async (page) => {
    const known = await read(page, page.c.req.query('type') ?? 'User')
    const isSaved = page.c.req.query('saved') !== undefined
    const from = known.history.find(({ version }) => `${version}` === page.c.req.query('from'))
    if (from && mayChange(page)) {
      const own = from.mapping[known.type]
      const draft = isObject(own) ? own : (known.adapter.resources[known.type]?.mapping ?? {})
      const editor = openEditor(known, page.c.req.query('as'))
      const next = asWritten(known, { ...editor, draft }, editor.as)
      return show(page, known, await tried(page.asking, known, next))
    }
    return show(page, known, { ...openEditor(known, page.c.req.query('as')), isSaved })
  })

  add('POST', HERE, async (page) => {
    const form = await readForm(page.c)
    const known = await read(page, form.text('type'))
    const editor = readEditor(known, form)
    const action = form.text('do')
    if (!editor.draft) return show(page, known, editor)
    if (action === 'row') return show(page, known, { ...editor, rows: [...editor.rows, EMPTY_ROW] })
    if (action === 'table' || action === 'json')
      return show(page, known, asWritten(known, editor, action))
    if (action === 'adapter') {
      const draft = known.adapter.resources[known.type]?.mapping ?? {}
      const next = asWritten(known, { ...editor, draft }, editor.as)
      return show(page, known, await tried(page.asking, known, next))
    }
    if (action === 'save') return save(page, known, editor)
    return show(page, known, await tried(page.asking, known, editor))
  })
}

async function read({ asking, param }: Page, wanted: string): Promise<Known> {
  const name = param('name')
  const [{ body: connection, tag }, adapter, { items: history }] = await Promise.all([
    asking.version<ConnectionView>(pathOf`/connections/${name}`),
    asking.get<ConnectionAdapterView>(pathOf`/connections/${name}/adapter`),
    asking.get<{ items: MappingRevisionView[] }>(pathOf`/connections/${name}/mapping/history`),
  ])
  const types = Object.keys(adapter.resources)
  const type = types.find((one) => one === wanted) ?? types[0] ?? 'User'
  const own = connection.mapping[type]
  const current = isObject(own) ? own : (adapter.resources[type]?.mapping ?? {})
  return { name, connection, tag, adapter, type, current, history }
}

// ---- what is edited ------------------------------------------------------------------------------------

function openEditor(known: Known, as: string | undefined): MappingEditor {
  const { connection, type, current } = known
  const sample = JSON.stringify(SAMPLES[type] ?? {}, null, 2)
  const editor: MappingEditor = {
    ...{ as: 'table', rows: [], keys: [], json: '', draft: current, sample, person: '' },
    ...{ version: connection.mappingVersion, rowFaults: [], lineFaults: [] },
  }
  return asWritten(known, editor, as === 'json' ? 'json' : 'table')
}

/** The draft, written as the form has it. */
function asWritten(
  known: Known,
  editor: MappingEditor,
  wanted: MappingEditor['as'],
): MappingEditor {
  const { draft = {} } = editor
  const rows = rowsOf(draft, attributesOf(known))
  const as = rows.length > MOST_ROWS ? 'json' : wanted
  const json = JSON.stringify(draft, null, 2)
  return { ...editor, as, rows: as === 'json' ? [] : rows, keys: Object.keys(draft), json }
}

function readEditor(known: Known, form: Form): MappingEditor {
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
  const { entries, keys, faults } = readRows(rows, attributesOf(known))
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

const attributesOf = ({ adapter, type }: Known) => adapter.resources[type]?.attributes ?? []

// ---- trying and saving ---------------------------------------------------------------------------------

async function tried(asking: Asking, known: Known, editor: MappingEditor): Promise<MappingEditor> {
  const { name, connection, type } = known
  const { draft = {}, person } = editor
  const read = readJsonLines(editor.sample)
  if (person === '' && !(read.ok && isObject(read.value))) {
    const { line, message } = read.ok ? { line: 1, message: 'must be an object' } : read.fault
    return { ...editor, sampleFault: `Line ${line}: ${message}` }
  }
  const sample = person === '' ? { resource: read.ok ? read.value : {} } : { person }
  const ask = (mapping: JsonObject | undefined) =>
    asking.send<Trial>('POST', pathOf`/connections/${name}/mapping/try`, {
      ...{ resourceType: type, ...sample, ...(mapping && { mapping }) },
    })
  const isSame = sameJson(draft, known.current)
  const [next, now] = await Promise.all([
    ask({ ...connection.mapping, [type]: draft }),
    // What a sample is made of now; of a person, the app itself says it.
    isSame || person !== '' ? undefined : ask(undefined),
  ])
  if (!next.ok) return refusedFor(editor, type, next.refused)
  const on: TriedOn = { trial: next.body, before: now?.ok ? now.body : undefined, person }
  const refused: Refused = { status: 422, title: '', detail: '', errors: next.body.errors }
  return { ...refusedFor(editor, type, refused), triedOn: on }
}

async function save(page: Page, known: Known, editor: MappingEditor): Promise<Response> {
  const { asking, c } = page
  const { name, connection, type, current } = known
  const { draft = {} } = editor
  if (editor.version !== connection.mappingVersion) {
    const refused = {
      ...{ status: 409, title: 'Not saved', errors: [] },
      detail: 'Somebody else has changed this mapping meanwhile. Look at what would change now.',
    }
    return show(page, known, { ...editor, version: connection.mappingVersion, refused })
  }
  const own = connection.mapping[type]
  const isAdapters = sameJson(draft, known.adapter.resources[type]?.mapping)
  if (sameJson(draft, current) && !(isAdapters && own !== undefined)) {
    return show(page, known, await tried(asking, known, editor))
  }
  // The adapter's own is had by having none.
  const patch: Json = isAdapters ? null : ((isObject(own) ? mergeTo(own, draft) : draft) ?? {})
  const change = { mapping: { [type]: patch } }
  const only = { 'if-match': known.tag }
  const saved = await asking.send('PATCH', pathOf`/connections/${name}`, change, only)
  if (!saved.ok) return show(page, known, refusedFor(editor, type, saved.refused))
  return c.redirect(`${pathOf`/admin/connections/${name}/mapping`}?type=${type}&saved=1`, 303)
}

/** Each error where it belongs: at a row, at a line, at the sample, or above all. */
function refusedFor(editor: MappingEditor, type: string, refused: Refused): MappingEditor {
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
    ...(isGeneral && refused.title !== '' && { refused: { ...refused, errors: others } }),
    ...(others.length > 0 && { refused: { ...refused, errors: others } }),
  }
}

function changesTo(before: JsonObject, after: JsonObject): EntryChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    sameJson(before[key], after[key]) ? [] : [{ key, before: before[key], after: after[key] }],
  )
}

const mayChange = ({ viewer }: Page): boolean =>
  may(viewer, 'PATCH', '/connections/:name') &&
  may(viewer, 'POST', '/connections/:name/mapping/try')

function show(page: Page, known: Known, editor: MappingEditor): Response | Promise<Response> {
  const { c, viewer, now } = page
  const changes = editor.draft ? changesTo(known.current, editor.draft) : []
  const status = editor.refused?.status === 409 ? 409 : 200
  const shown = { viewer, ...known, editor, changes, mayChange: mayChange(page), now }
  return c.html(<MappingPage {...shown} />, status)
}
