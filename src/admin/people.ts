/** People of a connection, and one person wherever they have an account: routes of the admin API. */
import type { Context, Hono } from 'hono'
import type { Connection } from '../access/connection.ts'
import { modeOf } from '../access/mode.ts'
import type { Policy } from '../access/policy.ts'
import type { DataDatabases } from '../db/data-databases.ts'
import { groupsOf, rolesDue } from '../db/groups.ts'
import { Links } from '../db/links.ts'
import type { ReviewedPerson } from '../govern/access-review.ts'
import { whoseRows } from '../govern/whose.ts'
import { reviewOf, reviewPage } from '../jobs/access-review.ts'
import type { AccessDeps } from './access.ts'
import { route } from './api.ts'
import { type ConnectionDeps, listConnections } from './connections.ts'
import { textAfter, toCursor } from './cursor.ts'
import { administratorOf } from './door.ts'
import { type MembershipView, membershipView, type RoleView, rolesOf } from './groups.ts'
import { invalidInput, Problem } from './problem.ts'
import { connectionOf, searchedFor } from './query.ts'

export interface PeopleDeps extends AccessDeps, Pick<ConnectionDeps, 'db'> {
  readonly data: DataDatabases
  readonly baseUrl: (requestUrl: string) => string
}

/** People of one page: each costs the look-up of their groups and their last rows of the audit. */
const PEOPLE_PAGE = 50
const GROUPS_SHOWN = 200
/** Connections that are asked beside each other. */
const AT_ONCE = 10

/** A link, whatever became of it. Times are ISO 8601. */
export interface PersonView {
  readonly id: string
  readonly type: string
  readonly state: string
  readonly nativeId: string | null
  readonly display: string | null
  readonly externalId: string | null
  /** Since when the client wants them off; null: it does not. */
  readonly inactiveSince: string | null
  /** Null: no client manages them. */
  readonly review: ReviewedPerson | null
  readonly groups: readonly MembershipView[]
  readonly roles: readonly RoleView[]
  /** Attributes of the app that are still to be told. */
  readonly rolesDue: readonly string[]
}

/**
 * `removed`: it was removed already. `unmanaged`: no client manages the account. `active`: the client has
 * not switched it off. `policy`: `deprovision.onDelete` refuses. `mode`: nothing is written now.
 */
export type KeptBy = 'removed' | 'unmanaged' | 'active' | 'policy' | 'mode'

/** A person in one connection. */
export interface Whereabouts {
  readonly connection: string
  readonly adapter: string
  readonly mode: string
  readonly person: PersonView
  /** What stands against a removal by an administrator; null: nothing that is known before it is tried. */
  readonly keptBy: KeptBy | null
  /** What a removal by policy does with the account. */
  readonly onDelete: Policy['deprovision']['onDelete']
  readonly deleteAfterDays: number
}

/** Of one page of connections. */
export interface PeoplePage {
  readonly items: readonly Whereabouts[]
  /** Names of connections whose database failed or is not bound: whether they know the person is not known. */
  readonly notAsked: readonly string[]
  readonly nextCursor?: string
}

/** For `adminApi`'s `more`. */
export function peopleRoutes(deps: PeopleDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/people', {
      GET: async (c) => {
        const named = c.req.query('named')?.trim() ?? ''
        if (named === '') {
          const message = 'a user name, id in the app, SCIM id or externalId is needed'
          throw invalidInput([{ path: 'named', message }])
        }
        await deps.audit.flush()
        const { cursor } = c.req.query()
        const page = await listConnections(
          cursor,
          deps.baseUrl(c.req.url),
          deps,
          administratorOf(c),
        )
        const items: Whereabouts[] = []
        const notAsked: string[] = []
        for (let at = 0; at < page.items.length; at += AT_ONCE) {
          const some = page.items.slice(at, at + AT_ONCE).map(({ name }) => name)
          const asked = await whereaboutsAmong(deps, some, named)
          items.push(...asked.items)
          notAsked.push(...asked.notAsked)
        }
        return c.json({ ...page, items, notAsked } satisfies PeoplePage)
      },
    })

    route(api, '/connections/:name/people', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        await deps.audit.flush()
        const text = searchedFor(c)
        const type = c.req.query('type') ?? 'User'
        if (!connection.definitions.has(type)) {
          throw invalidInput([
            { path: 'type', message: 'the connection has no such resource type' },
          ])
        }
        const given = { connection, db: deps.openData(connection) }
        const review = { type, text, inactiveBefore: undefined, orphans: false }
        const page = await reviewPage(
          given,
          review,
          undefined,
          textAfter(c.req.query('cursor')),
          PEOPLE_PAGE,
        )
        const { items, next } = page
        return c.json({ items, ...(next !== undefined && { nextCursor: toCursor([next]) }) })
      },
    })
  }
}

