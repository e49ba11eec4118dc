/**
 * The ways in which apps take members, as an API in front of the example app's own store. An adapter
 * for each goes over HTTP, so that every step is counted and can be cut.
 */
import * as z from 'zod'
import type {
  Adapter,
  AnyPort,
  Member,
  MemberCapabilities,
  ResourceSpec,
  WriteOutcome,
} from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import type { HttpClient } from '../../src/adapter/http.ts'
import type { TestDesk } from './open-desk.ts'

export type MemberShape =
  | 'single-calls'
  | 'batches'
  | 'edge-ids'
  | 'group-list'
  | 'group-list-with-revision'
  | 'user-list'
  | 'one-role'
  | 'nested'
  | 'catalogue'

export const MEMBER_SHAPES = [
  'single-calls',
  'batches',
  'edge-ids',
  'group-list',
  'group-list-with-revision',
  'user-list',
] as const satisfies readonly MemberShape[]

export const BATCH = 3
const PAGE = 50

export interface Shape {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  readonly adapters: (from: ReadonlyMap<string, Adapter>) => ReadonlyMap<string, Adapter>
  /** Numbers of accounts that the app lets join no team. */
  readonly refused: Set<number>
  /** `METHOD path` of each call that was to change members. */
  readonly writes: string[]
  /** Runs before each call; for changes made in the app meanwhile. */
  before: (method: string, path: string) => Promise<void>
}

const memberSchema = z.object({ type: z.string(), id: z.string() })
const pageSchema = z.object({
  people: z.array(memberSchema),
  next: z.string().optional(),
  revision: z.string().optional(),
})
const teamsSchema = z.object({ teams: z.array(z.string()), revision: z.string().optional() })
const idsSchema = z.array(z.object({ id: z.string() }))

// ---- the app ------------------------------------------------------------------------------------

class Answer extends Error {
  readonly status: number
  constructor(status: number) {
    super(String(status))
    this.status = status
  }
}

