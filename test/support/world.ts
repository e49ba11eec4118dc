/** A connection to an example app of its own, with a clock that only the test moves. */
import { env } from 'cloudflare:workers'
import { adapters } from '../../adapters/index.ts'
import type { Settings } from '../../examples/legacy-app/faults.ts'
import type {
  Adapter,
  AnyPort,
  AttributeSpec,
  Capabilities,
  NativeObject,
} from '../../src/adapter/contract.ts'
import { adminApi } from './admin-api.ts'
import type { Answer, Scim } from './gateway.ts'
import { connect } from './gateway.ts'
import { type Clock, type Cut, type Isolate, openIsolate } from './isolate.ts'
import { type MemberShape, openShape, type Shape } from './member-shapes.ts'
import { DESK_KEY, openDesk, type TestDesk } from './open-desk.ts'
import { connectionId } from './tables.ts'

export const MINUTE_MS = 60_000
export const CYCLE_MS = 40 * MINUTE_MS

export interface World {
  readonly desk: TestDesk
  readonly clock: Clock
  readonly scim: Scim
  /** The admin API below this connection, with this world's adapters. */
  readonly admin: (method: string, route: string, body?: unknown) => Promise<Answer>
  /** Another isolate on the same D1 and app. */
  readonly open: (cut?: Cut) => Isolate
  /** An isolate that waits for somebody else before its first call of this method and path. */
  readonly racing: (method: string, path: string, first: () => Promise<void>) => Isolate
  /** The cron, as a night passes: it may start scans of this connection. */
  readonly nightlyTick: (cut?: Cut) => Promise<void>
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>
  /** The cron takes a few intents and findings of all connections: those of other tests wait. */
  readonly holdOthers: () => Promise<void>
  /** The scheduled handler, on an isolate of its own, for this connection. */
  readonly tick: () => Promise<void>
  /** Native numbers of the accounts with this login. */
  readonly logins: (login: string) => readonly number[]
  /** Calls so far that changed something in the app. */
  readonly changes: () => number
  /** The other way in which the app takes members, where one was asked for. */
  readonly shape: Shape | undefined
  /** Bound to its isolates beside `DB`. */
  readonly databases: ReadonlyMap<string, D1Database>
  /** Those of this world, for an isolate of one's own; undefined: as in production. */
  readonly adapters: ReadonlyMap<string, Adapter> | undefined
}

