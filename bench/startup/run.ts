/**
 * `npm run bench:startup -- [--runs 10] [--budget MS] [--json]`: CPU of a plain workerd until the built
 * gateway has answered its first request, beside that of an empty Worker. What is between them is what an
 * isolate that starts costs the request that starts it. Fails where it is more than the budget.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { quantile } from '../quantile.ts'
import { cpuOf, embedGateway, ended, freePorts, listening, serve } from '../workerd-process.ts'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '10' },
    /** Cloudflare takes no Worker that needs a second for this. */
    budget: { type: 'string', default: '600' },
    json: { type: 'boolean', default: false },
  },
})

const EMPTY = 'export default { fetch: () => new Response("") }'

/** Milliseconds of CPU from the start to the first answer. */
async function cpuToAnswer(config: string, port: number): Promise<number> {
  const child = serve(config)
  try {
    await listening(child, `http://127.0.0.1:${port}/`, () => true)
    return await cpuOf(child.pid ?? 0)
  } finally {
    await ended(child)
  }
}

async function configure(folder: string, port: number, worker: string): Promise<string> {
  const file = path.join(folder, 'startup.capnp')
  const text = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .main) ],
  sockets = [ (name = "main", address = "127.0.0.1:${port}", http = (), service = "main") ],
);
const main :Workerd.Worker = ( ${worker} );
`
  await writeFile(file, text)
  return file
}

const median = (all: readonly number[]): number => quantile(all, 0.5)

const folder = await mkdtemp(path.join(os.tmpdir(), 'postern-startup-'))
try {
  const [gatewayPort = 0, emptyPort = 0] = await freePorts(2)
  const folders = { gateway: path.join(folder, 'gateway'), empty: path.join(folder, 'empty') }
  for (const one of Object.values(folders)) await mkdir(one)
  const { date, modules } = await embedGateway(folders.gateway)
  const bindings = [
    `(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
        innerBindings = [ (name = "fetcher", service = "main") ]))`,
    '(name = "POSTERN_ADMIN_TOKEN", text = "startup-admin-token-of-nobody-else")',
    '(name = "POSTERN_SEALING_KEY", text = "YmVuY2gtc2VhbGluZy1rZXktb2YtMzItYnl0ZXMhISE=")',
    '(name = "BASE_URL", text = "")',
  ]
  const gateway = await configure(
    folders.gateway,
    gatewayPort,
    `modules = [ ${modules} ], compatibilityDate = "${date}", bindings = [ ${bindings.join(', ')} ],
     durableObjectNamespaces = [ (className = "Pacer", uniqueKey = "pacer", enableSql = true) ],
     durableObjectStorage = (inMemory = void)`,
  )
  await writeFile(path.join(folders.empty, 'empty.js'), EMPTY)
  const empty = await configure(
    folders.empty,
    emptyPort,
    `modules = [ (name = "empty.js", esModule = embed "empty.js") ], compatibilityDate = "${date}"`,
  )
  const taken = { gateway: [] as number[], empty: [] as number[] }
  for (let n = 0; n < Number(options.runs); n++) {
    taken.gateway.push(await cpuToAnswer(gateway, gatewayPort))
    taken.empty.push(await cpuToAnswer(empty, emptyPort))
  }
  const ms = median(taken.gateway) - median(taken.empty)
  const budget = Number(options.budget)
  console.log(
    options.json
      ? JSON.stringify({ startUpCpuMs: ms, budgetMs: budget, runs: taken })
      : `start-up: ${ms} ms of CPU (median of ${options.runs}; an empty Worker: ${median(taken.empty)}), budget ${budget}`,
  )
  const isKept = ms <= budget
  console.log(isKept ? '1 passed, 0 failed' : '0 passed, 1 failed')
  process.exitCode = isKept ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