/** `GET /connections/:name/people/:id`. @throws {Problem} 404 */
export async function readPerson(deps: AccessDeps, c: Context): Promise<PersonView> {
  const connection = await connectionOf(deps, c)
  await deps.audit.flush()
  const [person] = await viewsOf(deps, connection, [c.req.param('id') ?? ''])
  if (!person) throw new Problem(404, 'This connection has never given out this id')
  return person
}

async function whereaboutsAmong(
  deps: PeopleDeps,
  names: readonly string[],
  named: string,
): Promise<Pick<PeoplePage, 'items' | 'notAsked'>> {
  const opened = await Promise.all(names.map((name) => deps.access.named(name)))
  // The others were off-boarded since they were listed.
  const connections = opened.filter((one) => one !== undefined)
  const { found } = await deps.data.gather(connections, async (_, ids) => {
    const own = connections.filter(({ id }) => ids.includes(id))
    const each = own.map(async (one) => [one.id, await whereaboutsIn(deps, one, named)] as const)
    return new Map(await Promise.all(each))
  })
  return {
    items: connections.flatMap(({ id }) => found.get(id) ?? []),
    notAsked: connections.filter(({ id }) => !found.has(id)).map(({ name }) => name),
  }
}

async function whereaboutsIn(
  deps: PeopleDeps,
  connection: Connection,
  named: string,
): Promise<Whereabouts[]> {
  const { name, adapter, policy } = connection
  const mode = modeOf(connection, deps.now())
  const { onDelete, deleteAfterDays } = policy.deprovision
  const people = await peopleNamed(deps, connection, named)
  return people.map((person) => ({
    ...{ connection: name, adapter, mode, person, onDelete, deleteAfterDays },
    keptBy: keptBy(person, onDelete, mode),
  }))
}

function keptBy(
  { state, review, inactiveSince }: PersonView,
  onDelete: Whereabouts['onDelete'],
  mode: string,
): KeptBy | null {
  if (state === 'tombstone' || state === 'retiring') return 'removed'
  if (review === null) return 'unmanaged'
  if (inactiveSince === null) return 'active'
  if (onDelete === 'refuse') return 'policy'
  return mode === 'live' ? null : 'mode'
}

async function peopleNamed(
  { openData, hashes }: PeopleDeps,
  connection: Connection,
  text: string,
): Promise<readonly PersonView[]> {
  const db = openData(connection)
  const { links } = await whoseRows({ connection, db, hashes }, text)
  const found = await viewsOf({ openData }, connection, links)
  return found.filter(({ type, state }) => type !== 'Group' && state !== 'proposed')
}

async function viewsOf(
  { openData }: Pick<PeopleDeps, 'openData'>,
  connection: Connection,
  ids: readonly string[],
): Promise<PersonView[]> {
  if (ids.length === 0) return []
  const db = openData(connection)
  const links = await new Links(db, connection.id).getAll(ids)
  const reviews = await reviewOf({ connection, db }, ids)
  return Promise.all(
    links.map(async (link): Promise<PersonView> => {
      const { id, type, state, nativeId, display, externalId, inactiveSince } = link
      const query = { member: id, limit: GROUPS_SHOWN }
      const groups = await groupsOf(db, connection.id, query)
      return {
        ...{ id, type, state },
        nativeId: nativeId ?? null,
        display: display ?? null,
        externalId: externalId ?? null,
        inactiveSince: inactiveSince === undefined ? null : new Date(inactiveSince).toISOString(),
        review: reviews.get(id) ?? null,
        groups: groups.map(membershipView),
        roles: groups
          .filter(({ standing }) => standing === 'member')
          .flatMap((group) => rolesOf(connection, group)),
        rolesDue: await rolesDue(db, connection.id, id),
      }
    }),
  )
}
