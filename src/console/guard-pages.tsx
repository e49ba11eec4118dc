/** The guard: what it saw, whom it holds back, and its limits. */
import type { ConnectionView } from '../admin/connection-view.ts'
import type { FindingView } from '../admin/findings.ts'
import type { GuardView } from '../admin/guard.ts'
import { type Items, pathOf, queryOf } from './ask.ts'
import { readForm } from './forms/form.ts'
import { changesBetween, readSeen, SEEN } from './forms/seen.ts'
import type { AddPage, Page } from './page.ts'
import { GUARD_STATES, GuardPage } from './pages/guard.tsx'
import { LIMITS, type LimitsForm, limitsOf } from './pages/guard-limits.tsx'

const HERE = '/connections/:name/guard'

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
    if (!decided.ok) return guard(page, { refused: decided.refused })
    return c.redirect(
      pathOf`/admin/connections/${name}/guard` + queryOf({ decided: decision }),
      303,
    )
  })

  add('POST', `${HERE}/limits`, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const form = await readForm(c)
    const at = pathOf`/connections/${name}`
    const { body, tag } = await asking.version<ConnectionView>(at)
    const seen = readSeen(form.text(SEEN))
    const others = seen ? changesBetween(seen, limitsOf(body)) : []
    if (others.length > 0) return guard(page, { given: form, others })
    // What is no number stays as it is: the API says so in its own words.
    const given = LIMITS.map((limit) => {
      const text = form.text(limit).trim()
      return [limit, text === '' || Number.isNaN(Number(text)) ? text : Number(text)]
    })
    const patch = { policy: { guard: Object.fromEntries(given) } }
    const changed = await asking.send('PATCH', at, patch, { 'if-match': tag })
    if (!changed.ok) return guard(page, { given: form, refused: changed.refused })
    return c.redirect(`${pathOf`/admin/connections/${name}/guard`}?changed=1`, 303)
  })
}

async function guard(page: Page, limits: LimitsForm = {}): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const state = GUARD_STATES.find((one) => one === c.req.query('state')) ?? 'parked'
  const query = queryOf({ state, cursor: c.req.query('cursor') })
  const [view, connection, { items: findings }] = await Promise.all([
    asking.get<GuardView>(pathOf`/connections/${name}/guard` + query),
    asking.get<ConnectionView>(pathOf`/connections/${name}`),
    asking.get<Items<FindingView>>(pathOf`/connections/${name}/findings?kind=guard`),
  ])
  const done = { decided: c.req.query('decided'), changed: c.req.query('changed') !== undefined }
  const shown = { viewer, connection, view, findings, state, done, now, limits }
  return c.html(<GuardPage {...shown} />, limits.others ? 409 : 200)
}
