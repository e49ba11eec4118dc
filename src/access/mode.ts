/**
 * The mode of a connection at a moment. `observe` and `gate` end: each refuses every write, and a
 * client whose writes are refused for long goes into quarantine. What follows is `paused`, never
 * `live`: nothing begins to write because nobody was looking.
 */
import type { Connection } from './connection.ts'
import type { ConnectionMode } from './policy.ts'

/** Of a mode that ends, where its administrator names no end. */
export const DEFAULT_SPAN_MS = 24 * 3_600_000
export const LONGEST_SPAN_MS = 7 * DEFAULT_SPAN_MS

export function ends(mode: ConnectionMode): boolean {
  return mode === 'observe' || mode === 'gate'
}

/** @param until milliseconds; undefined: the mode has no end */
export function modeAt(
  mode: ConnectionMode,
  until: number | undefined,
  now: number,
): ConnectionMode {
  return ends(mode) && until !== undefined && until <= now ? 'paused' : mode
}

export function modeOf({ policy, modeUntil }: Connection, now: number): ConnectionMode {
  return modeAt(policy.mode, modeUntil, now)
}
