/** When the mode of a connection ends, as an administrator gives it or leaves it out. */
import { DEFAULT_SPAN_MS, ends, LONGEST_SPAN_MS, modeAt } from '../access/mode.ts'
import type { ConnectionMode } from '../access/policy.ts'
import { type InvalidMember, invalidInput } from './problem.ts'

/** What a connection had before the request; absent where it is new. */
export interface ModeBefore {
  readonly mode: ConnectionMode
  readonly modeUntil: number | null
}

/**
 * @param mode the mode that the request leads to; `isSet`: it names one
 * @param given ISO 8601; null and undefined: the default
 * @returns milliseconds; null for a mode without end
 * @throws {Problem} 422
 */
export function modeUntilOf(
  { mode, isSet }: { readonly mode: ConnectionMode; readonly isSet: boolean },
  given: string | null | undefined,
  before: ModeBefore | undefined,
  now: number,
): number | null {
  const isOver =
    before !== undefined && modeAt(before.mode, before.modeUntil ?? undefined, now) !== before.mode
  if (typeof given === 'string') {
    const until = Date.parse(given)
    const refusal = refusalOf(mode, until, isOver && !isSet, now)
    if (refusal) throw invalidInput([refusal])
    return until
  }
  if (!isSet && given === undefined) return before?.modeUntil ?? null
  if (!ends(mode)) return null
  // Who says once more what holds already does not move its end.
  const keeps = given === undefined && before?.mode === mode && !isOver
  return keeps && before.modeUntil !== null ? before.modeUntil : now + DEFAULT_SPAN_MS
}

function refusalOf(
  mode: ConnectionMode,
  until: number,
  isOver: boolean,
  now: number,
): InvalidMember | undefined {
  const path = 'modeUntil'
  if (!ends(mode)) return { path, message: `the mode "${mode}" has no end: leave it out` }
  if (isOver) return { path, message: 'the mode has ended: give "mode" as well' }
  if (until <= now) return { path, message: 'must be in the future' }
  if (until > now + LONGEST_SPAN_MS) {
    return {
      path,
      message: 'must be at most 7 days ahead: a client whose writes are refused for long stops',
    }
  }
  return undefined
}
