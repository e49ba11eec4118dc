/** For each check of the kit an adapter, or its app, with the one fault that the check is there for. */
import * as z from 'zod'
import type {
  Adapter,
  AnyPort,
  Attributes,
  NativeObject,
  ResourceSpec,
} from '../../../src/adapter/contract.ts'
import { AdapterFailure, type Effect } from '../../../src/adapter/failure.ts'
import { URL_OF_APP, type Variant } from './examine.ts'

type Full = Required<AnyPort>
type Change = (good: Full) => Partial<AnyPort>

const USERS = ['User']
const GROUPS = ['Group']

const people = (port: Change): Variant => ({ types: USERS, port })
const groups = (port: Change, shape: Variant['shape'] = {}): Variant => ({
  types: GROUPS,
  shape,
  port,
})
const invited = (port: Change): Variant => ({ types: USERS, shape: { create: 'invite' }, port })

/** The declarations of `User`, otherwise. */
const declared = (change: (user: ResourceSpec) => Partial<ResourceSpec>): Variant => ({
  types: USERS,
  adapter: (good): Adapter => {
    const user = good.resources['User']
    if (!user) throw new Error('no User')
    return { ...good, resources: { ...good.resources, User: { ...user, ...change(user) } } }
  },
})

const without = (attributes: Attributes, ...names: string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)))
const stripped = (object: NativeObject, ...names: string[]): NativeObject => ({
  ...object,
  attributes: without(object.attributes, ...names),
})
const loginOf = ({ attributes }: { attributes: Attributes }) => String(attributes['login'])
const isScratch = (object: NativeObject) => loginOf(object).startsWith('pk')

/** What the adapter makes of a failure: another one, or an answer. */
async function instead<T>(
  work: Promise<T>,
  isMeant: (failure: AdapterFailure) => boolean,
  then: (failure: AdapterFailure) => T,
): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AdapterFailure && isMeant(error)) return then(error)
    throw error
  }
}
function fail(failure: AdapterFailure, effect: Effect): never {
  throw new AdapterFailure(failure.code, failure.message, { effect })
}
const says =
  (...parts: string[]) =>
  ({ message }: AdapterFailure) =>
    parts.every((part) => message.includes(part))
const isLost = ({ code, answered }: AdapterFailure) => code === 'unavailable' && !answered

/** A create that says it made who was there before, where `isMeant` says so. */
function makesAgain(isMeant: (told: string, held: string, atOnce: boolean) => boolean): Variant {
  let running = 0
  return people((good) => ({
    async create(request) {
      const atOnce = ++running > 1
      try {
        const outcome = await good.create(request)
        if (outcome.kind !== 'exists') return outcome
        const [object] = await good.find('login', loginOf(request))
        return object && isMeant(loginOf(request), loginOf(object), atOnce)
          ? { kind: 'created', object }
          : outcome
      } finally {
        running--
      }
    },
  }))
}

