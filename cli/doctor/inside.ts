/** What the CLI judges of what the gateway says: its migrations against the project's, its clock. */
import { type Check, fail, ok, warn } from '../../src/admin/doctor/check.ts'

const MINUTE_MS = 60_000

/**
 * @param own names of the files in `migrations/`
 * @param binding of the database
 */
export function checkMigrations(
  applied: readonly string[] | null,
  own: readonly string[],
  binding = 'DB',
): Check {
  const check = binding === 'DB' ? 'migrations' : `migrations-${binding}`
  if (applied === null) {
    return warn(
      check,
      'nobody has kept a list of the migrations that were applied',
      `apply them with npm run deploy, or wrangler d1 migrations apply ${binding}`,
    )
  }
  const missing = own.filter((name) => !applied.includes(name))
  if (missing.length > 0) {
    return fail(
      check,
      `not applied: ${missing.join(', ')}`,
      `npx wrangler d1 migrations apply ${binding} --remote, or npm run deploy`,
    )
  }
  const newer = applied.filter((name) => !own.includes(name))
  return newer.length > 0
    ? warn(
        check,
        `the database is ahead of this checkout: ${newer.join(', ')}`,
        'the code was rolled back, or this checkout is older than what is deployed (docs/deploy.md)',
      )
    : ok(check, `all ${own.length} are applied`)
}

/**
 * @param theirs what the gateway's clock showed, somewhere between `began` and `ended` of ours; all in
 *   milliseconds
 */
export function checkClock(theirs: number, began: number, ended: number): Check {
  const offMs = Math.max(0, began - theirs, theirs - ended)
  return offMs > MINUTE_MS
    ? warn(
        'clock',
        `the gateway’s clock and this machine’s differ by ${Math.round(offMs / 1_000)} seconds`,
        'signed tokens are refused from a minute on: see that this machine, and the gateway’s if it is ' +
          'your own, keep time by NTP',
      )
    : ok('clock', 'the gateway’s clock and this machine’s agree to the minute')
}
