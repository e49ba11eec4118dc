/** How a connection does, as a route of the admin API: what alerts and a first page go by. */
import type { Hono } from 'hono'
import { modeOf } from '../access/mode.ts'
import { leaving, openFindings } from '../db/health-facts.ts'
import { Scans } from '../db/scans.ts'
import { lastHeard, SPAN_MS, spansSince } from '../db/traffic.ts'
import { type Quarantine, quarantineOf, type Window, windowOf } from '../govern/health.ts'
import { isoOf } from '../scim/date-time.ts'
import type { AccessDeps } from './access.ts'
import { route } from './api.ts'
import { connectionOf } from './query.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Of `/health`, what the console shows. Times are ISO 8601. */
export interface HealthView {
  readonly lastHeard: string | null
  readonly hour: Window
  readonly day: Window
  readonly quarantine: Quarantine
  readonly guard: {
    readonly left: number
    readonly parked: number
    readonly windowMinutes: number
    readonly maxCount: number
    readonly isTripped: boolean
  }
}

/** For `adminApi`'s `more`. */
export function healthRoutes(deps: AccessDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/health', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        await deps.audit.flush()
        const db = deps.openData(connection)
        const { id, policy } = connection
        const now = deps.now()
        const { windowMinutes, maxCount } = policy.guard
        const [spans, heardAt, findings, { left, parked }, [scan]] = await Promise.all([
          spansSince(db, id, now - DAY_MS - SPAN_MS),
          lastHeard(db, id),
          openFindings(db, id),
          leaving(db, id, now - windowMinutes * 60_000),
          new Scans(db, id).latest(1),
        ])
        // Spans are five minutes: the one that an hour ago falls into counts whole.
        const since = (ms: number) => spans.filter(({ at }) => at + SPAN_MS > now - ms)
        const hour = windowOf(since(HOUR_MS))
        const day = windowOf(since(DAY_MS))
        return c.json({
          name: connection.name,
          at: new Date(now).toISOString(),
          lastHeard: isoOf(heardAt),
          mode: { now: modeOf(connection, now), until: isoOf(connection.modeUntil) },
          hour,
          day,
          quarantine: quarantineOf(day, hour),
          findings: {
            open: Object.values(findings).reduce((sum, n) => sum + n, 0),
            byKind: findings,
          },
          guard: { left, parked, windowMinutes, maxCount, isTripped: parked > 0 },
          lastScan: scan
            ? {
                id: scan.id,
                type: scan.type,
                state: scan.state,
                startedAt: isoOf(scan.startedAt),
                finishedAt: isoOf(scan.finishedAt),
                seen: scan.seen,
              }
            : null,
        })
      },
    })
  }
}
