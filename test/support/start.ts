/** What tests and measurements ask of a running `npm start`, and wait for. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Ready, type Running, runningSchema } from '../../cli/start/state.ts'

export interface AdminAnswer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any
}

export const originOf = ({ scimBaseUrl }: Pick<Ready, 'scimBaseUrl'>) => new URL(scimBaseUrl).origin

/** `running.json` of a state folder. */
export async function readRunning(folder: string): Promise<Running> {
  return runningSchema.parse(JSON.parse(await readFile(path.join(folder, 'running.json'), 'utf8')))
}

export async function askAdmin(
  now: Pick<Ready, 'scimBaseUrl' | 'adminToken'>,
  method: string,
  route: string,
  body?: object,
): Promise<AdminAnswer> {
  const response = await fetch(`${originOf(now)}/admin/api${route}`, {
    method,
    headers: {
      authorization: `Bearer ${now.adminToken}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Polls until `probe` answers true; what it throws counts as no until the time is over. */
export async function eventually(
  probe: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    let failure: unknown = new Error('it did not happen in time')
    try {
      if (await probe()) return
    } catch (error) {
      failure = error
    }
    if (Date.now() > deadline) throw failure
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
