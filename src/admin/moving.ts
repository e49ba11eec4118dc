/** Moving in and out, and erasing one person: routes of the admin API behind its door. */
import type { Hono } from 'hono'
import * as z from 'zod'
import type { Connections } from '../db/connections.ts'
import { erasePerson } from '../jobs/erase-person.ts'
import { exportLinks } from '../jobs/export-links.ts'
import type { ImportOutcome } from '../jobs/import-conflict.ts'
import { importLinks, MAX_IMPORT } from '../jobs/import-links.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import type { AccessDeps } from './access.ts'
import { actorOf } from './actor.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { EXPORT_FORMAT, jsonObject } from './connection-input.ts'
import { noConnection } from './connections.ts'
import { textAfter, toCursor } from './cursor.ts'
import { readPerson } from './people.ts'
import { invalidInput, invalidMembers, Problem } from './problem.ts'
import { connectionOf } from './query.ts'

/** Links of one page: a row is some hundred bytes. */
const LINKS_PAGE = 500

/** JSON holds nothing else. */
const json = z.custom<Json>((value) => value !== undefined, 'is required')
const importInput = z.strictObject({
  dryRun: z.boolean().default(false),
  items: z.array(
    z.strictObject({
      type: z.string().min(1).max(100).default('User'),
      id: z.string().min(1),
      nativeId: z.string().min(1).max(1000),
      state: z.enum(['linked', 'discovered']).default('linked'),
      externalId: z.string().optional(),
      attributes: jsonObject.optional(),
      echo: z
        .record(
          z.string(),
          z.strictObject({ sent: json, app: json, filled: z.boolean().optional() }),
        )
        .optional(),
    }),
  ),
})

/** For `adminApi`'s `more`. */
export function movingRoutes(jobs: Jobs, review: AccessDeps): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/export', {
      GET: async (c) => c.json(await exportConnection(jobs.connections, c.req.param('name') ?? '')),
    })

    route(api, '/connections/:name/links', {
      GET: async (c) => {
        const connection = await connectionOf(jobs, c)
        const rows = await exportLinks(
          jobs,
          connection,
          textAfter(c.req.query('cursor')),
          LINKS_PAGE + 1,
        )
        const items = rows.slice(0, LINKS_PAGE)
        const last = rows.length > LINKS_PAGE ? items.at(-1) : undefined
        return c.json({
          items,
          ...(last && { nextCursor: toCursor([last.id]) }),
        })
      },
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const { items, dryRun } = readImport(await readJson(c))
        const outcomes = await importLinks(
          { ...jobs, actor: actorOf(c) },
          connection,
          items,
          dryRun,
        )
        return c.json({
          dryRun,
          counts: countsOf(outcomes),
          items: outcomes.map((outcome, at) => ({
            type: items[at]?.type,
            id: items[at]?.id,
            nativeId: items[at]?.nativeId,
            ...outcome,
          })),
        })
      },
    })

    route(api, '/connections/:name/people/:id', {
      GET: async (c) => c.json(await readPerson(review, c)),
      DELETE: async (c) => {
        const connection = await connectionOf(jobs, c)
        const force = c.req.query('force') === 'true'
        const outcome = await erasePerson(
          { ...jobs, actor: actorOf(c) },
          connection,
          c.req.param('id') ?? '',
          force,
        )
        switch (outcome.kind) {
          case 'erased':
            return c.body(null, 204)
          case 'unknown':
            throw new Problem(404, 'This connection has never given out this id')
          case 'refused':
            throw new Problem(409, outcome.detail)
        }
      },
    })
  }
}

/** What `POST /connections` takes as its body, once secrets are added; it has no tokens either. */
async function exportConnection(connections: Connections, name: string): Promise<JsonObject> {
  const row = await connections.named(name)
  if (!row) throw noConnection()
  const { adapter, settings, mapping, policy, mode, extensions, resourceTypes, secrets } = row
  return {
    format: EXPORT_FORMAT,
    ...{ name, adapter, settings, mapping: mapping ?? {}, policy, mode, extensions, resourceTypes },
    secretNames: Object.keys(secrets).sort(),
  }
}

function readImport(body: Json): z.output<typeof importInput> {
  const items = typeof body === 'object' && body && !Array.isArray(body) ? body['items'] : undefined
  if (Array.isArray(items) && items.length > MAX_IMPORT) {
    throw new Problem(413, `At most ${MAX_IMPORT} items in one request: send them in several`)
  }
  const parsed = importInput.safeParse(body)
  if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
  return parsed.data
}

function countsOf(outcomes: readonly ImportOutcome[]) {
  const counts = { imported: 0, unchanged: 0, refused: 0 }
  for (const { status } of outcomes) counts[status] += 1
  return counts
}
