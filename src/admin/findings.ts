/** Findings and decisions about them, as routes behind the admin API's door. */
import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { FINDING_KINDS, FINDING_STATES, type Finding, Findings } from '../db/findings.ts'
import { decide } from '../jobs/decide.ts'
import { decisionsOf } from '../jobs/decisions.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { actorOf } from './actor.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { PAGE_SIZE, timeAfter, toPage } from './cursor.ts'
import { administratorOf } from './door.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'
import { connectionOf, oneOf } from './query.ts'

const decideInput = z.strictObject({
  decision: z.string(),
  /** Of the account that is meant, where the finding is about several. */
  nativeId: z.string().min(1).max(1000).optional(),
})

/** For `adminApi`'s `more`. */
export function findingRoutes(jobs: Jobs): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/findings', {
      GET: async (c) => {
        const connection = await connectionOf(jobs, c)
        const findings = new Findings(jobs.openData(connection), connection.id)
        const rows = await findings.list({
          state: oneOf(c, 'state', FINDING_STATES) ?? 'open',
          kind: oneOf(c, 'kind', FINDING_KINDS),
          after: afterOf(c),
          limit: PAGE_SIZE + 1,
        })
        return c.json(toPage(rows, findingView, (row) => [row.firstSeen, row.id]))
      },
    })

    route(api, '/connections/:name/findings/:id/decide', {
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const parsed = decideInput.safeParse(await readJson(c))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const { decision, nativeId } = parsed.data
        const id = c.req.param('id') ?? ''
        const by = administratorOf(c).id
        const outcome = await decide({ ...jobs, actor: actorOf(c) }, connection, id, {
          decision,
          nativeId,
          by,
        })
        switch (outcome.kind) {
          case 'decided':
            return c.json(findingView(outcome.finding))
          case 'invalid':
            throw invalidInput([outcome.error])
          case 'closed':
            throw new Problem(409, 'This finding is closed: if it is met again, it is a new one')
          case 'refused':
            throw new Problem(409, outcome.detail)
          case 'failed':
            throw new Problem(503, outcome.detail)
          case 'unknown':
            throw new Problem(404, 'The connection has no finding of this id')
        }
      },
    })
  }
}

/** Times are ISO 8601. */
export type FindingView = ReturnType<typeof findingView>

function findingView(finding: Finding) {
  const { firstSeen, lastSeen, decidedAt, ...shown } = finding
  return {
    ...shown,
    firstSeen: new Date(firstSeen).toISOString(),
    lastSeen: new Date(lastSeen).toISOString(),
    decidedAt: decidedAt === undefined ? null : new Date(decidedAt).toISOString(),
    decisions: decisionsOf(finding),
  }
}

function afterOf(c: Context): { firstSeen: number; id: string } | undefined {
  const after = timeAfter(c.req.query('cursor'))
  return after && { firstSeen: after.at, id: after.id }
}
