/** A team with people in it, in an app that takes members in a given way. */
import { env } from 'cloudflare:workers'
import type { Answer } from './gateway.ts'
import type { MemberShape } from './member-shapes.ts'
import { connectionId } from './tables.ts'
import {
  brownfield,
  GROUP_SCHEMA,
  idOf,
  match,
  openWorld,
  patch,
  type World,
  type WorldOptions,
} from './world.ts'

export const add = (...ids: string[]) =>
  patch({ op: 'Add', path: 'members', value: ids.map((value) => ({ value })) })
export const remove = (...ids: string[]) =>
  patch({ op: 'Remove', path: 'members', value: ids.map((value) => ({ value })) })
export const replace = (...ids: string[]) =>
  patch({ op: 'Replace', path: 'members', value: ids.map((value) => ({ value })) })
export const groupNamed = (displayName: string, ...ids: string[]) => ({
  schemas: [GROUP_SCHEMA],
  displayName,
  members: ids.map((value) => ({ value })),
})

export interface Team {
  readonly world: World
  readonly path: string
  readonly group: string
  /** SCIM ids of all people, in the order of their logins. */
  readonly ids: readonly string[]
  readonly ask: (body: unknown) => Promise<Answer>
  /** SCIM ids of those whom the app holds in the team, sorted. */
  readonly held: () => string[]
  /** SCIM ids of those whom a read shows, sorted. */
  readonly shown: () => Promise<string[]>
}

/** `members` of `people` brownfield people are in the team before Postern sees it. */
export async function openTeam(
  people: number,
  members: number,
  options: WorldOptions & { readonly shape?: MemberShape } = {},
): Promise<Team> {
  const world = await openWorld(options)
  const { desk, ask } = world
  const accounts = Array.from({ length: people }, (_, n) => brownfield(world, `m${n}@x.io`))
  const team = desk.store.createTeam({ title: 'Line 4', note: null })
  for (const account of accounts.slice(0, members)) team.people.add(account.account_no)
  const byLogin = new Map<string, string>()
  for (let from = 1; from <= people; from += 100) {
    const listed = await ask('GET', `/Users?startIndex=${from}&count=100`)
    for (const { id, userName } of listed.body.Resources) byLogin.set(userName, id)
  }
  const ids = accounts.map(({ login }) => byLogin.get(login) ?? '')
  const byNo = new Map(accounts.map(({ account_no }, n) => [account_no, ids[n] ?? '']))
  const found = await ask(
    'GET',
    `${match('displayName', 'Line 4', 'Groups')}&excludedAttributes=members`,
  )
  const group = String(found.body.Resources[0].id)
  const path = `/Groups/${group}`
  return {
    world,
    group,
    path,
    ids,
    ask: (body) => ask('PATCH', path, body),
    held: () => [...team.people].map((no) => byNo.get(no) ?? `account ${no}`).sort(),
    async shown() {
      const { body } = await ask('GET', path)
      return (body.members ?? []).map(({ value }: { value: string }) => value).sort()
    },
  }
}

/** A further group of the same app, through the front door. */
export async function anotherGroup({ world }: Team, name: string, ...ids: string[]) {
  return `/Groups/${idOf(await world.ask('POST', '/Groups', groupNamed(name, ...ids)))}`
}

export interface EdgeRow {
  readonly group_link: string
  readonly member_link: string
  readonly state: string
  readonly wanted: number
  readonly next_at: number | null
}

export async function edgesOf({ world }: Pick<Team, 'world'>): Promise<EdgeRow[]> {
  const { results } = await env.DB.prepare(
    `SELECT group_link, member_link, state, wanted, next_at FROM edge WHERE connection = ?
      ORDER BY group_link, member_link`,
  )
    .bind(await connectionId(world.scim.name))
    .all<EdgeRow>()
  return results
}

/** Changes that are still to be told to the app, whoever will do so. */
export async function unfinished(team: Pick<Team, 'world'>): Promise<EdgeRow[]> {
  return (await edgesOf(team)).filter((edge) => edge.next_at !== null && edge.state !== 'have')
}

export async function findingsOf({ world }: Pick<Team, 'world'>, kind: string) {
  const { results } = await env.DB.prepare(
    'SELECT subject, detail, state FROM finding WHERE connection = ? AND kind = ?',
  )
    .bind(await connectionId(world.scim.name), kind)
    .all<{ subject: string; detail: string; state: string }>()
  return results
}
