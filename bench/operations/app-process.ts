/** The example app, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Asked } from './app.ts'

export interface App {
  readonly url: string
  readonly calls: () => Promise<number>
  /** What is asked of it until then. */
  readonly noting: (work: () => Promise<unknown>) => Promise<readonly Asked[]>
  readonly delay: (milliseconds: number) => Promise<void>
  readonly stop: () => void
}

/** @param people whom it has */
export async function startApp(people: number): Promise<App> {
  const script = path.join(import.meta.dirname, 'app.ts')
  const child: ChildProcess = spawn(process.execPath, [script, String(people)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { stdout } = child
  if (!stdout) throw new TypeError('the app is spawned with a pipe')
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the app ended with ${code}`)))
    createInterface({ input: stdout }).once('line', (line) => resolve(JSON.parse(line).port))
  })
  const url = `http://127.0.0.1:${port}`
  const bench = async (query: string) =>
    (await (await fetch(`${url}/bench?${query}`)).json()) as { calls: number; asked: Asked[] }
  return {
    url,
    calls: async () => (await bench('')).calls,
    async noting(work) {
      await bench('note=on')
      await work()
      return (await bench('note=')).asked
    },
    delay: async (milliseconds) => void (await bench(`delay=${milliseconds}`)),
    stop: () => void child.kill('SIGTERM'),
  }
}
