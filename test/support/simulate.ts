import { spawn } from 'node:child_process'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import * as z from 'zod'
import { runCommand } from './postern.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')

const summarySchema = z.looseObject({
  created: z.number(),
  matched: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  disabled: z.number(),
  deleted: z.number(),
  failed: z.number(),
  appWrites: z.number().nullable(),
  retries: z.number(),
  failures: z.array(
    z.object({
      phase: z.string(),
      entry: z.string(),
      code: z.string(),
      status: z.number().optional(),
      detail: z.string(),
    }),
  ),
})
export type Summary = z.infer<typeof summarySchema>

/** Runs `npm run simulate -- ...args`, as in a terminal that is none. */
export async function runSimulate(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const { POSTERN_ADMIN_TOKEN: _, ...inherited } = process.env
  const npm = spawn('npm', ['run', 'simulate', '--', ...args], {
    cwd: PROJECT,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise<number | null>((resolve) => npm.once('close', resolve))
  return { code, output: stripVTControlCharacters(output) }
}

/** `postern simulate ...args --json`, without a process of its own: what its last line says. */
export async function simulateJson(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Summary & { readonly code: number | null }> {
  const { code, stdout, stderr, json } = await runCommand(['simulate', ...args, '--json'], env)
  if (json === undefined) throw new Error(`no line of JSON:\n${stdout}${stderr}`)
  return { ...summarySchema.parse(json), code }
}
