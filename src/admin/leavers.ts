/** People who have been off for a while: listed, and removed by the word of an administrator. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { type Leaver, leaversOf } from '../db/leavers.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { removeLeaver } from '../jobs/remove-leaver.ts'
import { actorOf } from './actor.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { PAGE_SIZE, timeAfter, toPage } from './cursor.ts'
import { invalidInput, invalidMembers } from './problem.ts'
import { connectionOf } from './query.ts'

const DAY_MS = 24 * 3_600_000
/** Each takes a few calls of the app, and an invocation may make 1,000. */
const MAX_REMOVED = 50

const daysInput = z.coerce.number().int().min(0).max(3650)
const removeInput = z.strictObject({
  ids: z.array(z.string().min(1)).min(1).max(MAX_REMOVED),
})

/** Times are ISO 8601. */
export interface LeaverView {
  readonly id: string
  readonly type: string
  readonly nativeId: string
  readonly display: string | null
  readonly inactiveSince: string
  readonly days: number
}
/** What became of one who was to be removed; `detail`: why not, and what to do first. */
export interface Removal {
  readonly id: string
  readonly removed: boolean
  readonly detail?: string
}

/** For `adminApi`'s `more`. */
export function leaverRoutes(jobs: Jobs): (api: Hono) => void {
  const { io } = jobs

  const view = ({ id, type, nativeId, display, inactiveSince }: Leaver): LeaverView => ({
    id,
    type,
    nativeId,
    display: display ?? null,
    inactiveSince: new Date(inactiveSince).toISOString(),
    days: Math.floor((io.now() - inactiveSince) / DAY_MS),
  })

  return (api) => {
    route(api, '/connections/:name/leavers', {
      GET: async (c) => {
        const connection = await connectionOf(jobs, c)
        const days = daysOf(c) ?? connection.policy.deprovision.leaverAfterDays
        const rows = await leaversOf(jobs.openData(connection), connection.id, {
          before: io.now() - days * DAY_MS,
          after: afterOf(c),
          limit: PAGE_SIZE + 1,
        })
        return c.json(toPage(rows, view, (row) => [row.inactiveSince, row.id]))
      },
    })

    route(api, '/connections/:name/leavers/remove', {
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const parsed = removeInput.safeParse(await readJson(c))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const items: Removal[] = []
        for (const id of new Set(parsed.data.ids)) {
          const outcome = await removeLeaver({ ...jobs, actor: actorOf(c) }, connection, id)
          items.push({
            id,
            removed: outcome.kind === 'removed',
            ...(outcome.kind === 'refused' && { detail: outcome.detail }),
          })
        }
        return c.json({ items })
      },
    })
  }
}

function daysOf(c: Context): number | undefined {
  const text = c.req.query('days')
  if (text === undefined) return undefined
  const parsed = daysInput.safeParse(text)
  if (parsed.success) return parsed.data
  throw invalidInput([{ path: 'days', message: 'must be a whole number of days, 0 to 3650' }])
}

function afterOf(c: Context): { inactiveSince: number; id: string } | undefined {
  const after = timeAfter(c.req.query('cursor'))
  return after && { inactiveSince: after.at, id: after.id }
}