export function openShape(desk: TestDesk, shape: MemberShape): Shape {
  const { store } = desk
  const refused = new Set<number>()
  const writes: string[] = []
  /** Teams within teams; people are in the store. */
  const nested = new Map<number, Set<number>>()
  const hasRevision = shape === 'group-list-with-revision'

  const teamOf = (no: string) => {
    const team = store.team(Number(no))
    if (!team) throw new Answer(404)
    return team
  }
  const list = (no: string): Member[] => [
    ...[...teamOf(no).people].map((id) => ({ type: 'User', id: String(id) })),
    ...[...(nested.get(Number(no)) ?? [])].map((id) => ({ type: 'Group', id: String(id) })),
  ]
  const check = ({ type, id }: Member): void => {
    const isThere = type === 'User' ? store.account(Number(id)) : store.team(Number(id))
    if (!isThere) throw new Answer(410)
    if (type === 'User' && refused.has(Number(id))) throw new Answer(422)
  }
  const replace = (no: string, members: readonly Member[]): void => {
    const team = teamOf(no)
    const held = new Set(list(no).map(({ id }) => id))
    for (const member of members) if (!held.has(member.id)) check(member)
    team.people = new Set(members.filter((m) => m.type === 'User').map((m) => Number(m.id)))
    nested.set(
      Number(no),
      new Set(members.filter((m) => m.type === 'Group').map((m) => Number(m.id))),
    )
  }
  const teamsOf = (no: number) =>
    [...store.teams()].filter((team) => team.people.has(no)).map((team) => String(team.team_no))
  const revisionOf = (value: unknown) => JSON.stringify(value)
  const guard = (given: string | undefined, held: unknown): void => {
    if (given !== undefined && given !== revisionOf(held)) throw new Answer(409)
  }

  function answer(method: string, url: URL, json: unknown): unknown {
    const [, , kind, a = '', b = ''] = url.pathname.split('/')
    switch (`${method} ${kind}`) {
      case 'GET teams': {
        const from = Number(url.searchParams.get('from') ?? 0)
        const all = list(a)
        const people = all.slice(from, from + PAGE)
        const more = from + PAGE < all.length
        return {
          people,
          ...(more && { next: String(from + PAGE) }),
          ...(hasRevision && { revision: revisionOf(all) }),
        }
      }
      case 'PUT teams': {
        const body = pageSchema.parse(json)
        guard(body.revision, list(a))
        replace(a, body.people)
        return {}
      }
      case 'POST teams': {
        const body = z
          .object({ add: z.array(memberSchema), remove: z.array(memberSchema) })
          .parse(json)
        if (body.add.length + body.remove.length > BATCH) throw new Answer(400)
        const gone = new Set(body.remove.map(({ type, id }) => `${type}${id}`))
        const held = list(a)
        const kept = held.filter(({ type, id }) => !gone.has(`${type}${id}`))
        const fresh = body.add.filter((m) => !held.some((h) => h.id === m.id && h.type === m.type))
        replace(a, [...kept, ...fresh])
        return {}
      }
      case 'GET people': {
        if (!store.account(Number(b))) throw new Answer(410)
        const teams = teamsOf(Number(b))
        return { teams, ...(shape === 'one-role' && { revision: revisionOf(teams) }) }
      }
      case 'PUT people': {
        const body = teamsSchema.parse(json)
        const no = Number(b)
        if (!store.account(no)) throw new Answer(410)
        const held = teamsOf(no)
        guard(body.revision, held)
        if (body.teams.some((team) => !held.includes(team))) check({ type: 'User', id: b })
        for (const team of body.teams) teamOf(team)
        for (const team of store.teams()) {
          if (body.teams.includes(String(team.team_no))) team.people.add(no)
          else team.people.delete(no)
        }
        return {}
      }
      case 'POST memberships': {
        const body = z.object({ team: z.string(), account: z.string() }).parse(json)
        const team = teamOf(body.team)
        if (team.people.has(Number(body.account))) throw new Answer(409)
        check({ type: 'User', id: body.account })
        team.people.add(Number(body.account))
        return { id: `m-${body.team}-${body.account}` }
      }
      case 'GET memberships': {
        const [team = '', account = ''] = ['team', 'account'].map(
          (n) => url.searchParams.get(n) ?? '',
        )
        return teamOf(team).people.has(Number(account)) ? [{ id: `m-${team}-${account}` }] : []
      }
      case 'DELETE memberships': {
        const [, team = '', account = ''] = a.split('-')
        if (!teamOf(team).people.delete(Number(account))) throw new Answer(404)
        return {}
      }
      default:
        throw new Answer(404)
    }
  }

  const opened: Shape = {
    refused,
    writes,
    before: async () => {},
    async fetch(input, init) {
      const url = new URL(input)
      if (!url.pathname.startsWith('/shape/')) return desk.fetch(input, init)
      const method = init.method ?? 'GET'
      await opened.before(method, url.pathname)
      if (method !== 'GET') writes.push(`${method} ${url.pathname}`)
      try {
        const json = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
        return Response.json(answer(method, url, json))
      } catch (error) {
        if (!(error instanceof Answer)) throw error
        return Response.json({}, { status: error.status })
      }
    },
    adapters(from) {
      const example = from.get('example')
      const group = example?.resources['Group']
      if (!example || !group) throw new Error('there is no example adapter')
      const Group = specOf(shape, group)
      return new Map([
        [
          'example',
          {
            ...example,
            resources: { ...example.resources, Group },
            connect: (kit: Parameters<typeof example.connect>[0]) => {
              const ports = example.connect(kit) as Record<string, AnyPort>
              return { ...ports, Group: portOf(shape, ports['Group'] as AnyPort, kit.http) }
            },
          } as unknown as Adapter,
        ],
      ])
    },
  }
  return opened
}

// ---- the adapter --------------------------------------------------------------------------------

