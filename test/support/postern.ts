import { spawn } from 'node:child_process'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'

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
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  return { code, stdout, stderr, json: /^[{[]/.test(last) ? JSON.parse(last) : undefined }
}
