/** What is shipped for those who watch: each name that a query goes by is one that Postern has. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { METRICS } from '../../src/govern/metrics.ts'
import { EVENTS } from '../../src/log/events.ts'

const ROOT = path.join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8')

// ---- PromQL ------------------------------------------------------------------------------------------

const SUFFIXES = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_sum', '_count'] }
const SERIES = new Map<string, readonly string[]>(
  Object.entries(METRICS).flatMap(([name, { type, labels }]) =>
    SUFFIXES[type].map((suffix) => [
      name + suffix,
      suffix === '_bucket' ? [...labels, 'le'] : labels,
    ]),
  ),
)
const REQUEST = EVENTS['scim.request'].fields
/** Of labels whose values are ours. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  outcome: REQUEST.outcome,
  result: ['ok', 'failed'],
}

/** What is wrong with it. */
function faultsOf(query: string): string[] {
  const faults: string[] = []
  const known = new Set<string>()
  for (const [, name = '', matchers = ''] of query.matchAll(/\b(postern_\w+)(?:\{([^}]*)\})?/g)) {
    const labels = SERIES.get(name)
    if (!labels) faults.push(`there is no ${name}`)
    for (const label of labels ?? []) known.add(label)
    for (const [, label = '', value = ''] of matchers.matchAll(/(\w+)\s*[=!]~?\s*"([^"]*)"/g)) {
      if (labels && !labels.includes(label)) faults.push(`${name} has no label ${label}`)
      const wrong = value.split('|').filter((one) => VALUES[label]?.includes(one) === false)
      faults.push(...wrong.map((one) => `${label} is never ${one}`))
    }
  }
  if (known.size === 0 && !/\bpostern_/.test(query)) faults.push('it asks for nothing')
  for (const [, grouped = ''] of query.matchAll(/\bby\s*\(([^)]*)\)/g)) {
    const wrong = grouped.split(',').filter((label) => !known.has(label.trim()))
    faults.push(...wrong.map((label) => `nothing in it has the label ${label.trim()}`))
  }
  // A counter that is looked at without its rate tells the age of the gateway.
  const counters = query.matchAll(/(\w+)\(\s*postern_\w+_total\b|(?<!\()\bpostern_\w+_total\b/g)
  for (const [whole, around] of counters) {
    if (around !== 'rate' && around !== 'increase') faults.push(`no rate of ${whole}`)
  }
  return faults
}

test('a query that names what is not there is found', () => {
  expect(faultsOf('rate(postern_requests[5m])')).toEqual(['there is no postern_requests'])
  expect(faultsOf('postern_parked{kind="x"}')).toEqual(['postern_parked has no label kind'])
  expect(faultsOf('rate(postern_requests_total{outcome="ok"}[5m])')).toEqual([
    'outcome is never ok',
  ])
  expect(faultsOf('sum by (type) (postern_parked)')).toHaveLength(1)
  expect(faultsOf('sum(postern_requests_total)')).toHaveLength(1)
  expect(faultsOf('sum by (le) (rate(postern_request_seconds_bucket[5m]))')).toEqual([])
})

describe('the dashboard of Grafana', () => {
  interface Panel {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>
    readonly datasource?: { readonly uid: string }
    readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
  }
  const dashboard = JSON.parse(read('ops/grafana/dashboard.json'))
  const panels: readonly Panel[] = dashboard.panels
  const shown = panels.filter(({ type }) => type !== 'row')

  test.each(shown.map((panel) => [panel.title, panel] as const))(
    '%s: asks for what is there',
    (_, panel) => {
      expect(panel.datasource?.uid).toBe(`\${datasource}`)
      expect(panel.targets?.length).toBeGreaterThan(0)
      for (const { expr, legendFormat } of panel.targets ?? []) {
        expect(faultsOf(expr)).toEqual([])
        // One that is of connections can be narrowed down to some.
        const asked = Object.entries(METRICS).filter(([name]) => expr.includes(name))
        const ofConnections = asked.some(([, { labels }]) => labels.some((l) => l === 'connection'))
        if (ofConnections) expect(expr).toContain('connection=~"$connection"')
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
          expect(expr).toMatch(new RegExp(`by \\([^)]*\\b${label}\\b`))
        }
      }
    },
  )

  test('has panels with ids of their own, within the grid and beside each other', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
  })

  test('shows every metric, but when its gauges were taken', () => {
    const text = shown.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)).join('\n')
    const left = Object.keys(METRICS).filter((name) => !text.includes(name))
    expect(left).toEqual(['postern_gauges_timestamp_seconds'])
  })

  test('offers the connections that there are', () => {
    const [, connection] = dashboard.templating.list
    expect(connection.query.query).toBe('label_values(postern_connection_info, connection)')
  })
})

