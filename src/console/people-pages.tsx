/** Who has access, and what became of whom: the audit, told. */
import type { AccessView } from '../admin/access.ts'
import type { AuditEntryView } from '../admin/audit.ts'
import { pathOf, queryOf } from './ask.ts'
import type { AddPage } from './page.ts'
import { AuditPage } from './pages/audit.tsx'
import { PeoplePage } from './pages/people.tsx'

export function peoplePages(add: AddPage): void {
  add('GET', '/connections/:name/people', async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const type = c.req.query('type') === 'Group' ? 'Group' : 'User'
    const query = queryOf({ type, cursor: c.req.query('cursor') })
    const access = await asking.get<AccessView>(`${pathOf`/connections/${name}/access`}${query}`)
    return c.html(<PeoplePage {...{ viewer, name, type, access, now }} />)
  })

  add('GET', '/connections/:name/audit', async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const person = c.req.query('person')?.trim() ?? ''
    const outcome = c.req.query('outcome') ?? ''
    const query = queryOf({ person, outcome, cursor: c.req.query('cursor') })
    const { items, nextCursor } = await asking.get<{
      items: AuditEntryView[]
      nextCursor?: string
    }>(`${pathOf`/connections/${name}/audit`}${query}`)
    return c.html(<AuditPage {...{ viewer, name, person, outcome, items, nextCursor, now }} />)
  })
}
