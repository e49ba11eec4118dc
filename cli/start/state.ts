import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import * as z from 'zod'
import { StartError } from './start-error.ts'

/** The one line of JSON that `npm start` prints when it is ready. */
export const readySchema = z.object({
  ready: z.literal(true),
  scimBaseUrl: z.string(),
  token: z.string(),
  consoleUrl: z.string(),
  adminToken: z.string(),
  appUrl: z.string().nullable(),
  appKey: z.string().nullable(),
  gatewayPid: z.number(),
  appPid: z.number().nullable(),
})
export type Ready = z.infer<typeof readySchema>

/** `running.json` in the state folder: there while `npm start` is ready, and no longer. */
export const runningSchema = readySchema.extend({ supervisorPid: z.number() })
export type Running = z.infer<typeof runningSchema>

const secretsSchema = z.object({
  adminToken: z.string(),
  /** Base64 of 32 bytes. Another key cannot open what this one has sealed. */
  sealingKey: z.string(),
  appKey: z.string(),
})
export type Secrets = z.infer<typeof secretsSchema>

export interface State {
  readonly folder: string
  /** Made for this start alone: removed at the end. */
  readonly temporary: boolean
  readonly secrets: Secrets
}

/** Readable by its owner alone, and never half written. */
async function writePrivate(file: string, value: unknown): Promise<void> {
  const draft = `${file}.${process.pid}`
  await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  await rename(draft, file)
}

async function readSecrets(file: string): Promise<Secrets | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return secretsSchema.parse(JSON.parse(text))
  } catch (cause) {
    // Not replaced in silence: what the lost key has sealed could never be opened again.
    throw new StartError(
      `${file} is damaged`,
      'put it back, or remove the state folder (all local data) to begin anew',
      { cause },
    )
  }
}

/** Opens the folder that holds all local state; undefined makes an empty one. */
export async function openState(
  stateFolder: string | undefined,
  adminToken: string | undefined,
): Promise<State> {
  const folder = stateFolder ?? (await mkdtemp(path.join(os.tmpdir(), 'postern-')))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const file = path.join(folder, 'secrets.json')
  let secrets = await readSecrets(file)
  if (!secrets) {
    secrets = {
      adminToken: randomBytes(24).toString('base64url'),
      sealingKey: randomBytes(32).toString('base64'),
      appKey: randomBytes(18).toString('base64url'),
    }
    await writePrivate(file, secrets)
  }
  return {
    folder,
    temporary: stateFolder === undefined,
    secrets: { ...secrets, ...(adminToken && { adminToken }) },
  }
}

/** Says who runs on this state, for `npm run simulate` and the like. */
export function writeRunning(state: State, running: Running): Promise<void> {
  return writePrivate(path.join(state.folder, 'running.json'), running)
}

export function removeRunning(state: State): Promise<void> {
  return rm(path.join(state.folder, 'running.json'), { force: true })
}
