/** `postern reconcile <connection>`: the app's accounts beside the links. */
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { everyItem, GATEWAY_FLAGS, GATEWAY_HELP, openConnection, parseWords } from './arguments.ts'
import type { Command } from './command.ts'
import { printCsv } from './csv.ts'
import {
  type AccountView,
  accountPageSchema,
  driveScan,
  type ScanView,
  scanSchema,
} from './reconcile/scan.ts'
import { countLines, listLines } from './reconcile/table.ts'
import { duration, type Paint } from './simulate/progress.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern reconcile <connection> [options]

Walks every account of the app and says how it stands to its link: managed by the client, in the app
only, ambiguous, protected, drifted, linked but missing. The walk is kept in the gateway: ended here,
it goes on there, and the same command follows it again.

  --dry-run         look only: no link, no finding is written
  --type NAME       resource type (default User)
  --accept-shrink   believe a list that is empty or became much shorter
  --csv FILE        also write every account into this file
${GATEWAY_HELP}

  npx postern reconcile demo --dry-run
  npx postern reconcile demo --csv accounts.csv
  npx postern reconcile acme --url https://scim.example.com --json | tail -1`

/** Rows of one situation that are shown; all are counted. */
const SHOWN = 10

const LABELS: Readonly<Record<string, string>> = {
  linked: 'linked',
  discovered: 'in the app only',
  ambiguous: 'ambiguous: a key of several',
  protected: 'protected, in the app only',
  drift: 'linked, drifted in the app',
  reactivated: 'switched on again in the app',
  'id-reuse': 'linked id that the app reused',
  hidden: 'deleted here, kept in the app',
  missing: 'linked, missing in the app',
}
const LISTED = ['reactivated', 'ambiguous', 'id-reuse', 'missing', 'drift', 'protected']

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('reconcile', args, ['connection'], {
    ...GATEWAY_FLAGS,
    'dry-run': { type: 'boolean', default: false },
    type: { type: 'string', default: 'User' },
    'accept-shrink': { type: 'boolean', default: false },
    csv: { type: 'string' },
  })
  const [connection = ''] = words
  const { say, paint, progress } = voiceOf(flags)
  const call = await openConnection(connection, flags)
  const onSignal = () => {
    progress.close()
    say('  The walk is kept: the gateway goes on with it, and this command follows it again.')
    process.exit(130)
  }
  process.once('SIGINT', onSignal)
  try {
    const dryRun = flags['dry-run']
    say(`${paint('bold', `Reconcile of ${connection}`)}${dryRun ? ' (dry run)' : ''}`)
    const options = { dryRun, type: flags.type, acceptShrink: flags['accept-shrink'] }
    const begun = scanSchema.parse(await call('POST', '/reconcile', 'begin a reconcile', options))
    const scan = await driveScan(call, begun, progress, sleep)
    const route = `/reconcile/${scan.id}`
    const pick = (answer: unknown) => accountPageSchema.parse(answer)
    const wantsAll = flags.json || flags.csv !== undefined
    const items = wantsAll
      ? await everyItem(call, `${route}?limit=1000`, 'read the report', pick)
      : []
    if (flags.csv !== undefined) await writeFile(flags.csv, toCsv(items))
    if (flags.json) console.log(JSON.stringify({ ...scan, items }))
    else {
      const shown = new Map<string, AccountView[]>()
      for (const situation of LISTED) {
        if (!scan.counts?.[situation]) continue
        const some = `${route}?situation=${situation}&limit=${SHOWN}`
        shown.set(situation, pick(await call('GET', some, 'read the report')).items)
      }
      say(toText(scan, shown, paint))
      if (flags.csv !== undefined) say(`\n  ${items.length} accounts written to ${flags.csv}`)
    }
    return scan.state === 'done' ? 0 : 1
  } finally {
    progress.close()
    process.off('SIGINT', onSignal)
  }
}

/** Reasons in a few words. */
function reasonOf({ detail }: AccountView): string {
  const { key, paths, confirmed } = detail
  if (typeof key === 'string') return `shares its ${key}`
  if (Array.isArray(paths)) return paths.join(', ')
  if (typeof confirmed === 'boolean') return confirmed ? 'confirmed' : 'seen for the first time'
  return ''
}

function toText(
  scan: ScanView,
  shown: ReadonlyMap<string, readonly AccountView[]>,
  paint: Paint,
): string {
  const counts = scan.counts ?? {}
  const rows = Object.entries(LABELS).map(([name, label]) => [label, counts[name] ?? 0] as const)
  const took = Date.parse(scan.finishedAt ?? scan.startedAt) - Date.parse(scan.startedAt)
  const lines = ['', ...countLines([['accounts met', scan.seen], ...rows], paint)]
  for (const [situation, accounts] of shown) {
    const cells = accounts.map((a) => [a.nativeId, a.display ?? '', reasonOf(a)])
    lines.push(...listLines(LABELS[situation] ?? situation, cells, counts[situation] ?? 0, paint))
  }
  lines.push('')
  if (scan.state === 'done') {
    const written = scan.dryRun
      ? 'Nothing was written: a dry run.'
      : 'Links and findings are up to date.'
    lines.push(`  ${paint('green', written)} ${paint('dim', `${duration(took)}, scan ${scan.id}`)}`)
  } else {
    lines.push(
      `  ${paint('red', `${scan.state === 'refused' ? 'Refused' : 'Failed'}:`)} ${scan.note}`,
    )
  }
  return lines.join('\n')
}

function toCsv(items: readonly AccountView[]): string {
  return printCsv(
    ['nativeId', 'id', 'display', 'situation', 'reason'],
    items.map((item) => ({ ...item, detail: undefined, reason: reasonOf(item) })),
  )
}

export const reconcile: Command = {
  summary: 'sets the accounts of the app beside the links, and says what does not fit',
  help: HELP,
  run,
}
