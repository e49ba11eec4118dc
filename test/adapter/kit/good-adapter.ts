/** An adapter for the good app that breaks no promise: what broken ones are made of. */
import * as z from 'zod'
import type {
  Adapter,
  AnyPort,
  Capabilities,
  Member,
  NativeObject,
  ResourceSpec,
  WriteOutcome,
} from '../../../src/adapter/contract.ts'
import { AdapterFailure } from '../../../src/adapter/failure.ts'
import type { HttpClient, HttpRequest, HttpResponse } from '../../../src/adapter/http.ts'

export interface Shape {
  readonly membership: 'add-remove' | 'replace-on-group' | 'replace-on-user'
  readonly single: boolean
  readonly nested: boolean
  readonly create: 'sync' | 'invite' | 'async'
  readonly remove: 'hard' | 'soft'
  readonly idempotencyKey: boolean
  readonly anchor: boolean
}

export const GOOD_SHAPE: Shape = {
  membership: 'add-remove',
  single: false,
  nested: false,
  create: 'sync',
  remove: 'hard',
  idempotencyKey: false,
  anchor: false,
}

const MAX_PAGE = 10
const FACTS = ['id', 'created', 'on', 'wanted', 'ticket', 'key']

const lookup = (attribute: string) => ({
  attribute,
  exact: true,
  caseExact: false,
  includesInactive: true,
  lagMs: 0,
})

function common(shape: Shape): Omit<Capabilities, 'lookups' | 'active' | 'membership'> {
  return {
    list: { maxPage: MAX_PAGE, order: 'stable', skip: true },
    create: 'sync',
    update: 'delta',
    remove: shape.remove,
    idsReused: false,
    idempotencyKey: shape.idempotencyKey,
  }
}

function specs(shape: Shape): Record<'User' | 'Group', ResourceSpec> {
  const naming = {
    type: 'string',
    write: 'always',
    required: true,
    unique: true,
    clearable: false,
  } as const
  return {
    User: {
      naming: 'login',
      attributes: {
        login: naming,
        last: { type: 'string', write: 'always', required: true, clearable: false },
        mail: { type: 'string', write: 'always' },
        title: { type: 'string', write: 'always' },
        phone: { type: 'string', write: 'always' },
        ...(shape.anchor && {
          ours: { type: 'string', write: 'create', caseExact: true } as const,
        }),
      },
      mapping: {
        userName: 'login',
        'name.familyName': 'last',
        'emails[type eq "work"].value': 'mail',
        title: 'title',
        'phoneNumbers[type eq "work"].value': 'phone',
      },
      capabilities: {
        ...common(shape),
        lookups: [lookup('login'), lookup('mail'), ...(shape.anchor ? [lookup('ours')] : [])],
        active: 'native',
        membership: 'none',
        create: shape.create,
        ...(shape.create === 'invite' && { pending: 'shown' }),
        ...(shape.anchor && { anchor: 'ours' }),
      },
    },
    Group: {
      naming: 'title',
      attributes: { title: naming, note: { type: 'string', write: 'always' } },
      mapping: { displayName: 'title' },
      capabilities: {
        ...common(shape),
        lookups: [lookup('title')],
        active: 'none',
        membership: shape.membership,
        members: { single: shape.single, nested: shape.nested, batch: 3 },
      },
    },
  }
}

const row = z.looseObject({
  id: z.string(),
  created: z.string(),
  on: z.boolean(),
  ticket: z.string().optional(),
})
const page = z.object({ rows: z.array(row), total: z.int() })

function toObject(type: string, found: z.output<typeof row>): NativeObject {
  const attributes = Object.fromEntries(
    Object.entries(found).filter(([name, value]) => !FACTS.includes(name) && value !== null),
  ) as NativeObject['attributes']
  return {
    id: found.id,
    attributes,
    fingerprint: found.created,
    ...(type === 'User' && { active: found.on }),
    ...(found.ticket !== undefined && { ticket: found.ticket }),
  }
}

const errorSchema = z.object({
  error: z.string(),
  id: z.string().optional(),
  field: z.string().optional(),
})

