import { spawn } from 'node:child_process'
import path from 'node:path'
import { format, stripVTControlCharacters } from 'node:util'
import { vi } from 'vitest'
import { runCommandLine } from '../../cli/command-line.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** The last line of the output, which is JSON with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they like
  readonly json: any
}

/** Runs `postern ...args`, as in a terminal that is none. */
export async function runPostern(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
): Promise<Ran> {
  const { POSTERN_ADMIN_TOKEN: _, ...inherited } = process.env
  const child = spawn(process.execPath, ['cli/postern.mjs', ...args], {
    cwd: PROJECT,
    env: { ...inherited, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(input)
  const texts = [child.stdout, child.stderr].map(async (stream) => {
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += chunk
    return stripVTControlCharacters(text)
  })
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout = '', stderr = ''] = await Promise.all(texts)
  const code = await closed
  return { code, stdout, stderr, json: lastLine(stdout) }
}

function lastLine(stdout: string): unknown {
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  return /^[{[]/.test(last) ? JSON.parse(last) : undefined
}

/** What a process would begin with, and what it would leave behind. */
function asProcess(env: Readonly<Record<string, string>>, note: Record<'out' | 'err', string[]>) {
  const before = { ...process.env }
  delete process.env['POSTERN_ADMIN_TOKEN']
  Object.assign(process.env, env)
  const { stdout, stderr } = process
  const listening = [stdout, stderr].map((stream) => stream.listeners('error'))
  const to =
    (texts: string[]) =>
    (chunk: string | Uint8Array, ...rest: unknown[]) => {
      texts.push(typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk))
      const done = rest.find((one) => typeof one === 'function')
      if (done) queueMicrotask(() => done())
      return true
    }
  const line =
    (texts: string[]) =>
    (...what: unknown[]) => {
      texts.push(`${format(...what)}\n`)
    }
  const spies = [
    vi.spyOn(stdout, 'write').mockImplementation(to(note.out)),
    vi.spyOn(stderr, 'write').mockImplementation(to(note.err)),
    vi.spyOn(console, 'log').mockImplementation(line(note.out)),
    vi.spyOn(console, 'error').mockImplementation(line(note.err)),
  ]
  return () => {
    for (const spy of spies) spy.mockRestore()
    for (const [index, stream] of [stdout, stderr].entries()) {
      for (const listener of stream.listeners('error')) {
        if (!listening[index]?.includes(listener)) stream.off('error', listener as () => void)
      }
    }
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  }
}

/**
 * The same command line without a process for it, which costs a tenth: for what is no matter of
 * processes. One at a time; it has no standard input.
 */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const note = { out: [] as string[], err: [] as string[] }
  const restore = asProcess(env, note)
  let code: number
  try {
    code = await runCommandLine(args)
  } finally {
    restore()
  }
  const [stdout, stderr] = [note.out, note.err].map((t) => stripVTControlCharacters(t.join('')))
  return { code, stdout: stdout ?? '', stderr: stderr ?? '', json: lastLine(stdout ?? '') }
}
