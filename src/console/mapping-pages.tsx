/** The mapping of a connection: looked at, changed, and tried on a sample before it is saved. */
import type { ConnectionAdapterView } from '../admin/connection-adapter.ts'
import type { ConnectionView } from '../admin/connection-view.ts'
import type { Trial } from '../admin/mapping.ts'
import type { MappingRevisionView } from '../admin/mapping-history.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { type Asking, type Items, notValid, pathOf } from './ask.ts'
import { readForm } from './forms/form.ts'
import { readJsonLines } from './forms/json-lines.ts'
import {
  attributesIn,
  changesTo,
  type MappingEditor,
  openEditor,
  readEditor,
  type TriedOn,
  withRefusal,
  writtenAs,
} from './forms/mapping-editor.ts'
import { EMPTY_ROW } from './forms/mapping-rows.ts'
import { mergeTo, sameJson } from './forms/merge-to.ts'
import type { AddPage, Page } from './page.ts'
import { MappingPage } from './pages/mapping.tsx'
import { may } from './viewer.ts'

const HERE = '/connections/:name/mapping'
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
  /** The adapter's own. */
  readonly byAdapter: JsonObject
}

export function mappingPages(add: AddPage): void {
  add('GET', HERE, async (page) => {
    const query = page.c.req.query()
    const known = await read(page, query['type'] ?? 'User')
    const editor = open(known, query['as'])
    const from = known.history.find(({ version }) => `${version}` === query['from'])
    if (!from || !mayChange(page)) {
      return show(page, known, { ...editor, isSaved: query['saved'] !== undefined })
    }
    const own = from.mapping[known.type]
    return tryDraft(page, known, editor, isObject(own) ? own : known.byAdapter)
  })

  add('POST', HERE, async (page) => {
    const form = await readForm(page.c)
    const known = await read(page, form.text('type'))
    const attributes = attributesIn(known.adapter, known.type)
    const editor = readEditor(form, attributes)
    if (!editor.draft) return show(page, known, editor)
    const action = form.text('do')
    switch (action) {
      case 'row':
        return show(page, known, { ...editor, rows: [...editor.rows, EMPTY_ROW] })
      case 'table':
      case 'json':
        return show(page, known, writtenAs(action, editor, attributes))
      case 'adapter':
        return tryDraft(page, known, editor, known.byAdapter)
      case 'save':
        return save(page, known, editor)
      default:
        return show(page, known, await tried(page.asking, known, editor))
    }
  })
}

async function read({ asking, param }: Page, wanted: string): Promise<Known> {
  const name = param('name')
  const [{ body: connection, tag }, adapter, { items: history }] = await Promise.all([
    asking.version<ConnectionView>(pathOf`/connections/${name}`),
    asking.get<ConnectionAdapterView>(pathOf`/connections/${name}/adapter`),
    asking.get<Items<MappingRevisionView>>(pathOf`/connections/${name}/mapping/history`),
  ])
  const types = Object.keys(adapter.resources)
  const type = types.find((one) => one === wanted) ?? types[0] ?? 'User'
  const own = connection.mapping[type]
  const byAdapter = adapter.resources[type]?.mapping ?? {}
  const current = isObject(own) ? own : byAdapter
  return { name, connection, tag, adapter, type, current, byAdapter, history }
}

function open({ connection, adapter, type, current }: Known, wanted: string | undefined) {
  const sample = JSON.stringify(SAMPLES[type] ?? {}, null, 2)
  const begun = { version: connection.mappingVersion, sample }
  return openEditor(current, attributesIn(adapter, type), wanted, begun)
}

/** Another draft in the place of what is edited, tried at once. */
async function tryDraft(page: Page, known: Known, editor: MappingEditor, draft: JsonObject) {
  const attributes = attributesIn(known.adapter, known.type)
  const next = writtenAs(editor.as, { ...editor, draft }, attributes)
  return show(page, known, await tried(page.asking, known, next))
}

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
  if (!next.ok) return withRefusal(editor, type, next.refused)
  const triedOn: TriedOn = { trial: next.body, before: now?.ok ? now.body : undefined, person }
  const { errors } = next.body
  return { ...(errors.length > 0 ? withRefusal(editor, type, notValid(errors)) : editor), triedOn }
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
  const isAdapters = sameJson(draft, known.byAdapter)
  if (sameJson(draft, current) && !(isAdapters && own !== undefined)) {
    return show(page, known, await tried(asking, known, editor))
  }
  // The adapter's own is had by having none.
  const patch: Json = isAdapters ? null : ((isObject(own) ? mergeTo(own, draft) : draft) ?? {})
  const change = { mapping: { [type]: patch } }
  const only = { 'if-match': known.tag }
  const saved = await asking.send('PATCH', pathOf`/connections/${name}`, change, only)
  if (!saved.ok) return show(page, known, withRefusal(editor, type, saved.refused))
  return c.redirect(`${pathOf`/admin/connections/${name}/mapping`}?type=${type}&saved=1`, 303)
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
