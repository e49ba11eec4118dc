/** A small app in memory, with an API of its own, that does everything an app can do. */

export interface Row {
  id: string
  created: string
  on: boolean
  [field: string]: unknown
}

/** What an app may do otherwise. */
export interface Habits {
  /** New ones come first in lists. */
  readonly newestFirst: boolean
  readonly reusesIds: boolean
  readonly leavesGroupsWhenOff: boolean
  /** Removed ones are still shown. */
  readonly removesSoftly: boolean
  readonly create: 'sync' | 'invite' | 'async'
  /** A person is in one group at most. */
  readonly oneGroup: boolean
  readonly keepsKeys: boolean
  readonly invitationsExpire: boolean
  /** The time of creation is the time of the last change. */
  readonly movesCreated: boolean
}

export const GOOD_HABITS: Habits = {
  newestFirst: false,
  reusesIds: false,
  leavesGroupsWhenOff: false,
  removesSoftly: false,
  create: 'sync',
  oneGroup: false,
  keepsKeys: false,
  invitationsExpire: true,
  movesCreated: false,
}

interface Ticket {
  state: 'open' | 'done' | 'withdrawn' | 'expired'
  readonly person: Row
  polls: number
}

export interface GoodApp {
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  readonly accept: (ticket: string) => Promise<void>
  readonly expire: (ticket: string) => Promise<void>
}

export const KEY = 'right-key'
const BASE = '/base'
const UNIQUE = { people: ['login'], groups: ['title'] } as const
const REQUIRED = { people: ['login', 'last'], groups: ['title'] } as const

const reply = (status: number, body?: unknown) =>
  new Response(body === undefined ? null : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json' },
  })