describe('the rules for Prometheus', () => {
  interface Rule {
    readonly alert: string
    readonly expr: string
    readonly labels: { readonly severity: string }
    readonly annotations: { readonly summary: string; readonly description: string }
  }
  const rules: readonly Rule[] = parse(read('ops/grafana/alerts.yaml')).groups.flatMap(
    ({ rules: own }: { rules: readonly Rule[] }) => own,
  )

  test('have names of their own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s: asks for what is there, and says what to do',
    (_, rule) => {
      expect(faultsOf(rule.expr)).toEqual([])
      expect(['warning', 'critical']).toContain(rule.labels.severity)
      expect(rule.annotations.summary).not.toBe('')
      expect(rule.annotations.description).toMatch(/[.?]$/)
      const told = `${rule.annotations.summary} ${rule.annotations.description}`
      for (const [, label = ''] of told.matchAll(/\$labels\.(\w+)/g)) {
        expect(rule.expr).toContain('postern_')
        expect(label).toBe('connection')
        // An expression that adds up keeps the labels that it names.
        if (/\bsum\b/.test(rule.expr)) expect(rule.expr).toMatch(/sum by \(connection/)
      }
    },
  )
})

// ---- KQL ---------------------------------------------------------------------------------------------

/** https://learn.microsoft.com/azure/azure-monitor/reference/tables/aadprovisioninglogs */
const ENTRA = ['TimeGenerated', 'ResultType', 'ResultSignature', 'ResultDescription']
const ENTRA_TOO = ['ProvisioningAction', 'ServicePrincipal', 'SourceIdentity']
const TABLES = ['AADProvisioningLogs', 'PosternLog', 'AppTraces']
const WORDS =
  'ago and asc by case coalesce count countif datatable dcount desc extend fullouter in inner join kind ' +
  'let max maxif bin on order parse_json percentile project render round string summarize take_any ' +
  'timechart tostring tolong isnotempty where avg Name'

const fields: Readonly<Record<string, unknown>> = Object.assign(
  {},
  ...Object.values(EVENTS).map((event) => event.fields),
)
const log = read('ops/azure/PosternLog.kql')
const columns = [...log.matchAll(/^ {4}(\w+) = (\w+)\(line\.(\w+)\)/gm)].map(
  ([, column = '', conversion = '', field = '']) => ({ column, conversion, field }),
)

test('PosternLog has columns for fields of events, each as what it is', () => {
  expect(columns.length).toBeGreaterThan(20)
  for (const { column, conversion, field } of columns) {
    expect(column).toBe(field)
    if (field === 'level' || field === 'event') continue
    expect(Object.keys(fields)).toContain(field)
    expect(conversion, field).toBe(fields[field] === 'number' ? 'tolong' : 'tostring')
  }
  const all = Object.keys(REQUEST).filter((name) => !columns.some(({ column }) => column === name))
  expect(all).toEqual([])
})

const queries = globSync('ops/azure/*.kql', { cwd: ROOT }).sort()

test.each(queries.filter((file) => !file.endsWith('PosternLog.kql')))(
  '%s: goes by columns and words that there are',
  (file) => {
    const text = read(file).replaceAll(/^\s*\/\/.*$/gm, '')
    for (const [, event = ''] of text.matchAll(/\bevent == "([^"]*)"/g)) {
      expect(Object.keys(EVENTS)).toContain(event)
    }
    for (const [, one = '', some = ''] of text.matchAll(
      /\boutcome (?:[=!]= "(\w*)"|in \(([^)]*)\))/g,
    )) {
      const said = one === '' ? [...some.matchAll(/\w+/g)].map(([word]) => word) : [one]
      for (const outcome of said) expect(REQUEST.outcome).toContain(outcome)
    }
    for (const [, some = ''] of text.matchAll(/\blevel in \(([^)]*)\)/g)) {
      for (const [level] of some.matchAll(/\w+/g))
        expect(['info', 'warn', 'error']).toContain(level)
    }
    const bare = text.replaceAll(/"[^"]*"/g, '').replaceAll(/\b\d+(?:\.\d+)?\w*/g, '')
    const own = [...bare.matchAll(/\b(\w+)\s*(?:=(?!=)|: )/g)].map(([, name]) => name)
    // Of both sides of a join, the one on the right.
    const joined = ['connection1', 'slot1']
    const known = new Set(
      [...WORDS.split(' '), ...TABLES, ...ENTRA, ...ENTRA_TOO, ...own, ...joined].concat(
        columns.map(({ column }) => column),
      ),
    )
    const names = [...new Set([...bare.matchAll(/[A-Za-z_]\w*/g)].map(([name]) => name))]
    expect(names.filter((name) => !known.has(name))).toEqual([])
  },
)

test('every file for those who watch is named in docs/metrics.md or docs/logs.md', () => {
  const pages = read('docs/metrics.md') + read('docs/logs.md')
  const files = globSync('ops/**/*.{json,yaml,kql}', { cwd: ROOT })
  expect(files.length).toBeGreaterThan(9)
  expect(files.filter((file) => !pages.includes(path.basename(file)))).toEqual([])
})
