/**
 * `npm run bench -- [--quick] [--only TEXT] [--links N] [--scale N] [--json FILE] [--profile
 * FILE]`: what each operation costs, through the built
 * gateway under plain workerd with the example app behind it, beside a bare Worker that makes the same
 * calls and trips. Ends with a Markdown table. `--profile`: of the last operation, at sixteen connections.
 * `--scale N`: some operations among 1,000 links, and again among N, side by side.
 */
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { profiled } from '../inspector.ts'
import type { Asked } from './app.ts'
import { type App, startApp } from './app-process.ts'
import { crowd } from './crowd.ts'
import { APP_KEY, GROUP_SIZES, GROUPS_OF_A_SIZE, loginOf, titleOf } from './estate.ts'
import type { Plan } from './floor.ts'
import { type Loaded, load, type Sent } from './load.ts'
import { type Estate, OPERATIONS, type Operation } from './operations.ts'
import { OF_SCALE, scaleTableOf, storedTableOf } from './scale.ts'
import { type Row, tableOf } from './table.ts'
import { ADMIN_TOKEN, startWorkerd, type Workerd } from './workerd.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    /** Of other connections, in the same database. */
    links: { type: 'string', default: '0' },
    /** As `links`, between two runs. */
    scale: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
})

/** Requests of each operation, by how they are sent. The first ones are for the compiler. */
const AMOUNTS = options.quick
  ? { warm: 32, c1: 100, c16: 640, slow1: 12, slow16: 240 }
  : { warm: 160, c1: 600, c16: 4_000, slow1: 60, slow16: 1_600 }
const CONNECTIONS = 16
const SLOW_MS = 50
const OF_AN_OPERATION =
  AMOUNTS.warm + AMOUNTS.c1 + AMOUNTS.c16 + AMOUNTS.slow1 + AMOUNTS.slow16 + CONNECTIONS
const LINKED = options.scale === undefined ? 10_000 : 1_000
const PEOPLE = LINKED + 2 * OF_AN_OPERATION
/** The audit of the last requests is stored after them. */
const SETTLE_MS = 1_500

const say = (line: string) => process.stderr.write(`${line}\n`)

interface ListResponse {
  readonly totalResults: number
  readonly Resources: readonly { readonly id: string; readonly [name: string]: unknown }[]
}

