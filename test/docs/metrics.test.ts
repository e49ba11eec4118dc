/** The table of metrics, and the page that tells it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { METRICS } from '../../src/govern/metrics.ts'
import { BLOBS, DOUBLES } from '../../src/telemetry/data-point.ts'

const ROOT = path.join(import.meta.dirname, '../..')

const page = readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8')

test('docs/metrics.md has the table of metrics as they are', () => {
  const rows = Object.entries(METRICS).map(([metric, { type, labels, says }]) => {
    const names = labels.map((label) => `\`${label}\``)
    return `| \`${metric}\` | ${type} | ${names.join(', ')} | ${says} |`
  })
  expect(page.split('\n').filter((line) => line.startsWith('| `postern_'))).toEqual(rows)
})

test('docs/metrics.md has the columns of a data point as they are', () => {
  const told = [...page.matchAll(/`((?:blob|double)\d+)` \| `(\w+)` \|$/gm)].map(
    ([, ...row]) => row,
  )
  expect(told).toEqual([
    ...BLOBS.map((field, at) => [`blob${at + 1}`, field]),
    ...DOUBLES.map((field, at) => [`double${at + 1}`, field]),
  ])
})
