/**
 * The built gateway and the floor under plain `workerd serve`, D1 under another: what the development
 * server puts in between costs more than what is measured, and D1's CPU is not the gateway's.
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { build } from '../../cli/start/build.ts'
import {
  cpuOf,
  embedGateway,
  ended,
  freePorts,
  listening,
  PROJECT,
  serve,
} from '../workerd-process.ts'
import { APP_KEY } from './estate.ts'

const MEMORY = '/dev/shm'
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
  const child = serve(configs.gateway, `--inspector-addr=127.0.0.1:${inspector}`)
  const stop = async () => {
    await ended(child)
    await ended(database)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await listening(database, `${at(d1)}/counted`)
    await migrate(at(d1))
    await listening(child, `${at(gateway)}/healthz`)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    stop,
    gateway: at(gateway),
    floor: at(floor),
    inspector: `127.0.0.1:${inspector}`,
    query: async (sql) => (await queryAt(at(d1), [sql]))[0] ?? [],
    counted: async () => (await (await fetch(`${at(d1)}/counted`)).json()) as Counted,
    cpuMs: () => cpuOf(child.pid ?? 0),
  }
}

async function writeConfigs(
  folder: string,
  ports: Readonly<Record<'gateway' | 'floor' | 'd1', number>>,
): Promise<Readonly<Record<'gateway' | 'd1', string>>> {
  const { date, modules } = await embedGateway(folder)
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
  modules = [ ${modules} ],
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
