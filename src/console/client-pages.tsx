/** OAuth clients of a connection: what they sign in with, and whom they are believed by. */
import type { ClientView, SecretView } from '../admin/clients.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { type Items, pathOf, type Refused } from './ask.ts'
import { type Form, lastDayIn, linesOf, readForm } from './forms/form.ts'
import type { AddPage, Page } from './page.ts'
import { ClientPage, type NewSecret } from './pages/client.tsx'
import { ClientsPage, type NewClient } from './pages/clients.tsx'

const LIST = '/connections/:name/clients'
const ONE = `${LIST}/:id`

/** Lists of a trust, one value a line. */
const TRUST_LISTS = ['issuers', 'audiences', 'keySets', 'subjects', 'applications'] as const

export function clientPages(add: AddPage): void {
  add('GET', LIST, (page) => list(page, {}))
  add('POST', LIST, async (page) => {
    const form = await readForm(page.c)
    const path = pathOf`/connections/${page.param('name')}/clients`
    const made = await page.asking.send<NewClient>('POST', path, clientIn(form))
    return list(page, made.ok ? { made: made.body } : { given: form, refused: made.refused })
  })

  add('GET', ONE, (page) => one(page, {}))
  add('POST', ONE, async (page) => {
    const { asking, c, param } = page
    const form = await readForm(c)
    const at = pathOf`/connections/${param('name')}/clients/${param('id')}`
    switch (form.text('do')) {
      case 'secret': {
        const made = await asking.send<NewSecret>('POST', `${at}/secrets`, lastDayIn(form))
        return one(page, made.ok ? { made: made.body } : { given: form, refused: made.refused })
      }
      case 'drop': {
        const secret = pathOf`/secrets/${form.text('secret')}`
        const ended = await asking.send('DELETE', `${at}${secret}`)
        return ended.ok ? c.redirect(`/admin${at}`, 303) : one(page, { refused: ended.refused })
      }
      case 'remove': {
        const ended = await asking.send('DELETE', at)
        if (!ended.ok) return one(page, { refused: ended.refused })
        return c.redirect(pathOf`/admin/connections/${param('name')}/clients`, 303)
      }
      default:
        return one(page, {})
    }
  })
}

/** As the admin API takes it; what was left empty is left out. */
function clientIn(form: Form): JsonObject {
  const kind = form.text('kind')
  const label = form.given('label')
  const scope = form.given('scope')
  const common = { kind, ...(label && { label }), ...(scope && { scope }) }
  const seconds = form.given('tokenSeconds')
  const lived = { ...(seconds && { tokenSeconds: Number(seconds) }) }
  if (kind === 'secret') return { ...common, ...lived, ...lastDayIn(form) }
  const tenantId = form.given('trust.tenantId')?.trim()
  const lists = TRUST_LISTS.flatMap((name): [string, Json][] => {
    const values = linesOf(form.text(`trust.${name}`))
    return values.length === 0 ? [] : [[name, values]]
  })
  const trust = { ...(tenantId && { tenantId }), ...Object.fromEntries(lists) }
  if (kind === 'token') return { ...common, trust }
  const clientId = form.given('clientId')?.trim()
  return { ...common, ...lived, ...(clientId && { clientId }), trust }
}

interface ListState {
  readonly made?: NewClient
  readonly given?: Form
  readonly refused?: Refused
}

async function list(page: Page, state: ListState): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const { items } = await asking.get<Items<ClientView>>(pathOf`/connections/${name}/clients`)
  return c.html(<ClientsPage {...{ viewer, name, items, now, ...state }} />)
}

interface OneState {
  readonly made?: NewSecret
  readonly given?: Form
  readonly refused?: Refused
}

async function one(page: Page, state: OneState): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const client = await asking.get<ClientView & { secrets?: SecretView[] }>(
    pathOf`/connections/${name}/clients/${param('id')}`,
  )
  return c.html(<ClientPage {...{ viewer, name, client, now, ...state }} />)
}
