/** CSV as RFC 4180 has it, line by line. */

export type Cell = string | number | boolean | null | undefined

/**
 * One line with its end. A cell that a spreadsheet would take for a formula gets an apostrophe: names in
 * an app are written by strangers (OWASP, CSV Injection).
 */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(printCell).join(',')}\r\n`
}

function printCell(value: Cell): string {
  const text = String(value ?? '')
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
