/** `/metrics`: the numbers of all connections from D1, so that whichever isolate is asked says the same. */
import type { Context, Hono } from 'hono'
import { modeAt } from '../access/mode.ts'
import { bearerToken, equalTokens } from '../access/tokens.ts'
import type { ReadSecret } from '../access/worker-secret.ts'
import { type Counters, countersOf } from '../db/counters.ts'
import type { DataDatabases } from '../db/data-databases.ts'
import type { Database } from '../db/database.ts'
import { type Gauges, takeGauges } from '../db/gauges.ts'
import { countConnections, type Observed, observedConnections } from '../db/observed.ts'
import { BOUNDS_MS } from '../db/traffic.ts'
import { OPEN_METRICS, PROMETHEUS_TEXT, type Sample, writeMetrics } from '../govern/metrics.ts'
import { route } from './api.ts'
import { administratorOf } from './door.ts'

/** Each is some fifty lines; more connections want a gateway more, or recording rules. */
const MOST_CONNECTIONS = 1_000
/** Counting links reads them all. */
const GAUGES_LAST_MS = 5 * 60_000
/** Connections whose gauges one request takes anew. */
const TAKEN = 20
const DAY_MS = 24 * 3_600_000
/** 192 bits in base64; a shorter one could be guessed, and lets nobody in. */
const SHORTEST_TOKEN = 32

export interface MetricsDeps {
  /** Holds the control tables. */
  readonly control: Database
  readonly data: DataDatabases
  /** POSTERN_METRICS_TOKEN; empty: it lets nobody in. */
  readonly token: ReadSecret
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Writes what this isolate has heard and not written yet. */
  readonly flush: () => Promise<unknown>
}

/** For `adminApi`'s `more`: auditors are told of their connections. */
export function metricsRoutes(deps: MetricsDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/metrics', {
      GET: (c: Context) => answer(deps, c.req.raw, administratorOf(c).connections),
    })
  }
}

/** Undefined where the bearer is not that of the metrics: the door of the admin API decides then. */
export async function answerScrape(
  deps: MetricsDeps,
  request: Request,
): Promise<Response | undefined> {
  const given = bearerToken(request.headers.get('authorization') ?? undefined)
  const token = await deps.token()
  if (given === undefined || token.length < SHORTEST_TOKEN) return undefined
  return (await equalTokens(given, token)) ? answer(deps, request, null) : undefined
}

async function answer(
  deps: MetricsDeps,
  { headers }: Request,
  ids: readonly string[] | null,
): Promise<Response> {
  await deps.flush()
  const form = headers.get('accept')?.includes('application/openmetrics-text')
    ? OPEN_METRICS
    : PROMETHEUS_TEXT
  const text = writeMetrics(await samplesFor(deps, ids), form)
  return new Response(text, { headers: { 'content-type': form, 'cache-control': 'no-store' } })
}

/** @param ids of the connections that somebody may see; null: all */
export async function samplesFor(
  { control, data, now }: MetricsDeps,
  ids: readonly string[] | null,
): Promise<Sample[]> {
  const at = now()
  const [connections, count] = await Promise.all([
    observedConnections(control, ids, MOST_CONNECTIONS),
    ids === null ? countConnections(control) : ids.length,
  ])
  const { found: counters, silent } = await data.gather(connections, countersOf)
  const gaugedAt = (id: string) => counters.get(id)?.gaugedAt ?? 0
  const answering = connections.filter((one) => !silent.has(one.dataDatabase))
  // Of each database: one that is full takes none, and its connections stay the oldest.
  const old = [...Map.groupBy(answering, ({ dataDatabase }) => dataDatabase).values()].flatMap(
    (own) =>
      own
        .filter(({ id }) => gaugedAt(id) <= at - GAUGES_LAST_MS)
        .sort((a, b) => gaugedAt(a.id) - gaugedAt(b.id))
        .slice(0, TAKEN),
  )
  const { found: taken, silent: full } = await data.gather(old, (db, ids) =>
    takeGauges(db, ids, { now: at, since: at - DAY_MS }),
  )
  const isUp = (binding: string) =>
    data.isBound(binding) && !silent.has(binding) && !full.has(binding)
  return [
    { metric: 'postern_connections', labels: [], value: count },
    ...[...new Set(connections.map(({ dataDatabase }) => dataDatabase))].map(
      (binding): Sample => ({
        metric: 'postern_database_up',
        labels: [binding],
        value: isUp(binding) ? 1 : 0,
      }),
    ),
    ...connections.flatMap((connection) => {
      const own = counters.get(connection.id)
      const anew = taken.get(connection.id)
      const gauges = anew ?? (gaugedAt(connection.id) > 0 ? own?.gauges : undefined)
      return [
        ...settingsOf(connection, at),
        ...(own ? countersIn(connection.name, own) : []),
        ...(gauges === undefined
          ? []
          : gaugesIn(connection.name, JSON.parse(gauges), anew ? at : gaugedAt(connection.id))),
      ]
    }),
  ]
}

