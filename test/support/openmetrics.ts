/**
 * A strict reader of OpenMetrics 1.0 text: what the specification forbids, it refuses. For the tests of
 * `/metrics`; Prometheus itself is more lenient.
 */

export interface Family {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: ReadonlyMap<string, number>
}

const NAME = /^[a-z_][a-z0-9_]*$/
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf|NaN)$/
const SUFFIXES = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_sum', '_count'] }

/** By name of the family; samples as `name{label="value",...}`, labels in the order of the text. */
export function readOpenMetrics(text: string): ReadonlyMap<string, Family> {
  const refuse = (line: string, why: string): never => {
    throw new Error(`${why}: ${line}`)
  }
  if (!text.endsWith('\n# EOF\n')) refuse(text.slice(-40), 'it must end with # EOF and a line feed')
  const families = new Map<string, { type: Family['type']; samples: Map<string, number> }>()
  let current = ''
  let told = new Set<string>()
  for (const line of text.split('\n').slice(0, -2)) {
    const [, what, family = '', rest = ''] = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line) ?? []
    if (what !== undefined) {
      if (what === 'TYPE') {
        if (families.has(family)) refuse(line, 'a family comes once')
        if (!NAME.test(family)) refuse(line, 'a name is not one')
        if (!(rest in SUFFIXES)) refuse(line, 'a type is unknown')
        families.set(family, { type: rest as Family['type'], samples: new Map() })
        current = family
        told = new Set()
      }
      if (family !== current) refuse(line, 'families must not be mixed')
      if (told.has(what)) refuse(line, 'it is told twice')
      if (what === 'UNIT' && !family.endsWith(`_${rest}`)) refuse(line, 'the unit ends the name')
      told.add(what)
      continue
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? refuse(line, 'no sample')
    const own = families.get(current) ?? refuse(line, 'a sample comes after its type')
    const suffix = name.slice(current.length)
    if (!name.startsWith(current) || !(SUFFIXES[own.type] as string[]).includes(suffix)) {
      refuse(line, `it is no sample of ${current}`)
    }
    if (!NUMBER.test(value)) refuse(line, 'the value is no number')
    const pairs = readLabels(labels) ?? refuse(line, 'the labels are not well-formed')
    if (new Set(pairs.map(([label]) => label)).size < pairs.length) refuse(line, 'a label is twice')
    const key = pairs.map(([label, text]) => `${label}="${text}"`).join()
    const sample = key === '' ? name : `${name}{${key}}`
    if (own.samples.has(sample)) refuse(line, 'a sample comes once')
    if (own.type !== 'gauge' && Number(value) < 0) refuse(line, 'a counter is never below zero')
    own.samples.set(sample, Number(value))
  }
  for (const [name, { type, samples }] of families) {
    if (samples.size === 0) refuse(name, 'a family without samples')
    if (type === 'histogram') checkBuckets(name, samples)
  }
  return families
}

function readLabels(text: string): [string, string][] | undefined {
  const pairs: [string, string][] = []
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const found = LABEL.exec(text)
    if (!found) return undefined
    pairs.push([found[1] ?? '', found[2] ?? ''])
    if (found[3] === ',' && LABEL.lastIndex === text.length) return undefined
  }
  return pairs
}

/** Cumulative, in ascending order, ended by +Inf, which is the count. */
function checkBuckets(name: string, samples: ReadonlyMap<string, number>): void {
  const series = new Map<string, { le: string; value: number }[]>()
  for (const [sample, value] of samples) {
    if (!sample.startsWith(`${name}_bucket`)) continue
    const le = /le="([^"]*)"/.exec(sample)?.[1] ?? ''
    const rest = sample.slice(name.length + '_bucket'.length).replace(/,?le="[^"]*"/, '')
    series.set(rest, [...(series.get(rest) ?? []), { le, value }])
  }
  for (const [labels, buckets] of series) {
    const bounds = buckets.map(({ le }) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)))
    const isSorted = bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? 0))
    const isRising = buckets.every(({ value }, at) => value >= (buckets[at - 1]?.value ?? 0))
    const isCanonical = buckets.every(({ le }) => le === '+Inf' || /^\d+\.\d+$/.test(le))
    const last = buckets.at(-1)
    const isWhole = last?.le === '+Inf' && last.value === samples.get(`${name}_count${labels}`)
    if (!isSorted || !isRising || !isCanonical || !isWhole) {
      throw new Error(`the buckets of ${name}${labels} are not those of a histogram`)
    }
  }
}