export interface WorldOptions {
  readonly seed?: boolean
  readonly policy?: Readonly<Record<string, unknown>>
  readonly mapping?: Readonly<Record<string, unknown>>
  readonly faults?: Partial<Settings>
  /** An app that can do less, or other things, than the example app. */
  readonly capabilities?: Partial<Capabilities>
  /** Methods of its accounts that behave otherwise. */
  readonly port?: Partial<AnyPort>
  /** Methods of its groups that behave otherwise. */
  readonly groupPort?: (port: AnyPort) => Partial<AnyPort>
  /** Attributes that its accounts have beside, or that are declared otherwise. */
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  /** What reads make of an account. */
  readonly shows?: (object: NativeObject) => NativeObject
  /** An app that takes members in another way than the example app. */
  readonly shape?: MemberShape
  /** True: its adapter is in a Worker of its own, behind a service binding. */
  readonly behindBinding?: boolean
  /** `example-invite` or `example-async`: an app whose people are not there at once. */
  readonly adapter?: string
  /** True: its data is in the second database, bound as `DB_2`. */
  readonly isElsewhere?: boolean
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const desk = openDesk({ seed: options.seed ?? false })
  const { adapter = 'example' } = options
  const creates = ({ 'example-invite': 'invite', 'example-async': 'async' } as const)[adapter]
  desk.faults.set({ ...(creates && { creates }), ...options.faults })
  const clock = { now: Date.now() }
  const url = `http://${crypto.randomUUID()}.test`
  const scim = await connect({
    adapter,
    settings: { url },
    secrets: { apiKey: DESK_KEY },
    ...(options.policy && { policy: { ...options.policy } as never }),
    // Attributes that the registry's adapter does not have are for this world's own admin API.
    ...(options.mapping && !options.attributes && { mapping: { ...options.mapping } as never }),
  })
  const id = await connectionId(scim.name)
  const databases = new Map(options.isElsewhere ? [['DB_2', env.SECOND_D1]] : [])
  if (options.isElsewhere) {
    await env.DB.prepare(
      "UPDATE connection SET data_db = 'DB_2', version = version + 1 WHERE id = ?",
    )
      .bind(id)
      .run()
  }
  const { capabilities, port, attributes, shows } = options
  const isOther = [capabilities, port, attributes, shows].some((given) => given !== undefined)
  const others = isOther ? otherApp(adapter, options) : undefined
  const shape = options.shape && openShape(desk, options.shape)
  const shaped = shape ? shape.adapters(others ?? adapters) : others
  const adaptersHere = options.groupPort
    ? withGroups(adapter, shaped ?? adapters, options.groupPort)
    : shaped
  // The sweeper meets what other tests left behind; it must not act on this app for them.
  const fetch = async (input: string, init: RequestInit): Promise<Response> => {
    if (!input.startsWith(url)) throw new TypeError('this is the app of another test')
    return (shape ?? desk).fetch(input, init)
  }
  const behindBinding = options.behindBinding ? [adapter] : []
  const open = (cut?: Cut) =>
    openIsolate(clock, fetch, { cut, adapters: adaptersHere, behindBinding, databases })
  const isolate = open()
  const admin = adminApi(isolate, `/connections/${scim.name}`)
  if (options.mapping && options.attributes) {
    const { status, body } = await admin('PATCH', '', { mapping: options.mapping })
    if (status !== 200) throw new Error(JSON.stringify(body))
  }
  const holdOthers = async () => {
    // One trip a database: this stands before every tick of every cut.
    const held = (db: D1Database) =>
      [
        // Rows that wait already are not written again: they become ever more.
        'UPDATE intent SET next_at = 9000000000000000 WHERE next_at < 9000000000000000',
        'UPDATE role_intent SET next_at = 9000000000000000 WHERE next_at < 9000000000000000',
        'UPDATE edge SET next_at = 9000000000000000 WHERE next_at < 9000000000000000',
        `UPDATE finding SET last_seen = 9000000000000000
          WHERE kind IN ('app-credential', 'app-failing', 'mode-ended')
            AND last_seen < 9000000000000000`,
      ].map((update) => db.prepare(`${update} AND connection <> ?`).bind(id))
    await Promise.all([env.DB, ...databases.values()].map((db) => db.batch(held(db))))
  }
  return {
    desk,
    clock,
    scim,
    open,
    admin,
    ask: (method, path, body, headers) => isolate.scim(scim, method, path, body, headers),
    holdOthers,
    async tick() {
      await holdOthers()
      await open().tick()
    },
    racing(method, path, first) {
      let isFirst = true
      const waiting = async (input: string, init: RequestInit): Promise<Response> => {
        if (isFirst && init.method === method && new URL(input).pathname === path) {
          isFirst = false
          await first()
        }
        return fetch(input, init)
      }
      return openIsolate(clock, waiting, { adapters: adaptersHere, behindBinding, databases })
    },
    async nightlyTick(cut) {
      await holdOthers()
      await openIsolate(clock, fetch, {
        ...{ cut, adapters: adaptersHere, behindBinding, databases, nightly: scim.name },
      }).tick()
    },
    logins: (login) => desk.store.accountsBy('login', login).map((a) => a.account_no),
    changes: () => desk.counters.changes,
    shape,
    databases,
    adapters: adaptersHere,
  }
}

