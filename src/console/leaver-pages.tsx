/** Off-boarding: who has been off for long, and one person wherever they have an account. */
import type { LeaverView, Removal } from '../admin/leavers.ts'
import type { PeoplePage } from '../admin/people.ts'
import { type Asking, type Items, pathOf, queryOf, type Refused } from './ask.ts'
import { readForm } from './forms/form.ts'
import type { AddPage, Page } from './page.ts'
import { LeaversPage } from './pages/leavers.tsx'
import { OffBoardingPage, type Outcome } from './pages/off-boarding.tsx'

export function leaverPages(add: AddPage): void {
  add('GET', '/connections/:name/leavers', (page) => leavers(page))
  add('POST', '/connections/:name/leavers/remove', async (page) => {
    const { c, asking, param } = page
    const ids = (await readForm(c)).all('who')
    const removed = await remove(asking, param('name'), ids)
    return leavers(page, removed)
  })

  add('GET', '/leavers', (page) => offBoarding(page, page.c.req.query('person')?.trim() ?? ''))
  add('POST', '/leavers/remove', async (page) => {
    const { c, asking } = page
    const form = await readForm(c)
    const chosen = form.all('who').map((text) => {
      const at = text.indexOf('/')
      return { connection: text.slice(0, at), id: text.slice(at + 1) }
    })
    const outcomes: Outcome[] = []
    for (const [connection, some] of Map.groupBy(chosen, (one) => one.connection)) {
      const ids = some.map(({ id }) => id)
      const { items, refused } = await remove(asking, connection, ids)
      outcomes.push(...items.map((item) => ({ connection, ...item })))
      // One connection that refuses is no reason to stop: what the others did is told as well.
      if (refused) outcomes.push({ connection, removed: false, detail: refused.detail })
    }
    return offBoarding(page, form.text('person'), outcomes)
  })
}

interface Removed {
  readonly items: readonly Removal[]
  readonly refused?: Refused
}

async function remove(asking: Asking, name: string, ids: readonly string[]): Promise<Removed> {
  const at = pathOf`/connections/${name}/leavers/remove`
  const done = await asking.send<Items<Removal>>('POST', at, { ids })
  return done.ok ? { items: done.body.items } : { items: [], refused: done.refused }
}

async function leavers(page: Page, removed?: Removed): Promise<Response> {
  const { c, asking, viewer, param, now } = page
  const name = param('name')
  const days = c.req.query('days')?.trim() ?? ''
  const query = queryOf({ days, cursor: c.req.query('cursor') })
  const { items, nextCursor } = await asking.get<Items<LeaverView>>(
    pathOf`/connections/${name}/leavers` + query,
  )
  return c.html(<LeaversPage {...{ viewer, name, days, items, nextCursor, removed, now }} />)
}

async function offBoarding(
  { c, asking, viewer, now }: Page,
  person: string,
  outcomes?: readonly Outcome[],
): Promise<Response> {
  const cursor = c.req.query('cursor')
  const found =
    person === ''
      ? undefined
      : await asking.get<PeoplePage>(`/people${queryOf({ named: person, cursor })}`)
  return c.html(<OffBoardingPage {...{ viewer, person, found, outcomes, now }} />)
}
