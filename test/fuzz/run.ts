/**
 * `npm run fuzz -- [--minutes N] [--target T] [--seed S] [--path P] [--json]`: the targets of `npm test`, for
 * as long as one likes, with other cases each time. Ends with 1 where something does not hold, where a case
 * hangs, or where memory grows.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { growthOf, MOST_MB_PER_MINUTE, type Sample } from './growth.ts'
import { type FuzzOptions, MARK, type RoundReport, roundReport } from './options.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const BIN = path.join(PROJECT, 'node_modules/.bin')
const TARGETS = [
  ...['bodies', 'bodies-strict', 'filters', 'requests', 'tokens', 'manifests', 'mappings'],
  ...['answers', 'probes'],
]
const USAGE = `npm run fuzz -- [options]

  --minutes N   how long in all (default 9: a minute for each target)
  --target T    one of ${TARGETS.join(', ')}; may be given several times
  --seed S      of the first round (default: any)
  --path P      with --target and --seed: plays one case again, as a failure names it
  --json        the result as one line of JSON`

/** A round begins every 20 s: one that says nothing for so long hangs in a case. */
const SILENCE_MS = 180_000
const SAMPLE_MS = 5_000

interface Outcome {
  readonly rounds: readonly RoundReport[]
  /** Of workerd, in order. */
  readonly memory: readonly Sample[]
  readonly hung: { readonly begins: string; readonly seed: number } | undefined
  readonly exitCode: number | null
  readonly output: readonly string[]
}

/** Processes that this one started, and those that they did (Linux). */
async function descendants(pid: number): Promise<number[]> {
  const found = [pid]
  const parents = new Map<number, number>()
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
    if (parent !== undefined) parents.set(Number(entry), Number(parent))
  }
  for (let at = 0; at < found.length; at++) {
    for (const [child, parent] of parents) if (parent === found[at]) found.push(child)
  }
  return found
}

/** Resident memory of the largest workerd below a process, in MB; undefined where that is not known. */
async function memoryOf(pid: number): Promise<number | undefined> {
  const sizes: number[] = []
  for (const child of await descendants(pid)) {
    const status = await readFile(`/proc/${child}/status`, 'utf8').catch(() => '')
    const size = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
    if (/^Name:\s+workerd/m.test(status) && size !== undefined) sizes.push(Number(size) / 1024)
  }
  return sizes.length > 0 ? Math.round(Math.max(...sizes)) : undefined
}

async function fuzz(
  options: FuzzOptions,
  onRound: (report: RoundReport) => void,
): Promise<Outcome> {
  const startedAt = Date.now()
  const child: ChildProcess = spawn(
    path.join(BIN, 'vitest'),
    ['run', '--project=workerd', '--reporter=default', '--silent=false', 'test/fuzz/fuzz.test.ts'],
    {
      cwd: PROJECT,
      env: {
        ...process.env,
        PATH: `${BIN}${path.delimiter}${process.env['PATH'] ?? ''}`,
        FUZZ: JSON.stringify(options),
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const rounds: RoundReport[] = []
  const memory: Sample[] = []
  const output: string[] = []
  let open: Outcome['hung']
  let hung: Outcome['hung']
  let heardAt = Date.now()

  const hear = (line: string) => {
    if (!line.startsWith(MARK)) {
      output.push(line)
      if (output.length > 400) output.shift()
      return
    }
    heardAt = Date.now()
    const said: unknown = JSON.parse(line.slice(MARK.length))
    const report = roundReport.safeParse(said)
    open = report.success ? undefined : (said as Outcome['hung'])
    if (!report.success) return
    rounds.push(report.data)
    onRound(report.data)
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on('line', hear)
  }
  const watch = setInterval(async () => {
    if (Date.now() - heardAt > SILENCE_MS && child.exitCode === null) {
      hung = open
      child.kill('SIGKILL')
    }
    const mb = child.pid === undefined ? undefined : await memoryOf(child.pid)
    if (mb !== undefined) memory.push({ atMs: Date.now() - startedAt, mb })
  }, SAMPLE_MS)
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearInterval(watch)
  return { rounds, memory, hung, exitCode, output }
}

function readArguments(): { options: FuzzOptions; json: boolean } {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '9' },
      target: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      path: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const minutes = Number(values.minutes)
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
  const unknown = values.target.find((name) => !TARGETS.includes(name))
  if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes} is no length of time`)
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed} is no integer`)
  if (unknown !== undefined) throw new Error(`there is no target ${unknown}`)
  if (values.path !== undefined && (values.target.length !== 1 || values.seed === undefined)) {
    throw new Error('--path goes with one --target and its --seed')
  }
  const budgetMs = Math.round((minutes * 60_000) / (values.target.length || TARGETS.length))
  const { target: targets, path: again, json } = values
  return { options: { budgetMs, targets, seed, ...(again !== undefined && { path: again }) }, json }
}

let given: ReturnType<typeof readArguments>
try {
  given = readArguments()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  process.exit(2)
}

const say = given.json ? console.error : console.log
const { rounds, memory, hung, exitCode, output } = await fuzz(given.options, (round) => {
  const { target, seed, cases, ms, failure } = round
  say(
    `${failure ? '✗' : '✓'} ${target} seed ${seed}: ${cases} cases in ${(ms / 1000).toFixed(1)} s`,
  )
})
const failures = rounds.filter(({ failure }) => failure !== undefined)
const growth = growthOf(memory)
const growthMb = growth === undefined ? undefined : Math.round(growth)
const grows = growthMb !== undefined && growthMb > MOST_MB_PER_MINUTE
const cases = rounds.reduce((sum, round) => sum + round.cases, 0)
const again = (target: string, seed: number, at?: string) =>
  `npm run fuzz -- --target ${target} --seed ${seed}${at === undefined ? '' : ` --path ${at}`}`
for (const { target, seed, failure } of failures) {
  say(`\n${target}: ${failure?.message}\n\n${failure?.counterexample}`)
  say(`\nAgain: ${again(target, seed, failure?.path)}`)
}
if (hung) say(`\n${hung.begins} hangs. Again: ${again(hung.begins, hung.seed)}`)
const failed = exitCode !== 0 || hung !== undefined || grows
if (failed && failures.length === 0 && !hung && !grows) say(output.slice(-60).join('\n'))
const peakMb = memory.reduce((most, { mb }) => Math.max(most, mb), 0)
const said = growthMb === undefined ? 'too short a time to tell' : `${growthMb} MB a minute`
say(
  `\nmemory of workerd: at most ${peakMb} MB; growth ${said}${grows ? ', which is too much' : ''}`,
)
if (given.json) {
  const { seed } = given.options
  console.log(
    JSON.stringify({
      seed,
      cases,
      failures,
      hung: hung ?? null,
      growthMbPerMinute: growthMb ?? null,
      peakMb,
    }),
  )
}
say(`${cases} cases, ${failures.length + (hung ? 1 : 0)} failed`)
process.exitCode = failed ? 1 : 0
