/** Connections at a glance: what one looks at first, as routes behind the admin API's door. */
import type { Hono } from 'hono'
import { Connections } from '../db/connections.ts'
import type { DataDatabases, Placed } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import type { FindingKind } from '../db/findings.ts'
import { countDecisions, countLinks, type Glance, glanceAt, type Span } from '../db/overview.ts'
import { isoOf } from '../scim/date-time.ts'
import { route } from './api.ts'
import { type ConnectionView, toView } from './connection-view.ts'
import { listConnections, noConnection } from './connections.ts'
import { administratorOf } from './door.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const HOURS = 24
const DAYS = 14

export interface OverviewDeps {
  readonly db: D1Database
  /** Holds the control tables. */
  readonly control: Database
  readonly data: DataDatabases
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly baseUrl: (requestUrl: string) => string
  /** Writes what this isolate has heard and not written yet. */
  readonly flush: () => Promise<unknown>
}

/** Times are ISO 8601. */
export interface Health {
  /** When a client last signed in, to some minutes; null: never. */
  readonly lastHeard: string | null
  /** Bearer tokens that there are, and when the first of them ends; null: none does. */
  readonly tokens: number
  readonly nextExpiry: string | null
  /** Open ones, by kind; null: its database fails, and neither they nor its traffic are known. */
  readonly findings: Readonly<Partial<Record<FindingKind, number>>> | null
  /** Requests in each slot, and those that were refused or failed; the last slot is not over. */
  readonly traffic: {
    readonly since: string
    readonly slotHours: number
    readonly requests: readonly number[]
    readonly failures: readonly number[]
    /** Of all slots: not let in. */
    readonly denied: number
    /** 0 to 1; null: there were no requests. */
    readonly successRate: number | null
  }
}

export type Brief = Pick<
  ConnectionView,
  'name' | 'adapter' | 'scimBaseUrl' | 'mode' | 'modeUntil'
> & { readonly health: Health }

export interface ConnectionHealth extends Health {
  /** Linked objects by resource type. */
  readonly linked: Readonly<Record<string, number>>
  /** What was decided lately. */
  readonly decisions: readonly { readonly decision: string; readonly count: number }[]
}

/** For `adminApi`'s `more`. */
export function overviewRoutes(deps: OverviewDeps): (api: Hono) => void {
  const { control, data, now } = deps
  const connections = new Connections(deps.db)

  return (api) => {
    route(api, '/overview', {
      GET: async (c) => {
        await deps.flush()
        const base = deps.baseUrl(c.req.url)
        const page = await listConnections(c.req.query('cursor'), base, deps, administratorOf(c))
        const names = page.items.map(({ name }) => name)
        const known = await connections.known({ names })
        const placed = new Map(known.map((one) => [one.name, one]))
        const span = spanOf(now(), HOUR_MS, HOURS)
        const glance = await glanceAt(control, data, known, span)
        const items = page.items.flatMap((view): Brief[] => {
          const own = placed.get(view.name)
          return own ? [{ ...briefOf(view), health: healthOf(glance, own, span, HOURS) }] : []
        })
        return c.json({ ...page, items })
      },
    })

    route(api, '/connections/:name/overview', {
      GET: async (c) => {
        const row = await connections.named(c.req.param('name') ?? '')
        if (!row) throw noConnection()
        await deps.flush()
        const placed = { id: row.id, dataDatabase: row.dataDb }
        const own = data.of(placed)
        const span = spanOf(now(), DAY_MS, DAYS)
        const [glance, linked, decisions] = await Promise.all([
          glanceAt(control, data, [placed], span),
          countLinks(own, row.id),
          countDecisions(own, row.id),
        ])
        const health: ConnectionHealth & Omit<Brief, 'health'> = {
          ...briefOf(toView(row, deps.baseUrl(c.req.url), now())),
          ...healthOf(glance, placed, span, DAYS),
          linked: Object.fromEntries(linked.map(({ type, count }) => [type, count])),
          decisions,
        }
        return c.json(health)
      },
    })
  }
}

function briefOf(view: ConnectionView): Omit<Brief, 'health'> {
  const { name, adapter, scimBaseUrl, mode, modeUntil } = view
  return { name, adapter, scimBaseUrl, mode, modeUntil }
}

/** Whole slots of UTC, the one that is running last. */
function spanOf(now: number, slotMs: number, slots: number): Span {
  return { since: Math.floor(now / slotMs) * slotMs - (slots - 1) * slotMs, slotMs }
}

function healthOf(
  glance: Glance,
  { id, dataDatabase }: Placed,
  { since, slotMs }: Span,
  slots: number,
): Health {
  const heard = glance.heard.get(id)
  const traces = glance.traces.get(id)
  const requests = Array<number>(slots).fill(0)
  const failures = Array<number>(slots).fill(0)
  let denied = 0
  let heardAt = heard?.lastHeard ?? 0
  for (const one of traces?.traffic ?? []) {
    // Clocks of machines differ: what one wrote in our future counts as now.
    const at = Math.min(one.slot, slots - 1)
    requests[at] = (requests[at] ?? 0) + one.requests
    failures[at] = (failures[at] ?? 0) + one.failures
    denied += one.denied
    heardAt = Math.max(heardAt, one.heardAt)
  }
  const all = total(requests)
  return {
    lastHeard: isoOf(heardAt === 0 ? null : heardAt),
    tokens: heard?.tokens ?? 0,
    nextExpiry: isoOf(heard?.nextExpiry ?? null),
    findings: glance.silent.has(dataDatabase) ? null : (traces?.findings ?? {}),
    traffic: {
      since: new Date(since).toISOString(),
      slotHours: slotMs / HOUR_MS,
      ...{ requests, failures, denied },
      successRate: all === 0 ? null : (all - total(failures)) / all,
    },
  }
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)
