/** People with roles by their groups, in the example app, whose accounts have one role each. */
import { env } from 'cloudflare:workers'
import { admin } from './gateway.ts'
import { connectionId } from './tables.ts'
import { groupNamed } from './team.ts'
import { brownfield, idOf, openWorld, type World, type WorldOptions } from './world.ts'

export const ROLE_TABLE = [
  { externalId: 'admins', app: 'role', value: 'admin' },
  { externalId: 'leads', app: 'role', value: 'lead' },
]
export const GROUPS = { mode: 'roles', roleTable: ROLE_TABLE, defaultRole: { role: 'staff' } }

export interface RoleWorld {
  readonly world: World
  /** SCIM ids of the people, in the order of their logins. */
  readonly ids: readonly string[]
  /** The n-th person's role in the app. */
  readonly role: (n: number) => string
  readonly roles: () => string[]
  /** A new group of this external id; its path. */
  readonly group: (externalId: string, ...members: readonly string[]) => Promise<string>
  /** Calls so far that would change something, and all calls. */
  readonly writes: () => number
  readonly calls: () => number
}

export async function openRoles(
  people: number,
  { policy = {}, ...options }: WorldOptions & { readonly groups?: object } = {},
): Promise<RoleWorld> {
  const { groups = {}, ...more } = options
  const world = await openWorld({
    ...more,
    policy: { groups: { ...GROUPS, ...groups }, ...policy },
  })
  const accounts = Array.from({ length: people }, (_, n) => brownfield(world, `p${n}.q@x.io`))
  const listed = await world.ask('GET', '/Users?count=100')
  const byLogin = new Map<string, string>(
    (listed.body.Resources ?? []).map((r: { id: string; userName: string }) => [r.userName, r.id]),
  )
  const role = (n: number) => String(accounts[n]?.role)
  return {
    world,
    ids: accounts.map(({ login }) => byLogin.get(login) ?? ''),
    role,
    roles: () => accounts.map(({ role }) => role),
    group: async (externalId, ...members) => {
      const body = { ...groupNamed(`Group ${externalId}`, ...members), externalId }
      return `/Groups/${idOf(await world.ask('POST', '/Groups', body))}`
    },
    writes: () => world.desk.counters.writes,
    calls: () => Object.values(world.desk.counters.toJSON().calls).reduce((a, b) => a + b, 0),
  }
}

/** The administrator changes the table. */
export async function changeGroups({ world }: Pick<RoleWorld, 'world'>, groups: object) {
  const answer = await admin('PATCH', `/connections/${world.scim.name}`, { policy: { groups } })
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
}

export interface RoleIntentRow {
  readonly link: string
  readonly app: string
  readonly holder: string | null
  readonly next_at: number | null
}

/** What is still to be told to the app. */
export async function untold({ world }: Pick<RoleWorld, 'world'>): Promise<RoleIntentRow[]> {
  const { results } = await env.DB.prepare(
    'SELECT link, app, holder, next_at FROM role_intent WHERE connection = ? ORDER BY link, app',
  )
    .bind(await connectionId(world.scim.name))
    .all<RoleIntentRow>()
  return results
}
