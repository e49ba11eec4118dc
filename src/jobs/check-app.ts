/** Asks the app of a connection one safe question, as a client's match query would. */

import type { Connection } from '../access/connection.ts'
import type { AnyPort, ResourceSpec } from '../adapter/contract.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import { Deadline } from '../calls/deadline.ts'
import type { Jobs } from './jobs.ts'

/** Somebody waits for the answer, and gives up after 30 seconds. */
const LONGEST_MS = 20_000

export type AppAnswer =
  | { readonly kind: 'answered'; readonly ms: number; readonly asked: 'search' | 'list' }
  /** A search for a name that nobody has found somebody: the app does not search. */
  | { readonly kind: 'finds-anybody'; readonly hits: number }
  | { readonly kind: 'failed'; readonly failure: AdapterFailure }
  /** The connection has no resource type that the app knows. */
  | { readonly kind: 'nothing-to-ask' }

export async function checkApp(
  jobs: Pick<Jobs, 'io' | 'openApp'>,
  connection: Connection,
): Promise<AppAnswer> {
  const { now, newId } = jobs.io
  try {
    const longestMs = Math.min(connection.policy.limits.requestTimeoutMs, LONGEST_MS)
    const deadline = new Deadline(now, now() + LONGEST_MS, longestMs)
    // About nobody, and nothing is decided: the audit has no place for it.
    const app = await jobs.openApp(connection, deadline, () => undefined)
    const asked = [...connection.definitions.keys()]
      .map((type) => ({ spec: app.spec(type), port: app.port(type) }))
      .find(({ spec, port }) => spec && port)
    if (!asked?.spec || !asked.port) return { kind: 'nothing-to-ask' }
    const began = now()
    const hits = await ask(asked.port, asked.spec, newId())
    if (hits) return { kind: 'finds-anybody', hits }
    const ms = now() - began
    return { kind: 'answered', ms, asked: hits === undefined ? 'list' : 'search' }
  } catch (failure) {
    if (failure instanceof AdapterFailure) return { kind: 'failed', failure }
    throw failure
  }
}

/** How many have a name that nobody has; undefined: the app has no search, and showed a page. */
async function ask(
  port: AnyPort,
  { naming, capabilities: { lookups } }: ResourceSpec,
  nobody: string,
): Promise<number | undefined> {
  const lookup = lookups.find(({ attribute }) => attribute === naming) ?? lookups[0]
  if (!lookup) {
    await port.list({ pageSize: 1 })
    return undefined
  }
  const found = await port.find(lookup.attribute, `doctor-${nobody}`)
  // The core filters what a search by prefix finds (contract: `exact`).
  return lookup.exact ? found.length : 0
}