/** A connection whose people are linked, all but those that are seen for the first time. */
async function openEstate(gateway: string, app: App): Promise<Estate> {
  const made = await fetch(`${gateway}/admin/api/connections`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'bench',
      adapter: 'example',
      settings: { url: app.url },
      secrets: { apiKey: APP_KEY },
      policy: {
        limits: { requestsPerSecond: 10_000 },
        guard: { maxCount: 1_000_000, maxPercent: 100 },
      },
    }),
  })
  if (!made.ok) throw new Error(`the connection was refused: ${await made.text()}`)
  const { scimBaseUrl, token } = (await made.json()) as Record<'scimBaseUrl' | 'token', string>
  const base = new URL(scimBaseUrl).pathname
  const request = (method: string, route: string, body?: unknown): Sent => ({
    method,
    path: `${base}${route}`,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/scim+json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const ask = async (route: string): Promise<ListResponse> => {
    const { path: at, headers } = request('GET', route)
    const response = await fetch(`${gateway}${at}`, { headers })
    if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`)
    return (await response.json()) as ListResponse
  }
  const linked: string[] = []
  while (linked.length < LINKED) {
    const page = await ask(`/Users?startIndex=${linked.length + 1}&count=100`)
    for (const { id, userName } of page.Resources) {
      if (userName !== loginOf(linked.length)) throw new Error('the list is in another order')
      linked.push(id)
    }
  }
  const idOf = async (title: string): Promise<string> => {
    const filter = encodeURIComponent(`displayName eq "${title}"`)
    const { Resources } = await ask(`/Groups?filter=${filter}&excludedAttributes=members`)
    return Resources[0]?.id ?? ''
  }
  const groups: Record<number, string[]> = {}
  for (const size of GROUP_SIZES) {
    groups[size] = []
    for (let n = 0; n < GROUPS_OF_A_SIZE; n++) groups[size].push(await idOf(titleOf(size, n)))
  }
  return { linked, unseen: [LINKED, PEOPLE], groups, request }
}

const isFine = (status: number) => status >= 200 && status < 300

async function measure(
  { name, make }: Operation,
  estate: Estate,
  workerd: Workerd,
  app: App,
  /** Requests of this operation that were made before. */
  from = 0,
): Promise<Row> {
  let n = from
  const take = (count: number) => Array.from({ length: count }, () => make(estate, n++))
  const run = (count: number, connections: number): Promise<Loaded> =>
    load(workerd.gateway, take(count), connections, isFine)

  await run(AMOUNTS.warm, CONNECTIONS)
  await wait(SETTLE_MS)
  const before = { calls: await app.calls(), d1: await workerd.counted() }
  const c1 = await run(AMOUNTS.c1, 1)
  await wait(SETTLE_MS)
  const after = { calls: await app.calls(), d1: await workerd.counted() }
  const each = (count: (at: typeof before) => number) =>
    (count(after) - count(before)) / c1.requests
  const counts = {
    appCalls: each(({ calls }) => calls),
    d1Trips: each(({ d1 }) => d1.trips),
    d1Writing: each(({ d1 }) => d1.writing),
    rowsRead: each(({ d1 }) => d1.rowsRead),
    rowsWritten: each(({ d1 }) => d1.rowsWritten),
  }
  const timed = async (work: () => Promise<Loaded>) => {
    const cpuBefore = await workerd.cpuMs()
    const done = await work()
    return { ...done, cpuMs: ((await workerd.cpuMs()) - cpuBefore) / done.requests }
  }
  const c16 = await timed(() => run(AMOUNTS.c16, CONNECTIONS))
  const calls = await app.noting(() => run(1, 1))
  const floorOf = planOf(counts, calls, app.url)
  const floorRun = (count: number, connections: number) =>
    load(
      workerd.floor,
      Array.from({ length: count }, () => floorOf),
      connections,
      isFine,
    )
  await floorRun(AMOUNTS.warm, CONNECTIONS)
  const floor1 = await floorRun(AMOUNTS.c1, 1)
  const floor16 = await timed(() => floorRun(AMOUNTS.c16, CONNECTIONS))
  await app.delay(SLOW_MS)
  const slow1 = await run(AMOUNTS.slow1, 1)
  const slow16 = await run(AMOUNTS.slow16, CONNECTIONS)
  const slowFloor = await floorRun(AMOUNTS.slow1, 1)
  const appP50 = await ownTimeOf(app, calls)
  await app.delay(0)
  return {
    operation: name,
    ...counts,
    c1: { p50: c1.p50, p99: c1.p99 },
    c16: { p50: c16.p50, p99: c16.p99, rps: c16.rps },
    cpuMs: c16.cpuMs,
    floorRatio: c16.rps / floor16.rps,
    floor: { p50: floor1.p50, rps: floor16.rps, cpuMs: floor16.cpuMs },
    app50ms: {
      ...{ p50: slow1.p50, p99: slow1.p99, rps: slow16.rps },
      ...{ floorP50: slowFloor.p50, appP50 },
    },
  }
}

/** Milliseconds, with nobody between; whether the app likes what it is told twice is no matter. */
async function ownTimeOf(app: App, asked: readonly Asked[]): Promise<number> {
  let sum = 0
  for (const { method, url, body } of asked) {
    const headers = { 'x-desk-key': APP_KEY, 'content-type': 'application/json' }
    const sent = { method, path: url, headers, ...(body !== '' && { body }) }
    const requests = Array.from({ length: AMOUNTS.slow1 }, () => sent)
    sum += (await load(app.url, requests, 1, () => true)).p50
  }
  return sum
}

/** What the gateway did for one request, done by the floor: trips that most requests made. */
function planOf(
  { d1Trips, d1Writing }: Pick<Row, 'd1Trips' | 'd1Writing'>,
  asked: readonly Asked[],
  url: string,
): Sent {
  const writes = Math.round(d1Writing)
  const plan: Plan = {
    calls: asked.map(({ method, url: at, body }) => ({ method, url: `${url}${at}`, body })),
    reads: Math.round(d1Trips) - writes,
    writes,
  }
  const headers = { 'content-type': 'application/json' }
  return { method: 'POST', path: '/', headers, body: JSON.stringify(plan) }
}

async function main(): Promise<void> {
  const started = Date.now()
  const app = await startApp(PEOPLE)
  const workerd = await startWorkerd().catch((error: unknown) => {
    app.stop()
    throw error
  })
  const end = async () => {
    await workerd.stop()
    app.stop()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void end().then(() => process.exit(1)))
  }
  try {
    say(`${PEOPLE} people in the app, ${LINKED} of them are being linked`)
    const estate = await openEstate(workerd.gateway, app)
    const fill = async (links: number) => {
      // One of each that is copied.
      for (const wanted of ['create', 'group of 50, one joins']) {
        const one = OPERATIONS.find(({ name }) => name === wanted)
        if (one) await load(workerd.gateway, [one.make(estate, 3 * OF_AN_OPERATION)], 1, isFine)
      }
      await wait(SETTLE_MS)
      console.log(storedTableOf(await crowd(workerd, links, say)))
    }
    if (options.links !== '0') await fill(Number(options.links))
    const wanted = OPERATIONS.filter(
      ({ name }) =>
        name.includes(options.only) && (options.scale === undefined || OF_SCALE.includes(name)),
    )
    const rows: Row[] = []
    for (const [at, operation] of wanted.entries()) {
      const from = Date.now()
      const row = await measure(operation, estate, workerd, app)
      rows.push(row)
      say(
        `${at + 1}/${wanted.length} ${row.operation}: ${row.c1.p50.toFixed(1)} ms, ` +
          `${row.c16.rps.toFixed(0)}/s, ${row.floorRatio.toFixed(2)} of the floor (${Math.round((Date.now() - from) / 1000)} s)`,
      )
    }
    const last = wanted.at(-1)
    if (options.profile !== undefined && last) {
      const requests = Array.from({ length: AMOUNTS.slow16 }, (_, n) =>
        last.make(estate, 5_000 + n),
      )
      const { profile } = await profiled(workerd.inspector, 'gateway', () =>
        load(workerd.gateway, requests, CONNECTIONS, isFine),
      )
      await writeFile(options.profile, JSON.stringify(profile))
    }
    const machine = `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} cores, Node ${process.version}`
    const date = new Date().toISOString().slice(0, 10)
    const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim()
    if (options.json !== undefined) {
      const result = { machine, date, commit, rows }
      await writeFile(options.json, `${JSON.stringify(result, undefined, 2)}\n`)
    }
    console.log(`${date}, ${commit}, ${machine}\n\n${tableOf(rows)}`)
    if (options.scale !== undefined) {
      await fill(Number(options.scale))
      const among: Row[] = []
      for (const operation of wanted) {
        const row = await measure(operation, estate, workerd, app, OF_AN_OPERATION)
        among.push(row)
        say(`${row.operation}: ${row.c1.p50.toFixed(1)} ms`)
      }
      const sizes = [LINKED, LINKED + Number(options.scale)] as const
      console.log(`\n${scaleTableOf(rows, among, sizes)}`)
    }
    say(`${Math.round((Date.now() - started) / 1_000)} s`)
  } finally {
    await end()
  }
}

await main()