export function openGoodApp(given: Partial<Habits> = {}): GoodApp {
  const habits = { ...GOOD_HABITS, ...given }
  const stores = { people: new Map<string, Row>(), groups: new Map<string, Row>() }
  const members = new Map<string, { type: string; id: string }[]>()
  const tickets = new Map<string, Ticket>()
  const keys = new Map<string, Row>()
  let numbers = 100
  let clock = Date.parse('2026-01-01T00:00:00Z')
  const freed: string[] = []
  const nextId = () => (habits.reusesIds && freed.pop()) || String(numbers++)

  function put(kind: keyof typeof stores, fields: Record<string, unknown>): Row {
    clock += 1_000
    const { on = true, ...rest } = fields
    const row = { ...rest, id: nextId(), created: new Date(clock).toISOString(), on: on === true }
    stores[kind].set(row.id, row)
    return row
  }
  for (const n of [1, 2, 3, 4, 5, 6, 7]) {
    put('people', {
      login: `seed${n}`,
      last: `Seed${n}`,
      mail: `seed${n}@app.example`,
      on: n !== 3,
    })
    put('groups', { title: `team${n}` })
  }

  const taken = (kind: keyof typeof stores, fields: Record<string, unknown>, but?: string) =>
    [...stores[kind].values()].find((row) =>
      UNIQUE[kind].some((name) => {
        const value = fields[name]
        return (
          value !== undefined &&
          row.id !== but &&
          String(row[name]).toLowerCase() === String(value).toLowerCase()
        )
      }),
    )
  const drop = (id: string) => {
    for (const [group, list] of members) {
      members.set(
        group,
        list.filter((member) => member.id !== id),
      )
    }
  }
  const gone = (what = 'object') => reply(404, { error: `no such ${what}` })

  function collection(
    kind: keyof typeof stores,
    method: string,
    query: URLSearchParams,
    body: Body,
  ) {
    if (method === 'GET') {
      let rows = [...stores[kind].values()]
      for (const [name, value] of query) {
        if (name === 'offset' || name === 'limit') continue
        rows = rows.filter((row) => String(row[name] ?? '').toLowerCase() === value.toLowerCase())
      }
      if (habits.newestFirst) rows.reverse()
      const offset = Number(query.get('offset') ?? 0)
      const limit = Number(query.get('limit') ?? 10)
      return reply(200, { rows: rows.slice(offset, offset + limit), total: rows.length })
    }
    const { key, ...fields } = body
    const before = habits.keepsKeys ? keys.get(String(key)) : undefined
    if (before) return reply(201, before)
    const lacking = REQUIRED[kind].find((name) => !fields[name])
    if (lacking !== undefined) return reply(422, { error: 'invalid', field: lacking })
    const other = taken(kind, fields)
    if (other) return reply(409, { error: 'taken', id: other.id })
    if (kind === 'groups' || habits.create === 'sync') {
      const row = put(kind, fields)
      if (key !== undefined) keys.set(String(key), row)
      return reply(201, row)
    }
    const ticket = `t${numbers++}`
    const person = {
      ...fields,
      id: `p${ticket}`,
      created: '',
      on: false,
      ticket,
      wanted: fields['on'],
    }
    tickets.set(ticket, { state: 'open', person, polls: 0 })
    if (habits.create === 'invite') stores.people.set(person.id, person)
    return reply(202, { ticket, person })
  }

  function finish(open: Ticket) {
    stores.people.delete(open.person.id)
    const { id: _, ticket: __, created: ___, wanted: on, ...fields } = open.person
    open.state = 'done'
    open.person.id = put('people', { ...fields, on }).id
  }

  function one(kind: keyof typeof stores, method: string, id: string, verb: string, body: Body) {
    const row = stores[kind].get(id)
    if (!row) return gone()
    if (verb === 'on' || verb === 'off') {
      const changed = row.on !== (verb === 'on')
      row.on = verb === 'on'
      if (!row.on && habits.leavesGroupsWhenOff) drop(id)
      return reply(200, { changed, row })
    }
    if (method === 'GET') return reply(200, row)
    if (method === 'DELETE') {
      if (habits.removesSoftly) row.on = false
      else {
        stores[kind].delete(id)
        freed.push(id)
        drop(id)
      }
      return reply(204)
    }
    const other = taken(kind, body, id)
    if (other) return reply(409, { error: 'taken', id: other.id })
    Object.assign(row, body)
    clock += 1_000
    if (habits.movesCreated) row.created = new Date(clock).toISOString()
    return reply(200, row)
  }

  const listOf = (group: string) => members.get(group) ?? []
  const revisionOf = (list: unknown) => JSON.stringify(list)
  const exists = ({ type, id }: { type: string; id: string }) =>
    stores[type === 'Group' ? 'groups' : 'people'].has(id)

  function memberList(method: string, group: string, query: URLSearchParams, body: Body) {
    if (!stores.groups.has(group)) return gone()
    const list = listOf(group)
    if (method === 'GET') {
      const offset = Number(query.get('offset') ?? 0)
      const limit = Number(query.get('limit') ?? 10)
      const rows = list.slice(offset, offset + limit)
      return reply(200, { rows, total: list.length, revision: revisionOf(list) })
    }
    const told = (body['members'] ?? []) as { type: string; id: string }[]
    if (told.some((member) => !exists(member)))
      return method === 'DELETE' ? reply(204) : gone('member')
    if (method === 'PUT') {
      if (body['revision'] !== undefined && body['revision'] !== revisionOf(list)) {
        return reply(409, { error: 'stale' })
      }
      members.set(group, told)
      return reply(204)
    }
    const rest = list.filter((member) => !told.some(({ id }) => id === member.id))
    if (method === 'POST' && habits.oneGroup) for (const { id } of told) drop(id)
    const others = habits.oneGroup ? listOf(group) : rest
    members.set(group, method === 'POST' ? [...others, ...told] : rest)
    return reply(204)
  }

  function groupList(method: string, id: string, body: Body) {
    if (!stores.people.has(id)) return gone('member')
    const groups = [...members].flatMap(([group, list]) =>
      list.some((member) => member.id === id) ? [group] : [],
    )
    if (method === 'GET') return reply(200, { groups, revision: revisionOf(groups) })
    if (body['revision'] !== undefined && body['revision'] !== revisionOf(groups)) {
      return reply(409, { error: 'stale' })
    }
    const told = body['groups'] as string[]
    if (told.some((group) => !stores.groups.has(group))) return gone()
    drop(id)
    for (const group of told) members.set(group, [...listOf(group), { type: 'User', id }])
    return reply(204)
  }

  function ticketOf(method: string, id: string) {
    const ticket = tickets.get(id)
    if (!ticket) return gone()
    if (method === 'DELETE') {
      if (ticket.state === 'done') return gone()
      const before = ticket.state
      ticket.state = 'withdrawn'
      stores.people.delete(ticket.person.id)
      return reply(200, { before })
    }
    if (habits.create === 'async' && ticket.state === 'open' && ++ticket.polls > 1) finish(ticket)
    return reply(200, { state: ticket.state, person: ticket.person.id })
  }

  return {
    async fetch(input, init) {
      const url = new URL(input)
      const method = init.method ?? 'GET'
      const headers = new Headers(init.headers)
      if (!url.pathname.startsWith(`${BASE}/api/`)) return reply(404, { error: 'no such route' })
      if (headers.get('x-key') !== KEY) return reply(401, { error: 'wrong key' })
      const [kind = '', id, verb = ''] = url.pathname
        .slice(`${BASE}/api/`.length)
        .split('/')
        .map(decodeURIComponent)
      const body = (init.body ? JSON.parse(String(init.body)) : {}) as Body
      if (kind === 'tickets') return ticketOf(method, id ?? '')
      if (kind !== 'people' && kind !== 'groups') return reply(404, { error: 'no such route' })
      if (id === undefined) return collection(kind, method, url.searchParams, body)
      if (verb === 'members') return memberList(method, id, url.searchParams, body)
      if (verb === 'groups') return groupList(method, id, body)
      return one(kind, method, id, verb, body)
    },
    async accept(id) {
      const ticket = tickets.get(id)
      if (ticket) finish(ticket)
    },
    async expire(id) {
      const ticket = tickets.get(id)
      if (!ticket || !habits.invitationsExpire) return
      ticket.state = 'expired'
      stores.people.delete(ticket.person.id)
    },
  }
}

type Body = Record<string, unknown>
