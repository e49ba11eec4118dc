/** Scans of the app: begun, followed, and what they found. */
import type { ConnectionView } from '../admin/connection-view.ts'
import type { ScanReport, ScanView } from '../admin/reconcile.ts'
import { type Items, pathOf, queryOf, type Refused } from './ask.ts'
import { readForm } from './forms/form.ts'
import type { AddPage, Page } from './page.ts'
import { ReconcilePage } from './pages/reconcile.tsx'
import { ScanPage } from './pages/scan.tsx'
import { DIFFERING, SITUATION_NAMES } from './situations.ts'

const HERE = '/connections/:name/reconcile'
/** Core resources, RFC 7643 section 4; a connection may have others. */
const TYPES = ['User', 'Group']

export function reconcilePages(add: AddPage): void {
  add('GET', HERE, (page) => history(page))
  add('POST', HERE, async (page) => {
    const { c, asking, param } = page
    const name = param('name')
    const form = await readForm(c)
    const begun = await asking.send<ScanView>('POST', pathOf`/connections/${name}/reconcile`, {
      type: form.text('type'),
      dryRun: form.given('dryRun') !== undefined,
      acceptShrink: form.given('acceptShrink') !== undefined,
    })
    if (!begun.ok) return history(page, begun.refused)
    return c.redirect(pathOf`/admin/connections/${name}/reconcile/${begun.body.id}`, 303)
  })

  add('GET', `${HERE}/:id`, (page) => scan(page))
  add('POST', `${HERE}/:id/advance`, async (page) => {
    const { c, asking, param } = page
    const at = pathOf`/connections/${param('name')}/reconcile/${param('id')}`
    const moved = await asking.send('POST', `${at}/advance`, {})
    if (!moved.ok) return scan(page, moved.refused)
    return c.redirect(`/admin${at}`, 303)
  })
}

async function history(page: Page, refused?: Refused): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const [{ items }, connection] = await Promise.all([
    asking.get<Items<ScanView>>(pathOf`/connections/${name}/reconcile`),
    asking.get<ConnectionView>(pathOf`/connections/${name}`),
  ])
  const others = connection.resourceTypes.flatMap((one) =>
    typeof one === 'object' && one !== null && 'name' in one ? [String(one['name'])] : [],
  )
  const types = [...new Set([...TYPES, ...others])]
  return c.html(<ReconcilePage {...{ viewer, name, types, items, now, refused }} />)
}

async function scan(page: Page, refused?: Refused): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const at = pathOf`/connections/${name}/reconcile/${param('id')}`
  const asked = c.req.query('situation')
  const given = SITUATION_NAMES.find((one) => one === asked)
  const query = (situation: string | undefined) =>
    queryOf({ situation, cursor: c.req.query('cursor') })
  let report = await asking.get<ScanReport>(`${at}${query(given)}`)
  // Of thousands, those that somebody has to look at come first.
  const first = asked === undefined && DIFFERING.find((one) => (report.counts?.[one] ?? 0) > 0)
  if (first) report = await asking.get<ScanReport>(`${at}${query(first)}`)
  const situation = given ?? (first || undefined)
  return c.html(<ScanPage {...{ viewer, name, report, situation, now, refused }} />)
}
