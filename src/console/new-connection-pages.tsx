/** The way to a new connection: which app, what it needs, and what to paste into Entra. */
import type { AdapterListing, AdapterView, AppTrial, EntraView } from '../admin/adapters.ts'
import type { DatabasesView } from '../admin/databases.ts'
import { type Answered, type Asking, notValid, pathOf, type Refused } from './ask.ts'
import { type Form, readForm, secretsIn } from './forms/form.ts'
import { fieldsOf, readSettings } from './forms/settings-form.ts'
import type { AddPage, Page } from './page.ts'
import { ConnectPage } from './pages/connect.tsx'
import { AdaptersPage, NewConnectionPage } from './pages/new-connection.tsx'

/** What was entered, and what of it is wrong. */
type Made =
  | { readonly ok: true; readonly token: string; readonly trial: string | undefined }
  | { readonly ok: false; readonly refused: Refused }

export function newConnectionPages(add: AddPage): void {
  add('GET', '/new', async ({ c, asking, viewer }) => {
    const { items } = await asking.get<{ items: AdapterListing[] }>('/adapters')
    return c.html(<AdaptersPage {...{ viewer, items }} />)
  })

  add('GET', '/new/:adapter', async (page) => {
    const path = pathOf`/adapters/${page.param('adapter')}`
    return show(page, await page.asking.get<AdapterView>(path), { given: () => '' })
  })

  add('POST', '/new/:adapter', async (page) => {
    const { c, asking, viewer, param, now } = page
    const adapter = await asking.get<AdapterView>(pathOf`/adapters/${param('adapter')}`)
    const form = await readForm(c)
    const made = await make(asking, adapter, form)
    // 200, as everywhere where a form comes back: browsers call others a failed load.
    if (!made.ok) return show(page, adapter, { given: form.text, refused: made.refused })
    const name = form.text('name')
    const entra = await asking.get<EntraView>(pathOf`/connections/${name}/entra`)
    const { token, trial } = made
    const shown = { viewer, name, entra, token, trial, now, lastHeard: null, isNew: true }
    return c.html(<ConnectPage {...shown} />, 201)
  })
}

interface FormState {
  readonly given: (name: string) => string
  readonly refused?: Refused
}

async function show(
  { c, asking, viewer }: Page,
  adapter: AdapterView,
  state: FormState,
): Promise<Response> {
  const databases = await asking.get<DatabasesView>('/databases')
  const fields = fieldsOf(adapter.settings)
  return c.html(<NewConnectionPage {...{ viewer, adapter, fields, databases, ...state }} />)
}

async function make(asking: Asking, adapter: AdapterView, form: Form): Promise<Made> {
  const read = readSettings(fieldsOf(adapter.settings), form.text)
  if (!read.ok) {
    return { ok: false, refused: notValid([{ path: read.name, message: 'is no JSON' }]) }
  }
  const { settings } = read
  const secrets = secretsIn(form, adapter.secrets)
  const tried: Answered<AppTrial> = await asking.send(
    'POST',
    pathOf`/adapters/${adapter.name}/try`,
    { settings, secrets },
  )
  if (!tried.ok) return tried
  if (!tried.body.ok && form.text('untried') === '') {
    const detail = `The app was asked, and nothing was made. ${tried.body.detail}`
    return { ok: false, refused: notValid([], detail) }
  }
  const database = form.given('database')
  const created = await asking.send<{ token: string }>('POST', '/connections', {
    ...{ name: form.text('name'), adapter: adapter.name, settings, secrets },
    mode: form.given('mode'),
    database,
  })
  if (!created.ok) return created
  return { ok: true, token: created.body.token, trial: saidOf(tried.body) }
}

function saidOf(trial: AppTrial): string | undefined {
  return trial.ok && trial.type !== undefined ? `The app answered, in ${trial.ms} ms.` : undefined
}
