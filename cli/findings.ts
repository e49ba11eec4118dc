/** `postern findings <connection>`: what a person should look at. */
import * as z from 'zod'
import { everyItem, GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import { type Command, UsageError } from './command.ts'
import { listLines } from './reconcile/table.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern findings <connection> [options]

Lists what requests and scans have found and a person should look at, or decides one of them.

  --state NAME      open (default), ignored or closed
  --kind NAME       ambiguous, id-reuse, missing, drift, reactivated, orphan, protected, guard,
                    not-created, not-removed, leaver, member-blocked, deleted-member,
                    app-credential, app-failing, mode-ended, alert-undelivered
  --ignore ID       hear no more of this finding, also when it is met again
  --close ID        it is settled; when it is met again it is a new one
  --reopen ID       takes an --ignore back
  --link ID         ambiguous: the --account stands for the person, the others for nobody;
                    id-reuse: the account that has the identifier now is this person's
  --merge ID        ambiguous: as --link, and the other accounts hand their groups over, are
                    disabled in the app and hidden
  --protect ID      the --account refuses every write (ambiguous, orphan)
  --unprotect ID    takes a --protect back
  --unlink ID       the link ends, its keys are free (id-reuse, missing)
  --restore ID      the client's last words are put back in the app (drift, reactivated)
  --allow ID        whom the guard has parked may leave when the client tries again
  --reject ID       they stay: the client hears 400
  --account NATIVE  the account that is meant, by the app's own identifier
${GATEWAY_HELP}

  npx postern findings demo
  npx postern findings demo --kind ambiguous --json | tail -1
  npx postern findings demo --ignore 0c0ffee0-...
  npx postern findings demo --link 0c0ffee0-... --account 1001`

const DECISIONS = [
  ...(['ignore', 'close', 'reopen'] as const),
  ...(['link', 'merge', 'protect', 'unprotect', 'unlink'] as const),
  ...(['restore', 'allow', 'reject'] as const),
] as const
/** Those that may name an account. */
const NAMING: ReadonlySet<string> = new Set(['link', 'merge', 'protect'])

const decidedSchema = z.looseObject({
  merged: z.array(z.string()).optional(),
  groups: z.number().optional(),
  notDisabled: z.array(z.string()).optional(),
})
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
    link: { type: 'string' },
    merge: { type: 'string' },
    protect: { type: 'string' },
    unprotect: { type: 'string' },
    unlink: { type: 'string' },
    restore: { type: 'string' },
    allow: { type: 'string' },
    reject: { type: 'string' },
    account: { type: 'string' },
  })
  const [connection = ''] = words
  const decisions = DECISIONS.flatMap((decision) => {
    const id = flags[decision]
    return id === undefined ? [] : [{ decision, id }]
  })
  if (decisions.length > 1) {
    const all = DECISIONS.map((decision) => `--${decision}`).join(', ')
    throw new UsageError('one decision at a time', `give one of ${all}`)
  }
  const { account } = flags
  if (account !== undefined && !decisions.some(({ decision }) => NAMING.has(decision))) {
    throw new UsageError('--account says whom', 'give it with --link, --merge or --protect')
  }
  const { say, paint } = voiceOf(flags)
  const call = await openConnection(connection, flags)
  const [decided] = decisions
  if (decided) {
    const { id, decision } = decided
    const route = `/findings/${encodeURIComponent(id)}/decide`
    const finding = findingSchema.parse(
      await call('POST', route, `${decision} the finding`, {
        decision,
        ...(account !== undefined && { nativeId: account }),
      }),
    )
    if (flags.json) console.log(JSON.stringify(finding))
    else {
      say(`  ${finding.kind} ${finding.subject} is ${paint('bold', finding.state)}`)
      for (const line of decidedLines(finding)) say(`    ${line}`)
    }
    return 0
  }
  const { state, kind } = flags
  const query = new URLSearchParams({ state, ...(kind !== undefined && { kind }) })
  const items = await everyItem(call, `/findings?${query}`, 'list findings', (answer) =>
    pageSchema.parse(answer),
  )
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

/** What a merge could do, and what is left for a person. */
function decidedLines({ detail }: Finding): string[] {
  const { merged, groups, notDisabled } = decidedSchema.parse(detail['decided'] ?? {})
  if (merged === undefined) return []
  const off = notDisabled?.join(', ')
  return [
    `${merged.join(', ')} merged; ${groups ?? 0} groups handed over`,
    ...(off ? [`the app cannot disable ${off}: they are only hidden. Disable them there`] : []),
  ]
}

function summaryOf({ kind, subject, detail }: Finding): string {
  // Says who must do what, where the kind does not.
  if (kind === 'app-credential' && typeof detail['reason'] === 'string') return detail['reason']
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
