/**
 * `node bench/reconcile/memory.ts [--people 100000] [--live]`: does the memory of a scan and of a pre-flight
 * grow with the number of people? At each tenth of the people: the heap of the Worker's isolate (by
 * workerd's inspector), the heap of the isolate that stands for D1, and the resident set of workerd,
 * in which both live. Then a control: a Worker of ten lines that writes rows of the same size through
 * the same local D1, and holds nothing.
 *
 * Linux, for the resident set. Ends with Markdown tables.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { startApp } from '../../cli/start/app.ts'
import { build } from '../../cli/start/build.ts'
import { applyMigrations } from '../../cli/start/migrate.ts'
import { openHeap } from '../inspector.ts'
import { accountOf, stateOf, userOf } from './people.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: {
    people: { type: 'string', default: '100000' },
    /** Also what is left of the Worker's heap after its garbage is collected, which takes memory. */
    live: { type: 'boolean', default: false },
  },
})
const PEOPLE = Number(values.people)
const STEP = PEOPLE / 10
const SAMPLE_MS = 200
const ADMIN_TOKEN = 'bench-admin-token-of-more-than-32-characters'
/** People in one request of a pre-flight. */
const SLICE = 1_000

// ---- what is measured ------------------------------------------------------------------------------

interface Sample {
  readonly worker: number
  readonly d1: number
}

interface Meter {
  /** Megabytes since the last reading: least and most of each heap, and the resident set now. */
  readonly read: () => Promise<string>
  readonly close: () => void
}

function residentMb(): number {
  // workerd is the child of this process; so is the app, which is Node.
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  for (const pid of children.trim().split(' ')) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    if (/^Name:\s+workerd/m.test(status)) {
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
    }
  }
  return 0
}

async function meterOf(miniflare: Miniflare, worker: string): Promise<Meter> {
  const { host } = await miniflare.getInspectorURL()
  const names = [`core:user:${worker}`, 'd1:db'] as const
  const [heap, d1] = await Promise.all([openHeap(host, names[0]), openHeap(host, names[1])])
  let samples: Sample[] = []
  const sample = async () => {
    const [one, other] = await Promise.all([heap.read(), d1.read()])
    samples.push({ worker: one, d1: other })
  }
  const timer = setInterval(sample, SAMPLE_MS)
  return {
    async read() {
      await sample()
      const of = (key: keyof Sample) => {
        const all = samples.map((sample) => sample[key])
        return `${Math.min(...all).toFixed(0)} – ${Math.max(...all).toFixed(0)}`
      }
      const live = values.live ? (await heap.readLive()).toFixed(1) : '–'
      const line = `${of('worker')} | ${live} | ${of('d1')} | ${residentMb().toFixed(0)}`
      samples = []
      return line
    },
    close() {
      clearInterval(timer)
      heap.close()
      d1.close()
    },
  }
}

/** A table with a row for each tenth of the people. */
function tableOf(title: string, meter: Meter) {
  console.log(`\n${title}\n`)
  console.log(
    '| people | heap of the Worker, MB | of it live | heap of the local D1, MB | workerd, resident MB |',
  )
  console.log('|---|---|---|---|---|')
  let next = STEP
  return async (done: number) => {
    if (done < next) return
    console.log(`| ${done.toLocaleString('en')} | ${await meter.read()} |`)
    while (next <= done) next += STEP
  }
}

// ---- the gateway -----------------------------------------------------------------------------------

