/** A process of `workerd serve`: how it is configured, started, watched and ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { build } from '../cli/start/build.ts'

const START_TIMEOUT_MS = 20_000
export const PROJECT = path.resolve(import.meta.dirname, '..')

/** The built gateway's modules as files of the folder, and as workerd's configuration names them. */
export async function embedGateway(
  folder: string,
): Promise<{ readonly date: string; readonly modules: string }> {
  const { config, modules } = await build(PROJECT)
  const embedded: string[] = []
  for (const [n, { type, path: name, contents }] of modules.entries()) {
    const kind = { ESModule: 'esModule', Text: 'text', Data: 'data', CompiledWasm: 'wasm' }[type]
    await writeFile(path.join(folder, `module-${n}`), contents)
    embedded.push(`(name = "${name}", ${kind} = embed "module-${n}")`)
  }
  const date = String(config.workerOptions['compatibilityDate'])
  return { date, modules: embedded.join(',\n    ') }
}

export function serve(config: string, ...options: readonly string[]): ChildProcess {
  return spawn(binary(), ['serve', '--experimental', ...options, config], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

export async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve))
  if (child.exitCode === null && child.kill('SIGTERM')) await exit
}

/** Not the wrapper in Node, which outlives a signal. */
function binary(): string {
  const require = createRequire(createRequire(import.meta.url).resolve('workerd'))
  return require.resolve(`@cloudflare/workerd-${process.platform}-${archOf()}/bin/workerd`)
}

const archOf = (): string => (process.arch === 'x64' ? '64' : process.arch)

/** Resolves when there is an answer that will do. */
export async function listening(
  child: ChildProcess,
  url: string,
  willDo = ({ ok }: Response) => ok,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}`)
    const up = await fetch(url).then(willDo, () => false)
    if (up) return
    await wait(50)
  }
  throw new Error('workerd does not listen')
}

export async function freePorts(count: number): Promise<number[]> {
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

export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The name before it is in brackets and may hold blanks: user and system time are 14 and 15 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
}
