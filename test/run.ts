/**
 * `npm test`: every suite in order, and at the end one line alone that sums them up. Arguments go
 * to vitest as filters: `npm test -- test/scim`.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import * as z from 'zod'

const PROJECT = path.resolve(import.meta.dirname, '..')
const BIN = path.join(PROJECT, 'node_modules/.bin')
/** A suite that hangs is told to end, and counts as failed. */
const SUITE_TIMEOUT_MS = 30 * 60_000

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

interface Suite {
  readonly title: string
  readonly run: () => Promise<Counts>
}

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 }
const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 }
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 }

const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** Runs a tool of the project; resolves to its exit code, null where it was killed. */
function runTool(tool: string, args: readonly string[], onOutput?: (text: string) => void) {
  return new Promise<number | null>((resolve, reject) => {
    const child = spawn(path.join(BIN, tool), args, {
      cwd: PROJECT,
      // The Node of the project comes first, also where this file is run without npm.
      env: { ...process.env, PATH: `${BIN}${path.delimiter}${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', onOutput ? 'pipe' : 'inherit', onOutput ? 'pipe' : 'inherit'],
      timeout: SUITE_TIMEOUT_MS,
    })
    child.once('error', reject)
    child.stdout?.on('data', (chunk) => onOutput?.(String(chunk)))
    child.stderr?.on('data', (chunk) => onOutput?.(String(chunk)))
    child.once('close', resolve)
  })
}

/** A tool that says yes or no: it counts as one. Its output is shown where it says no. */
function check(title: string, tool: string, ...args: string[]): Suite {
  return {
    title,
    async run() {
      let output = ''
      const code = await runTool(tool, args, (text) => {
        output += text
      })
      if (code !== 0) process.stdout.write(output)
      return code === 0 ? PASSED : FAILED
    },
  }
}

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      /** Milliseconds. */
      startTime: z.number(),
      endTime: z.number(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
})

type Report = z.infer<typeof reportSchema>

/** Files of a suite that are named with what they took. */
const SLOWEST = 10

/** Where to look first when the whole takes too long; beside others a file takes longer than alone. */
function tellSlowest({ testResults }: Report): void {
  const slowest = testResults
    .map(({ name, startTime, endTime }) => ({ name, ms: endTime - startTime }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
  for (const { name, ms } of slowest) {
    console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${path.relative(PROJECT, name)}`)
  }
}

function countTests({ testResults }: Report): Counts {
  return testResults.reduce<Counts>((sum, { status, assertionResults }) => {
    const number = (wanted: string) => assertionResults.filter((r) => r.status === wanted).length
    const passed = number('passed')
    const failed = number('failed')
    const counts = { passed, failed, skipped: assertionResults.length - passed - failed }
    // A file that broke before, or beside, its tests is one failure of its own.
    return add(add(sum, counts), status === 'failed' && failed === 0 ? FAILED : NONE)
  }, NONE)
}

function vitest(title: string, ...args: readonly string[]): Suite {
  return {
    title,
    async run() {
      const folder = await mkdtemp(path.join(os.tmpdir(), 'postern-test-'))
      const reportFile = path.join(folder, 'report.json')
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
      try {
        const code = await runTool('vitest', ['run', ...reporters, ...args])
        const report = reportSchema.parse(JSON.parse(await readFile(reportFile, 'utf8')))
        tellSlowest(report)
        const counts = countTests(report)
        // Unhandled errors fail the run and stand in no test.
        return code !== 0 && counts.failed === 0 ? add(counts, FAILED) : counts
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

/** A suite that crashes before it reports counts as failed. */
async function runSuite({ title, run }: Suite): Promise<Counts> {
  const startedAt = performance.now()
  let counts = FAILED
  try {
    counts = await run()
  } catch (error) {
    console.error(error)
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`${counts.failed === 0 ? '✓' : '✗'} ${title} (${seconds} s)`)
  return counts
}

/** More checkers would check the same files again, beside another. */
const ONE = ['--checkers', '1']

const filters = process.argv.slice(2)

/** Suites in workerd compute, suites on Node mostly wait: side by side they fill two cores. */
const TESTS: readonly Suite[] = filters.length
  ? [vitest('tests in workerd and on Node', ...filters)]
  : [
      vitest('tests in workerd', '--project=workerd'),
      vitest('tests on Node and against databases', '--project=node', '--project=databases'),
    ]

/** One step after the other; the suites of a step run side by side. */
const STEPS: readonly (readonly Suite[])[] = [
  [
    check('types of src and adapters', 'tsc', ...ONE, '-p', 'tsconfig.json'),
    check('types of tests, cli, examples and bench', 'tsc', ...ONE, '-p', 'test/tsconfig.json'),
    check('lint', 'biome', 'ci', '.'),
  ],
  TESTS,
]

let total = NONE
for (const suites of STEPS) {
  total = (await Promise.all(suites.map(runSuite))).reduce(add, total)
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed === 0 ? 0 : 1
