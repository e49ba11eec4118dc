/** Trying a mapping on a sample before it is saved: a route of the admin API behind its door. */
import type { Hono } from 'hono'
import * as z from 'zod'
import type { Connection, MappingOverride } from '../access/connection.ts'
import { isEnded } from '../db/link.ts'
import { Links } from '../db/links.ts'
import { whoseRows } from '../govern/whose.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { type Sample, type Trial, tryMapping } from '../jobs/try-mapping.ts'
import type { JsonObject } from '../scim/schema.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { checkMapping } from './check-mapping.ts'
import type { DescribeAdapter } from './describe-adapter.ts'
import { invalidInput, invalidMembers } from './problem.ts'
import { connectionOf } from './query.ts'

const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)

const tryInput = z
  .strictObject({
    /** In place of the connection's own; absent: the one that holds. */
    mapping: jsonObject.optional(),
    resourceType: z.string().min(1).max(100).default('User'),
    resource: jsonObject.optional(),
    nativeId: z.string().min(1).max(1000).optional(),
    /** Somebody who is linked: a SCIM id, a native id, an externalId or a userName. */
    person: z.string().min(1).max(1000).optional(),
  })
  .refine(
    ({ resource, nativeId, person }) =>
      [resource, nativeId, person].filter((one) => one !== undefined).length === 1,
    'needs one sample: "resource", as a client would send it, "nativeId" of an account, or "person", ' +
      'who is linked',
  )

export type { Trial }

/** For `adminApi`'s `more`. */
export function mappingRoutes(jobs: Jobs, describeAdapter: DescribeAdapter): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/mapping/try', {
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const parsed = tryInput.safeParse(await readJson(c))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const { mapping, resourceType, resource, nativeId, person } = parsed.data
        if (mapping) {
          const adapter = await describeAdapter(connection.adapter)
          const errors = checkMapping(mapping, connection.definitions, adapter)
          if (errors.length > 0) throw invalidInput(errors)
        }
        const sample: Sample = resource
          ? { resource }
          : person === undefined
            ? { nativeId: nativeId ?? '' }
            : { link: await linkOf(jobs, connection, resourceType, person) }
        const tried = mapping as unknown as MappingOverride | undefined
        const trial = await tryMapping(jobs, connection, tried, resourceType, sample)
        if (trial) return c.json(trial)
        const message = 'the connection has no such resource type'
        throw invalidInput([{ path: 'resourceType', message }])
      },
    })
  }
}

/** Of the one live link that an administrator means. @throws {Problem} 422 */
async function linkOf(
  { openData, hashes }: Jobs,
  connection: Connection,
  type: string,
  person: string,
): Promise<string> {
  const db = openData(connection)
  const { links } = await whoseRows({ connection, db, hashes }, person)
  const found = (await new Links(db, connection.id).getAll(links)).filter(
    (link) => link.type === type && !isEnded(link),
  )
  const [first, ...others] = found
  if (first && others.length === 0) return first.id
  const message = first
    ? 'several are known by this: give the SCIM id of one'
    : `no ${type} that is linked is known by this`
  throw invalidInput([{ path: 'person', message }])
}
