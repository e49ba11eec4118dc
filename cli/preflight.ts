/** `postern preflight <connection> <file>`: what would become of each person of an Entra export. */
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { chunksOf, type ExportedUser } from '../src/admin/exported-users.ts'
import {
  type Call,
  everyItem,
  GATEWAY_FLAGS,
  GATEWAY_HELP,
  openConnection,
  parseWords,
} from './arguments.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { printCsv } from './csv.ts'
import { readExport } from './preflight/export-file.ts'
import { type AccountView, accountPageSchema, driveScan, scanSchema } from './reconcile/scan.ts'
import { countLines, listLines } from './reconcile/table.ts'
import type { Paint, Progress } from './simulate/progress.ts'
import { voiceOf } from './voice.ts'

const HELP = `npx postern preflight <connection> <file> [options]

Says for each person of an Entra user export what would happen if Entra were switched on: already
linked, an account adopted and by which match rule, a new account, ambiguous, or blocked and why; and
which accounts of the app nobody of the export matches. Neither the app nor any link is changed.

The file is the CSV of Entra admin center > Users > Download users, or Graph JSON:
  az rest --url 'https://graph.microsoft.com/v1.0/users?$top=999&$select=id,userPrincipalName,mail,mailNickname,givenName,surname,displayName,jobTitle,department,employeeId,accountEnabled'

  --map PATH=NAME   a SCIM path and the Graph property that Entra sends for it, where the mapping in
                    the portal is not the default one (for example userName=mail); may be repeated
  --max-age MIN     use a scan of the app that is at most so old (default 60 minutes)
  --csv FILE        also write every person, and every account that nobody matches, into this file
${GATEWAY_HELP}

  npx postern preflight demo users.csv
  npx postern preflight demo users.json --csv verdicts.csv --map externalId=id`

const SHOWN = 10

const judgedSchema = z.object({
  person: z.string(),
  userName: z.string().optional(),
  verdict: z.enum(['linked', 'adopt', 'create', 'ambiguous', 'blocked']),
  rule: z.string().optional(),
  account: z.object({ nativeId: z.string(), display: z.string().optional() }).optional(),
  count: z.number().optional(),
  candidates: z
    .array(z.object({ nativeId: z.string(), display: z.string().optional() }))
    .optional(),
  reason: z.string().optional(),
  attributes: z.array(z.string()).optional(),
  disabled: z.boolean().optional(),
})
type Judged = z.infer<typeof judgedSchema>

const answerSchema = z.union([
  z.object({ waitFor: scanSchema }),
  z.object({
    preflight: z.string(),
    scan: scanSchema,
    counts: z.record(z.string(), z.number()),
    items: z.array(judgedSchema),
    orphans: accountPageSchema.extend({ count: z.number() }).optional(),
  }),
])
const orphansSchema = z.object({ orphans: accountPageSchema })

interface Outcome {
  readonly preflight: string
  readonly people: readonly Judged[]
  readonly counts: Readonly<Record<string, number>>
  readonly orphans: number
  /** The first page. */
  readonly firstOrphans: readonly AccountView[]
}

async function run(args: readonly string[]): Promise<number> {
  const { words, flags } = parseWords('preflight', args, ['connection', 'file'], {
    ...GATEWAY_FLAGS,
    map: { type: 'string', multiple: true, default: [] as string[] },
    'max-age': { type: 'string', default: '60' },
    csv: { type: 'string' },
  })
  const [connection = '', file = ''] = words
  const options = { maxAgeMinutes: minutes(flags['max-age']), attributes: mapOf(flags.map) }
  const people = await readExport(file)
  if (people.length === 0) throw new CommandError(`${file} holds nobody`, 'export the users again')
  const { say, paint, progress } = voiceOf(flags)
  const call = await openConnection(connection, flags)
  try {
    say(`${paint('bold', `Pre-flight of ${connection}`)}: ${people.length} people of ${file}`)
    const outcome = await send(call, people, options, progress)
    const route = `/preflight/${outcome.preflight}`
    const wantsAll = flags.json || flags.csv !== undefined
    const orphans = wantsAll
      ? await everyItem(
          call,
          `${route}?limit=1000`,
          'read the report',
          (answer) => orphansSchema.parse(answer).orphans,
        )
      : []
    if (flags.csv !== undefined) await writeFile(flags.csv, toCsv(outcome.people, orphans))
    if (flags.json) {
      const { preflight, counts, people: items } = outcome
      console.log(JSON.stringify({ preflight, counts, items, orphans }))
    } else {
      say(toText(outcome, paint))
      if (flags.csv !== undefined) say(`\n  every verdict is in ${flags.csv}`)
    }
    return 0
  } finally {
    progress.close()
  }
}

function minutes(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new UsageError(`--max-age ${text} is not a number of minutes`, 'for example --max-age 120')
}

function mapOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      // SCIM paths may hold a `=`; Graph's names do not.
      const at = pair.lastIndexOf('=')
      if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)]
      throw new UsageError(`--map ${pair} is not PATH=NAME`, 'for example --map userName=mail')
    }),
  )
}

