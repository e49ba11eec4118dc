/** CSV as RFC 4180 has it, written. */
import { type Cell, csvLine } from '../src/admin/csv.ts'

/** One line for each row, the columns first; safe to open in a spreadsheet. */
export function printCsv<Column extends string>(
  columns: readonly Column[],
  rows: Iterable<Readonly<Partial<Record<Column, Cell>>>>,
): string {
  let text = csvLine(columns)
  for (const row of rows) text += csvLine(columns.map((column) => row[column]))
  return text
}
