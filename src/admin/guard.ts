/** The guard as a route of the admin API: what it saw, its limits, and whom it holds back. */
import type { Context, Hono } from 'hono'
import { DEPARTURE_STATES, type Departed, departedOf, departuresBySlot } from '../db/departed.ts'
import { leaving } from '../db/health-facts.ts'
import { countLinks } from '../db/overview.ts'
import { mostLeavers, PERCENT_ABOVE } from '../govern/guard.ts'
import type { AccessDeps } from './access.ts'
import { route } from './api.ts'
import { PAGE_SIZE, timeAfter, toPage } from './cursor.ts'
import { connectionOf, oneOf } from './query.ts'

const HOUR_MS = 3_600_000
const HOURS = 24

/** Times are ISO 8601. */
export interface GuardView {
  readonly windowMinutes: number
  readonly maxCount: number
  readonly maxPercent: number
  /** People who are linked, or were at the beginning of the window; null: too few of them for a percentage. */
  readonly percentOf: number | null
  /** Within the window, before the next one is held back. */
  readonly mayLeave: number
  /** Within the window: let through, and held back. */
  readonly left: number
  readonly parked: number
  /** Of each of the last hours, the running one last. */
  readonly hours: {
    readonly since: string
    readonly left: readonly number[]
    readonly parked: readonly number[]
  }
  readonly items: readonly {
    readonly id: string
    readonly type: string
    readonly op: Departed['op']
    readonly display: string | null
    readonly nativeId: string | null
    readonly at: string
  }[]
  readonly nextCursor?: string
}

/** For `adminApi`'s `more`. */
export function guardRoutes(deps: AccessDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/guard', {
      GET: async (c) => {
        const connection = await connectionOf(deps, c)
        const state = oneOf(c, 'state', DEPARTURE_STATES) ?? 'parked'
        const { id, policy } = connection
        const db = deps.openData(connection)
        const now = deps.now()
        const since = (Math.floor(now / HOUR_MS) - HOURS + 1) * HOUR_MS
        const query = { state, after: afterOf(c), limit: PAGE_SIZE + 1 }
        const [{ left, deleted, parked }, slots, linked, rows] = await Promise.all([
          leaving(db, id, now - policy.guard.windowMinutes * 60_000),
          departuresBySlot(db, id, since, HOUR_MS),
          countLinks(db, id),
          departedOf(db, id, query),
        ])
        // As the guard counts them: who is deleted makes the share of the next one no greater.
        const people = (linked.find(({ type }) => type === 'User')?.count ?? 0) + deleted
        const perHour = (which: 'left' | 'parked') =>
          Array.from(
            { length: HOURS },
            (_, at) => slots.find(({ slot }) => slot === at)?.[which] ?? 0,
          )
        const view: GuardView = {
          ...policy.guard,
          percentOf: people > PERCENT_ABOVE ? people : null,
          mayLeave: mostLeavers(policy.guard, people),
          ...{ left, parked },
          hours: {
            since: new Date(since).toISOString(),
            left: perHour('left'),
            parked: perHour('parked'),
          },
          ...toPage(rows, viewOf, (row) => [row.at, row.link]),
        }
        return c.json(view)
      },
    })
  }
}

function viewOf({ link, type, op, display, nativeId, at }: Departed) {
  return {
    ...{ id: link, type, op },
    display: display ?? null,
    nativeId: nativeId ?? null,
    at: new Date(at).toISOString(),
  }
}

function afterOf(c: Context): { at: number; link: string } | undefined {
  const after = timeAfter(c.req.query('cursor'))
  return after && { at: after.at, link: after.id }
}