function settingsOf(connection: Observed, now: number): Sample[] {
  const { name, adapter, tokenEndsAt } = connection
  const mode = modeAt(connection.mode, connection.modeUntil ?? undefined, now)
  return [
    { metric: 'postern_connection_info', labels: [name, adapter, mode], value: 1 },
    ...moment('postern_token_expiry_timestamp_seconds', name, tokenEndsAt ?? 0),
  ]
}

function countersIn(name: string, counters: Counters): Sample[] {
  const { heardAt, requests, denied, calls, callsFailed, lost } = counters
  const distribution = (counts: readonly number[], sumMs: number) => ({
    ...{ bounds: BOUNDS_MS, counts, sumMs },
  })
  const took = distribution(counters.requestMs, counters.requestMsSum)
  const appTook = distribution(counters.callMs, counters.callMsSum)
  return [
    ...Object.entries(requests).map(([which, value]): Sample => {
      const end = which.indexOf(' ')
      const labels = [name, which.slice(end + 1), which.slice(0, end)]
      return { metric: 'postern_requests', labels, value }
    }),
    { metric: 'postern_requests', labels: [name, '', 'denied'], value: denied },
    { metric: 'postern_request_seconds', labels: [name], value: took },
    { metric: 'postern_app_calls', labels: [name, 'ok'], value: calls - callsFailed },
    { metric: 'postern_app_calls', labels: [name, 'failed'], value: callsFailed },
    { metric: 'postern_app_call_seconds', labels: [name], value: appTook },
    { metric: 'postern_audit_lost_rows', labels: [name], value: lost },
    ...moment('postern_last_heard_timestamp_seconds', name, heardAt),
  ]
}

function gaugesIn(name: string, gauges: Gauges, takenAt: number): Sample[] {
  const { findings, links, intents, parked, paused, requests, failures } = gauges
  const each = (
    metric: 'postern_findings' | 'postern_intents',
    all: Readonly<Record<string, number>>,
  ) => Object.entries(all).map(([key, value]): Sample => ({ metric, labels: [name, key], value }))
  return [
    ...each('postern_findings', findings),
    ...each('postern_intents', intents),
    ...Object.entries(links).flatMap(([type, states]) =>
      Object.entries(states).map(
        ([state, value]): Sample => ({
          metric: 'postern_links',
          labels: [name, type, state],
          value,
        }),
      ),
    ),
    { metric: 'postern_parked', labels: [name], value: parked },
    { metric: 'postern_app_paused', labels: [name], value: paused },
    ...(requests === 0
      ? []
      : [
          {
            metric: 'postern_failure_ratio',
            labels: [name],
            value: failures / requests,
          } satisfies Sample,
        ]),
    ...moment('postern_gauges_timestamp_seconds', name, takenAt),
  ]
}

/** Milliseconds since 1970, which are told in seconds; 0: it never was. */
function moment(metric: Sample['metric'], name: string, at: number): Sample[] {
  return at === 0 ? [] : [{ metric, labels: [name], value: at / 1000 }]
}
