/** `postern access <connection>`: who has which account, since when, and through what. */
import * as z from 'zod'
import { GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { download } from './download.ts'
import { listLines } from './reconcile/table.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern access <connection> [options]

An access review: who has which account of the app, since when, by which rule or decision, in which
groups, active or not, when a client changed or saw it last. What is not known is named.

  --inactive DAYS   only who was switched off so many days ago or longer
  --orphans         instead: accounts of the app that no client manages, by the last scan
  --type NAME       User (default), or another resource type
  --csv, --ndjson   all of it, for a spreadsheet or a program
${GATEWAY_HELP}

  npx postern access demo
  npx postern access demo --inactive 30
  npx postern access demo --orphans
  npx postern access demo --csv > access.csv`

const personSchema = z.looseObject({
  id: z.string().nullable(),
  userName: z.string().nullable(),
  display: z.string().nullable(),
  nativeId: z.string().nullable(),
  state: z.string(),
  active: z.boolean().nullable(),
  since: z.string().nullable(),
  groups: z.array(z.object({ id: z.string(), display: z.string().nullable() })),
  lastChange: z.string().nullable(),
  how: z.string(),
  rule: z.string().nullable(),
  by: z.string().nullable(),
})
type Person = z.infer<typeof personSchema>
const pageSchema = z.looseObject({
  scan: z.object({ id: z.string(), finishedAt: z.string().nullable() }).nullable(),
  notes: z.array(z.string()),
  items: z.array(personSchema),
  nextCursor: z.string().optional(),
})

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('access', args, ['connection'], {
    ...GATEWAY_FLAGS,
    inactive: { type: 'string' },
    orphans: { type: 'boolean', default: false },
    type: { type: 'string' },
    csv: { type: 'boolean', default: false },
    ndjson: { type: 'boolean', default: false },
  })
  const [connection = ''] = words
  const { inactive, orphans, type, csv, ndjson, json } = flags
  if ([csv, ndjson, json].filter(Boolean).length > 1) {
    throw new UsageError('one form at a time', 'give one of --json, --csv and --ndjson')
  }
  if (orphans && inactive !== undefined) {
    throw new UsageError('nobody knows of orphans whether they are active', 'leave one of both out')
  }
  const query = new URLSearchParams({
    ...(orphans && { orphans: 'true' }),
    ...(inactive !== undefined && { inactiveDays: inactive }),
    ...(type !== undefined && { type }),
  })
  if (csv || ndjson) {
    query.set('format', csv ? 'csv' : 'ndjson')
    await download(connection, flags, `/access?${query}`, 'export the review')
    return 0
  }
  const call = await openConnection(connection, flags)
  const items: Person[] = []
  let notes: readonly string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    if (cursor !== '') query.set('cursor', cursor)
    const page = pageSchema.parse(await call('GET', `/access?${query}`, 'review the access'))
    items.push(...page.items)
    notes = page.notes
    cursor = page.nextCursor
  }
  if (json) {
    console.log(JSON.stringify({ connection, notes, items }))
    return 0
  }
  const { say, paint } = voiceOf(flags)
  const head = orphans ? 'accounts that no client manages' : 'managed'
  const rows = items.map(rowOf)
  if (rows.length === 0) say(`  ${connection} has none.`)
  say(listLines(`${head} in ${connection} (${rows.length})`, rows, rows.length, paint).join('\n'))
  for (const note of notes) say(paint('dim', `  ${note}`))
  return 0
}

const day = (iso: string | null) => iso?.slice(0, 10) ?? 'not known'

function rowOf(person: Person): string[] {
  const { userName, display, nativeId, id, active, state, since, groups, lastChange } = person
  const names = groups.map((group) => group.display ?? group.id)
  return [
    userName ?? display ?? nativeId ?? id ?? '',
    nativeId ?? state,
    active === null ? state : active ? 'on' : 'off',
    since === null ? '' : `since ${day(since)}`,
    lastChange === null ? '' : `changed ${day(lastChange)}`,
    names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : ''),
    howOf(person),
  ]
}

function howOf({ how, rule, by }: Person): string {
  if (how === 'none') return ''
  return [how, rule === null ? '' : `by ${rule}`, by === null ? '' : `(${by})`]
    .filter(Boolean)
    .join(' ')
}

export const access: Command = {
  summary: 'who has which account, since when, and through what',
  help: HELP,
  run,
}
