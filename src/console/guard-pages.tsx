/** The guard: what it saw, whom it holds back, and its limits. */
import type { ConnectionView } from '../admin/connections.ts'
import type { FindingView } from '../admin/findings.ts'
import type { GuardView } from '../admin/guard.ts'
import { pathOf, queryOf, type Refused } from './ask.ts'
import { readForm } from './form.ts'
import type { AddPage, Page } from './page.ts'
import { GuardPage } from './pages/guard.tsx'

const HERE = '/connections/:name/guard'
const STATES = ['parked', 'done', 'rejected'] as const
const LIMITS = ['windowMinutes', 'maxCount', 'maxPercent'] as const

export function guardPages(add: AddPage): void {
  add('GET', HERE, (page) => guard(page))

  add('POST', `${HERE}/decide`, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const form = await readForm(c)
    const decision = form.text('decision')
    const decided = await asking.send(
      'POST',
      pathOf`/connections/${name}/findings/${form.text('finding')}/decide`,
      { decision },
    )
    if (!decided.ok) return guard(page, decided.refused)
    return c.redirect(
      pathOf`/admin/connections/${name}/guard` + queryOf({ decided: decision }),
      303,
    )
  })

  add('POST', `${HERE}/limits`, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const form = await readForm(c)
    // What is no number stays as it is: the API says so in its own words.
    const given = LIMITS.map((limit) => {
      const text = form.text(limit).trim()
      return [limit, text === '' || Number.isNaN(Number(text)) ? text : Number(text)]
    })
    const changed = await asking.send('PATCH', pathOf`/connections/${name}`, {
      policy: { guard: Object.fromEntries(given) },
    })
    if (!changed.ok) return guard(page, changed.refused)
    return c.redirect(`${pathOf`/admin/connections/${name}/guard`}?changed=1`, 303)
  })
}

async function guard(page: Page, refused?: Refused): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const state = STATES.find((one) => one === c.req.query('state')) ?? 'parked'
  const query = queryOf({ state, cursor: c.req.query('cursor') })
  const [view, connection, { items: findings }] = await Promise.all([
    asking.get<GuardView>(pathOf`/connections/${name}/guard` + query),
    asking.get<ConnectionView>(pathOf`/connections/${name}`),
    asking.get<{ items: FindingView[] }>(pathOf`/connections/${name}/findings?kind=guard`),
  ])
  const done = { decided: c.req.query('decided'), changed: c.req.query('changed') !== undefined }
  const shown = { viewer, connection, view, findings, state, done, now, refused }
  return c.html(<GuardPage {...shown} />)
}
