/** The samples of `/metrics` in the JSON of OTLP 1.x. Pure. */
import { METRICS, type Metric, type Sample } from '../govern/metrics.ts'
import { attributes, nanoseconds } from './spans.ts'

/** Sums since the connection was made, as OTLP calls it. */
const CUMULATIVE = 2

/** One of each metric that there are samples of. @param now milliseconds since 1970 */
export function otlpMetrics(samples: readonly Sample[], now: number): readonly object[] {
  return [...Map.groupBy(samples, ({ metric }) => metric)].map(([name, own]) => ({
    name,
    description: METRICS[name].says,
    ...(name.endsWith('_seconds') && { unit: 's' }),
    ...dataOf(name, own, now),
  }))
}

function dataOf(name: Metric, samples: readonly Sample[], now: number): object {
  const { type, labels } = METRICS[name]
  const dataPoints = samples.map(({ labels: values, value }) => {
    const named = Object.fromEntries(labels.map((label, at) => [label, values[at] ?? '']))
    const point = { attributes: attributes(named), timeUnixNano: nanoseconds(now) }
    if (typeof value === 'number') return { ...point, asDouble: value }
    const { bounds, counts, sumMs } = value
    const bucketCounts = [...bounds, undefined].map((_, at) => counts[at] ?? 0)
    return {
      ...point,
      count: String(bucketCounts.reduce((sum, one) => sum + one, 0)),
      sum: sumMs / 1000,
      bucketCounts: bucketCounts.map(String),
      explicitBounds: bounds.map((ms) => ms / 1000),
    }
  })
  const cumulative = { aggregationTemporality: CUMULATIVE, dataPoints }
  switch (type) {
    case 'gauge':
      return { gauge: { dataPoints } }
    case 'counter':
      return { sum: { ...cumulative, isMonotonic: true } }
    case 'histogram':
      return { histogram: cumulative }
  }
}
