/**
 * One isolate of the worker, put together as in production, whose every step outside (D1 and app) is
 * counted and can be cut.
 */
import { connect } from 'cloudflare:sockets'
import { env } from 'cloudflare:workers'
import { adapters } from '../../adapters/index.ts'
import * as sandbox from '../../adapters/sandbox/index.ts'
import type { After } from '../../src/access/read-at-most.ts'
import type { Adapter } from '../../src/adapter/contract.ts'
import { compose } from '../../src/compose/compose.ts'
import { type Env, parseEnv } from '../../src/env.ts'
import { misfits } from '../../src/log/write-line.ts'
import type { Lessor } from '../../src/pacing/lessor.ts'
import type { Answer } from './gateway.ts'
import { openBinding } from './private-binding.ts'
import { heard } from './watched-statements.ts'

export interface Clock {
  now: number
}

/**
 * What happens at the n-th step outside. `dies`: the step has its effect, and nothing gets out after
 * it. `lost`: it has its effect, its answer is lost, and the isolate lives on. `refused`: it has no
 * effect, it fails, and the isolate lives on. Dying before a step is dying after the one before.
 */
export interface Cut {
  readonly step: number
  readonly how: 'dies' | 'lost' | 'refused'
}

export interface Isolate {
  /** Round trips to D1, the rows that they read, and calls to the app, so far. */
  readonly counts: () => { readonly trips: number; readonly rows: number; readonly calls: number }
  readonly steps: () => number
  readonly scim: (
    connection: { baseUrl: string; token: string },
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answer>
  /** Anything else, for example the admin API. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Of the scheduled handler, alerts and their notices alone: what the queue wakes up. */
  readonly alerts: () => Promise<void>
  /** The scheduled handler: sweeps, and erases. */
  readonly tick: () => Promise<void>
}

class CutOff extends Error {}

export function openIsolate(
  clock: Clock,
  fetch: (input: string, init: RequestInit) => Promise<Response>,
  options: {
    readonly cut?: Cut | undefined
    readonly adapters?: ReadonlyMap<string, Adapter> | undefined
    /** Names of those that are served as private adapters are. */
    readonly behindBinding?: readonly string[] | undefined
    /** `fetch` with a client certificate, by name of its binding. */
    readonly certificates?: ReadonlyMap<string, typeof fetch> | undefined
    /** The connection whose scans the cron may start: those of other tests wait. */
    readonly nightly?: string | undefined
    /** When a timer ends; otherwise none does: the clock of a test is its own. */
    readonly after?: After
    readonly hyperdrives?: ReadonlyMap<string, string>
    /** Further databases for the data of connections, by the names of their bindings. */
    readonly databases?: ReadonlyMap<string, D1Database>
    /** In place of the Worker's own. */
    readonly env?: Partial<Env>
    /** Whoever leases permits to call the app. */
    readonly pacerOf?: ((connection: string) => Lessor) | undefined
    readonly log?: (line: Readonly<Record<string, string | number>>) => void
    readonly waitUntil?: (work: Promise<unknown>) => void
    /** Told of each statement that D1 has run, and how many rows it read. */
    readonly queried?: (sql: string, rows: number) => void
    /** Default: the clock moves on. */
    readonly wait?: (ms: number) => Promise<void>
  } = {},
): Isolate {
  const { cut } = options
  let trips = 0
  let calls = 0
  let rows = 0
  let dead = false

  async function step<T>(effect: () => Promise<T>): Promise<T> {
    if (dead) throw new CutOff()
    const isCut = trips + calls === cut?.step
    if (isCut && cut.how === 'refused') throw new CutOff()
    if (isCut && cut.how === 'dies') dead = true
    const result = await effect()
    if (isCut) throw new CutOff()
    return result
  }

  const registry = options.adapters ?? adapters
  const outside = (input: string, init: RequestInit) => {
    calls += 1
    return step(() => fetch(input, init))
  }
  const stepping = (one: D1Database) =>
    guarded(
      heard(one),
      (effect) => {
        trips += 1
        return step(effect)
      },
      (sql, read) => {
        rows += read
        options.queried?.(sql, read)
      },
    )
  const composed = compose({
    env: {
      ...parseEnv(env),
      ...options.env,
      DB: stepping(options.env?.DB ?? env.DB),
    },
    databases: new Map(
      [...(options.databases ?? [])].map(([binding, one]) => [binding, stepping(one)]),
    ),
    adapters: registry,
    privateAdapters: new Map(
      (options.behindBinding ?? []).map((name) => {
        const adapter = registry.get(name)
        if (!adapter) throw new Error(`there is no adapter ${name}`)
        return [name, openBinding(adapter, outside, () => clock.now)]
      }),
    ),
    sandbox,
    fetch: outside,
    openSocket: connect,
    hyperdrives: options.hyperdrives ?? new Map(),
    ...(options.certificates && { certificates: options.certificates }),
    // Notes of a token's use; they are no part of what is answered.
    waitUntil: options.waitUntil ?? (() => {}),
    after: options.after ?? (() => () => {}),
    log: (line) => {
      const wrong = misfits(line)
      if (wrong.length > 0) throw new Error(`${line.event} must not hold ${wrong.join()}`)
      options.log?.(line)
    },
    pacerOf: options.pacerOf,
    io: {
      now: () => clock.now,
      newId: () => crypto.randomUUID(),
      random: () => 0.5,
      wait:
        options.wait ??
        (async (ms) => {
          clock.now += ms
        }),
    },
  })
  return {
    counts: () => ({ trips, rows, calls }),
    steps: () => trips + calls,
    fetch: async (request) => composed.fetch(request),
    alerts: composed.alerts,
    tick: async () => {
      await env.DB.prepare(
        `UPDATE connection SET scan_at = 9000000000000000
          WHERE scan_at < 9000000000000000 AND name <> ?`,
      )
        .bind(options.nightly ?? '')
        .run()
      await composed.scheduled()
    },
    async scim({ baseUrl, token }, method, path, body, more = {}) {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        ...more,
      }
      const response = await composed.fetch(
        new Request(baseUrl + path, {
          method,
          headers,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
      )
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? {} : JSON.parse(text),
      }
    },
  }
}

/** Each round trip to D1 is a step. */
function guarded(
  db: D1Database,
  step: <T>(effect: () => Promise<T>) => Promise<T>,
  queried: (sql: string, rows: number) => void,
): D1Database {
  const originals = new WeakMap<object, { statement: D1PreparedStatement; sql: string }>()
  const wrap = (statement: D1PreparedStatement, sql: string): D1PreparedStatement => {
    const counted = <T extends D1Result>(result: T): T => {
      queried(sql, result.meta.rows_read)
      return result
    }
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), sql),
      all: () => step(async () => counted(await statement.all())),
      run: () => step(async () => counted(await statement.run())),
      first: (column: string) => step(() => statement.first(column)),
      raw: (options?: { columnNames?: false }) => step(() => statement.raw(options)),
    } as unknown as D1PreparedStatement
    originals.set(wrapped, { statement, sql })
    return wrapped
  }
  return {
    prepare: (query: string) => wrap(db.prepare(query), query),
    batch: (statements: D1PreparedStatement[]) =>
      step(async () => {
        const known = statements.map((s) => originals.get(s))
        const results = await db.batch(statements.map((s, n) => known[n]?.statement ?? s))
        for (const [n, { meta }] of results.entries()) queried(known[n]?.sql ?? '', meta.rows_read)
        return results
      }),
  } as unknown as D1Database
}
