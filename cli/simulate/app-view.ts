import * as z from 'zod'

const TIMEOUT_MS = 10_000

const statsSchema = z.object({
  accounts: z.number(),
  teams: z.number(),
  memberships: z.number(),
  duplicateLogins: z.number(),
  /** Calls other than GET, since the app was started. */
  writes: z.number(),
  changes: z.number(),
  calls: z.record(z.string(), z.number()),
})

/** What the example app says of itself, apart from the gateway. */
export interface AppView extends Omit<z.infer<typeof statsSchema>, 'calls'> {
  /** All of them, since the app was started. */
  readonly calls: number
}

/** Undefined where the app shows no counters, as every app but the example one. */
export async function readAppView(appUrl: string): Promise<AppView | undefined> {
  try {
    const response = await fetch(new URL('/control/stats', appUrl), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) return undefined
    const { calls, ...stats } = statsSchema.parse(await response.json())
    return { ...stats, calls: Object.values(calls).reduce((sum, n) => sum + n, 0) }
  } catch {
    // Another machine's app, or one that has the adapter but no counters: the report says so.
    return undefined
  }
}
