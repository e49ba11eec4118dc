/**
 * The `example` adapter, the manifest that says the same, and the adapter in a Worker of its own, against
 * the running app, over HTTP.
 */
import path from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { example } from '../../adapters/example/index.ts'
import manifest from '../../examples/legacy-app/fernhollow.manifest.json' with { type: 'json' }
import { SEED_ACCOUNTS, SEED_TEAMS } from '../../examples/legacy-app/people.ts'
import type {
  Adapter,
  AnyPort,
  NativeObject,
  Page,
  ResourceSpecs,
} from '../../src/adapter/contract.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { compileManifest } from '../../src/adapter/manifest/compile.ts'
import { manifestSchema } from '../../src/adapter/manifest/schema.ts'
import { openPorts } from '../../src/adapter/open.ts'
import { RemoteAdapter } from '../../src/adapter/remote/connect.ts'
import type { AdapterBinding } from '../../src/adapter/remote/wire.ts'
import { bundle, PROJECT } from '../support/private-worker.ts'
import { type DeskProcess, KEY, startDesk } from './desk.ts'

const DATE = '2026-10-20'

interface Subject {
  readonly resources: ResourceSpecs
  readonly takes: (settings: object) => Promise<boolean>
  readonly connect: (to: { url: string; apiKey: string; timeoutMs: number }) => Ports
  readonly close?: () => Promise<void>
}
type Ports = ReturnType<typeof example.connect>

const here = (adapter: typeof example) => async (): Promise<Subject> => ({
  resources: adapter.resources,
  takes: async (settings) => adapter.settings.safeParse(settings).success,
  connect({ url, apiKey, timeoutMs }) {
    const outside = { fetch, now: Date.now, allowInsecure: true }
    const access = { settings: { url }, secrets: { apiKey }, leftMs: () => timeoutMs }
    return openPorts(adapter as unknown as Adapter, access, outside) as unknown as Ports
  },
})

/** In a Worker of its own, over its RPC. */
async function remote(): Promise<Subject> {
  const script = await bundle(path.join(PROJECT, 'test/support/private'))
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: 'gateway',
          modules: true,
          script: 'export default { fetch: () => new Response() }',
          serviceBindings: { ADAPTER_EXAMPLE: { name: 'private', entrypoint: 'Desk' } },
          compatibilityDate: DATE,
        },
        { name: 'private', modules: true, script, compatibilityDate: DATE },
      ],
    }),
  )
  const { ADAPTER_EXAMPLE } = await miniflare.getBindings<{ ADAPTER_EXAMPLE: AdapterBinding }>()
  const adapter = new RemoteAdapter(ADAPTER_EXAMPLE, { name: 'example', allowInsecure: true })
  return {
    resources: (await adapter.describe()).resources,
    takes: async (settings) => (await adapter.checkSettings({ ...settings })).ok,
    connect({ url, apiKey, timeoutMs }) {
      const access = { settings: { url }, secrets: { apiKey }, leftMs: () => timeoutMs }
      const ports = adapter.describe().then((described) => adapter.ports(access, described))
      const port = (type: string) =>
        new Proxy(
          {},
          {
            get:
              (_, method: keyof AnyPort) =>
              async (...args: never[]) => {
                const call = (await ports)[type]?.[method] as (...args: never[]) => unknown
                return call(...args)
              },
          },
        )
      return { User: port('User'), Group: port('Group') } as Ports
    },
    close: () => miniflare.dispose(),
  }
}

/** The same tests for all: what they share is the contract. */
const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  code: here(example),
  manifest: here(compileManifest(manifestSchema.parse(manifest)) as unknown as typeof example),
  remote,
}

