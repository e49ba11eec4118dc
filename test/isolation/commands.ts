/** What clients and administrators of one connection do, the same for every connection. */
import fc from 'fast-check'
import type { Isolate } from '../support/isolate.ts'
import { GROUP_SCHEMA, match, patch, USER_SCHEMA } from '../support/world.ts'
import { groupName, type Neighbour, type Reply, userName } from './neighbour.ts'

const PEOPLE = 4
const GROUPS = 2

const n = fc.nat(PEOPLE - 1)
const g = fc.nat(GROUPS - 1)

const COMMANDS = {
  match: fc.record({ do: fc.constant('match' as const), n }),
  create: fc.record({ do: fc.constant('create' as const), n }),
  read: fc.record({ do: fc.constant('read' as const), n }),
  patch: fc.record({ do: fc.constant('patch' as const), n, value: fc.nat(3) }),
  put: fc.record({ do: fc.constant('put' as const), n, value: fc.nat(3) }),
  switch: fc.record({ do: fc.constant('switch' as const), n, active: fc.boolean() }),
  remove: fc.record({ do: fc.constant('remove' as const), n }),
  list: fc.record({ do: fc.constant('list' as const), count: fc.integer({ min: 1, max: 3 }) }),
  search: fc.record({ do: fc.constant('search' as const), value: fc.nat(3) }),
  bulk: fc.record({ do: fc.constant('bulk' as const), n }),
  group: fc.record({ do: fc.constant('group' as const), g }),
  join: fc.record({ do: fc.constant('join' as const), g, n }),
  leave: fc.record({ do: fc.constant('leave' as const), g, n }),
  members: fc.record({ do: fc.constant('members' as const), g }),
  import: fc.record({ do: fc.constant('import' as const), n }),
  scan: fc.record({ do: fc.constant('scan' as const) }),
  look: fc.record({ do: fc.constant('look' as const) }),
  policy: fc.record({ do: fc.constant('policy' as const), value: fc.integer({ min: 1, max: 3 }) }),
  rotate: fc.record({ do: fc.constant('rotate' as const) }),
  token: fc.record({ do: fc.constant('token' as const) }),
  revoke: fc.record({ do: fc.constant('revoke' as const), n }),
  trouble: fc.record({ do: fc.constant('trouble' as const), n }),
  anew: fc.record({ do: fc.constant('anew' as const) }),
} as const

type Values<T> = T extends Readonly<Record<string, fc.Arbitrary<infer V>>> ? V : never
export type Command = Values<typeof COMMANDS>

const OFTEN = ['match', 'create', 'patch', 'group', 'join'] as const
export const command: fc.Arbitrary<Command> = fc.oneof(
  ...OFTEN.map((name) => ({ arbitrary: COMMANDS[name] as fc.Arbitrary<Command>, weight: 4 })),
  ...Object.values(COMMANDS).map((arbitrary) => arbitrary as fc.Arbitrary<Command>),
)

/** Each at least once, and each in a state in which it does something. */
export const EVERYTHING: readonly Command[] = [
  { do: 'create', n: 0 },
  { do: 'create', n: 2 },
  { do: 'match', n: 1 },
  { do: 'match', n: 3 },
  { do: 'read', n: 2 },
  { do: 'patch', n: 2, value: 1 },
  { do: 'put', n: 2, value: 2 },
  { do: 'group', g: 0 },
  { do: 'group', g: 1 },
  { do: 'join', g: 0, n: 2 },
  { do: 'join', g: 0, n: 0 },
  { do: 'leave', g: 0, n: 0 },
  { do: 'members', g: 0 },
  { do: 'list', count: 2 },
  { do: 'search', value: 1 },
  { do: 'bulk', n: 2 },
  { do: 'switch', n: 2, active: false },
  { do: 'switch', n: 2, active: true },
  { do: 'import', n: 1 },
  { do: 'scan' },
  { do: 'trouble', n: 0 },
  { do: 'look' },
  { do: 'policy', value: 2 },
  { do: 'rotate' },
  { do: 'token' },
  { do: 'revoke', n: 1 },
  { do: 'remove', n: 2 },
]