async function measureGateway(state: string): Promise<void> {
  const accounts = Array.from({ length: PEOPLE }, (_, i) => accountOf(i))
  const stateFile = path.join(state, 'app.json')
  writeFileSync(stateFile, stateOf(accounts))
  let closeApp = async () => {}
  const app = await startApp(
    {
      script: path.join(PROJECT, 'examples/legacy-app/server.ts'),
      key: 'bench-key',
      stateFile,
      onLog: () => {},
      onSpawn: () => {},
      onExit: () => {},
      onRestart: () => {},
      onLost: () => {},
    },
    (close) => {
      closeApp = close
    },
  )
  const { config, modules } = await build(PROJECT)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...config.workerOptions,
      name: config.name,
      modules: modules.map((module) => ({ ...module })),
      bindings: {
        ...(config.workerOptions['bindings'] as Record<string, string>),
        POSTERN_ADMIN_TOKEN: ADMIN_TOKEN,
        POSTERN_SEALING_KEY: 'YmVuY2gtc2VhbGluZy1rZXktdGhhdC1pcy0zMi1ieXQ=',
        POSTERN_DEV: '1',
      },
      cf: false,
      logRequests: false,
      handleStructuredLogs: () => {},
      inspectorPort: 0,
      resourcePersistencePath: path.join(state, 'v3'),
    }),
  )
  const origin = String(await miniflare.ready).replace(/\/$/, '')
  for (const { binding, migrations } of config.databases) {
    await applyMigrations(await miniflare.getD1Database(binding), migrations)
  }
  const call = async (method: string, route: string, body?: unknown) => {
    const response = await fetch(`${origin}/admin/api/connections${route}`, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`)
    return JSON.parse(text) as { id: string; state: string; seen: number; preflight: string }
  }
  await call('POST', '', {
    name: 'bench',
    adapter: 'example',
    settings: { url: app.url },
    secrets: { apiKey: 'bench-key' },
  })
  const meter = await meterOf(miniflare, config.name)
  try {
    for (const title of ['Scan of an app that nobody knows', 'Scan again, every link known']) {
      const row = tableOf(title, meter)
      let scan = await call('POST', '/bench/reconcile', {})
      while (scan.state === 'running') {
        scan = await call('POST', `/bench/reconcile/${scan.id}/advance`, { ms: 500 })
        await row(scan.seen)
      }
      if (scan.state !== 'done' || scan.seen !== PEOPLE) throw new Error(JSON.stringify(scan))
    }
    const row = tableOf('Pre-flight on that scan', meter)
    let preflight: string | undefined
    for (let from = 0; from < PEOPLE; from += SLICE) {
      const value = accounts
        .slice(from, from + SLICE)
        .map(({ login }, i) => userOf(login.toLowerCase(), from + i))
      const complete = from + SLICE >= PEOPLE
      const body = { value, complete, ...(preflight !== undefined && { preflight }) }
      preflight = (await call('POST', '/bench/preflight', body)).preflight
      await row(from + value.length)
    }
  } finally {
    meter.close()
    await miniflare.dispose()
    await closeApp()
  }
}

// ---- the control -----------------------------------------------------------------------------------

/** Rows as a scan of unknown accounts writes them, in batches of the same size. */
const CONTROL = `
const KEY = 'person.1000000@fernhollow.example'
export default {
  async fetch(request, { DB }) {
    const from = Number(new URL(request.url).searchParams.get('from'))
    const rows = JSON.stringify(Array.from({ length: 250 }, (_, i) => String(from + i)))
    const each = 'FROM json_each(?1) WHERE true'
    await DB.prepare('SELECT v FROM link WHERE id IN (SELECT value FROM json_each(?1))').bind(rows).all()
    await DB.batch([
      DB.prepare('INSERT INTO link SELECT value, hex(randomblob(18)), ?2 ' + each).bind(rows, KEY),
      DB.prepare('INSERT INTO account SELECT value, hex(randomblob(18)), ?2 ' + each).bind(rows, KEY),
      DB.prepare('INSERT INTO key SELECT value, ?2 || value, value ' + each).bind(rows, KEY),
    ])
    return new Response('done')
  },
}`

async function measureControl(state: string): Promise<void> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'control',
      modules: true,
      script: CONTROL,
      d1Databases: ['DB'],
      cf: false,
      inspectorPort: 0,
      resourcePersistencePath: path.join(state, 'control'),
    }),
  )
  const origin = String(await miniflare.ready)
  const db = await miniflare.getD1Database('DB')
  for (const table of ['link', 'account', 'key']) {
    await db.prepare(`CREATE TABLE ${table} (id TEXT, v TEXT, w TEXT)`).run()
    await db.prepare(`CREATE INDEX ${table}_id ON ${table} (id, v)`).run()
  }
  const meter = await meterOf(miniflare, 'control')
  try {
    const row = tableOf('Control: the same rows through the local D1, by ten lines', meter)
    for (let from = 0; from < PEOPLE; from += 250) {
      const response = await fetch(`${origin}?from=${from}`)
      if ((await response.text()) !== 'done') throw new Error('the control failed')
      await row(from + 250)
    }
  } finally {
    meter.close()
    await miniflare.dispose()
  }
}

const state = mkdtempSync(path.join(os.tmpdir(), 'postern-memory-'))
try {
  const [cpu] = os.cpus()
  const date = new Date().toISOString().slice(0, 10)
  console.log(`${date}, ${cpu?.model}, ${os.cpus().length} cores, Node ${process.version}`)
  await measureGateway(state)
  await measureControl(state)
} finally {
  rmSync(state, { recursive: true, force: true })
}
