/** What an administrator may change of a connection, and its end. */
import type { AppTrial } from '../admin/adapters.ts'
import type { ConnectionAdapterView } from '../admin/connection-adapter.ts'
import type { ConnectionView } from '../admin/connection-view.ts'
import { notValid, pathOf } from './ask.ts'
import { type Form, readForm, secretsIn } from './forms/form.ts'
import { readJsonLines } from './forms/json-lines.ts'
import { mergeTo } from './forms/merge-to.ts'
import { readPolicy } from './forms/policy-form.ts'
import { type Change, changesBetween, readSeen, SEEN } from './forms/seen.ts'
import { fieldsOf, readSettings } from './forms/settings-form.ts'
import { partOf, policyOf, type SettingsPart } from './forms/settings-parts.ts'
import type { AddPage, Page } from './page.ts'
import { type SettingsForm, SettingsPage } from './pages/settings.tsx'
import { RemovedPage } from './pages/settings-remove.tsx'

const HERE = '/connections/:name/settings'

export function settingsPages(add: AddPage): void {
  add('GET', HERE, (page) => show(page, {}))

  add('POST', HERE, async (page) => {
    const { asking, param } = page
    const form = await readForm(page.c)
    switch (form.text('do')) {
      case 'try':
      case 'app':
        return changeApp(page, form)
      case 'policy':
        return changePolicy(page, form)
      case 'mode': {
        const until = form.given('modeUntil')
        return change(page, 'mode', form, {
          mode: form.text('mode'),
          // Of a field that has no zone: UTC, as its label says.
          ...(until !== undefined && { modeUntil: `${until}:00Z` }),
        })
      }
      case 'extensions': {
        const read = readJsonLines(form.text('extensions') || '[]')
        if (read.ok) return change(page, 'extensions', form, { extensions: read.value })
        const { line, message } = read.fault
        return refuse(page, 'extensions', form, 'extensions', `line ${line}: ${message}`)
      }
      case 'remove': {
        const name = param('name')
        if (form.text('confirmed') !== name) {
          return refuse(page, 'remove', form, 'confirmed', `must be “${name}”`)
        }
        const ended = await asking.send('DELETE', pathOf`/connections/${name}`)
        if (!ended.ok) return show(page, { part: 'remove', given: form, refused: ended.refused })
        return page.c.html(<RemovedPage viewer={page.viewer} name={name} />)
      }
      default:
        return show(page, {})
    }
  })
}

/** Two administrators at once are rare; three losses in a row are not chance. */
const ATTEMPTS = 3

/** What was saved of this part since the form was shown, if anything. */
function othersIn(
  form: Form,
  now: ConnectionView,
  part: SettingsPart,
): readonly Change[] | undefined {
  const seen = readSeen(form.text(SEEN))
  const others = seen ? changesBetween(seen, partOf(now, part)) : []
  return others.length > 0 ? others : undefined
}

async function changeApp(page: Page, form: Form): Promise<Response> {
  const { asking, param } = page
  const name = param('name')
  const [connection, adapter] = await read(page)
  const others = form.text('do') === 'app' ? othersIn(form, connection, 'app') : undefined
  if (others) return show(page, { part: 'app', given: form, others })
  const fields = fieldsOf(adapter.settings)
  const settings = readSettings(fields, form.text)
  if (!settings.ok) return refuse(page, 'app', form, settings.name, 'is no JSON')
  // What no field is about stays as it is.
  const beside = fields
    ? Object.entries(connection.settings).filter(([key]) => !fields.some((one) => one.name === key))
    : []
  const next = { ...Object.fromEntries(beside), ...settings.settings }
  const kept = adapter.secrets.map((secret) => secret.name)
  const secrets = secretsIn(form, kept)
  const patch = { settings: mergeTo(connection.settings, next) ?? {}, secrets }
  const isChange = Object.keys(patch.settings).length + Object.keys(secrets).length > 0
  const tried = await asking.send<AppTrial>('POST', pathOf`/connections/${name}/try`, patch)
  if (!tried.ok) return show(page, { part: 'app', given: form, refused: tried.refused })
  const trial = tried.body
  const isSaved = form.text('do') === 'app' && isChange && (trial.ok || form.text('untried') !== '')
  if (!isSaved) return show(page, { part: 'app', given: form, trial, isUnchanged: !isChange })
  return change(page, 'app', form, patch)
}

async function changePolicy(page: Page, form: Form): Promise<Response> {
  const [connection] = await read(page)
  const wanted = readPolicy(form.text)
  if (!wanted.ok) return refuse(page, 'policy', form, wanted.name, 'is no JSON')
  const patch = mergeTo(policyOf(connection), wanted.policy)
  return change(page, 'policy', form, patch ? { policy: patch } : {})
}

/** @param patch {}: nothing differs */
async function change(
  page: Page,
  part: SettingsPart,
  form: Form,
  patch: object,
  attempts = ATTEMPTS,
): Promise<Response> {
  const at = pathOf`/connections/${page.param('name')}`
  if (Object.keys(patch).length === 0) return show(page, { part, given: form, isUnchanged: true })
  const now = await page.asking.version<ConnectionView>(at)
  const others = othersIn(form, now.body, part)
  if (others) return show(page, { part, given: form, others })
  const saved = await page.asking.send('PATCH', at, patch, { 'if-match': now.tag })
  // Between the two: whether it was this part is seen now.
  if (!saved.ok && saved.refused.status === 412 && attempts > 1) {
    return change(page, part, form, patch, attempts - 1)
  }
  if (!saved.ok) return show(page, { part, given: form, refused: saved.refused })
  return page.c.redirect(`/admin${at}/settings?saved=${part}`, 303)
}

function refuse(
  page: Page,
  part: NonNullable<SettingsForm['part']>,
  given: Form,
  path: string,
  message: string,
): Promise<Response> {
  return show(page, { part, given, refused: notValid([{ path, message }]) })
}

async function read({ asking, param }: Page): Promise<[ConnectionView, ConnectionAdapterView]> {
  const name = param('name')
  return Promise.all([
    asking.get<ConnectionView>(pathOf`/connections/${name}`),
    asking.get<ConnectionAdapterView>(pathOf`/connections/${name}/adapter`),
  ])
}

async function show(page: Page, form: SettingsForm): Promise<Response> {
  const { c, viewer, now } = page
  const [connection, adapter] = await read(page)
  const saved = c.req.query('saved')
  const shown = { viewer, connection, adapter, form, saved, now }
  return c.html(<SettingsPage {...shown} />, form.others ? 409 : 200)
}
