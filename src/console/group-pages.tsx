/** Groups, who is in them, and what the role table makes of them. */
import type { ConnectionView } from '../admin/connection-view.ts'
import type { GroupView, MemberView } from '../admin/groups.ts'
import { type Items, pathOf, queryOf } from './ask.ts'
import type { AddPage } from './page.ts'
import { GroupPage } from './pages/group.tsx'
import { GroupsPage, type RoleRow } from './pages/groups.tsx'

const HERE = '/connections/:name/groups'

export function groupPages(add: AddPage): void {
  add('GET', HERE, async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const text = c.req.query('query')?.trim() ?? ''
    const query = queryOf({ query: text, cursor: c.req.query('cursor') })
    const [{ items, nextCursor }, connection] = await Promise.all([
      asking.get<Items<GroupView>>(pathOf`/connections/${name}/groups` + query),
      asking.get<ConnectionView>(pathOf`/connections/${name}`),
    ])
    const { mode, roleTable } = policyOf(connection)
    const shown = { viewer, name, text, items, nextCursor, mode, roleTable, now }
    return c.html(<GroupsPage {...shown} />)
  })

  add('GET', `${HERE}/:id`, async ({ c, asking, viewer, param, now }) => {
    const name = param('name')
    const at = pathOf`/connections/${name}/groups/${param('id')}`
    const query = queryOf({ cursor: c.req.query('cursor') })
    const [group, { items, nextCursor }] = await Promise.all([
      asking.get<GroupView>(at),
      asking.get<Items<MemberView>>(`${at}/members${query}`),
    ])
    return c.html(<GroupPage {...{ viewer, name, group, items, nextCursor, now }} />)
  })
}

/** The API answers with every key of the policy. */
function policyOf({ policy }: ConnectionView): { mode: string; roleTable: readonly RoleRow[] } {
  const { groups } = policy as { groups: { mode: string; roleTable: readonly RoleRow[] } }
  return groups
}
