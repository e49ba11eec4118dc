/** Lists of any length as a download, page by page: never more than a page in memory. */
import { type Cell, csvLine } from './csv.ts'

export const EXPORT_FORMATS = ['json', 'ndjson', 'csv'] as const
export type ExportFormat = Exclude<(typeof EXPORT_FORMATS)[number], 'json'>

const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
}

/**
 * @param file name without its ending
 * @param cells of one item, in the order of the columns
 */
export function exported<Item>(
  format: ExportFormat,
  file: string,
  columns: readonly string[],
  pages: AsyncGenerator<readonly Item[]>,
  cells: (item: Item) => readonly Cell[],
): Response {
  const print = (items: readonly Item[]) =>
    items
      .map((item) => (format === 'csv' ? csvLine(cells(item)) : `${JSON.stringify(item)}\n`))
      .join('')
  const encoder = new TextEncoder()
  let head = format === 'csv' ? csvLine(columns) : ''
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = await pages.next()
        const text = head + (done ? '' : print(value))
        head = ''
        if (text !== '') controller.enqueue(encoder.encode(text))
        if (done) controller.close()
        if (done || text !== '') return
      }
    },
    async cancel() {
      await pages.return(undefined)
    },
  })
  return new Response(body, {
    headers: {
      'content-type': MEDIA_TYPES[format],
      'content-disposition': `attachment; filename="${file}.${format}"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  })
}
