/** Groups, their members and what the role table makes of them, as routes of the admin API. */
import type { Context, Hono } from 'hono'
import type { Connection } from '../access/connection.ts'
import { type GroupRow, groupRow, groupRows, type Membership, membersOf } from '../db/groups.ts'
import { reviewOf } from '../jobs/access-review.ts'
import { isoOf } from '../scim/date-time.ts'
import type { AccessDeps } from './access.ts'
import { route } from './api.ts'
import { badCursor, PAGE_SIZE, parseCursor, textAfter, toPage } from './cursor.ts'
import { Problem } from './problem.ts'
import { connectionOf, searchedFor } from './query.ts'

/** What the role table says of one group. */
export interface RoleView {
  /** Attribute of the app, and what its members hold there. */
  readonly app: string
  readonly value: string | number | boolean
  readonly group: string | null
}
export type GroupView = ReturnType<typeof viewOf>
export type MembershipView = ReturnType<typeof membershipView>
export interface MemberView extends MembershipView {
  readonly userName: string | null
  readonly active: boolean | null
}

/** For `adminApi`'s `more`. */
export function groupRoutes(deps: AccessDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/groups', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const rows = await groupRows(deps.openData(connection), connection.id, {
          text: searchedFor(c),
          after: afterOf(c),
          limit: PAGE_SIZE + 1,
        })
        const view = (row: GroupRow) => viewOf(connection, row)
        return c.json(toPage(rows, view, (row) => [row.name, row.id]))
      },
    })

    route(api, '/connections/:name/groups/:id', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        return c.json(viewOf(connection, await theGroup(deps, connection, c)))
      },
    })

    route(api, '/connections/:name/groups/:id/members', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const db = deps.openData(connection)
        const { id: group } = await theGroup(deps, connection, c)
        const after = textAfter(c.req.query('cursor'))
        const query = { group, after, limit: PAGE_SIZE + 1 }
        const rows = await membersOf(db, connection.id, query)
        const people = await reviewOf(
          { connection, db },
          rows.map(({ id }) => id),
        )
        const view = (row: Membership): MemberView => {
          const person = people.get(row.id)
          return {
            ...membershipView(row),
            userName: person?.userName ?? null,
            active: person?.active ?? null,
          }
        }
        return c.json(toPage(rows, view, (row) => [row.id]))
      },
    })
  }
}

async function theGroup(deps: AccessDeps, connection: Connection, c: Context): Promise<GroupRow> {
  const row = await groupRow(deps.openData(connection), connection.id, c.req.param('id') ?? '')
  if (!row) throw new Problem(404, 'The connection has no group of this id')
  return row
}

// ---- views -------------------------------------------------------------------------------------------

function viewOf(connection: Connection, row: GroupRow) {
  const { id, nativeId, display, externalId, state, members, changing, membersReadAt } = row
  return {
    ...{ id, state, members, changing },
    nativeId: nativeId ?? null,
    display: display ?? null,
    externalId: externalId ?? null,
    /** When every member that the app holds had been read; null: never. */
    membersReadAt: isoOf(membersReadAt),
    roles: rolesOf(connection, row),
  }
}

/** None where groups are no roles. */
export function rolesOf(
  { policy }: Connection,
  group: Pick<GroupRow, 'externalId' | 'display'>,
): readonly RoleView[] {
  if (policy.groups.mode !== 'roles' || group.externalId === undefined) return []
  return policy.groups.roleTable
    .filter(({ externalId }) => externalId === group.externalId)
    .map(({ app, value }) => ({ app, value, group: group.display ?? null }))
}

export function membershipView({ at, nativeId, display, externalId, ...row }: Membership) {
  return {
    ...row,
    nativeId: nativeId ?? null,
    display: display ?? null,
    externalId: externalId ?? null,
    at: new Date(at).toISOString(),
  }
}

function afterOf(c: Context): { name: string; id: string } | undefined {
  const cursor = c.req.query('cursor')
  if (cursor === undefined) return undefined
  const [name, id] = parseCursor(cursor)
  if (typeof name !== 'string' || typeof id !== 'string') throw badCursor()
  return { name, id }
}