/** Chunk by chunk, under one pre-flight: who is promised an account in one is known in the next. */
async function send(
  call: Call,
  people: readonly ExportedUser[],
  options: { maxAgeMinutes: number; attributes: Record<string, string> },
  progress: Progress,
): Promise<Outcome> {
  const chunks = chunksOf(people)
  const judged: Judged[] = []
  let preflight: string | undefined
  let last: Extract<z.infer<typeof answerSchema>, { preflight: string }> | undefined
  let began = false
  for (const [at, value] of chunks.entries()) {
    const complete = at === chunks.length - 1
    const ask = async () =>
      answerSchema.parse(
        await call('POST', '/preflight', 'judge the export', {
          value,
          complete,
          ...(preflight !== undefined && { preflight }),
          ...options,
        }),
      )
    let answer = await ask()
    if ('waitFor' in answer) {
      const scan = await driveScan(call, answer.waitFor, progress, sleep)
      if (scan.state !== 'done') {
        throw new CommandError(
          `the scan of the app was ${scan.state}: ${scan.note ?? ''}`,
          'mend that first: nobody can be judged beside a list that is not to be believed',
        )
      }
      answer = await ask()
    }
    if ('waitFor' in answer) {
      throw new CommandError(
        'the scan of the app is older than --max-age already',
        'give a larger --max-age',
      )
    }
    if (!began) progress.begin('people judged', people.length)
    began = true
    preflight = answer.preflight
    judged.push(...answer.items)
    progress.step(value.length)
    last = answer
  }
  progress.end('done', true)
  if (!last) throw new RangeError('an export of nobody is not sent')
  return {
    preflight: last.preflight,
    people: judged,
    counts: last.counts,
    orphans: last.orphans?.count ?? 0,
    firstOrphans: last.orphans?.items ?? [],
  }
}

// ---- report ----------------------------------------------------------------------------------------

const REASONS: Readonly<Record<string, string>> = {
  protected: 'its account is protected',
  'id-reuse': 'the app reused the id of its account',
  'missing-attribute': 'the app needs',
  'not-in-mapping': 'has a value that a table of the mapping does not have',
  'no-key': 'nothing to match by',
  'no-create': 'the app lets nobody be created',
  taken: 'another person is to have this account',
  'not-automatic': 'the match rule only suggests',
  pending: 'invited, or being made by the app',
}

function reasonOf({ reason, attributes }: Judged): string {
  if (reason === undefined) return ''
  return [REASONS[reason] ?? reason, attributes?.join(', ')].filter(Boolean).join(' ')
}

function toText({ people, counts, orphans, firstOrphans }: Outcome, paint: Paint): string {
  const adopted = people.filter((person) => person.verdict === 'adopt')
  const rules = [...Map.groupBy(adopted, ({ rule }) => rule ?? '')]
  const disabled = people.filter((person) => person.disabled && person.account).length
  const rows: [string, number][] = [
    ['already linked', counts['linked'] ?? 0],
    ['adopt an account', counts['adopt'] ?? 0],
    ...rules.map(([rule, of]): [string, number] => [`  by ${rule}`, of.length]),
    ['create an account', counts['create'] ?? 0],
    ['ambiguous', counts['ambiguous'] ?? 0],
    ['blocked', counts['blocked'] ?? 0],
    ['in the app, matched by nobody', orphans],
    ['accounts of disabled people', disabled],
  ]
  const of = (verdict: Judged['verdict']) => people.filter((person) => person.verdict === verdict)
  const list = (title: string, verdict: Judged['verdict'], cells: (p: Judged) => string[]) =>
    listLines(title, of(verdict).slice(0, SHOWN).map(cells), of(verdict).length, paint)
  return [
    '',
    ...countLines(rows, paint),
    ...list('ambiguous', 'ambiguous', (p) => [
      p.userName ?? p.person,
      `${p.count ?? 0} by ${p.rule ?? ''}`,
      (p.candidates ?? []).map(({ nativeId }) => nativeId).join(', '),
      reasonOf(p),
    ]),
    ...list('blocked', 'blocked', (p) => [p.userName ?? p.person, reasonOf(p)]),
    ...listLines(
      'in the app, matched by nobody',
      firstOrphans.slice(0, SHOWN).map((a) => [a.nativeId, a.display ?? '', a.situation]),
      orphans,
      paint,
    ),
    '',
    `  ${paint('green', 'Nothing was changed.')}`,
  ].join('\n')
}

function toCsv(people: readonly Judged[], orphans: readonly AccountView[]): string {
  const columns = [
    'person',
    'userName',
    'verdict',
    'rule',
    'nativeId',
    'account',
    'count',
    'reason',
    'disabled',
  ] as const
  return printCsv(columns, [
    ...people.map((person) => ({
      ...person,
      account: person.account?.display,
      nativeId:
        person.account?.nativeId ?? person.candidates?.map(({ nativeId }) => nativeId).join(' '),
      reason: reasonOf(person),
      candidates: undefined,
      attributes: undefined,
    })),
    ...orphans.map(({ nativeId, display, situation }) => ({
      verdict: 'orphan',
      nativeId,
      account: display,
      reason: situation,
    })),
  ])
}

export const preflight: Command = {
  summary: 'says what would become of each person of an Entra export, before Entra is switched on',
  help: HELP,
  run,
}