export const BROKEN: Readonly<Record<string, () => Variant>> = {
  'static.naming': () =>
    declared(({ attributes, mapping: { userName: _, ...mapping } }) => ({
      mapping,
      attributes: {
        ...attributes,
        login: { type: 'string', write: 'always', unique: true, clearable: false },
      },
    })),
  'static.mapping': () =>
    declared(({ mapping }) => ({ mapping: { ...mapping, nickName: 'nick' } })),
  'static.lookups': () =>
    declared(({ attributes, capabilities }) => ({
      attributes: { ...attributes, mail: { type: 'string', write: 'always', unique: true } },
      capabilities: {
        ...capabilities,
        lookups: capabilities.lookups.filter(({ attribute }) => attribute !== 'mail'),
      },
    })),
  'static.lookup-attributes': () =>
    declared(({ capabilities }) => {
      const [login] = capabilities.lookups
      if (!login) return {}
      const lookups = [...capabilities.lookups, { ...login, attribute: 'nick' }]
      return { capabilities: { ...capabilities, lookups } }
    }),
  'static.required': () =>
    declared(({ attributes }) => ({
      attributes: { ...attributes, ward: { type: 'string', write: 'never', required: true } },
    })),
  'static.methods': () => ({
    types: USERS,
    adapter: (good) => ({
      ...good,
      connect: (kit) => {
        const ports: Readonly<Record<string, AnyPort>> = good.connect(kit)
        const { update: _, ...User } = ports['User'] ?? ({} as AnyPort)
        return { ...ports, User } as unknown as ReturnType<Adapter['connect']>
      },
    }),
  }),
  'static.secrets-sealed': () => ({
    types: USERS,
    adapter: (good) => ({
      ...good,
      settings: z.object({ url: z.url(), apiToken: z.string().optional() }) as z.ZodType<unknown>,
    }),
  }),
  'static.secrets-declared': () => ({
    types: USERS,
    adapter: (good) => ({ ...good, secrets: [] }),
  }),

  'read.get-unknown': () =>
    people((good) => ({
      async get(id) {
        if (id !== '2147483000') return good.get(id)
        throw new AdapterFailure('invalid', 'no such number', { effect: 'none' })
      },
    })),
  'read.wrong-base': () =>
    people((good) => ({ get: (id) => instead(good.get(id), says('404'), () => null) })),
  'read.wrong-secret': () =>
    people((good) => ({
      find: (name, value) =>
        instead(
          good.find(name, value),
          ({ code }) => code === 'auth',
          () => [],
        ),
    })),
  'read.list-ends': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        return { ...found, next: found.next ?? String(page.pageSize) }
      },
    })),
  'read.list-unique': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        if (found.next === undefined || page.cursor !== undefined) return found
        return { ...found, next: String(Number(found.next) - 1) }
      },
    })),
  'read.page-size': () =>
    people((good) => ({ list: (page) => good.list({ ...page, pageSize: page.pageSize + 1 }) })),
  'read.list-complete': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        const isFirst = page.cursor === undefined && page.pageSize === 2
        return isFirst ? { ...found, items: found.items.slice(0, 1) } : found
      },
    })),
  'read.list-again': () =>
    people((good) => {
      const asked = new Set<string>()
      return {
        async list(page) {
          const found = await good.list(page)
          const key = JSON.stringify(page)
          const items = asked.has(key) && page.pageSize === 5 ? found.items.slice(1) : found.items
          asked.add(key)
          return { ...found, items }
        },
      }
    }),
  'read.total': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        return { ...found, total: (found.total ?? 0) + 1 }
      },
    })),
  'read.skip': () =>
    people((good) => ({
      list: ({ skip, ...page }) => good.list(skip ? { ...page, skip: skip - 1 } : page),
    })),
  'read.insert-between-pages': () => ({ types: USERS, habits: { newestFirst: true } }),
  'read.declared': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        const items = found.items.map((object) => ({
          ...object,
          attributes: { ...object.attributes, extra: 'of nobody' },
        }))
        return { ...found, items }
      },
    })),
  'read.list-as-get': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        return { ...found, items: found.items.map((object) => stripped(object, 'mail')) }
      },
    })),
  'read.find-as-get': () =>
    people((good) => ({
      find: async (name, value) =>
        (await good.find(name, value)).map((object) => stripped(object, 'phone')),
    })),
  'read.lookup-finds': () =>
    people((good) => ({
      find: async (name, value) => (name === 'mail' ? [] : good.find(name, value)),
    })),
  'read.lookup-case': () =>
    people((good) => ({
      find: async (name, value) =>
        (await good.find(name, value)).filter(({ attributes }) => attributes[name] === value),
    })),
  'read.lookup-nobody': () =>
    people((good) => ({
      async find(name, value) {
        const found = await good.find(name, value)
        return found.length > 0 ? found : (await good.list({ pageSize: 10 })).items
      },
    })),
  'read.lookup-special': () =>
    people((good) => ({ find: (name, value) => good.find(name, value.replaceAll('+', ' ')) })),
  'read.lookup-off': () =>
    people((good) => ({
      find: async (name, value) =>
        (await good.find(name, value)).filter(({ active }) => active !== false),
    })),
  'read.list-off': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        const items = found.items.filter((object) => !isScratch(object) || object.active !== false)
        return { ...found, items }
      },
    })),

  'write.create-minimal': () =>
    people((good) => ({
      async create(request) {
        const outcome = await good.create(request)
        if (outcome.kind !== 'created' || request.attributes['mail'] !== undefined) return outcome
        await good.remove(outcome.object.id)
        throw new AdapterFailure('invalid', 'a mail is needed after all', { effect: 'none' })
      },
    })),
  'write.create-maximal': () =>
    people((good) => ({
      create: (request) =>
        good.create({ ...request, attributes: without(request.attributes, 'phone') }),
    })),
  'write.create-answer': () =>
    people((good) => ({
      async create(request) {
        const outcome = await good.create(request)
        return outcome.kind === 'created'
          ? { kind: 'created', object: stripped(outcome.object, 'mail') }
          : outcome
      },
    })),
  'write.listed': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        return { ...found, items: found.items.filter((one) => !isScratch(one) || !one.active) }
      },
    })),
  'write.required': () =>
    people((good) => ({
      create: (request) =>
        good.create({ ...request, attributes: { last: '-', ...request.attributes } }),
    })),
  'write.duplicate': () => makesAgain((told, held, atOnce) => !atOnce && told === held),
  'write.duplicate-case': () => makesAgain((told, held) => told !== held),
  'write.duplicate-at-once': () => makesAgain((_, __, atOnce) => atOnce),
  'write.idempotency-key': () => ({
    types: USERS,
    shape: { idempotencyKey: true },
    port: (good) => ({
      create: (request) =>
        good.create({ ...request, idempotencyKey: JSON.stringify(request.attributes) }),
    }),
    habits: { keepsKeys: false },
  }),
  'write.anchor': () => ({
    types: USERS,
    shape: { anchor: true },
    port: (good) => ({
      find: async (name, value) => (name === 'ours' ? [] : good.find(name, value)),
    }),
  }),
  'write.set': () =>
    people((good) => ({
      async update(id, { set, unset }) {
        const held = (await good.get(id))?.attributes ?? {}
        const kept = Object.entries(set).filter(([name]) => held[name] !== undefined)
        if (kept.length === 0 && Object.keys(set).length > 0 && held['login']) return { kind: 'ok' }
        return good.update(id, { set: Object.fromEntries(kept), unset })
      },
    })),
  'write.change': () =>
    people((good) => ({
      async update(id, { set, unset }) {
        const held = (await good.get(id))?.attributes['title'] !== undefined
        return good.update(id, { set: held ? without(set, 'title') : set, unset })
      },
    })),
  'write.clear': () =>
    people((good) => ({ update: (id, { set }) => good.update(id, { set, unset: [] }) })),
  'write.keeps': () =>
    people((good) => ({
      update: (id, { set, unset }) =>
        good.update(id, {
          set,
          unset: set['last'] === undefined || set['phone'] !== undefined ? unset : ['phone'],
        }),
    })),
  'write.same': () =>
    people((good) => ({
      async update(id, delta) {
        const held = (await good.get(id))?.attributes
        const told = Object.entries(delta.set)
        if (held && told.length > 0 && told.every(([name, value]) => held[name] === value)) {
          throw new AdapterFailure('invalid', 'nothing would change', { effect: 'none' })
        }
        return good.update(id, delta)
      },
    })),
  'write.update-answer': () =>
    people((good) => ({
      async update(id, delta) {
        const before = await good.get(id)
        const outcome = await good.update(id, delta)
        return outcome.kind === 'ok' && before ? { kind: 'ok', object: before } : outcome
      },
    })),
  'write.fingerprint': () => ({ types: USERS, habits: { movesCreated: true } }),
  'write.text': () =>
    people((good) => ({
      update: (id, { set, unset }) => {
        const plain = Object.entries(set).map(([name, value]): [string, typeof value] => [
          name,
          typeof value === 'string' ? value.replaceAll(/[^ -~]/g, '?') : value,
        ])
        return good.update(id, { set: Object.fromEntries(plain), unset })
      },
    })),
  'write.rename': () =>
    people((good) => ({
      async update(id, { set, unset }) {
        const { login } = set
        const isTaken = login !== undefined && (await good.find('login', String(login))).length > 0
        return good.update(id, { set: isTaken ? set : without(set, 'login'), unset })
      },
    })),
  'write.update-taken': () =>
    people((good) => ({
      update: (id, delta) =>
        instead(
          good.update(id, delta),
          ({ code }) => code === 'conflict',
          () => ({ kind: 'ok' }),
        ),
    })),
  'write.update-gone': () =>
    people((good) => ({
      async update(id, delta) {
        const outcome = await good.update(id, delta)
        return outcome.kind === 'gone' ? { kind: 'unchanged' } : outcome
      },
    })),

  'lifecycle.off': () =>
    people((good) => ({
      async setActive(id, active) {
        if (active) return good.setActive(id, true)
        return { kind: (await good.get(id)) ? 'ok' : 'gone' }
      },
    })),
  'lifecycle.off-again': () =>
    people((good) => ({
      async setActive(id, active) {
        const outcome = await good.setActive(id, active)
        if (outcome.kind !== 'unchanged') return outcome
        throw new AdapterFailure('conflict', 'it is off', { effect: 'none' })
      },
    })),
  'lifecycle.on': () =>
    people((good) => ({
      setActive: async (id, active) => (active ? { kind: 'ok' } : good.setActive(id, false)),
    })),
  'lifecycle.created-off': () =>
    people((good) => ({ create: (request) => good.create({ ...request, active: true }) })),
  'lifecycle.off-keeps': () =>
    people((good) => ({
      async setActive(id, active) {
        const outcome = await good.setActive(id, active)
        if (!active) await good.update(id, { set: {}, unset: ['title'] })
        return outcome
      },
    })),
  'lifecycle.off-groups': () => ({ types: USERS, habits: { leavesGroupsWhenOff: true } }),
  'lifecycle.switch-gone': () =>
    people((good) => ({
      async setActive(id, active) {
        const outcome = await good.setActive(id, active)
        return outcome.kind === 'gone' ? { kind: 'unchanged' } : outcome
      },
    })),
  'lifecycle.remove': () => people(() => ({ remove: async () => ({ kind: 'ok' }) })),
  'lifecycle.remove-soft': () => ({
    types: USERS,
    shape: { remove: 'soft' },
    habits: { removesSoftly: false },
  }),
  'lifecycle.removed-again': () =>
    people((good) => ({
      async remove(id) {
        const outcome = await good.remove(id)
        if (outcome.kind !== 'gone') return outcome
        throw new AdapterFailure('invalid', 'there is nobody', { effect: 'none' })
      },
    })),
  'lifecycle.id-not-reused': () => ({ types: USERS, habits: { reusesIds: true } }),

  'pending.ticket': () =>
    invited((good) => ({
      async create(request) {
        const outcome = await good.create(request)
        return outcome.kind === 'invited' ? { ...outcome, ticket: '' } : outcome
      },
    })),
  'pending.poll': () =>
    invited((good) => ({
      async poll(request) {
        const outcome = await good.poll(request)
        return outcome.kind === 'running' ? { kind: 'failed' } : outcome
      },
    })),
  'pending.done': () =>
    invited((good) => ({
      async poll(request) {
        const outcome = await good.poll(request)
        if (outcome.kind !== 'done') return outcome
        const { object } = outcome
        const isMeant = /^pk\w+$/.test(loginOf(object)) && !object.attributes['mail']
        return isMeant ? { kind: 'done', object: { ...object, id: `p${request.ticket}` } } : outcome
      },
    })),
  'pending.shown': () =>
    invited((good) => ({
      async list(page) {
        const found = await good.list(page)
        return { ...found, items: found.items.map(({ ticket: _, ...object }) => object) }
      },
    })),
  'pending.poll-unknown': () =>
    invited((good) => ({
      async poll(request) {
        const outcome = await good.poll(request)
        return outcome.kind === 'failed' ? { kind: 'running' } : outcome
      },
    })),
  'pending.cancel': () =>
    invited(() => {
      const told = new Set<string>()
      return {
        async cancel(ticket) {
          const isNew = !told.has(ticket)
          told.add(ticket)
          return { kind: isNew ? 'ok' : 'unchanged' }
        },
      }
    }),
  'pending.cancel-again': () =>
    invited((good) => ({
      async cancel(ticket) {
        const outcome = await good.cancel(ticket)
        if (outcome.kind === 'ok') return outcome
        throw new AdapterFailure('invalid', 'there is no such invitation', { effect: 'none' })
      },
    })),
  'pending.expired': () => ({
    types: USERS,
    shape: { create: 'invite' },
    habits: { invitationsExpire: false },
  }),

  'membership.add': () =>
    groups((good) => ({
      async addMembers(group, members) {
        const isEmpty = (await good.members(group, { pageSize: 1 }).catch(() => undefined))?.items
        const outcome = await good.addMembers(group, members)
        if (outcome.kind === 'ok' && members.length === 1 && isEmpty?.length === 0) {
          await good.removeMembers(group, members)
        }
        return outcome
      },
    })),
  'membership.add-again': () =>
    groups((good) => ({
      async addMembers(group, members) {
        const held = await good.members(group, { pageSize: 10 }).catch(() => undefined)
        if (held?.items.some(({ id }) => members.some((member) => member.id === id))) {
          throw new AdapterFailure('conflict', 'it is there', { effect: 'none' })
        }
        return good.addMembers(group, members)
      },
    })),
  'membership.remove': () =>
    groups((good) => ({
      async removeMembers(group, members) {
        const { items } = await good.members(group, { pageSize: 10 })
        if (members.length === 1 && items.length > 1) return { kind: 'ok' }
        return good.removeMembers(group, members)
      },
    })),
  'membership.remove-again': () =>
    groups((good) => ({
      async removeMembers(group, members) {
        const { items } = await good.members(group, { pageSize: 10 })
        if (items.some(({ id }) => members.some((member) => member.id === id))) {
          return good.removeMembers(group, members)
        }
        throw new AdapterFailure('invalid', 'it is not there', { effect: 'none' })
      },
    })),
  'membership.others': () =>
    groups((good) => ({
      async removeMembers(group, _) {
        const { items } = await good.members(group, { pageSize: 10 })
        return good.removeMembers(group, items)
      },
    })),
  'membership.pages': () =>
    groups((good) => ({
      async members(group, page) {
        const { next: _, ...found } = await good.members(group, page)
        return found
      },
    })),
  'membership.batch': () =>
    groups((good) => ({
      addMembers: (group, members) => good.addMembers(group, members.slice(0, 1)),
    })),
  'membership.unknown-member': () =>
    groups((good) => ({
      async addMembers(group, members) {
        const outcome = await good.addMembers(group, members)
        return outcome.kind === 'gone' && outcome.what === 'member' ? { kind: 'ok' } : outcome
      },
    })),
  'membership.unknown-group': () =>
    groups((good) => ({
      async addMembers(group, members) {
        const outcome = await good.addMembers(group, members)
        return outcome.kind === 'gone' && outcome.what === undefined ? { kind: 'ok' } : outcome
      },
    })),
  'membership.last': () =>
    groups((good) => ({
      async removeMembers(group, members) {
        const { items } = await good.members(group, { pageSize: 10 })
        const isLast = items.length === 1 && items[0]?.id === members[0]?.id
        return isLast ? { kind: 'ok' } : good.removeMembers(group, members)
      },
    })),
  'membership.stale': () =>
    groups(
      (good) => ({
        replaceMembers: (group, members) => good.replaceMembers(group, members, undefined),
      }),
      { membership: 'replace-on-group' },
    ),
  'membership.single': () => ({
    types: GROUPS,
    shape: { single: true },
    habits: { oneGroup: false },
  }),
  'membership.nested': () =>
    groups(
      (good) => ({
        async members(group, page) {
          const found = await good.members(group, page)
          return { ...found, items: found.items.map(({ id }) => ({ type: 'User', id })) }
        },
      }),
      { nested: true },
    ),

  'chaos.rate': () =>
    people((good) => ({
      get: (id) =>
        instead(
          good.get(id),
          ({ code }) => code === 'rate',
          () => {
            throw new AdapterFailure('unavailable', 'it is busy', { effect: 'none' })
          },
        ),
    })),
  'chaos.rate-wait': () =>
    people((good) => ({
      list: (page) =>
        instead(
          good.list(page),
          ({ code }) => code === 'rate',
          (failure) => fail(failure, 'none'),
        ),
    })),
  'chaos.down': () =>
    people((good) => ({
      find: (name, value) =>
        instead(
          good.find(name, value),
          ({ code }) => code === 'unavailable',
          () => [],
        ),
    })),
  'chaos.error-before': () =>
    people((good) => ({
      update: (id, delta) =>
        instead(good.update(id, delta), says('503'), () => ({ kind: 'unchanged' })),
    })),
  'chaos.error-after': () =>
    people((good) => ({
      update: (id, delta) =>
        instead(good.update(id, delta), says('500'), (failure) => fail(failure, 'none')),
    })),
  'chaos.lost-request': () =>
    people((good) => ({
      remove: (id) => instead(good.remove(id), isLost, () => ({ kind: 'ok' })),
    })),
  'chaos.lost-answer': () =>
    people((good) => ({
      update: (id, delta) =>
        instead(good.update(id, delta), isLost, (failure) => fail(failure, 'none')),
    })),
  'chaos.html': () =>
    people((good) => ({ get: (id) => instead(good.get(id), says('200'), () => null) })),
  'chaos.html-after': () =>
    people((good) => ({
      update: (id, delta) =>
        instead(
          good.update(id, delta),
          ({ code }) => code === 'protocol',
          (failure) => fail(failure, 'none'),
        ),
    })),
  'chaos.truncated': () =>
    people((good) => ({
      list: (page) => instead(good.list(page), says('200'), () => ({ items: [] })),
    })),
  'chaos.short-page': () =>
    people((good) => ({
      async list(page) {
        const { next, ...found } = await good.list(page)
        const isShort = found.items.length < page.pageSize
        return { ...found, ...(next !== undefined && !isShort && { next }) }
      },
    })),
  'chaos.cursor-loop': () =>
    people((good) => ({
      async list(page) {
        const found = await good.list(page)
        const end = Number(page.cursor ?? page.skip ?? 0) + found.items.length
        return { ...found, ...(found.items.length > 0 && { next: String(end) }) }
      },
    })),
  'chaos.duplicate': () =>
    people((good) => {
      let last: string | undefined
      return {
        async list(page) {
          const found = await good.list(page)
          if (page.cursor !== undefined && found.items[0]?.id === last) {
            throw new AdapterFailure('protocol', 'somebody comes twice', { effect: 'none' })
          }
          last = found.items.at(-1)?.id
          return found
        },
      }
    }),
  'chaos.search-lag': () => {
    const seen = new Set<string>()
    return people((good) => ({
      async find(name, value) {
        const found = await good.find(name, value)
        const old = found.filter(({ id }) => seen.has(id))
        for (const object of found.filter(isScratch)) seen.add(object.id)
        return old.length > 0 ? old : found.filter((object) => !isScratch(object))
      },
    }))
  },
  'chaos.revoked': () =>
    people((good) => ({
      list: (page) =>
        instead(
          good.list(page),
          ({ code }) => code === 'auth' && page.cursor !== undefined,
          () => ({ items: [] }),
        ),
    })),
  'chaos.messages': () => ({
    types: USERS,
    port: (good, fetch) => ({
      async create(request) {
        try {
          return await good.create(request)
        } catch (error) {
          if (!(error instanceof AdapterFailure) || !says('422')(error)) throw error
          const again = await fetch(`${URL_OF_APP}/api/people`, { method: 'GET' })
          throw new AdapterFailure('invalid', await again.text(), { effect: 'none' })
        }
      },
    }),
  }),

  // It touches whom it reads.
  'gateway.second-sync': () => ({
    types: USERS,
    gateway: true,
    port: (good) => ({
      async get(id) {
        await good.update(id, { set: {}, unset: [] }).catch(() => undefined)
        return good.get(id)
      },
    }),
  }),
  // What the gateway makes lacks what the same person has who was there.
  'gateway.adopted-as-created': () => ({
    types: USERS,
    gateway: true,
    behind: (fetch) => (input, init) => {
      if (init.method !== 'POST' || !input.endsWith('/people')) return fetch(input, init)
      const { phone: _, ...rest } = JSON.parse(String(init.body)) as Attributes
      return fetch(input, { ...init, body: JSON.stringify(rest) })
    },
  }),
}