function port(type: string, shape: Shape, http: HttpClient): AnyPort {
  const base = type === 'User' ? '/api/people' : '/api/groups'
  const at = (id: string, verb = '') => `${base}/${encodeURIComponent(id)}${verb}`
  const call = (method: HttpRequest['method'], path: string, json?: unknown, query = {}) =>
    http.call({ method, path, query, expect: [404, 409, 422], ...(json !== undefined && { json }) })

  /** What a refusal is; undefined: it is none. */
  function refusal(response: HttpResponse): { kind: 'gone'; what?: 'member' } | undefined {
    if (response.status < 400) return undefined
    const said = errorSchema.safeParse(response.json)
    if (!said.success) throw response.misunderstood()
    const { error, field } = said.data
    if (error === 'no such object') return { kind: 'gone' }
    if (error === 'no such member') return { kind: 'gone', what: 'member' }
    if (error === 'invalid') {
      throw new AdapterFailure('invalid', 'the app refuses a value', {
        effect: 'none',
        attributes: field === undefined ? [] : [field],
      })
    }
    if (error === 'taken') throw new AdapterFailure('conflict', 'it is taken', { effect: 'none' })
    throw response.misunderstood()
  }

  async function list(path: string, offset: number, limit: number, query = {}) {
    const response = await call('GET', path, undefined, { ...query, offset, limit })
    if (refusal(response)) throw response.misunderstood()
    return response
  }

  const write = async (response: HttpResponse): Promise<WriteOutcome> =>
    refusal(response) ?? { kind: 'ok' }
  const written = async (response: HttpResponse): Promise<WriteOutcome> =>
    refusal(response) ?? { kind: 'ok', object: toObject(type, response.parse(row)) }

  const replaced = (response: HttpResponse) => {
    const stale = z.object({ error: z.literal('stale') }).safeParse(response.json)
    return stale.success
      ? ({ kind: 'stale' } as const)
      : (refusal(response) ?? ({ kind: 'ok' } as const))
  }
  const changeMembers = async (
    method: 'POST' | 'DELETE',
    group: string,
    members: readonly Member[],
  ) => write(await call(method, at(group, '/members'), { members }))

  return {
    async get(id) {
      const response = await call('GET', at(id))
      return refusal(response) ? null : toObject(type, response.parse(row))
    },
    async find(attribute, value) {
      const found: NativeObject[] = []
      for (;;) {
        const response = await list(base, found.length, MAX_PAGE, { [attribute]: value })
        const { rows, total } = response.parse(page)
        found.push(...rows.map((one) => toObject(type, one)))
        if (rows.length === 0 || found.length >= total) return found
      }
    },
    async list({ pageSize, cursor, skip = 0 }) {
      const start = cursor === undefined ? skip : Number(cursor)
      const response = await list(base, start, Math.min(pageSize, MAX_PAGE))
      const { rows, total } = response.parse(page)
      const end = start + rows.length
      const next = rows.length > 0 && end < total ? { next: String(end) } : {}
      return { items: rows.map((one) => toObject(type, one)), total, ...next }
    },
    async create({ attributes, active, idempotencyKey }) {
      const on = type === 'Group' ? {} : { on: active !== false }
      const response = await call('POST', base, { ...attributes, ...on, key: idempotencyKey })
      if (response.status === 409) {
        const { id } = response.parse(errorSchema)
        return { kind: 'exists', ...(id !== undefined && { id }) }
      }
      if (refusal(response)) throw response.misunderstood()
      if (response.status === 202) {
        const { ticket } = response.parse(z.object({ ticket: z.string() }))
        return { kind: shape.create === 'invite' ? 'invited' : 'accepted', ticket }
      }
      return { kind: 'created', object: toObject(type, response.parse(row)) }
    },
    async update(id, { set, unset }) {
      const cleared = Object.fromEntries(unset.map((name) => [name, null]))
      return written(await call('PATCH', at(id), { ...set, ...cleared }))
    },
    async setActive(id, active) {
      const response = await call('POST', at(id, active ? '/on' : '/off'))
      const refused = refusal(response)
      if (refused) return refused
      return {
        kind: response.parse(z.object({ changed: z.boolean() })).changed ? 'ok' : 'unchanged',
      }
    },
    remove: async (id) => write(await call('DELETE', at(id))),
    async poll({ ticket }) {
      const response = await call('GET', `/api/tickets/${encodeURIComponent(ticket)}`)
      if (refusal(response)) return { kind: 'failed' }
      const { state, person } = response.parse(z.object({ state: z.string(), person: z.string() }))
      if (state === 'open') return { kind: 'running' }
      if (state !== 'done') return { kind: 'expired' }
      const object = await this.get(person)
      return object ? { kind: 'done', object } : { kind: 'failed' }
    },
    async cancel(ticket) {
      const response = await call('DELETE', `/api/tickets/${encodeURIComponent(ticket)}`)
      const refused = refusal(response)
      if (refused) return refused
      const { before } = response.parse(z.object({ before: z.string() }))
      return { kind: before === 'open' ? 'ok' : 'unchanged' }
    },
    async members(group, { pageSize, cursor }) {
      const start = Number(cursor ?? 0)
      const response = await list(at(group, '/members'), start, Math.min(pageSize, MAX_PAGE))
      const { rows, total, revision } = response.parse(
        z.object({
          rows: z.array(z.object({ type: z.string(), id: z.string() })),
          total: z.int(),
          revision: z.string(),
        }),
      )
      const end = start + rows.length
      return { items: rows, revision, ...(rows.length > 0 && end < total && { next: String(end) }) }
    },
    ...(shape.membership === 'add-remove' && {
      addMembers: (group: string, members: readonly Member[]) =>
        changeMembers('POST', group, members),
      removeMembers: (group: string, members: readonly Member[]) =>
        changeMembers('DELETE', group, members),
    }),
    ...(shape.membership === 'replace-on-group' && {
      replaceMembers: async (
        group: string,
        members: readonly Member[],
        revision: string | undefined,
      ) => replaced(await call('PUT', at(group, '/members'), { members, revision })),
    }),
    ...(shape.membership === 'replace-on-user' && {
      async groupsOf(member: Member) {
        const path = `/api/people/${encodeURIComponent(member.id)}/groups`
        const response = await call('GET', path)
        if (refusal(response)) return null
        return response.parse(z.object({ groups: z.array(z.string()), revision: z.string() }))
      },
      replaceGroups: async (
        member: Member,
        groups: readonly string[],
        revision: string | undefined,
      ) => {
        const path = `/api/people/${encodeURIComponent(member.id)}/groups`
        return replaced(await call('PUT', path, { groups, revision }))
      },
    }),
  }
}

export function goodAdapter(given: Partial<Shape> = {}): Adapter {
  const shape = { ...GOOD_SHAPE, ...given }
  return {
    name: 'good',
    contract: 1,
    version: '1.0.0',
    settings: z.object({ url: z.url() }) as z.ZodType<unknown>,
    secrets: ['key'],
    baseUrl: (settings) => (settings as { url: string }).url,
    headers: ({ secret }) => ({ 'x-key': secret('key') }),
    resources: specs(shape),
    connect: ({ http }) => {
      const ports = { User: port('User', shape, http), Group: port('Group', shape, http) }
      // The shape decides which methods are there; the kit's static checks hold it to that.
      return ports as unknown as ReturnType<Adapter['connect']>
    },
  }
}
