/** A real app for the kit: its connection as a file says it, and calls that wait where it asks to. */
import * as z from 'zod'
import type { Adapter } from '../../src/adapter/contract.ts'
import type { Fetch } from '../../src/adapter/kit/subject.ts'
import { retryAfterSeconds } from '../../src/adapter/rate-headers.ts'
import { CommandError, UsageError } from '../command.ts'
import { readObject } from '../input-file.ts'

export interface LiveFlags {
  readonly connection?: string | undefined
  readonly settings?: string | undefined
  readonly secrets?: string | undefined
}

export interface Live {
  readonly settings: unknown
  readonly secrets: Readonly<Record<string, string>>
}

/** @throws {CommandError} where something is missing, or is not what the adapter takes */
export async function readLive(adapter: Adapter, flags: LiveFlags): Promise<Live> {
  const { connection, settings: settingsFile, secrets: secretsFile } = flags
  const document = connection === undefined ? {} : await readObject(connection, 'adapter test')
  const given =
    settingsFile === undefined
      ? document['settings']
      : await readObject(settingsFile, 'adapter test')
  const kept =
    secretsFile === undefined ? document['secrets'] : await readObject(secretsFile, 'adapter test')
  if (given === undefined) {
    throw new UsageError(
      '--live needs to know where the app is',
      '--settings FILE, a JSON object such as { "url": "https://..." }, or --connection FILE',
    )
  }
  const parsed = adapter.settings.safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new CommandError('the settings are not those of the adapter', faults.join('\n  '))
  }
  const secrets = z.record(z.string(), z.string()).safeParse(kept ?? {})
  const missing = adapter.secrets.filter((name) => !secrets.data?.[name])
  if (!secrets.success || missing.length > 0) {
    throw new CommandError(
      `the adapter needs ${missing.join(', ')}`,
      '--secrets FILE, a JSON object of texts; - is standard input',
    )
  }
  return { settings: given, secrets: secrets.data }
}

const MOST_WAITS = 5
const LONGEST_WAIT_SECONDS = 120
/** Of one call, without the waits between its tries. */
const TRY_TIMEOUT_MS = 25_000
/** Of one call with all its waits. */
export const CALL_TIMEOUT_MS = MOST_WAITS * (LONGEST_WAIT_SECONDS * 1_000 + TRY_TIMEOUT_MS)

/** 429 has no effect: the kit waits as long as the app says, and asks again. */
export function patient(fetch: Fetch, sleep: (ms: number) => Promise<void>): Fetch {
  return async (input, init) => {
    for (let waits = 0; ; waits++) {
      const timeout = AbortSignal.timeout(TRY_TIMEOUT_MS)
      const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
      const response = await fetch(input, { ...init, signal })
      if (response.status !== 429 || waits === MOST_WAITS) return response
      const seconds = retryAfterSeconds(response.headers, Date.now()) ?? 5
      await sleep(Math.min(seconds + 1, LONGEST_WAIT_SECONDS) * 1_000)
    }
  }
}