function specOf(shape: MemberShape, group: ResourceSpec): ResourceSpec {
  const capabilities = { ...group.capabilities }
  switch (shape) {
    case 'single-calls':
    case 'edge-ids':
      return group
    case 'batches':
      return withMembers(group, 'add-remove', { batch: BATCH })
    case 'nested':
      return withMembers(group, 'add-remove', { batch: BATCH, nested: true })
    case 'group-list':
    case 'group-list-with-revision':
      return withMembers(group, 'replace-on-group', {})
    case 'user-list':
      return withMembers(group, 'replace-on-user', {})
    case 'one-role':
      return withMembers(group, 'replace-on-user', { single: true })
    case 'catalogue': {
      const attributes = Object.fromEntries(
        Object.entries(group.attributes).map(([name, spec]) => [
          name,
          { ...spec, write: 'never' as const },
        ]),
      )
      const fixed = { create: 'none', update: 'none', remove: 'none' } as const
      return { ...group, attributes, capabilities: { ...capabilities, ...fixed } }
    }
  }
}

function withMembers(
  group: ResourceSpec,
  membership: ResourceSpec['capabilities']['membership'],
  members: MemberCapabilities,
): ResourceSpec {
  return { ...group, capabilities: { ...group.capabilities, membership, members } }
}

const EXPECTED = [404, 409, 410, 422]

function portOf(shape: MemberShape, port: AnyPort, http: HttpClient): AnyPort {
  const { addMembers, removeMembers, create, update, remove, ...rest } = port
  if (shape === 'single-calls') return port
  if (shape === 'catalogue') return { ...rest, addMembers, removeMembers } as AnyPort
  const members: AnyPort['members'] = async (group, { cursor }) => {
    const path = `/shape/teams/${group}/people`
    const query = cursor === undefined ? {} : { from: cursor }
    const response = await http.call({ method: 'GET', path, query })
    const { people, next, revision } = response.parse(pageSchema)
    return { items: people, ...(next !== undefined && { next }), ...(revision && { revision }) }
  }
  const write = async (
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    json?: unknown,
  ): Promise<WriteOutcome | { kind: 'stale' }> => {
    const { status } = await http.call({ method, path, json, expect: EXPECTED })
    if (status === 404) return { kind: 'gone' }
    if (status === 410) return { kind: 'gone', what: 'member' }
    if (status === 409) return { kind: 'stale' }
    if (status === 422) throw new AdapterFailure('blocked', 'refused', { effect: 'none' })
    return { kind: 'ok' }
  }
  const told = async (outcome: Promise<WriteOutcome | { kind: 'stale' }>) => {
    const { kind, ...more } = await outcome
    return kind === 'stale' ? { kind: 'unchanged' as const } : { kind, ...more }
  }
  const whole = { ...rest, create, update, remove, members }
  switch (shape) {
    case 'batches':
    case 'nested':
      return {
        ...whole,
        addMembers: (group, add) =>
          told(write('POST', `/shape/teams/${group}/people`, { add, remove: [] })),
        removeMembers: (group, gone) =>
          told(write('POST', `/shape/teams/${group}/people`, { add: [], remove: gone })),
      } as AnyPort
    case 'edge-ids':
      return {
        ...whole,
        addMembers: (team, [member]) =>
          told(write('POST', '/shape/memberships', { team, account: member?.id })),
        async removeMembers(team, [member]) {
          // The membership has an id of its own, and the app is asked for it.
          const query = { team, account: member?.id }
          const response = await http.call({ method: 'GET', path: '/shape/memberships', query })
          const [edge] = response.parse(idsSchema)
          return edge
            ? told(write('DELETE', `/shape/memberships/${edge.id}`))
            : { kind: 'unchanged' }
        },
      } as AnyPort
    case 'group-list':
    case 'group-list-with-revision':
      return {
        ...whole,
        replaceMembers: (group, people, revision) =>
          write('PUT', `/shape/teams/${group}/people`, { people, revision }),
      } as AnyPort
    case 'user-list':
    case 'one-role':
      return {
        ...whole,
        async groupsOf({ type, id }) {
          const path = `/shape/people/${type}/${id}/teams`
          const response = await http.call({ method: 'GET', path, expect: [410] })
          if (response.status === 410) return null
          const { teams, revision } = response.parse(teamsSchema)
          return { groups: teams, ...(revision !== undefined && { revision }) }
        },
        replaceGroups: ({ type, id }, teams, revision) =>
          write('PUT', `/shape/people/${type}/${id}/teams`, { teams, revision }),
      } as AnyPort
  }
}