/** Sends what the command says, and notes every answer. */
export async function perform(one: Neighbour, isolate: Isolate, said: Command): Promise<void> {
  const { life } = one
  const mark = `val-${life.owner.hex}`
  const note = (reply: Reply): Reply => {
    one.trace.push(one.canon.text({ said, status: reply.status, body: reply.body }))
    return reply
  }
  const scim = async (method: string, path: string, body?: unknown) =>
    note(await one.scim(isolate, method, path, body))
  const admin = async (method: string, path: string, body?: unknown) =>
    note(await one.admin(isolate, method, path, body))
  const idOf = (name: string) => life.ids.get(name) ?? 'nobody'
  const person = (no: number, value: number) => ({
    schemas: [USER_SCHEMA],
    userName: userName(no),
    externalId: `external-${no}`,
    name: { givenName: 'Ada', familyName: `Quill ${mark}` },
    title: `Title ${value} of ${mark}`,
    active: true,
  })
  const keep = (name: string, id: unknown) => {
    if (typeof id === 'string') life.ids.set(name, id)
  }
  switch (said.do) {
    case 'match': {
      const { body } = await scim('GET', match('userName', userName(said.n)))
      if (body.totalResults === 1) keep(userName(said.n), body.Resources[0].id)
      return
    }
    case 'create': {
      const { body } = await scim('POST', '/Users', person(said.n, 0))
      keep(userName(said.n), body.id)
      return
    }
    case 'read':
      return void (await scim('GET', `/Users/${idOf(userName(said.n))}`))
    case 'patch': {
      const value = `Title ${said.value} of ${mark}`
      const change = patch({ op: 'replace', path: 'title', value })
      return void (await scim('PATCH', `/Users/${idOf(userName(said.n))}`, change))
    }
    case 'put': {
      const path = `/Users/${idOf(userName(said.n))}`
      return void (await scim('PUT', path, person(said.n, said.value)))
    }
    case 'switch': {
      const change = patch({ op: 'replace', path: 'active', value: said.active })
      return void (await scim('PATCH', `/Users/${idOf(userName(said.n))}`, change))
    }
    case 'remove': {
      await scim('DELETE', `/Users/${idOf(userName(said.n))}`)
      life.ids.delete(userName(said.n))
      return
    }
    case 'list': {
      const { body } = await scim('GET', `/Users?cursor=&count=${said.count}`)
      if (body.nextCursor === undefined) return
      return void (await scim('GET', `/Users?cursor=${body.nextCursor}&count=${said.count}`))
    }
    case 'search': {
      const filter = `title co "Title ${said.value}"`
      return void (await scim('POST', '/.search', { filter, schemas: [SEARCH] }))
    }
    case 'bulk': {
      const path = `/Users/${idOf(userName(said.n))}`
      const data = patch({ op: 'replace', path: 'title', value: `Bulk of ${mark}` })
      const Operations = [{ method: 'PATCH', path, data }]
      return void (await scim('POST', '/Bulk', { schemas: [BULK], Operations }))
    }
    case 'group': {
      const displayName = groupName(said.g)
      const group = { schemas: [GROUP_SCHEMA], displayName, externalId: `group-${said.g}` }
      const { body } = await scim('POST', '/Groups', group)
      keep(displayName, body.id)
      return
    }
    case 'join':
    case 'leave': {
      const op = said.do === 'join' ? 'add' : 'remove'
      const value = [{ value: idOf(userName(said.n)) }]
      const change = patch({ op, path: 'members', value })
      return void (await scim('PATCH', `/Groups/${idOf(groupName(said.g))}`, change))
    }
    case 'members':
      return void (await scim('GET', `/Groups/${idOf(groupName(said.g))}`))
    case 'import': {
      // The same id in every connection, for the same native id.
      const [account] = life.app?.desk.store.accountsBy('login', userName(said.n)) ?? []
      const item = { id: `shared-${said.n}`, nativeId: String(account?.account_no ?? 'none') }
      const { body } = await admin('POST', '/links', { items: [item] })
      if (body.items?.[0]?.status === 'imported') keep(userName(said.n), item.id)
      return
    }
    case 'scan': {
      const { body } = await admin('POST', '/reconcile', {})
      await admin('POST', `/reconcile/${body.id}/advance`)
      return void (await admin('GET', `/reconcile/${body.id}`))
    }
    case 'look':
      for (const path of ['', '/findings', '/links', '/export', '/leavers', '/clients']) {
        await admin('GET', path)
      }
      return
    case 'policy':
      return void (await admin('PATCH', '', { policy: { maxPage: said.value } }))
    case 'rotate': {
      if (!life.app) return
      const [, hex, number] = life.app.key.split('-')
      const key = `key-${hex}-${Number(number) + 1}`
      life.app.key = key
      life.app.sessions.clear()
      return void (await admin('PATCH', '', { secrets: { apiKey: key } }))
    }
    case 'token': {
      const { body } = await admin('POST', '/tokens', { label: `of ${mark}` })
      life.tokens.push({ id: body.id, token: body.token })
      return
    }
    case 'revoke': {
      const [oldest, next] = life.tokens
      if (!oldest || !next) return
      life.tokens.shift()
      await admin('DELETE', `/tokens/${oldest.id}`)
      const write = person(said.n, 9)
      const as = { life, token: oldest.token }
      return void note(await one.scim(isolate, 'POST', '/Users', write, as))
    }
    case 'trouble':
      // The last of them is long enough for calls to be given up for a while.
      life.app?.desk.failNext({ ...DOWN, times: 3 ** said.n })
      for (let tries = 0; tries < 4; tries++) {
        await scim('GET', match('userName', userName(said.n)))
      }
      life.app?.desk.faults.reset()
      return
    case 'anew': {
      await admin('DELETE', '')
      note(await one.begin(isolate))
      // Who had the token of the former life gets nothing of this one.
      return void note(
        await one.scim(isolate, 'POST', '/Users', person(0, 9), { life, token: tokenOf(life) }),
      )
    }
  }
}

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest'
const DOWN = { match: '*', when: 'before', how: 'status', status: 503 } as const
const tokenOf = ({ tokens }: Neighbour['life']) => tokens.at(-1)?.token ?? ''
