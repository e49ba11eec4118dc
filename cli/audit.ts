/** `postern audit <connection>`: what came, what was decided, what the app answered. */
import * as z from 'zod'
import {
  type Call,
  GATEWAY_FLAGS,
  GATEWAY_HELP,
  openConnection,
  pagesOf,
  parseWords,
} from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { sinceOf } from './connections/until.ts'
import { download } from './download.ts'
import type { Paint } from './simulate/progress.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern audit <connection> [options]

The requests of a connection as a timeline, the newest last: what came, what was decided and why, what
the app answered. Also what jobs and administrators wrote.

  --person P        SCIM id, the app's id, userName or externalId of one person
  --request ID      one request, by the id in x-request-id and in the log
  --since TIME      from a time on, or for a span: 2h, 30m, 3d (default: the last 50 entries)
  --until TIME      before a time, ISO 8601
  --outcome NAME    done, unchanged, answered, refused or failed
  --op NAME         create, update, delete, members, decide, read, list, bulk or other
  --decision CODES  what was decided, or the codes of why not, with commas between
  --unknown         requests with attributes that no schema of the connection has
  --last N          so many entries at most, 1 to 10000
  --follow          goes on with what comes, until Ctrl-C
  --csv, --ndjson   everything that matches, newest first, for a spreadsheet or a program
${GATEWAY_HELP}

  npx postern audit demo
  npx postern audit demo --person ada.lund@example.com
  npx postern audit demo --since 2h --outcome refused
  npx postern audit demo --follow
  npx postern audit demo --since 30d --csv > audit.csv`

const entrySchema = z.looseObject({
  at: z.string(),
  request: z.string(),
  kind: z.string(),
  method: z.string().nullable(),
  op: z.string(),
  type: z.string().nullable(),
  id: z.string().nullable(),
  outcome: z.string(),
  status: z.number().nullable(),
  decision: z.string(),
  came: z.string(),
  decided: z.string(),
  answered: z.string(),
})
type Entry = z.infer<typeof entrySchema>
const pageSchema = z.object({ items: z.array(entrySchema), nextCursor: z.string().optional() })

const LAST = 50
const MOST = 10_000
const FOLLOW_MS = 2_000

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('audit', args, ['connection'], {
    ...GATEWAY_FLAGS,
    person: { type: 'string' },
    request: { type: 'string' },
    since: { type: 'string' },
    until: { type: 'string' },
    outcome: { type: 'string' },
    op: { type: 'string' },
    decision: { type: 'string' },
    unknown: { type: 'boolean', default: false },
    last: { type: 'string' },
    follow: { type: 'boolean', default: false },
    csv: { type: 'boolean', default: false },
    ndjson: { type: 'boolean', default: false },
  })
  const [connection = ''] = words
  const { csv, ndjson, follow, json } = flags
  if ([csv, ndjson, follow, json].filter(Boolean).length > 1) {
    throw new UsageError('one form at a time', 'give one of --json, --csv, --ndjson and --follow')
  }
  const since = flags.since === undefined ? undefined : sinceOf(flags.since, Date.now())
  const { person, request, until, outcome, op, decision } = flags
  const unknown = flags.unknown ? 'true' : undefined
  const query = new URLSearchParams(
    Object.entries({ person, request, since, until, outcome, op, decision, unknown }).filter(
      (given): given is [string, string] => given[1] !== undefined,
    ),
  )
  if (csv || ndjson) {
    query.set('format', csv ? 'csv' : 'ndjson')
    await download(connection, flags, `/audit?${query}`, 'export the audit')
    return 0
  }
  const call = await openConnection(connection, flags)
  const last = lastOf(flags.last, since === undefined && request === undefined ? LAST : MOST)
  const entries = await newest(call, query, last)
  if (json) {
    console.log(JSON.stringify({ connection, items: entries }))
    return 0
  }
  const { say, paint } = voiceOf(flags)
  const show = (all: readonly Entry[]) => {
    for (const entry of all) say(entryLines(entry, paint).join('\n'))
  }
  if (entries.length === 0 && !follow) say(`  ${connection} has no such entries.`)
  show(entries.toReversed())
  if (follow) await goOn(call, query, entries[0], show)
  return 0
}

async function newest(call: Call, query: URLSearchParams, last: number): Promise<Entry[]> {
  const entries: Entry[] = []
  const pages = pagesOf(call, `/audit?${query}`, 'read the audit', (answer) =>
    pageSchema.parse(answer),
  )
  for await (const items of pages) {
    entries.push(...items)
    if (entries.length >= last) break
  }
  return entries.slice(0, last)
}

/** Asks again and again from the newest entry on; ends with the process. */
async function goOn(
  call: Call,
  query: URLSearchParams,
  newestShown: Entry | undefined,
  show: (entries: readonly Entry[]) => void,
): Promise<never> {
  const seen = new Set(newestShown ? [keyOf(newestShown)] : [])
  let from = newestShown?.at ?? new Date().toISOString()
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS))
    query.set('since', from)
    const fresh = (await newest(call, query, MOST)).filter((entry) => !seen.has(keyOf(entry)))
    show(fresh.toReversed())
    for (const entry of fresh) seen.add(keyOf(entry))
    // A row is written some seconds after its request came.
    from = new Date(Math.max(Date.parse(from), Date.now() - 60_000)).toISOString()
  }
}

const keyOf = ({ request, kind, op, id }: Entry) => JSON.stringify([request, kind, op, id])

function lastOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const last = Number(text)
  if (/^\d+$/.test(text) && last >= 1 && last <= MOST) return last
  throw new UsageError(`--last ${text} is no number of entries`, `give one from 1 to ${MOST}`)
}

function entryLines(entry: Entry, paint: Paint): string[] {
  const { at, outcome, status, method, op, type, id, came, decided, answered } = entry
  const bad = outcome === 'refused' || outcome === 'failed'
  const head = [
    at.slice(0, 19).replace('T', ' '),
    paint(bad ? 'red' : 'bold', `${status ?? '–'} ${outcome}`),
    [method ?? 'work', op, type].filter(Boolean).join(' '),
    id ?? '',
  ]
  return [
    `  ${head.filter((part) => part !== '').join('  ')}`,
    `    came      ${came}`,
    ...(decided === '' ? [] : [`    decided   ${decided}`]),
    `    answered  ${answered}`,
    paint('dim', `    request   ${entry.request}`),
    '',
  ]
}

export const audit: Command = {
  summary: 'what came, what was decided, what the app answered',
  help: HELP,
  run,
}
