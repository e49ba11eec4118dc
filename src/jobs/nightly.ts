/**
 * Scans that nobody asks for: each connection has its own minute of the night, by a hash of its id,
 * so that not all of them start at once. A run of the cron looks at a few connections and no more.
 */
import type { Connection } from '../access/connection.ts'
import { modeOf } from '../access/mode.ts'
import { Scans } from '../db/scans.ts'
import { errorName } from '../log/error-name.ts'
import type { Jobs } from './jobs.ts'
import { startScan } from './scan.ts'
import { followRoles } from './sweep-roles.ts'

/** Connections in one run; each costs a few trips to D1. */
const BATCH = 10
const HOUR_MS = 3_600_000
/** A policy that has changed is seen after this time at the latest. */
const LOOK_AGAIN_MS = 24 * HOUR_MS
/** Another scan of the type is running. */
const BUSY_MS = 10 * 60_000

export async function startDueScans(jobs: Jobs): Promise<void> {
  const { connections, io, access, log } = jobs
  for (const id of await connections.dueForScan(io.now(), BATCH)) {
    let next = io.now() + LOOK_AGAIN_MS
    let connection: Connection | undefined
    try {
      connection = await access.byId(id)
      if (connection) {
        await followRoles(jobs, connection)
        next = await startScans(jobs, connection)
      }
    } catch (error) {
      log({
        event: 'nightly.failed',
        connection: connection?.name ?? '',
        error: errorName(error),
      })
    }
    await connections.lookAgain(id, next)
  }
}

/** When to look again, in milliseconds. */
async function startScans(jobs: Jobs, connection: Connection): Promise<number> {
  const now = jobs.io.now()
  const { reconcile } = connection.policy
  const mode = modeOf(connection, now)
  const everyMs = reconcile.everyHours * HOUR_MS
  if (everyMs === 0 || mode === 'paused') return now + LOOK_AGAIN_MS
  const slot = lastSlot(connection.id, everyMs, now)
  const again = Math.min(slot + everyMs, now + LOOK_AGAIN_MS)
  // A new connection is being set up: whoever does that asks for a scan by hand.
  if (slot < connection.createdAt + everyMs) return again
  const scans = new Scans(jobs.openData(connection), connection.id)
  let isBusy = false
  for (const type of connection.definitions.keys()) {
    if (((await scans.lastBegun(type)) ?? 0) >= slot) continue
    // Where nothing may be written yet, a scan looks and writes nothing either.
    const options = { dryRun: mode !== 'live', acceptShrink: false }
    const begun = await startScan(jobs, connection, type, options)
    if (begun.kind === 'joined' || begun.kind === 'busy') isBusy = true
  }
  return isBusy ? Math.min(again, now + BUSY_MS) : again
}

/** The last time at which the turn of this connection came. */
export function lastSlot(id: string, everyMs: number, now: number): number {
  const offset = fnv1a(id) % everyMs
  return Math.floor((now - offset) / everyMs) * everyMs + offset
}

/** 32 bits; nothing depends on it but that ids spread. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return hash >>> 0
}
