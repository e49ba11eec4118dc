/** One request at a time replaces a list of the app's, or the later one takes back the earlier. */
import type { Hold } from '../db/want-edges.ts'
import type { Endpoint } from './endpoint.ts'

/** How long a list that another request is replacing is waited for, in steps. */
const PATIENCE_MS = [0, 50, 100, 200, 400, 800, 1600] as const

/** @param link whose list it is; `busy`: another request has kept it, and nothing was done */
export async function underLease<T>(
  { edgeIntents, io }: Endpoint,
  link: string,
  hold: Hold,
  work: () => Promise<T>,
): Promise<T | 'busy'> {
  for (const waitMs of PATIENCE_MS) {
    if (waitMs > 0) await io.wait(waitMs)
    if (!(await edgeIntents.lease(link, hold, io.now()))) continue
    try {
      return await work()
    } finally {
      await edgeIntents.release(link, hold.holder)
    }
  }
  return 'busy'
}
