/** Adapters that are data: looked at, checked line by line, tried on an app, and published. */
import type { ManifestSummary, ManifestView } from '../admin/manifests.ts'
import type { ManifestTrial } from '../admin/try-manifest.ts'
import type { Json } from '../scim/schema.ts'
import { isObject } from '../scim/values.ts'
import { type Items, pathOf, queryOf, type Refused } from './ask.ts'
import { type Form, readForm } from './forms/form.ts'
import { readJsonLines } from './forms/json-lines.ts'
import { type Change, changesBetween } from './forms/seen.ts'
import type { AddPage, Page } from './page.ts'
import { type ManifestEditor, ManifestPage } from './pages/manifest.tsx'
import { ManifestsPage } from './pages/manifests.tsx'
import type { LineFault } from './parts/json-editor.tsx'

const LIST = '/manifests'
const NEW = '/manifests/new'
const ONE = '/manifests/of/:name'

/** Where somebody begins who has nothing; docs/adapters.md goes on from there. */
const BEGINNING = {
  contract: 1,
  name: 'my-app',
  version: '0.1.0',
  config: {
    url: { label: 'Base URL', kind: 'url' },
    apiKey: { label: 'API key', secret: true },
  },
  base: '{config.url}/api',
  auth: { kind: 'bearer', secret: 'apiKey' },
  resources: {
    User: {
      id: '/id',
      idsReused: false,
      attributes: { login: { required: true, unique: true, clearable: false } },
      naming: 'login',
      mapping: { userName: 'login' },
      get: { method: 'GET', path: '/users/{id}' },
    },
  },
}

export function manifestPages(add: AddPage): void {
  add('GET', LIST, async ({ c, asking, viewer, now }) => {
    const query = queryOf({ cursor: c.req.query('cursor') })
    const { items, nextCursor } = await asking.get<Items<ManifestSummary>>(`/manifests${query}`)
    const removed = c.req.query('removed')
    return c.html(<ManifestsPage {...{ viewer, items, nextCursor, removed, now }} />)
  })

  add('GET', NEW, (page) => show(page, undefined, { text: JSON.stringify(BEGINNING, null, 2) }))
  add('POST', NEW, async (page) => edit(page, undefined, await readForm(page.c)))

  add('GET', ONE, async (page) => {
    const view = await read(page)
    const text = JSON.stringify(view.manifest, null, 2)
    const published = page.c.req.query('published')
    return show(page, view, { text, ...(published !== undefined && { isPublished: true }) })
  })
  add('POST', ONE, async (page) => {
    const form = await readForm(page.c)
    const view = await read(page)
    switch (form.text('do')) {
      case 'rollback':
        return rollBack(page, view, Number(form.text('revision')))
      case 'remove':
        return remove(page, view)
      default:
        return edit(page, view, form)
    }
  })
}

type Read = ManifestView & { readonly tag: string }

async function read({ asking, param }: Page): Promise<Read> {
  const { body, tag } = await asking.version<ManifestView>(pathOf`/manifests/${param('name')}`)
  return { ...body, tag }
}

/** What others have published since the form was shown. */
async function publishedSince(
  { asking }: Page,
  { name, manifest, revision: latest }: ManifestView,
  revision: number,
): Promise<readonly Change[]> {
  const path = `${pathOf`/manifests/${name}`}${queryOf({ revision: String(revision) })}`
  const then = await asking.send<{ manifest: Json }>('GET', path)
  // Somebody has gone back to what it was: the number alone differs then.
  const number = { path: 'revision', before: revision, after: latest }
  if (!then.ok || !isObject(then.body.manifest) || !isObject(manifest)) return [number]
  return [number, ...changesBetween(then.body.manifest, manifest)]
}

const takenIn = (refused: Refused): Refused =>
  refused.status === 412
    ? { ...refused, detail: 'There is a manifest of this name already: open it to change it.' }
    : refused

async function edit(page: Page, view: Read | undefined, form: Form): Promise<Response> {
  const text = form.text('manifest')
  const connection = form.given('connection')
  const editor: ManifestEditor = {
    text,
    connection,
    revision: Number(form.given('revision')) || undefined,
  }
  const json = readJsonLines(text)
  if (!json.ok) {
    return show(page, view, { ...editor, faults: [{ ...json.fault, path: '' }] })
  }
  const { value, lines } = json
  const named = isObject(value) ? value['name'] : undefined
  const name = view?.name ?? (typeof named === 'string' ? named : '')
  if (name === '') {
    const faults = [{ line: lines.of('name'), path: 'name', message: 'must be the adapter’s name' }]
    return show(page, view, { ...editor, faults })
  }
  const refusedAs = (refused: Refused): ManifestEditor => {
    const faults = refused.errors.map(
      ({ path, message }): LineFault => ({
        // Of a connection that would break: nothing in the text stands for it.
        line: path.startsWith('connections.') || path === '' ? undefined : lines.of(path),
        ...{ path, message },
      }),
    )
    return faults.length > 0 ? { ...editor, faults } : { ...editor, refused }
  }
  if (form.text('do') === 'publish') {
    const revision = Number(form.given('revision') ?? view?.revision)
    if (view && revision !== view.revision) {
      const others = await publishedSince(page, view, revision)
      return show(page, view, { ...editor, revision: view.revision, others })
    }
    const only = view ? { 'if-match': view.tag } : { 'if-none-match': '*' }
    const put = await page.asking.send('PUT', pathOf`/manifests/${name}`, value, only)
    if (!put.ok) return show(page, view, refusedAs(view ? put.refused : takenIn(put.refused)))
    return page.c.redirect(`${pathOf`/admin/manifests/of/${name}`}?published=1`, 303)
  }
  const trial = await page.asking.send<ManifestTrial>('POST', pathOf`/manifests/${name}/try`, {
    ...{ manifest: value, ...(connection !== undefined && { connection }) },
  })
  if (!trial.ok) return show(page, view, refusedAs(trial.refused))
  return show(page, view, { ...editor, trial: trial.body })
}

async function rollBack(page: Page, view: ManifestView, revision: number): Promise<Response> {
  const { name } = view
  const text = JSON.stringify(view.manifest, null, 2)
  const back = await page.asking.send('POST', pathOf`/manifests/${name}/rollback`, { revision })
  if (!back.ok) return show(page, view, { text, refused: back.refused })
  return page.c.redirect(`${pathOf`/admin/manifests/of/${name}`}?published=1`, 303)
}

async function remove(page: Page, view: ManifestView): Promise<Response> {
  const text = JSON.stringify(view.manifest, null, 2)
  const gone = await page.asking.send('DELETE', pathOf`/manifests/${view.name}`)
  if (!gone.ok) return show(page, view, { text, refused: gone.refused })
  return page.c.redirect(`/admin/manifests?removed=${encodeURIComponent(view.name)}`, 303)
}

function show(
  page: Page,
  view: ManifestView | undefined,
  editor: ManifestEditor,
): Response | Promise<Response> {
  const { c, viewer, now } = page
  return c.html(<ManifestPage {...{ viewer, view, editor, now }} />, editor.others ? 409 : 200)
}
