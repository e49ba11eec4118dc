/** The pages of one connection. */
import type { EntraView } from '../admin/adapters.ts'
import type { ConnectionView } from '../admin/connection-view.ts'
import type { FindingView } from '../admin/findings.ts'
import type { HealthView } from '../admin/health.ts'
import type { ConnectionHealth } from '../admin/overview.ts'
import type { TokenView } from '../admin/tokens.ts'
import { type Items, pathOf, queryOf, type Refused } from './ask.ts'
import { type Form, lastDayIn, readForm } from './forms/form.ts'
import type { AddPage, Page } from './page.ts'
import { ConnectPage } from './pages/connect.tsx'
import { ConnectionPage } from './pages/connection.tsx'
import { FINDING_STATES, FindingsPage } from './pages/findings.tsx'
import { TokensPage } from './pages/tokens.tsx'
import { conditionsAt } from './parts/attention.tsx'

const HERE = '/connections/:name'

export function connectionPages(add: AddPage): void {
  add('GET', HERE, (page) => overview(page))
  add('POST', `${HERE}/mode`, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const mode = (await readForm(c)).text('mode')
    const changed = await asking.send('PATCH', pathOf`/connections/${name}`, { mode })
    if (!changed.ok) return overview(page, changed.refused)
    return c.redirect(pathOf`/admin/connections/${name}`, 303)
  })

  add('GET', `${HERE}/connect`, async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const [entra, { lastHeard }] = await Promise.all([
      asking.get<EntraView>(pathOf`/connections/${name}/entra`),
      asking.get<ConnectionHealth>(pathOf`/connections/${name}/overview`),
    ])
    return c.html(<ConnectPage {...{ viewer, name, entra, lastHeard, now }} />)
  })
  add('GET', `${HERE}/entra-mapping.json`, async ({ c, asking, param }) => {
    const name = param('name')
    const { schema } = await asking.get<EntraView>(pathOf`/connections/${name}/entra`)
    return c.body(`${JSON.stringify(schema, null, 2)}\n`, 200, {
      'content-type': 'application/json',
      'content-disposition': 'attachment',
    })
  })

  add('GET', `${HERE}/findings`, (page) => findings(page))
  add('POST', `${HERE}/findings/:id/decide`, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const form = await readForm(c)
    const nativeId = form.given('nativeId')
    const decided = await asking.send(
      'POST',
      pathOf`/connections/${name}/findings/${param('id')}/decide`,
      { decision: form.text('decision'), ...(nativeId !== undefined && { nativeId }) },
    )
    if (!decided.ok) return findings(page, decided.refused)
    return c.redirect(`${pathOf`/admin/connections/${name}/findings`}?decided=1`, 303)
  })

  add('GET', `${HERE}/tokens`, (page) => tokens(page))
  add('POST', `${HERE}/tokens`, async (page) => {
    const { c, asking, param } = page
    const form = await readForm(c)
    const label = form.given('label')
    const scope = form.given('scope')
    const made = await asking.send<{ token: string }>(
      'POST',
      pathOf`/connections/${param('name')}/tokens`,
      {
        ...(label !== undefined && { label }),
        ...(scope !== undefined && { scope }),
        ...lastDayIn(form),
      },
    )
    if (made.ok) return tokens(page, { created: made.body.token })
    return tokens(page, { refused: made.refused, given: form })
  })
  add('POST', `${HERE}/tokens/:id/revoke`, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const ended = await asking.send('DELETE', pathOf`/connections/${name}/tokens/${param('id')}`)
    if (!ended.ok) return tokens(page, { refused: ended.refused })
    return c.redirect(pathOf`/admin/connections/${name}/tokens`, 303)
  })
}

async function overview(page: Page, refused?: Refused): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const [connection, health, vitals, conditions] = await Promise.all([
    asking.get<ConnectionView>(pathOf`/connections/${name}`),
    asking.get<ConnectionHealth>(pathOf`/connections/${name}/overview`),
    asking.get<HealthView>(pathOf`/connections/${name}/health`),
    conditionsAt(asking, pathOf`/connections/${name}/conditions`),
  ])
  const shown = { viewer, connection, health, vitals, conditions, now, refused }
  return c.html(<ConnectionPage {...shown} />)
}

async function findings(page: Page, refused?: Refused): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const state = FINDING_STATES.find((one) => one === c.req.query('state')) ?? 'open'
  const kind = c.req.query('kind')
  const cursor = c.req.query('cursor')
  const { items, nextCursor } = await asking.get<Items<FindingView>>(
    `${pathOf`/connections/${name}/findings`}${queryOf({ state, kind, cursor })}`,
  )
  const isDecided = c.req.query('decided') !== undefined
  const shown = { viewer, name, state, kind, items, nextCursor, now, isDecided, refused }
  return c.html(<FindingsPage {...shown} />)
}

interface TokensState {
  readonly created?: string
  readonly refused?: Refused
  readonly given?: Form
}

async function tokens(page: Page, state: TokensState = {}): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const cursor = c.req.query('cursor')
  const { items, nextCursor } = await asking.get<Items<TokenView>>(
    `${pathOf`/connections/${name}/tokens`}${queryOf({ cursor })}`,
  )
  return c.html(<TokensPage {...{ viewer, name, items, nextCursor, now, ...state }} />)
}
