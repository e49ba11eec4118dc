/** What is wrong with the connections, as routes behind the admin API's door: what to look at first. */
import type { Hono } from 'hono'
import { parsePolicy } from '../access/policy.ts'
import type { Sealing } from '../access/seal.ts'
import { Connections } from '../db/connections.ts'
import type { DataDatabases } from '../db/data-databases.ts'
import { type Database, isStorageError } from '../db/database.ts'
import type { Ref } from '../db/finding-facts.ts'
import { type Named, namesOf } from '../db/names.ts'
import { type Condition, type ConditionKind, weightOf } from '../govern/condition.ts'
import { leadOf } from '../govern/condition-leads.ts'
import { wordsOf } from '../govern/condition-words.ts'
import { conditionsFor, type Looked } from '../jobs/conditions.ts'
import { route } from './api.ts'
import { noConnection } from './connections.ts'
import { textAfter, toCursor } from './cursor.ts'
import { administratorOf } from './door.ts'

export interface ConditionRouteDeps {
  readonly db: D1Database
  readonly control: Database
  readonly data: DataDatabases
  readonly sealing: Sealing
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Writes what this isolate has heard and not written yet. */
  readonly flush: () => Promise<unknown>
}

/** Times are ISO 8601. */
export interface ConditionView {
  readonly connection: string
  readonly kind: ConditionKind
  readonly subject: string
  readonly severity: 'warning' | 'critical'
  readonly title: string
  readonly happened: string
  /** Who does what. */
  readonly todo: string
  readonly count: number
  /** Null: nobody knows. */
  readonly since: string | null
  /** `everybody`: all people of the connection; else these, and perhaps others of `count`. */
  readonly hits: {
    readonly everybody: boolean
    readonly count: number
    readonly some: readonly { readonly id: string | null; readonly name: string }[]
  }
  /** Of the console, from the root of the host. */
  readonly page: string
  readonly command: string
  readonly detail: Condition['detail']
}

/** Connections that are looked at together: the worst of them stands first. */
const CONNECTIONS = 1_000
/** People who are named. */
const NAMED = 3

/** For `adminApi`'s `more`. */
export function conditionRoutes(deps: ConditionRouteDeps): (api: Hono) => void {
  const connections = new Connections(deps.db)
  return (api) => {
    route(api, '/conditions', {
      GET: async (c) => {
        const rows = await connections.list({
          after: textAfter(c.req.query('cursor')),
          limit: CONNECTIONS + 1,
          among: administratorOf(c).connections ?? undefined,
        })
        const looked = rows.slice(0, CONNECTIONS)
        const last = rows.length > CONNECTIONS ? looked.at(-1) : undefined
        const items = await viewsOf(deps, looked)
        return c.json({ items, ...(last && { nextCursor: toCursor([last.name]) }) })
      },
    })
    route(api, '/connections/:name/conditions', {
      GET: async (c) => {
        const row = await connections.named(c.req.param('name') ?? '')
        if (!row) throw noConnection()
        return c.json({ items: await viewsOf(deps, [row]) })
      },
    })
  }
}

interface Row {
  readonly id: string
  readonly name: string
  readonly policy: unknown
  readonly dataDb: string
}

async function viewsOf(deps: ConditionRouteDeps, rows: readonly Row[]): Promise<ConditionView[]> {
  await deps.flush()
  const looked = rows.map(({ id, name, policy, dataDb }) => ({
    ...{ id, name, policy: parsePolicy(policy), dataDatabase: dataDb },
  }))
  return viewConditions({ ...deps, now: deps.now() }, looked)
}

/** Told, with the names of those whom they hit: the worst first. */
export async function viewConditions(
  deps: Parameters<typeof conditionsFor>[0],
  connections: readonly (Looked & { readonly name: string })[],
): Promise<ConditionView[]> {
  const found = await conditionsFor(deps, connections)
  const all = connections
    .flatMap(({ id, name }) => (found.get(id) ?? []).map((condition) => ({ id, name, condition })))
    .sort((a, b) => weightOf(a.condition) - weightOf(b.condition))
  const bindings = new Map(connections.map(({ id, dataDatabase }) => [id, dataDatabase]))
  const refs = all.flatMap(({ id, condition: { hits } }) =>
    hits === 'everybody'
      ? []
      : hits.some.slice(0, NAMED).map((ref) => ({ ...ref, connection: id })),
  )
  const names = (await namesIn(deps.data, refs, bindings)).values()
  return all.map(({ name, condition }) => {
    const { hits } = condition
    const some = hits === 'everybody' ? [] : hits.some.slice(0, NAMED)
    return viewOf(
      name,
      condition,
      some.map((ref) => named(ref, names.next().value)),
    )
  })
}

/** In the order of `refs`, each from the database of its connection. */
async function namesIn(
  data: DataDatabases,
  refs: readonly (Ref & { readonly connection: string })[],
  bindings: ReadonlyMap<string, string>,
): Promise<(Named | undefined)[]> {
  const found = new Map<Ref, Named | undefined>()
  const byBinding = Map.groupBy(refs, ({ connection }) => bindings.get(connection) ?? '')
  await Promise.all(
    [...byBinding].map(async ([dataDatabase, own]) => {
      const names = await namesOf(data.of({ dataDatabase }), own).catch((error: unknown) => {
        // A name is worth less than the condition.
        if (!isStorageError(error)) throw error
        return []
      })
      for (const [at, ref] of own.entries()) found.set(ref, names[at])
    }),
  )
  return refs.map((ref) => found.get(ref))
}

function named(ref: Ref, found: Named | undefined) {
  const id = found?.id ?? ref.link ?? null
  return { id, name: found?.name ?? ref.nativeId ?? ref.link ?? '' }
}

function viewOf(
  connection: string,
  condition: Condition,
  some: ConditionView['hits']['some'],
): ConditionView {
  const { kind, subject, severity, count, since, hits, detail } = condition
  const { page, command } = leadOf(condition, connection)
  return {
    ...{ connection, kind, subject, severity, count, detail, ...wordsOf(kind, condition) },
    since: since === undefined ? null : new Date(since).toISOString(),
    hits:
      hits === 'everybody'
        ? { everybody: true, count: 0, some }
        : { everybody: false, count: hits.count, some },
    page: `/admin/connections/${encodeURIComponent(connection)}${page}`,
    command: `postern ${command}`,
  }
}
