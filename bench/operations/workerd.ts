/**
 * The built gateway and the floor under plain `workerd serve`, D1 under another: what the development
 * server puts in between costs more than what is measured, and D1's CPU is not the gateway's.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { build } from '../../cli/start/build.ts'
import { APP_KEY } from './estate.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
const MEMORY = '/dev/shm'
const START_TIMEOUT_MS = 20_000
export const ADMIN_TOKEN = 'bench-admin-token-of-nobody-else'
const SEALING_KEY = 'YmVuY2gtc2VhbGluZy1rZXktb2YtMzItYnl0ZXMhISE='

/** What D1 has done since the start. */
export interface Counted {
  readonly trips: number
  /** Trips that wrote a row. */
  readonly writing: number
  readonly rowsRead: number
  readonly rowsWritten: number
  /** Of the database. */
  readonly bytes: number
}

export interface Workerd {
  readonly gateway: string
  readonly floor: string
  /** Host of the inspector. */
  readonly inspector: string
  readonly counted: () => Promise<Counted>
  /** On D1, past the gateway. @throws with D1's message */
  readonly query: (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>
  /** CPU of the process without D1 so far, in milliseconds; NaN where the system has no /proc. */
  readonly cpuMs: () => Promise<number>
  readonly stop: () => Promise<void>
}

export async function startWorkerd(): Promise<Workerd> {
  // In memory where there is such a folder: how fast this disk syncs says nothing of D1.
  const parent = existsSync(MEMORY) ? MEMORY : os.tmpdir()
  const folder = await mkdtemp(path.join(parent, 'postern-bench-'))
  const [gateway = 0, floor = 0, d1 = 0, inspector = 0] = await freePorts(4)
  const configs = await writeConfigs(folder, { gateway, floor, d1 })
  const at = (port: number) => `http://127.0.0.1:${port}`
  const database = serve(configs.d1)
  await listening(database, `${at(d1)}/counted`)
  await migrate(at(d1))
  const child = serve(configs.gateway, `--inspector-addr=127.0.0.1:${inspector}`)
  await listening(child, `${at(gateway)}/healthz`)
  return {
    gateway: at(gateway),
    floor: at(floor),
    inspector: `127.0.0.1:${inspector}`,
    query: async (sql) => (await queryAt(at(d1), [sql]))[0] ?? [],
    counted: async () => (await (await fetch(`${at(d1)}/counted`)).json()) as Counted,
    cpuMs: () => cpuOf(child.pid ?? 0),
    async stop() {
      await ended(child)
      await ended(database)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function serve(config: string, ...options: readonly string[]): ChildProcess {
  return spawn(binary(), ['serve', '--experimental', ...options, config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  if (child.exitCode === null && child.kill('SIGTERM')) await exit
}

/** Not the wrapper in Node, which outlives a signal. */
function binary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('workerd'))
  return require.resolve(`@cloudflare/workerd-${process.platform}-${archOf()}/bin/workerd`)
}

const archOf = (): string => (process.arch === 'x64' ? '64' : process.arch)

async function writeConfigs(
  folder: string,
  ports: Readonly<Record<'gateway' | 'floor' | 'd1', number>>,
): Promise<Readonly<Record<'gateway' | 'd1', string>>> {
  const { config, modules } = await build(PROJECT)
  const date = String(config.workerOptions['compatibilityDate'])
  const embedded: string[] = []
  for (const [n, { type, path: name, contents }] of modules.entries()) {
    const kind = { ESModule: 'esModule', Text: 'text', Data: 'data', CompiledWasm: 'wasm' }[type]
    await writeFile(path.join(folder, `module-${n}`), contents)
    embedded.push(`(name = "${name}", ${kind} = embed "module-${n}")`)
  }
  for (const own of ['d1', 'floor']) {
    const source = await readFile(path.join(import.meta.dirname, `${own}.ts`), 'utf8')
    await writeFile(path.join(folder, `${own}.js`), stripTypeScriptTypes(source))
  }
  const disk = async (name: string) => {
    await mkdir(path.join(folder, name))
    return `(name = "data", disk = (path = "${path.join(folder, name)}", writable = true))`
  }
  const socket = (name: keyof typeof ports) =>
    `(name = "${name}", address = "127.0.0.1:${ports[name]}", http = (), service = "${name}")`
  const database = `(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api",
      innerBindings = [ (name = "fetcher", service = "d1") ]))`
  const gateway = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "floor", worker = .floor),
    (name = "d1", external = (address = "127.0.0.1:${ports.d1}", http = ())),
    ${await disk('gateway')},
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [ ${socket('gateway')}, ${socket('floor')} ],
);
const gateway :Workerd.Worker = (
  modules = [ ${embedded.join(',\n    ')} ],
  compatibilityDate = "${date}",
  durableObjectNamespaces = [ (className = "Pacer", uniqueKey = "pacer", enableSql = true) ],
  durableObjectStorage = (localDisk = "data"),
  bindings = [
    ${database},
    (name = "PACER", durableObjectNamespace = "Pacer"),
    (name = "POSTERN_ADMIN_TOKEN", text = "${ADMIN_TOKEN}"),
    (name = "POSTERN_SEALING_KEY", text = "${SEALING_KEY}"),
    (name = "BASE_URL", text = "http://127.0.0.1:${ports.gateway}"),
    (name = "POSTERN_DEV", text = "1"),
  ],
);
const floor :Workerd.Worker = (
  modules = [ (name = "floor.js", esModule = embed "floor.js") ],
  compatibilityDate = "${date}",
  bindings = [ ${database}, (name = "APP_KEY", text = "${APP_KEY}") ],
);
`
  const d1 = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "d1", worker = .d1), ${await disk('d1')} ],
  sockets = [ ${socket('d1')} ],
);
const d1 :Workerd.Worker = (
  modules = [ (name = "d1.js", esModule = embed "d1.js") ],
  compatibilityDate = "${date}",
  durableObjectNamespaces = [ (className = "D1", uniqueKey = "d1", enableSql = true) ],
  durableObjectStorage = (localDisk = "data"),
  bindings = [ (name = "OBJECT", durableObjectNamespace = "D1") ],
);
`
  const files = {
    gateway: path.join(folder, 'gateway.capnp'),
    d1: path.join(folder, 'd1.capnp'),
  }
  await writeFile(files.gateway, gateway)
  await writeFile(files.d1, d1)
  return files
}

type Rows = readonly Readonly<Record<string, unknown>>[]

/** As one batch. */
async function queryAt(d1: string, statements: readonly string[]): Promise<readonly Rows[]> {
  const body = JSON.stringify(statements.map((sql) => ({ sql, params: [] })))
  const answers = (await (await fetch(`${d1}/query`, { method: 'POST', body })).json()) as
    | readonly { readonly results: Rows }[]
    | { readonly error: string }
  if ('error' in answers) throw new Error(answers.error)
  return answers.map(({ results }) => results)
}

async function migrate(d1: string): Promise<void> {
  const { config } = await build(PROJECT)
  for (const { statements } of config.databases.flatMap(({ migrations }) => migrations)) {
    await queryAt(d1, statements)
  }
}

async function listening(child: ChildProcess, url: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}`)
    const up = await fetch(url).then(
      (response) => response.ok,
      () => false,
    )
    if (up) return
    await wait(50)
  }
  throw new Error('workerd does not listen')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer())
  await Promise.all(
    servers.map((server) => new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok))),
  )
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

/** Ticks of Linux are hundredths of a second, whatever the kernel counts in. */
const MS_PER_TICK = 10

async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name before it is in brackets and may hold blanks: user and system time are 14 and 15 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}
