/**
 * `node bench/reconcile/run.ts [--people 100000] [--again 1]`: a brownfield app of that size in front of the
 * real gateway. Measures pre-flight and reconcile through the command line tool: seconds, calls of
 * the app, and the largest memory of gateway and tool; and goes on after a `kill -9` in the middle.
 *
 * The memory is Linux's VmHWM (largest resident set). Ends with a Markdown table.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startPostern } from '../../cli/launch.ts'
import { readRunning } from '../../test/support/start.ts'
import { accountOf, stateOf, userOf } from './people.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '100000' },
    /** Of the last measurement: memory that is bounded stops to grow. */
    again: { type: 'string', default: '1' },
  },
})
const PEOPLE = Number(values.people)
/** Nobody of the app is called so: people who join. */
const NEW_PEOPLE = Math.round(PEOPLE / 100)

/** Seconds into the walk. */
const KILL_AFTER = PEOPLE > 50_000 ? 10 : 2

interface Run {
  readonly code: number | null
  readonly seconds: number
  readonly toolMb: number
  readonly gatewayMb: number
  readonly calls: number
  readonly last: Record<string, unknown>
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function memoryMb(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

async function main(): Promise<void> {
  const state = mkdtempSync(path.join(os.tmpdir(), 'postern-bench-'))
  const accounts = Array.from({ length: PEOPLE }, (_, i) => accountOf(i))
  writeFileSync(path.join(state, 'app.json'), stateOf(accounts))
  const users = [
    ...accounts.map(({ login }, i) => userOf(login.toLowerCase(), i)),
    ...Array.from({ length: NEW_PEOPLE }, (_, i) =>
      userOf(`new.${i}@fernhollow.example`, PEOPLE + i),
    ),
  ]
  const exportFile = path.join(state, 'users.json')
  writeFileSync(exportFile, JSON.stringify({ value: users }))

  const started = await startPostern([], { POSTERN_STATE: state })
  const { appUrl } = started.now
  const gatewayPid = async () => (await readRunning(state)).gatewayPid

  async function calls(): Promise<number> {
    const response = await fetch(`${appUrl}/control/stats`)
    const stats = (await response.json()) as { calls: Record<string, number> }
    return Object.values(stats.calls).reduce((sum, n) => sum + n, 0)
  }

  /** `onSecond` is told each second that the tool has run. */
  async function tool(args: string[], onSecond?: (second: number) => void): Promise<Run> {
    const before = await calls()
    const startedAt = performance.now()
    const child = spawn(process.execPath, ['cli/postern.mjs', ...args, '--json'], {
      cwd: PROJECT,
      env: { ...process.env, POSTERN_STATE: state },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      output += text
    })
    let toolMb = 0
    let seconds = 0
    const timer = setInterval(() => {
      toolMb = Math.max(toolMb, memoryMb(child.pid))
      if (performance.now() - startedAt > (seconds + 1) * 1000) onSecond?.(++seconds)
    }, 50)
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
    clearInterval(timer)
    const line = output.trim().split('\n').at(-1) ?? ''
    return {
      code,
      seconds: (performance.now() - startedAt) / 1000,
      toolMb,
      gatewayMb: memoryMb(await gatewayPid()),
      calls: (await calls()) - before,
      last: line === '' ? {} : (JSON.parse(line) as Record<string, unknown>),
    }
  }

  const rows: string[] = []
  const add = (title: string, run: Run, expected: object) => {
    const said = JSON.stringify(run.last['counts'])
    const right = Object.entries(expected).every(
      ([name, n]) => (run.last['counts'] as Record<string, number> | undefined)?.[name] === n,
    )
    if (!right || run.code !== 0) process.exitCode = 1
    const numbers = [
      run.seconds.toFixed(1),
      run.calls,
      run.gatewayMb.toFixed(0),
      run.toolMb.toFixed(0),
    ]
    rows.push(
      `| ${[title, ...numbers, right ? 'as it should be' : `WRONG: ${said}`].join(' | ')} |`,
    )
    console.log(rows.at(-1))
  }

  try {
    console.log(`gateway before: ${memoryMb(await gatewayPid()).toFixed(0)} MB`)
    const brownfield = { discovered: PEOPLE, linked: 0, ambiguous: 0 }
    add('pre-flight, with the scan it needs', await tool(['preflight', 'demo', exportFile]), {
      adopt: PEOPLE,
      create: NEW_PEOPLE,
      ambiguous: 0,
      blocked: 0,
    })
    add('pre-flight again, on that scan', await tool(['preflight', 'demo', exportFile]), {
      adopt: PEOPLE,
      create: NEW_PEOPLE,
    })
    add('reconcile, dry run', await tool(['reconcile', 'demo', '--dry-run']), brownfield)
    // The tool gives up with the gateway; run again, it follows the scan that is there.
    const cut = await tool(['reconcile', 'demo'], (second) => {
      if (second === KILL_AFTER) void gatewayPid().then((pid) => process.kill(pid, 'SIGKILL'))
    })
    await sleep(3_000)
    const rest = await tool(['reconcile', 'demo'])
    add(
      `reconcile, gateway killed after ${KILL_AFTER} s (exit code ${cut.code}), and run again`,
      {
        ...rest,
        seconds: cut.seconds + rest.seconds,
        calls: cut.calls + rest.calls,
        toolMb: Math.max(cut.toolMb, rest.toolMb),
      },
      brownfield,
    )
    for (let run = 0; run < Number(values.again); run++) {
      add('reconcile, every link known', await tool(['reconcile', 'demo']), brownfield)
    }
    console.log(
      `\n${PEOPLE} people, ${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`,
    )
    console.log('| what | seconds | calls of the app | gateway MB | tool MB | counts |')
    console.log('|---|---|---|---|---|---|')
    console.log(rows.join('\n'))
  } finally {
    await started.stop()
    rmSync(state, { recursive: true, force: true })
  }
}

await main()
