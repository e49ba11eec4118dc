/** Lines of a report for a terminal or a log. */
import type { Paint } from '../simulate/progress.ts'

/** Rows with a label and a number; what is none is pale. */
export function countLines(rows: readonly (readonly [string, number])[], paint: Paint): string[] {
  const width = Math.max(...rows.map(([label]) => label.length))
  const digits = Math.max(...rows.map(([, n]) => String(n).length))
  return rows.map(([label, n]) => {
    const number = String(n).padStart(digits + 3)
    return `  ${label.padEnd(width)}${n === 0 ? paint('dim', number) : number}`
  })
}

const MAX_CELL = 48

/** A title and some rows of text, in columns. */
export function listLines(
  title: string,
  rows: readonly (readonly string[])[],
  total: number,
  paint: Paint,
): string[] {
  if (rows.length === 0) return []
  const widths: number[] = []
  const cut = rows.map((row) =>
    row.map((cell, at) => {
      const text = cell.length > MAX_CELL ? `${cell.slice(0, MAX_CELL - 1)}…` : cell
      widths[at] = Math.max(widths[at] ?? 0, text.length)
      return text
    }),
  )
  const lines = cut.map((row) =>
    `    ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd(),
  )
  const more = total - rows.length
  return [
    '',
    `  ${paint('bold', title)}`,
    ...lines,
    ...(more > 0 ? [paint('dim', `    and ${more} more: --csv FILE lists them all`)] : []),
  ]
}