describe.each(Object.entries(subjects))('%s', (_, open) => {
  let desk: DeskProcess
  let subject: Subject
  beforeAll(async () => {
    desk = await startDesk()
    subject = await open()
  }, 120_000)
  afterAll(() => Promise.all([desk?.stop(), subject?.close?.()]))
  afterEach(() => desk.call('DELETE', '/control/faults'))

  const connect = ({ url = desk.url, apiKey = KEY, timeoutMs = 5_000 } = {}) =>
    subject.connect({ url, apiKey, timeoutMs })

  let serial = 0
  const person = (more = {}) => {
    serial += 1
    return { login: `p.${serial}@fernhollow.example`, last_name: 'Person', ...more }
  }
  const key = () => ({ idempotencyKey: crypto.randomUUID() })

  async function created(attributes = person(), active = true): Promise<NativeObject> {
    const outcome = await connect().User.create({ attributes, active, ...key() })
    if (outcome.kind !== 'created') throw new Error(`it was ${outcome.kind}`)
    return outcome.object
  }

  async function failureFrom(call: Promise<unknown>): Promise<AdapterFailure> {
    const error = await call.then(
      () => undefined,
      (e: unknown) => e,
    )
    if (!(error instanceof AdapterFailure)) throw new Error('no AdapterFailure', { cause: error })
    return error
  }

  async function writes(): Promise<number> {
    return ((await desk.call('GET', '/control/stats')).json as { writes: number }).writes
  }

  async function walk<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
    const items: T[] = []
    let cursor: string | undefined
    do {
      const { items: more, next } = await page(cursor)
      items.push(...more)
      cursor = next
    } while (cursor !== undefined)
    return items
  }

  describe('declarations', () => {
    test('every mapped, naming and looked-up attribute is one that the resource has', () => {
      for (const { attributes, capabilities, mapping, naming } of Object.values(
        subject.resources,
      )) {
        const names = Object.keys(attributes)
        expect(names).toContain(naming)
        expect(names).toEqual(expect.arrayContaining(Object.values(mapping)))
        expect(names).toEqual(expect.arrayContaining(capabilities.lookups.map((l) => l.attribute)))
      }
    })

    test('settings take an http or https URL and nothing else', async () => {
      expect(await subject.takes({ url: 'https://desk.example' })).toBe(true)
      expect(await subject.takes({ url: 'ftp://desk.example' })).toBe(false)
      expect(await subject.takes({ url: 'https://desk.example', key: 'x' })).toBe(false)
      expect(await subject.takes({})).toBe(false)
    })
  })

  describe('reading', () => {
    test('an account is its fields without the empty ones, its switch and its birth', async () => {
      const { User } = connect()
      expect(await User.get('1031')).toEqual({
        id: '1031',
        attributes: {
          login: 'okonkwo@fernhollow.example',
          last_name: 'Okonkwo',
          mail: 'okonkwo@fernhollow.example',
          role: 'staff',
        },
        active: true,
        fingerprint: SEED_ACCOUNTS[30]?.created_on,
        createdAt: SEED_ACCOUNTS[30]?.created_on,
        modifiedAt: SEED_ACCOUNTS[30]?.updated_on,
      })
      expect((await User.get('1017'))?.active).toBe(false)
    })

    test.each(['999999', '0', 'x', '-1', "'", 'a/b', '山', '1001 '])(
      'get of %j is null: the app says that there is none',
      async (id) => {
        expect(await connect().User.get(id)).toBe(null)
        expect(await connect().Group.get(id)).toBe(null)
      },
    )

    test('a wrong base path is a failure, never "no such object"', async () => {
      const { User, Group } = connect({ url: `${desk.url}/wrong` })
      for (const call of [
        () => User.get('1001'),
        () => User.remove('1001'),
        () => User.setActive('1001', false),
        () => User.update('1001', { set: { last_name: 'X' }, unset: [] }),
        () => Group.addMembers('11', [{ type: 'User', id: '1001' }]),
      ]) {
        expect(await failureFrom(call())).toMatchObject({ code: 'protocol', effect: 'none' })
      }
    })

    test('a wrong key is auth', async () => {
      const { User } = connect({ apiKey: 'wrong' })
      expect(await failureFrom(User.get('1001'))).toMatchObject({ code: 'auth', effect: 'none' })
    })

    test('find takes any letter case, quotes, plus signs and suspended people; twice is two', async () => {
      const { User, Group } = connect()
      const ids = async (attribute: string, value: string) =>
        (await User.find(attribute, value)).map(({ id }) => id)
      expect(await ids('login', 'jose.nunez@fernhollow.example')).toEqual(['1005'])
      expect(await ids('login', "NIAMH.O'BRIEN@fernhollow.example")).toEqual(['1004'])
      expect(await ids('mail', 'callum+desk@fernhollow.example')).toEqual(['1019'])
      expect(await ids('login', 'ben.carrow@fernhollow.example')).toEqual(['1017'])
      expect(await ids('mail', 'front.desk@fernhollow.example')).toEqual(['1008', '1009'])
      expect(await ids('login', 'ada')).toEqual([])
      expect((await Group.find('title', 'conservation & ARCHIVE')).map(({ id }) => id)).toEqual([
        '12',
      ])
    })

    test('find sees all of more than one page', async () => {
      const mail = 'crowd@fernhollow.example'
      await Promise.all(Array.from({ length: 53 }, () => created(person({ mail }))))
      const found = await connect().User.find('mail', mail)
      expect(new Set(found.map(({ id }) => id)).size).toBe(53)
    })

    test('list walks to the end: each account once, in order, whatever the page size', async () => {
      const { User } = connect()
      const all = (await desk.call('GET', '/control/accounts')).json as { account_no: number }[]
      for (const pageSize of [1000, 50, 7]) {
        const seen = await walk((cursor) =>
          User.list({ pageSize, ...(cursor !== undefined && { cursor }) }),
        )
        expect(seen.map(({ id }) => Number(id))).toEqual(all.map(({ account_no }) => account_no))
      }
    })

    test.each([
      [0, 10],
      [10, 10],
      [13, 10],
      [37, 10],
      [39, 1],
      [3, 50],
      [40, 10],
      [44, 3],
    ])('skip %i of page size %i is that window and a call or two', async (skip, pageSize) => {
      const own = await startDesk()
      const page = await connect({ url: own.url }).User.list({ pageSize, skip })
      expect(page.items.map(({ id }) => Number(id))).toEqual(
        SEED_ACCOUNTS.slice(skip, skip + pageSize).map(({ account_no }) => account_no),
      )
      expect(page.total).toBe(40)
      expect(page.next !== undefined).toBe(skip + pageSize < 40)
      const { json } = await own.call('GET', '/control/stats')
      const { calls } = json as { calls: Record<string, number> }
      expect(calls['GET /api/accounts']).toBeLessThanOrEqual(skip % pageSize === 0 ? 1 : 2)
      await own.stop()
    })
  })

  describe('writing', () => {
    test('create answers what the app made of it, and it reads back the same', async () => {
      const object = await created(
        person({ first_name: 'Ann', mail: 'Ann@Fernhollow.Example', phone: '+44 20 7946 0000' }),
      )
      expect(object).toMatchObject({
        attributes: { first_name: 'Ann', mail: 'ann@fernhollow.example', phone: '+442079460000' },
        active: true,
      })
      expect(await connect().User.get(object.id)).toEqual(object)
    })

    test('an account can be created suspended', async () => {
      expect((await created(person(), false)).active).toBe(false)
    })

    test('a taken login is exists, with the id that is in the way', async () => {
      const { id, attributes } = await created()
      const again = { ...person(), login: String(attributes['login']).toUpperCase() }
      expect(await connect().User.create({ attributes: again, active: true, ...key() })).toEqual({
        kind: 'exists',
        id,
      })
      const title = 'ENGINEERING'
      expect(await connect().Group.create({ attributes: { title }, ...key() })).toEqual({
        kind: 'exists',
        id: '13',
      })
    })

    test('refused values are invalid, and name our attributes only', async () => {
      const attributes = { login: 'x@fernhollow.example', mail: 'no mail', nickname: 'x' }
      const refused = connect().User.create({ attributes, active: true, ...key() })
      expect(await failureFrom(refused)).toMatchObject({
        code: 'invalid',
        effect: 'none',
        attributes: ['mail', 'last_name'],
      })
    })

    test('update sets and unsets what it is told, and answers the whole', async () => {
      const { id } = await created(person({ first_name: 'Ann', job_title: 'Clerk' }))
      const outcome = await connect().User.update(id, {
        set: { org_unit: 'Archive' },
        unset: ['job_title'],
      })
      const now = await connect().User.get(id)
      expect(outcome).toEqual({ kind: 'ok', object: now })
      expect(now?.attributes).toMatchObject({ first_name: 'Ann', org_unit: 'Archive' })
      expect(now?.attributes).not.toHaveProperty('job_title')
    })

    test('update to a taken login is a conflict about login', async () => {
      const { id } = await created()
      const set = { login: 'ada.quill@fernhollow.example' }
      expect(await failureFrom(connect().User.update(id, { set, unset: [] }))).toMatchObject({
        code: 'conflict',
        effect: 'none',
        attributes: ['login'],
      })
    })

    test('the switch works both ways, and says when there is nothing to do', async () => {
      const { User } = connect()
      const { id } = await created()
      expect(await User.setActive(id, false)).toMatchObject({
        kind: 'ok',
        object: { active: false },
      })
      expect(await User.setActive(id, false)).toEqual({ kind: 'unchanged' })
      expect(await User.setActive(id, true)).toMatchObject({ kind: 'ok', object: { active: true } })
    })

    test('a suspended person keeps the memberships', async () => {
      const { User, Group } = connect()
      const { id } = await created()
      const member = { type: 'User', id }
      await Group.addMembers('12', [member])
      await User.setActive(id, false)
      expect((await Group.members('12', { pageSize: 50 })).items).toContainEqual(member)
    })

    test('what is removed is gone for every later call', async () => {
      const { User } = connect()
      const { id } = await created()
      expect(await User.remove(id)).toEqual({ kind: 'ok' })
      expect(await User.get(id)).toBe(null)
      expect(await User.remove(id)).toEqual({ kind: 'gone' })
      expect(await User.setActive(id, true)).toEqual({ kind: 'gone' })
      expect(await User.update(id, { set: { last_name: 'X' }, unset: [] })).toEqual({
        kind: 'gone',
      })
    })
  })

  describe('teams', () => {
    test('a team is made, renamed, read and removed', async () => {
      const { Group } = connect()
      const outcome = await Group.create({ attributes: { title: 'Press' }, ...key() })
      if (outcome.kind !== 'created') throw new Error(`it was ${outcome.kind}`)
      const { id } = outcome.object
      const renamed = await Group.update(id, { set: { title: 'Press Office' }, unset: [] })
      expect(renamed).toMatchObject({
        kind: 'ok',
        object: { attributes: { title: 'Press Office' } },
      })
      const taken = Group.update(id, { set: { title: 'front desk' }, unset: [] })
      expect(await failureFrom(taken)).toMatchObject({ code: 'conflict', attributes: ['title'] })
      expect(await Group.get(id)).toMatchObject({ id, attributes: { title: 'Press Office' } })
      expect(await Group.remove(id)).toEqual({ kind: 'ok' })
      expect(await Group.get(id)).toBe(null)
    })

    test('members are walked page by page', async () => {
      const { Group } = connect()
      const seen = await walk((cursor) =>
        Group.members('13', { pageSize: 2, ...(cursor !== undefined && { cursor }) }),
      )
      expect(seen).toEqual(
        SEED_TEAMS[2]?.people.map((account_no) => ({ type: 'User', id: String(account_no) })),
      )
    })

    test('one member more or less is one call, repeated ones are unchanged', async () => {
      const { Group } = connect()
      const member = { type: 'User', id: (await created()).id }
      const before = await writes()
      expect(await Group.addMembers('11', [member])).toEqual({ kind: 'ok' })
      expect(await Group.addMembers('11', [member])).toEqual({ kind: 'unchanged' })
      expect(await Group.removeMembers('11', [member])).toEqual({ kind: 'ok' })
      expect(await Group.removeMembers('11', [member])).toEqual({ kind: 'unchanged' })
      expect(await writes()).toBe(before + 4)
    })

    test('a missing team is gone; a missing new member is gone as member', async () => {
      const { Group } = connect()
      const member = { type: 'User', id: '1001' }
      const stranger = { type: 'User', id: '999999' }
      expect(await Group.addMembers('99', [member])).toEqual({ kind: 'gone' })
      expect(await Group.removeMembers('99', [member])).toEqual({ kind: 'gone' })
      expect(await Group.addMembers('11', [stranger])).toEqual({ kind: 'gone', what: 'member' })
      expect(await Group.removeMembers('11', [stranger])).toEqual({ kind: 'unchanged' })
    })

    test('a team in a team is refused before the app is asked', async () => {
      const before = await writes()
      const nested = connect().Group.addMembers('11', [{ type: 'Group', id: '12' }])
      expect(await failureFrom(nested)).toMatchObject({ code: 'invalid', effect: 'none' })
      expect(await writes()).toBe(before)
    })
  })

  describe('faults of the app', () => {
    const failNext = (fault: object) => desk.call('POST', '/control/faults', { failNext: fault })
    const POST = 'POST /api/accounts'

    test.each([
      [{ how: 'reset', when: 'before' }, 'unavailable', 0],
      [{ how: 'reset', when: 'after' }, 'unavailable', 1],
      [{ how: 'status', when: 'after', status: 502 }, 'unavailable', 1],
      [{ how: 'status', when: 'before', status: 504 }, 'timeout', 0],
      [{ how: 'html', when: 'after' }, 'protocol', 1],
      [{ how: 'hang', when: 'after' }, 'timeout', 1],
    ])('a create that meets %j is %s, effect unknown', async (fault, code, count) => {
      const { User } = connect({ timeoutMs: 300 })
      const attributes = person()
      await failNext({ match: POST, ...fault })
      const failure = await failureFrom(User.create({ attributes, active: true, ...key() }))
      expect(failure).toMatchObject({ code, effect: 'unknown' })
      expect(await User.find('login', attributes.login)).toHaveLength(count)
    })

    test('throttling has no effect and says how long', async () => {
      await failNext({ match: POST, status: 429, retryAfter: '11' })
      const refused = connect().User.create({ attributes: person(), active: true, ...key() })
      expect(await failureFrom(refused)).toMatchObject({
        code: 'rate',
        effect: 'none',
        retryAfterSeconds: 11,
      })
    })

    test.each(['html', 'reset', 'hang', 'status'])(
      'a read that meets %s has no effect',
      async (how) => {
        const { User } = connect({ timeoutMs: 300 })
        await failNext({ match: 'GET /api/accounts/{no}', how })
        expect(await failureFrom(User.get('1001'))).toMatchObject({ effect: 'none' })
        await failNext({ match: 'GET /api/accounts', how })
        expect(await failureFrom(User.find('login', 'x'))).toMatchObject({ effect: 'none' })
      },
    )
  })
})
