/** Who has access, and what became of whom: the access review and the audit, told. */
import type { AccessView } from '../admin/access.ts'
import type { AuditEntryView } from '../admin/audit.ts'
import type { PersonView } from '../admin/people.ts'
import { type Items, pathOf, queryOf } from './ask.ts'
import type { AddPage } from './page.ts'
import { AuditPage } from './pages/audit.tsx'
import { PeoplePage, type Which } from './pages/people.tsx'
import { PersonPage } from './pages/person.tsx'

const ENTRIES = 20

/** What `GET /access` is asked for. */
const QUERIES: Readonly<Record<Which, Readonly<Record<string, string>>>> = {
  all: { type: 'User' },
  off: { type: 'User', inactiveDays: '0' },
  orphans: { type: 'User', orphans: 'true' },
}

export function peoplePages(add: AddPage): void {
  add('GET', '/connections/:name/people', async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const text = c.req.query('query')?.trim() ?? ''
    const asked = c.req.query('which')
    const which = text !== '' ? 'all' : asked === 'off' || asked === 'orphans' ? asked : 'all'
    const query = QUERIES[which]
    const cursor = c.req.query('cursor')
    const access = await asking.get<AccessView>(
      text === ''
        ? pathOf`/connections/${name}/access` + queryOf({ ...query, cursor })
        : pathOf`/connections/${name}/people` + queryOf({ query: text, cursor }),
    )
    return c.html(<PeoplePage {...{ viewer, name, which, text, access, query, now }} />)
  })

  add('GET', '/connections/:name/people/:id', async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const id = param('id')
    const [person, { items }] = await Promise.all([
      asking.get<PersonView>(pathOf`/connections/${name}/people/${id}`),
      asking.get<Items<AuditEntryView>>(
        pathOf`/connections/${name}/audit` + queryOf({ person: id }),
      ),
    ])
    const entries = items.slice(0, ENTRIES)
    return c.html(<PersonPage {...{ viewer, name, person, entries, now }} />)
  })

  add('GET', '/connections/:name/audit', async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const text = (key: string) => c.req.query(key)?.trim() ?? ''
    const filter = {
      ...{ person: text('person'), outcome: text('outcome') },
      ...{ from: text('from'), to: text('to') },
      ...{ decision: text('decision'), unknown: text('unknown') },
    }
    // Whole days, in UTC.
    const query = {
      ...{ person: filter.person, outcome: filter.outcome },
      ...{ decision: filter.decision, unknown: filter.unknown },
      ...(filter.from !== '' && { since: `${filter.from}T00:00:00Z` }),
      ...(filter.to !== '' && { until: `${filter.to}T23:59:59.999Z` }),
    }
    const { items, nextCursor } = await asking.get<Items<AuditEntryView>>(
      pathOf`/connections/${name}/audit` + queryOf({ ...query, cursor: c.req.query('cursor') }),
    )
    const shown = { viewer, name, filter, query, items, nextCursor, now }
    return c.html(<AuditPage {...shown} />)
  })
}
