/** `postern findings <connection>`: what a person should look at. */
import * as z from 'zod'
import { GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { listLines } from './reconcile/table.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern findings <connection> [options]

Lists what requests and scans have found and a person should look at, or decides one of them.

  --state NAME      open (default), ignored or closed
  --kind NAME       ambiguous, id-reuse, missing, drift, orphan, deleted-member, app-credential,
                    app-failing
  --ignore ID       hear no more of this finding, also when it is met again
  --close ID        it is settled; when it is met again it is a new one
  --reopen ID       takes an --ignore back
${GATEWAY_HELP}

  npx postern findings demo
  npx postern findings demo --kind ambiguous --json | tail -1
  npx postern findings demo --ignore 0c0ffee0-...`

const findingSchema = z.object({
  id: z.string(),
  kind: z.string(),
  subject: z.string(),
  state: z.string(),
  detail: z.record(z.string(), z.unknown()),
  firstSeen: z.string(),
  lastSeen: z.string(),
})
type Finding = z.infer<typeof findingSchema>
const pageSchema = z.object({ items: z.array(findingSchema), nextCursor: z.string().optional() })

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('findings', args, ['connection'], {
    ...GATEWAY_FLAGS,
    state: { type: 'string', default: 'open' },
    kind: { type: 'string' },
    ignore: { type: 'string' },
    close: { type: 'string' },
    reopen: { type: 'string' },
  })
  const [connection = ''] = words
  const decisions = (['ignore', 'close', 'reopen'] as const).flatMap((decision) => {
    const id = flags[decision]
    return id === undefined ? [] : [{ decision, id }]
  })
  if (decisions.length > 1) {
    throw new UsageError('one decision at a time', 'give --ignore, --close or --reopen')
  }
  const { say, paint } = voiceOf(flags)
  const call = await openConnection(connection, flags)
  const [decided] = decisions
  if (decided) {
    const { id, decision } = decided
    const route = `/findings/${encodeURIComponent(id)}/decide`
    const finding = findingSchema.parse(
      await call('POST', route, `${decision} the finding`, { decision }),
    )
    if (flags.json) console.log(JSON.stringify(finding))
    else say(`  ${finding.kind} ${finding.subject} is ${paint('bold', finding.state)}`)
    return 0
  }
  const items: Finding[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({
      state: flags.state,
      ...(flags.kind !== undefined && { kind: flags.kind }),
      ...(cursor !== undefined && { cursor }),
    })
    const page = pageSchema.parse(await call('GET', `/findings?${query}`, 'list findings'))
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  if (flags.json) console.log(JSON.stringify({ items }))
  else if (items.length === 0) say(`  ${connection} has no findings that are ${flags.state}.`)
  else {
    for (const [kind, found] of Map.groupBy(items, (item) => item.kind)) {
      const rows = found.map((f) => [f.id, summaryOf(f), f.lastSeen.slice(0, 16).replace('T', ' ')])
      say(listLines(`${kind} (${found.length})`, rows, found.length, paint).join('\n'))
    }
  }
  return 0
}

function summaryOf({ subject, detail }: Finding): string {
  const { count, nativeIds, nativeId, paths, key, display } = detail
  if (Array.isArray(nativeIds)) return `${nativeIds.join(', ')}${key ? ` share ${key}` : ''}`
  if (typeof count === 'number') return `${count} accounts in the app only`
  const parts = [display ?? nativeId, Array.isArray(paths) ? paths.join(', ') : undefined]
  return parts.filter(Boolean).join(': ') || subject
}

export const findings: Command = {
  summary: 'lists what a person should look at, and takes decisions',
  help: HELP,
  run,
}
