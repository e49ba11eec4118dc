/** The table of metrics, and the page that tells it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { METRICS } from '../../src/govern/metrics.ts'

const ROOT = path.join(import.meta.dirname, '../..')

test('docs/metrics.md has the table of metrics as they are', () => {
  const page = readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8')
  const rows = Object.entries(METRICS).map(([metric, { type, labels, says }]) => {
    const names = labels.map((label) => `\`${label}\``)
    return `| \`${metric}\` | ${type} | ${names.join(', ')} | ${says} |`
  })
  expect(page.split('\n').filter((line) => line.startsWith('| `postern_'))).toEqual(rows)
})
