/**
 * The same operations among few links and among many: figures side by side. The floor reads one row by its key
 * in the same database: what the machine or the database's size alone makes slower shows in it as well.
 */
import type { Stored } from './crowd.ts'
import type { Row } from './table.ts'

/** What a customer's growth must not make slower; each can be done twice to the same people. */
export const OF_SCALE: readonly string[] = [
  'match, a known person',
  'match, nobody',
  'read',
  'create',
  'PATCH, changes nothing',
  'PATCH, a change',
  'list of 100',
]

export function scaleTableOf(
  few: readonly Row[],
  many: readonly Row[],
  [least, most]: readonly [number, number],
): string {
  const head = [
    'operation',
    ...[least, most].map((n) => `${n.toLocaleString('en')} links`),
    'times (floor)',
  ]
  const under = 'D1 trips, rows read / written, ms p50 (floor)'
  const lines = few.flatMap((row) => {
    const other = many.find(({ operation }) => operation === row.operation)
    if (!other) return []
    const times = (other.c1.p50 / row.c1.p50).toFixed(2)
    const ofFloor = (other.floor.p50 / row.floor.p50).toFixed(2)
    return [[row.operation, figuresOf(row), figuresOf(other), `${times} (${ofFloor})`]]
  })
  const all = [head, ['---', '---', '---', '--:'], ['', under, under, 'p50'], ...lines]
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function figuresOf({ d1Trips, rowsRead, rowsWritten, c1, floor }: Row): string {
  const tenth = (n: number) => String(Math.round(n * 10) / 10)
  const rows = `${tenth(rowsRead)} / ${tenth(rowsWritten)}`
  return `${tenth(d1Trips)}, ${rows}, ${c1.p50.toFixed(1)} (${floor.p50.toFixed(1)})`
}

export function storedTableOf(stored: readonly Stored[]): string {
  const lines = stored.map(({ name, bytes }) => `| ${name} | ${Math.round(bytes)} |`)
  return ['| row, with its indexes | bytes |', '| --- | --: |', ...lines].join('\n')
}
