/** Drift that a scan has found, put back where policy says so. */
import { modeOf } from '../access/mode.ts'
import { AdapterFailure } from '../adapter/failure.ts'
import type { ScannedAccount } from '../db/scan.ts'
import { driftRule } from '../operations/drift.ts'
import type { Endpoint } from '../operations/endpoint.ts'
import { toScimError } from '../operations/failure.ts'
import { type Restoration, restoreResource } from '../operations/restore.ts'
import { ScimError } from '../scim/error.ts'

export interface Mended {
  readonly nativeId: string
  /** SCIM paths that were put back. */
  readonly restored: readonly string[]
  /** SCIM paths that still differ, and are a finding. */
  readonly left: readonly string[]
  /** Why policy could not be followed, for an administrator; our own words. */
  readonly reason: string | undefined
}

/** True where a scan of this connection may put something back. */
export function restores({ connection, io }: Endpoint): boolean {
  const { drift } = connection.policy
  return modeOf(connection, io.now()) === 'live' && Object.values(drift).includes('restore')
}

/**
 * Puts back, one after the other, what policy wants put back of these accounts. Where the app does
 * not answer, the others wait for the next scan.
 */
export async function restoreByPolicy(
  endpoint: Endpoint,
  accounts: readonly ScannedAccount[],
): Promise<Map<string, Mended>> {
  const mended = new Map<string, Mended>()
  let silent: string | undefined
  for (const { nativeId, link, detail } of accounts) {
    const paths = pathsOf(detail)
    const wanted = paths.filter((path) => driftRule(endpoint, path) === 'restore')
    if (link === undefined || wanted.length === 0) continue
    let outcome: Restoration | undefined
    let reason = silent
    if (silent === undefined) {
      try {
        outcome = await restoreResource(endpoint, link, (path) => wanted.includes(path))
      } catch (error) {
        const refusal = refusalOf(error)
        reason = refusal.message
        if (refusal.isSilent) silent = reason
      }
    }
    const restored = outcome?.restored ?? []
    const done = outcome ? wanted.filter((path) => !outcome.left.includes(path)) : []
    mended.set(nativeId, {
      nativeId,
      restored,
      left: paths.filter((path) => !done.includes(path)),
      reason: outcome && outcome.left.length > 0 ? ONLY_AT_CREATE : reason,
    })
  }
  return mended
}

export const ONLY_AT_CREATE = 'The app takes this attribute from a new account only.'

/** SCIM paths in the detail of an account or a finding. */
export function pathsOf({ paths }: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(paths) ? paths.filter((path) => typeof path === 'string') : []
}

/** Our own words; what is neither the app's nor the operation's refusal is a fault, and thrown. */
export function refusalOf(error: unknown): { message: string; isSilent: boolean } {
  const refusal = error instanceof AdapterFailure ? toScimError(error) : error
  if (!(refusal instanceof ScimError)) throw error
  return { message: refusal.message, isSilent: refusal.status === 503 }
}
