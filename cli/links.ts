/** `postern links import|export`: SCIM ids and the accounts that they stand for, as a file. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { GATEWAY_FLAGS, GATEWAY_HELP, openConnection, pagesOf, parseWords } from './arguments.ts'
import { type Command, CommandError } from './command.ts'
import { printCsv } from './csv.ts'
import { readLinks } from './moving/links-file.ts'
import { type SentLink, sendLinks } from './moving/send-links.ts'
import { countLines, listLines } from './reconcile/table.ts'
import type { Paint } from './simulate/progress.ts'
import { runVerb } from './verbs.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern links import <connection> <file> [options]
npx postern links export <connection> [options]

import: gives accounts of the app the SCIM ids that another SCIM server gave out, so that a client
that has cached them need not match anybody again. The file is CSV with the columns
type (default User), id, nativeId, externalId; or a JSON array of such objects; or one object a line.
In JSON an item may hold "attributes": SCIM attributes that the app itself cannot hold.
Each item is imported or refused by itself; a second run finds the rest unchanged. Nothing is written
in the app. Import before the client is connected.

  --dry-run         say what would happen, and write nothing
  --csv FILE        also write what became of each item into this file

export: every link, one JSON object a line, as import takes it back. A backup.

  --out FILE        write there (default: standard output)
${GATEWAY_HELP}

  npx postern links import acme ids.csv --dry-run
  npx postern links export acme --out acme.links.ndjson`

const SHOWN = 10
const CSV_COLUMNS = ['type', 'id', 'nativeId', 'status', 'reason', 'replaced', 'detail'] as const
const pageSchema = z.object({
  items: z.array(z.record(z.string(), z.unknown())),
  nextCursor: z.string().optional(),
})

async function runImport(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('links import', args, ['connection', 'file'], {
    ...GATEWAY_FLAGS,
    'dry-run': { type: 'boolean', default: false },
    csv: { type: 'string' },
  })
  const [connection = '', file = ''] = words
  const dryRun = flags['dry-run']
  const items = await readLinks(file)
  const { say, paint, progress } = voiceOf(flags)
  const call = await openConnection(connection, flags)
  try {
    say(
      `${paint('bold', `Import of ${items.length} links into ${connection}`)}${dryRun ? ' (dry run)' : ''}`,
    )
    const outcomes = await sendLinks(call, items, dryRun, progress, sleep)
    const counts = { imported: 0, unchanged: 0, refused: 0 }
    for (const { status } of outcomes) counts[status] += 1
    if (flags.csv !== undefined) await writeFile(flags.csv, printCsv(CSV_COLUMNS, outcomes))
    if (flags.json) console.log(JSON.stringify({ dryRun, counts, items: outcomes }))
    else say(toText(outcomes, counts, dryRun, paint))
    return counts.refused > 0 ? 1 : 0
  } finally {
    progress.close()
  }
}

function toText(
  outcomes: readonly SentLink[],
  counts: Readonly<Record<'imported' | 'unchanged' | 'refused', number>>,
  dryRun: boolean,
  paint: Paint,
): string {
  const { imported, unchanged, refused } = counts
  const rows = [
    [dryRun ? 'would be imported' : 'imported', imported],
    ['there already', unchanged],
    ['refused', refused],
  ] as const
  const lines = ['', ...countLines(rows, paint)]
  const replaced = outcomes.filter((outcome) => outcome.replaced !== undefined)
  if (replaced.length > 0) {
    const cells = replaced.slice(0, SHOWN).map((o) => [o.id, o.replaced ?? ''])
    lines.push(...listLines('ids of a read that gave way', cells, replaced.length, paint))
  }
  const byReason = Map.groupBy(
    outcomes.filter((outcome) => outcome.status === 'refused'),
    ({ reason }) => reason ?? '',
  )
  for (const [reason, found] of byReason) {
    const cells = found.slice(0, SHOWN).map((o) => [o.id, o.nativeId, o.detail ?? ''])
    lines.push(...listLines(`refused: ${reason}`, cells, found.length, paint))
  }
  return lines.join('\n')
}

async function runExport(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('links export', args, ['connection'], {
    ...GATEWAY_FLAGS,
    out: { type: 'string' },
  })
  const [connection = ''] = words
  const { out } = flags
  const call = await openConnection(connection, flags)
  const stream = out === undefined ? process.stdout : createWriteStream(out, { mode: 0o600 })
  // A reader that has seen enough (`| head`) is no failure.
  if (out === undefined) stream.on('error', () => process.exit(0))
  else {
    await once(stream, 'open').catch((cause: unknown) => {
      throw new CommandError(`${out} cannot be written`, String(cause), { cause })
    })
  }
  let links = 0
  const pages = pagesOf(call, '/links', 'list the links', (answer) => pageSchema.parse(answer))
  for await (const items of pages) {
    links += items.length
    const lines = items.map((item) => `${JSON.stringify(item)}\n`).join('')
    if (!stream.write(lines)) await once(stream, 'drain')
  }
  if (out === undefined) return 0
  stream.end()
  await once(stream, 'finish')
  if (flags.json) console.log(JSON.stringify({ links, file: out }))
  else voiceOf(flags).say(`  ${links} links of ${connection} written to ${out}`)
  return 0
}

export const links: Command = {
  summary: 'imports SCIM ids that another server gave out, and exports links as a backup',
  help: HELP,
  run: (args) => runVerb('links', { import: runImport, export: runExport }, args),
}
