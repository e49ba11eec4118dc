/** What crosses between Postern and a private adapter, and what does not (decision 0017). */
import { describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import { exampleAsync } from '../../adapters/example/later.ts'
import type { Adapter, AnyPort } from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { answers, describedOnce } from '../../src/adapter/remote/answer.ts'
import { RemoteAdapter } from '../../src/adapter/remote/connect.ts'
import { isMethod, METHODS } from '../../src/adapter/remote/wire.ts'
import { privateAdapters } from '../../src/env.ts'
import { DESK_KEY, DESK_URL, openDesk } from '../support/open-desk.ts'
import { openBinding } from '../support/private-binding.ts'
import { brownfield } from '../support/world.ts'

const EXAMPLE = example as unknown as Adapter
const USER = example.resources.User

const noFetch = async (): Promise<Response> => {
  throw new TypeError('nobody is to be called')
}

function remoteOf(adapter: Adapter, fetch = noFetch as typeof globalThis.fetch) {
  const binding = openBinding(adapter, (input, init) => fetch(input, init))
  const remote = new RemoteAdapter(binding, { name: adapter.name, allowInsecure: true })
  const open = async (secrets: Record<string, string> = { apiKey: DESK_KEY }, timeoutMs = 1_000) =>
    remote.ports(
      { settings: { url: DESK_URL }, secrets, leftMs: () => timeoutMs },
      await remote.describe(),
    )
  return { binding, remote, open }
}

/** The example adapter, whose accounts behave otherwise. */
function example2(port: Partial<AnyPort>, more: Partial<Adapter> = {}): Adapter {
  return {
    ...EXAMPLE,
    ...more,
    connect: (kit) => {
      const ports = EXAMPLE.connect(kit)
      return { ...ports, User: { ...ports['User'], ...port } as never }
    },
  }
}

async function failureFrom(call: Promise<unknown> | undefined): Promise<AdapterFailure> {
  const error = await call?.catch((e: unknown) => e)
  if (!(error instanceof AdapterFailure)) throw new Error('no AdapterFailure', { cause: error })
  return error
}

describe('bindings', () => {
  const service = { fetch: () => undefined }

  test('ADAPTER_ACME_HR is the adapter acme-hr; other bindings are none', () => {
    const found = privateAdapters({ ADAPTER_ACME_HR: service, OTHER: service, BASE_URL: '' })
    expect([...found.keys()]).toEqual(['acme-hr'])
  })

  test.each([
    ['ADAPTER_X', 'kr0kodil', 'ADAPTER_X: must be a service binding'],
    ['ADAPTER_X', { prepare: () => undefined }, 'ADAPTER_X: must be a service binding'],
    ['ADAPTER_', service, 'ADAPTER_: names no adapter'],
    ['ADAPTER_7', service, 'ADAPTER_7: names no adapter'],
  ])('%s = %j is refused, without its value', (key, value, message) => {
    expect(() => privateAdapters({ [key]: value })).toThrow(
      new Error(`the Worker's bindings are not valid: ${message}`),
    )
  })
})

describe('declarations', () => {
  test('all of them cross, and are asked for once', async () => {
    const { binding, remote, open } = remoteOf(EXAMPLE)
    const { name, version, secrets, resources } = await remote.describe()
    expect({ name, version, secrets, resources }).toEqual({
      ...{ name: 'example', version: example.version, secrets: ['apiKey'] },
      resources: example.resources,
    })
    await open()
    await open()
    expect(binding.crossed.map(({ method }) => method)).toEqual(['describe'])
  })

  test('a failure to describe is forgotten: the next request asks again', async () => {
    const { binding, remote } = remoteOf(EXAMPLE)
    binding.deploy({ ...EXAMPLE, contract: 2 as 1 })
    expect(await failureFrom(remote.describe())).toMatchObject({ code: 'protocol', effect: 'none' })
    binding.deploy(EXAMPLE)
    expect((await remote.describe()).name).toBe('example')
  })

  test('a version that declares something else does nothing until it has been read', async () => {
    const desk = openDesk({ seed: true })
    const { binding, remote, open } = remoteOf(EXAMPLE, desk.fetch as typeof globalThis.fetch)
    const old = await open()
    const User = { ...USER, capabilities: { ...USER.capabilities, remove: 'none' } } as const
    binding.deploy({ ...EXAMPLE, resources: { ...EXAMPLE.resources, User } } as never)
    expect(await failureFrom(old['User']?.remove?.('1001'))).toMatchObject({
      ...{ code: 'unavailable', effect: 'none', answered: true, retryAfterSeconds: 1 },
    })
    expect(desk.counters.changes).toBe(0)
    expect((await open())['User']?.remove).toBe(undefined)
    expect((await remote.describe()).resources['User']?.capabilities.remove).toBe('none')
  })

  test('who was let in by what one version declares does nothing by another', async () => {
    const desk = openDesk({ seed: true })
    const { binding, remote, open } = remoteOf(EXAMPLE, desk.fetch as typeof globalThis.fetch)
    const described = await remote.describe()
    const beside = await open()
    binding.deploy({ ...EXAMPLE, identity: 2 })
    expect(await failureFrom(beside['User']?.remove?.('1001'))).toMatchObject({ answered: true })
    expect((await remote.describe()).identity).toBe(2)
    const access = {
      settings: { url: DESK_URL },
      secrets: { apiKey: DESK_KEY },
      leftMs: () => 1_000,
    }
    const late = await remote.ports(access, described)
    expect(await failureFrom(late['User']?.remove?.('1001'))).toMatchObject({
      ...{ code: 'unavailable', effect: 'none' },
    })
    expect(desk.counters.changes).toBe(0)
  })

  test('another version that declares the same goes on unnoticed', async () => {
    const desk = openDesk({ seed: true })
    const { binding, open } = remoteOf(EXAMPLE, desk.fetch as typeof globalThis.fetch)
    const ports = await open()
    binding.deploy({ ...EXAMPLE, version: '1.0.1' })
    expect(await ports['User']?.get('1001')).toMatchObject({ id: '1001' })
  })

  test.each([true, false])('whether a job can be withdrawn is asked for: %s', async (can) => {
    const adapter = exampleAsync as unknown as Adapter
    const { open } = remoteOf({
      ...adapter,
      connect: (kit) => {
        const { User, ...others } = adapter.connect(kit)
        const { cancel: _, ...without } = User as AnyPort
        const own = { cancel: async () => ({ kind: 'ok' as const }) }
        return { ...others, User: { ...without, ...(can && own) } as never }
      },
    })
    const User = (await open())['User']
    expect(User?.cancel !== undefined).toBe(can)
    expect(User?.poll).toBeDefined()
  })
})

describe('what is handed over', () => {
  test('of the secrets those that the adapter declares, and no other', async () => {
    const desk = openDesk({ seed: true })
    const { binding, open } = remoteOf(EXAMPLE, desk.fetch as typeof globalThis.fetch)
    const ports = await open({ apiKey: DESK_KEY, other: 'kr0kodil' })
    await ports['User']?.get('1001')
    const sent = JSON.stringify(binding.crossed.at(-1)?.sent)
    expect(sent).toContain(DESK_KEY)
    expect(sent).not.toContain('kr0kodil')
  })

  test('the gateway says whether http is allowed, and the client there obeys', async () => {
    const binding = openBinding(EXAMPLE, noFetch)
    const remote = new RemoteAdapter(binding, { name: 'example', allowInsecure: false })
    const access = { settings: { url: DESK_URL }, secrets: { apiKey: 'k' }, leftMs: () => 1_000 }
    const { User } = await remote.ports(access, await remote.describe())
    expect(await failureFrom(User?.get('1001'))).toMatchObject({ code: 'protocol', effect: 'none' })
  })
})

test.each([
  ['hyperdrive:DESK', { ok: true }],
  ['hyperdrive:OTHER', { ok: false, issues: [{ path: [], message: expect.any(String) }] }],
  ['postgres://db.example/desk', { ok: true, baseUrl: 'postgres://db.example/desk' }],
])('a binding of Hyperdrive is looked for where the adapter is: %s', async (baseUrl, checked) => {
  const adapter = { ...EXAMPLE, baseUrl: () => baseUrl }
  const hyperdrives = new Map([['DESK', 'postgres://u:p@internal/desk']])
  const outside = { fetch: noFetch, now: Date.now, hyperdrives }
  const { checkSettings } = answers(adapter, describedOnce(adapter), outside)
  expect(JSON.parse(await checkSettings({ url: DESK_URL }))).toEqual(checked)
})

describe('failures', () => {
  const THROWN = new AdapterFailure('conflict', 'taken by a.person@example.com', {
    ...{ effect: 'unknown', answered: true, retryAfterSeconds: 7 },
    attributes: ['login', 'a.person@example.com'],
  })

  test('an AdapterFailure crosses whole, but for its words and what is no attribute', async () => {
    const { open } = remoteOf(
      example2({
        create: async () => {
          throw THROWN
        },
      }),
    )
    const ports = await open()
    const request = { attributes: {}, active: true, idempotencyKey: 'k' }
    const failure = await failureFrom(ports['User']?.create?.(request))
    expect(failure).toMatchObject({
      ...{ code: 'conflict', effect: 'unknown', answered: true, retryAfterSeconds: 7 },
      attributes: ['login'],
    })
    expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain('a.person')
  })

  const methods = Object.keys(METHODS).filter(isMethod)
  const READS = new Set(['get', 'find', 'list', 'members', 'groupsOf', 'poll'])

  test.each(methods)(
    'an exception in %s is unavailable, and in doubt if it writes',
    async (name) => {
      const boom = async () => {
        throw new RangeError('kr0kodil')
      }
      const { capabilities } = USER
      const shapes = { groupsOf: 'replace-on-user', replaceGroups: 'replace-on-user' } as const
      const membership =
        name === 'replaceMembers'
          ? 'replace-on-group'
          : (shapes[name as keyof typeof shapes] ?? 'add-remove')
      const User = { ...USER, capabilities: { ...capabilities, create: 'invite', membership } }
      const adapter = example2({ [name]: boom }, { resources: { User } as never })
      const port = (await remoteOf(adapter).open())['User']
      const call = port?.[name] as ((...args: unknown[]) => Promise<unknown>) | undefined
      const failure = await failureFrom(call?.('1', { set: {}, unset: [] }))
      expect(failure).toMatchObject({
        ...{ code: 'unavailable', answered: false },
        effect: READS.has(name) ? 'none' : 'unknown',
      })
      expect(`${failure.message} ${failure.cause}`).not.toContain('kr0kodil')
    },
  )

  test.each([
    ['an object without an id', { attributes: {} }],
    ['a date', { id: '1', attributes: {}, createdAt: new Date(0), active: 'yes' }],
    ['nothing', undefined],
    ['a text', 'x'],
  ])('%s is no account', async (_, object) => {
    const port = (await remoteOf(example2({ get: async () => object as never })).open())['User']
    expect(await failureFrom(port?.get('1'))).toMatchObject({ code: 'protocol', effect: 'none' })
  })

  test('what is declared and missing is in doubt like any other bug', async () => {
    const port = (await remoteOf(example2({ update: undefined as never })).open())['User']
    const failure = await failureFrom(port?.update?.('1', { set: {}, unset: [] }))
    expect(failure).toMatchObject({ code: 'unavailable', effect: 'unknown' })
  })

  test('members of JavaScript itself are no methods', async () => {
    const { binding, remote } = remoteOf(EXAMPLE)
    const { revision } = await remote.describe()
    const access = {
      ...{ settings: { url: DESK_URL }, secrets: { apiKey: 'k' } },
      ...{ timeoutMs: 1_000, allowInsecure: true },
    }
    const call = { access, revision, type: 'User', method: 'constructor', args: [] }
    await expect(binding.invoke(call)).rejects.toThrow('no constructor of User')
  })

  test('past its time a method begins no further call of the app', async () => {
    const desk = openDesk()
    const mail = 'crowd@fernhollow.example'
    for (let n = 0; n < 60; n++) brownfield({ desk }, `p.${n}@fernhollow.example`, { mail })
    let now = 0
    let calls = 0
    const slow = async (input: string, init: RequestInit) => {
      calls += 1
      now += 600
      return desk.fetch(input, init)
    }
    const binding = openBinding(EXAMPLE, slow, () => now)
    const remote = new RemoteAdapter(binding, { name: 'example', allowInsecure: true })
    const find = async (timeoutMs: number) => {
      const secrets = { apiKey: DESK_KEY }
      const access = { settings: { url: DESK_URL }, secrets, leftMs: () => timeoutMs }
      const ports = await remote.ports(access, await remote.describe())
      return ports['User']?.find('mail', mail)
    }
    expect(await find(1_000)).toHaveLength(60)
    expect(calls).toBe(2)
    const failure = await failureFrom(find(500))
    expect(failure).toMatchObject({ code: 'timeout', effect: 'none' })
    expect(calls).toBe(3)
  })
})
