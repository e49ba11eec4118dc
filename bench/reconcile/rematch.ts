/**
 * `node bench/reconcile/rematch.ts [--people 10000]`: Entra's "Restart provisioning". Everybody of a
 * brownfield app of that size is matched and adopted once; then all is done again, as a restarted job
 * does: a match query and a PATCH of every mapped attribute for each. The second round must not write
 * to the app at all, and a match query must cost it one call.
 *
 * Ends with a Markdown table; exits with 1 where a number is not what it should be.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startPostern } from '../../cli/launch.ts'
import { accountOf, loginOf, stateOf } from './people.ts'

const { values } = parseArgs({ options: { people: { type: 'string', default: '10000' } } })
const PEOPLE = Number(values.people)
/** Entra works on a handful of people at a time. */
const CONCURRENCY = 8

interface Stats {
  readonly calls: number
  readonly writes: number
}

const state = mkdtempSync(path.join(os.tmpdir(), 'postern-bench-'))
writeFileSync(
  path.join(state, 'app.json'),
  stateOf(Array.from({ length: PEOPLE }, (_, i) => accountOf(i))),
)
const started = await startPostern([], { POSTERN_STATE: state })
const { scimBaseUrl, token, appUrl } = started.now

async function scim(method: string, route: string, body?: object) {
  const response = await fetch(`${scimBaseUrl}${route}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${method} ${route}: ${response.status}`)
  return (await response.json()) as { totalResults: number; Resources: { id: string }[] }
}

async function stats(): Promise<Stats> {
  const response = await fetch(`${appUrl}/control/stats`)
  const { calls, writes } = (await response.json()) as {
    calls: Record<string, number>
    writes: number
  }
  return { calls: Object.values(calls).reduce((sum, n) => sum + n, 0), writes }
}

/** As Entra's default dialect writes them, and as the app holds them but for the externalId. */
const patchOf = (i: number) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [
    { op: 'Replace', path: 'active', value: 'True' },
    { op: 'Replace', path: 'name.givenName', value: `First${i}` },
    { op: 'Replace', path: 'name.familyName', value: `Last${i}` },
    { op: 'Replace', path: 'emails[type eq "work"].value', value: loginOf(i) },
    { op: 'Replace', path: 'title', value: 'Librarian' },
    { op: 'Add', path: 'externalId', value: `guid-${i}` },
  ],
})

async function forAll(work: (i: number) => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  const queue = Array.from({ length: PEOPLE }, (_, i) => i).values()
  const worker = async () => {
    for (const i of queue) await work(i)
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker))
  return (performance.now() - startedAt) / 1000
}

const ids: string[] = []
const match = async (i: number) => {
  const filter = encodeURIComponent(`userName eq "${loginOf(i)}"`)
  const found = await scim('GET', `/Users?filter=${filter}`)
  const [only] = found.Resources
  if (found.totalResults !== 1 || !only) throw new Error(`person ${i}: ${found.totalResults} found`)
  if (ids[i] !== undefined && ids[i] !== only.id) throw new Error(`person ${i} has another id`)
  ids[i] = only.id
}
const write = async (i: number) => void (await scim('PATCH', `/Users/${ids[i]}`, patchOf(i)))

const rows: string[] = []
async function round(title: string, work: (i: number) => Promise<void>, perPerson: number) {
  const before = await stats()
  const seconds = await forAll(work)
  const after = await stats()
  const calls = after.calls - before.calls
  const writes = after.writes - before.writes
  // The two readings of the counters may be among the calls.
  const isRight = writes === 0 && Math.abs(calls - perPerson * PEOPLE) <= 2
  if (!isRight) process.exitCode = 1
  rows.push(
    `| ${title} | ${seconds.toFixed(1)} | ${calls} | ${writes} | ${isRight ? 'right' : 'WRONG'} |`,
  )
  console.log(rows.at(-1))
}

try {
  await round('match, first sight', match, 1)
  await round('PATCH of all, which adopts', write, 1)
  await round('match again', match, 1)
  await round('PATCH of all again', write, 1)
  console.log(
    '\n| 10,000 people | seconds | calls of the app | writes | numbers |\n|---|---|---|---|---|',
  )
  for (const row of rows) console.log(row)
} finally {
  await started.stop()
  rmSync(state, { recursive: true, force: true })
}
