/**
 * The metrics of the gateway: names, labels and meaning, and how they are written for who scrapes them
 * (OpenMetrics 1.0, or the older text of Prometheus). docs/metrics.md is this table; names are stable. Pure.
 */

export const METRICS = {
  postern_connections: {
    type: 'gauge',
    labels: [],
    says: 'Connections of the gateway; beyond 1,000 the rest is not told of.',
  },
  postern_database_up: {
    type: 'gauge',
    labels: ['database'],
    says: '1: the database answers; 0: it fails or is not bound, and counters of its connections are absent.',
  },
  postern_connection_info: {
    type: 'gauge',
    labels: ['connection', 'adapter', 'mode'],
    says: 'Always 1: what a connection is, and in which mode.',
  },
  postern_requests: {
    type: 'counter',
    labels: ['connection', 'type', 'outcome'],
    says: 'Requests of clients, by resource type (or none) and outcome.',
  },
  postern_request_seconds: {
    type: 'histogram',
    labels: ['connection'],
    says: 'How long the gateway took to answer them; those that were not let in are left out.',
  },
  postern_app_calls: {
    type: 'counter',
    labels: ['connection', 'result'],
    says: 'Calls of the app for requests: ok, or failed (no answer, or 5xx).',
  },
  postern_app_call_seconds: {
    type: 'histogram',
    labels: ['connection'],
    says: 'How long the app took to answer them.',
  },
  postern_audit_lost_rows: {
    type: 'counter',
    labels: ['connection'],
    says: 'Rows of the audit that could not be written.',
  },
  postern_last_heard_timestamp_seconds: {
    type: 'gauge',
    labels: ['connection'],
    says: 'When a client was last let in; absent: never.',
  },
  postern_token_expiry_timestamp_seconds: {
    type: 'gauge',
    labels: ['connection'],
    says: 'When the first bearer token ends; absent: none does.',
  },
  postern_failure_ratio: {
    type: 'gauge',
    labels: ['connection'],
    says: "Of the last day's requests, those refused or failed; absent: there were none.",
  },
  postern_findings: {
    type: 'gauge',
    labels: ['connection', 'kind'],
    says: 'Open findings.',
  },
  postern_links: {
    type: 'gauge',
    labels: ['connection', 'type', 'state'],
    says: 'Links, by resource type and state.',
  },
  postern_intents: {
    type: 'gauge',
    labels: ['connection', 'op'],
    says: 'Writes that are unfinished, by what they are.',
  },
  postern_parked: {
    type: 'gauge',
    labels: ['connection'],
    says: 'People whom the guard holds back.',
  },
  postern_app_paused: {
    type: 'gauge',
    labels: ['connection'],
    says: '1 while calls of the app are paused (its circuit is open), so far as a finding says.',
  },
  postern_gauges_timestamp_seconds: {
    type: 'gauge',
    labels: ['connection'],
    says: 'When findings, links, intents, parked people, the pause and the ratio were counted.',
  },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly type: 'counter' | 'gauge' | 'histogram'
      readonly labels: readonly string[]
      readonly says: string
    }
  >
>

export type Metric = keyof typeof METRICS

/** One value, with its labels in the order of the table. */
export interface Sample {
  readonly metric: Metric
  readonly labels: readonly string[]
  readonly value: number | Distribution
}

/** Of a histogram. */
export interface Distribution {
  /** Upper bounds of the classes, in milliseconds; one class more is above. */
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
  readonly sumMs: number
}

export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** @param form one of the two media types */
export function writeMetrics(
  samples: readonly Sample[],
  form: typeof OPEN_METRICS | typeof PROMETHEUS_TEXT,
): string {
  const isOpen = form === OPEN_METRICS
  const byMetric = Map.groupBy(samples, ({ metric }) => metric)
  const lines = Object.entries(METRICS).flatMap(([name, { type, says }]) => {
    const own = byMetric.get(name as Metric) ?? []
    if (own.length === 0) return []
    // A counter's family has no suffix in OpenMetrics, and is its samples' name in the older text.
    const family = type === 'counter' && !isOpen ? `${name}_total` : name
    return [
      `# TYPE ${family} ${type}`,
      ...(isOpen && name.endsWith('_seconds') ? [`# UNIT ${family} seconds`] : []),
      `# HELP ${family} ${says}`,
      ...own.flatMap(linesOf),
    ]
  })
  return `${[...lines, ...(isOpen ? ['# EOF'] : [])].join('\n')}\n`
}

function linesOf({ metric, labels: values, value }: Sample): string[] {
  const { type, labels } = METRICS[metric]
  const pairs = labels.map((label, at) => `${label}="${escaped(values[at] ?? '')}"`)
  const line = (suffix: string, n: number, ...more: readonly string[]) => {
    const all = [...pairs, ...more]
    return `${metric}${suffix}${all.length > 0 ? `{${all.join()}}` : ''} ${n}`
  }
  if (typeof value === 'number') return [line(type === 'counter' ? '_total' : '', value)]
  let below = 0
  const buckets = [...value.bounds, undefined].map((bound, at) => {
    below += value.counts[at] ?? 0
    return line('_bucket', below, `le="${bound === undefined ? '+Inf' : inSeconds(bound)}"`)
  })
  return [...buckets, line('_sum', value.sumMs / 1000), line('_count', below)]
}

/** OpenMetrics wants a canonical float: `1.0`, not `1`. */
function inSeconds(ms: number): string {
  const seconds = String(ms / 1000)
  return seconds.includes('.') ? seconds : `${seconds}.0`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