/** The example adapter, with accounts that are declared or behave otherwise. */
function otherApp(
  name: string,
  { capabilities = {}, port = {}, attributes = {}, shows }: WorldOptions,
): ReadonlyMap<string, Adapter> {
  const example = adapters.get(name)
  const user = example?.resources['User']
  if (!example || !user) throw new Error('there is no example adapter')
  const User = {
    ...user,
    attributes: { ...user.attributes, ...attributes },
    // What is shown, or done, otherwise may be protected as well.
    capabilities: { ...user.capabilities, neverProtected: !shows && !port.get, ...capabilities },
  }
  const drops: string[] = []
  if (capabilities.active === 'none') drops.push('setActive')
  if (capabilities.remove === 'none') drops.push('remove')
  return new Map([
    [
      name,
      {
        ...example,
        resources: { ...example.resources, User },
        connect: (kit: Parameters<typeof example.connect>[0]) => {
          const ports = example.connect(kit)
          const kept = Object.entries(ports['User'] ?? {}).filter(([name]) => !drops.includes(name))
          const User = { ...Object.fromEntries(kept), ...port } as AnyPort
          return { ...ports, User: shows ? shown(User, shows) : User }
        },
      } as unknown as Adapter,
    ],
  ])
}

function withGroups(
  name: string,
  from: ReadonlyMap<string, Adapter>,
  groups: (port: AnyPort) => Partial<AnyPort>,
): ReadonlyMap<string, Adapter> {
  const adapter = from.get(name)
  if (!adapter) throw new Error(`there is no adapter ${name}`)
  const connect = (kit: Parameters<Adapter['connect']>[0]) => {
    const ports = adapter.connect(kit) as Readonly<Record<string, AnyPort>>
    const port = ports['Group'] as AnyPort
    return { ...ports, Group: { ...port, ...groups(port) } }
  }
  return new Map([[name, { ...adapter, connect } as unknown as Adapter]])
}

function shown(port: AnyPort, shows: (object: NativeObject) => NativeObject): AnyPort {
  return {
    ...port,
    get: async (id) => {
      const object = await port.get(id)
      return object && shows(object)
    },
    find: async (attribute, value) => (await port.find(attribute, value)).map(shows),
    list: async (request) => {
      const page = await port.list(request)
      return { ...page, items: page.items.map(shows) }
    },
  }
}

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

export function person(userName: string, more: Readonly<Record<string, unknown>> = {}) {
  const [given = 'A', family = 'B'] = userName.split('@')[0]?.split('.') ?? []
  return {
    schemas: [USER_SCHEMA],
    userName,
    name: { givenName: given, familyName: family },
    active: true,
    ...more,
  }
}

export function patch(...operations: readonly Readonly<Record<string, unknown>>[]) {
  return { schemas: [PATCH_SCHEMA], Operations: operations }
}

export function match(attribute: string, value: string, type = 'Users'): string {
  return `/${type}?filter=${encodeURIComponent(`${attribute} eq "${value}"`)}`
}

/** An account that was in the app before Postern. */
export function brownfield({ desk }: Pick<World, 'desk'>, login: string, more: object = {}) {
  return desk.store.createAccount({
    login,
    first_name: 'Was',
    last_name: 'Here',
    mail: null,
    job_title: null,
    org_unit: null,
    phone: null,
    state: 'enabled',
    ...more,
  })
}

/** The id in an answer that must have been a success. */
export function idOf(answer: Answer): string {
  if (answer.status >= 300) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`)
  return String(answer.body.id)
}

const HOWS = ['dies', 'lost', 'refused'] as const

let turn = 0

/**
 * Cuts of a request that takes this many steps when nothing happens to it: one at every step, each in
 * another way than the one before, and every way at every step where `TEST_CUTS` is `all`
 * (`npm run test:faults`).
 *
 * @param every 2: `npm test` cuts at every second step, where each cut costs a world and several nights
 */
export function cutsOf(steps: number, hows: readonly Cut['how'][] = HOWS, every: 1 | 2 = 1): Cut[] {
  if (steps === 0) throw new Error('there is nothing to cut')
  // Scenarios begin with another step and another way each, so that between them none is spared.
  const first = turn++
  return Array.from({ length: steps }, (_, i) => i + 1).flatMap((step) => {
    if (env.TEST_CUTS === 'all') return hows.map((how) => ({ step, how }))
    const how = hows[Math.floor((first + step) / every) % hows.length]
    return how && (first + step) % every === 0 ? [{ step, how }] : []
  })
}
