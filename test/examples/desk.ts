/** Starts the example app as its users do: a process of its own, spoken to over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const SERVER = path.join(import.meta.dirname, '../../examples/legacy-app/server.ts')
export const KEY = 'key-for-tests'

export interface DeskProcess {
  readonly url: string
  readonly process: ChildProcess
  /** Calls `/api` with the key, `/control` without; `body` is sent as JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; headers: Headers; json: unknown }>
  /** The exit status after a signal; null where the signal killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export async function startDesk(...options: string[]): Promise<DeskProcess> {
  const child = spawn(process.execPath, [SERVER, '--key', KEY, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the example app ended with ${code} before it listened`)
    }),
  ])) as [Buffer]
  const { url, listening } = JSON.parse(line.toString()) as { url: string; listening: boolean }
  if (!listening) throw new Error('the example app does not listen')
  return {
    url,
    process: child,
    async call(method, path, body) {
      const headers: Record<string, string> = { 'content-type': 'application/json' }
      if (path.startsWith('/api')) headers['x-desk-key'] = KEY
      const response = await fetch(`${url}${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        json: text === '' ? undefined : (JSON.parse(text) as unknown),
      }
    },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    },
  }
}
