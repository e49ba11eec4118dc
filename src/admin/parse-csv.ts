/** CSV as RFC 4180 has it, read. */

/**
 * Rows of cells. Also read: a byte order mark, bare line feeds, and semicolons where the first line
 * has no comma (what spreadsheets write in half of Europe).
 *
 * @throws {SyntaxError} where a quote is opened and never closed
 */
export function parseCsv(text: string): string[][] {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text
  const head = source.slice(0, source.search(/[\r\n]|$/))
  const separator = head.includes(';') && !head.includes(',') ? ';' : ','
  const rows: string[][] = []
  let row: string[] = []
  let at = 0
  for (;;) {
    let cell = ''
    if (source[at] === '"') {
      for (;;) {
        const close = source.indexOf('"', at + 1)
        if (close < 0) throw new SyntaxError('a quote is opened and never closed')
        cell += source.slice(at + 1, close)
        at = close + 1
        if (source[at] !== '"') break
        cell += '"'
      }
    }
    const start = at
    while (at < source.length && source[at] !== separator && !isLineEnd(source[at])) at++
    row.push(cell + source.slice(start, at))
    if (source[at] === separator) {
      at++
      continue
    }
    // A line with nothing on it is no row.
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
    if (at >= source.length) return rows
    at += source.startsWith('\r\n', at) ? 2 : 1
  }
}

const isLineEnd = (character: string | undefined) => character === '\r' || character === '\n'
