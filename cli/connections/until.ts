/** `--until 2h` and `--until 2026-11-24T18:00Z`; `--since` likewise, and backwards. */
import { UsageError } from '../command.ts'

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** @returns ISO 8601. @throws {UsageError} */
export function untilOf(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  const at =
    count === undefined ? dateOf(text) : now + Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new UsageError(
    `--until ${text} is neither a span nor a time`,
    'for example --until 2h, 30m or 3d, at most 7d, or --until 2026-11-24T18:00Z',
  )
}

/** `--since 2h`: so long ago; and `--since 2026-11-24T18:00Z`. @returns ISO 8601. @throws {UsageError} */
export function sinceOf(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  const at =
    count === undefined ? dateOf(text) : now - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
  if (!Number.isNaN(at)) return new Date(at).toISOString()
  throw new UsageError(
    `--since ${text} is neither a span nor a time`,
    'for example --since 2h, 30m or 3d, or --since 2026-11-24T18:00Z',
  )
}

/** A time without a zone would be the machine's own. */
function dateOf(text: string): number {
  return /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
}
