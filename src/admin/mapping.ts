/** Trying a mapping on a sample before it is saved: a route of the admin API behind its door. */
import type { Hono } from 'hono'
import * as z from 'zod'
import type { MappingOverride } from '../access/connection.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { tryMapping } from '../jobs/try-mapping.ts'
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
  })
  .refine(
    ({ resource, nativeId }) => (resource === undefined) !== (nativeId === undefined),
    'needs a sample: either "resource", as a client would send it, or "nativeId" of an account',
  )

/** For `adminApi`'s `more`. */
export function mappingRoutes(jobs: Jobs, describeAdapter: DescribeAdapter): (api: Hono) => void {
  return (api) => {
    route(api, '/connections/:name/mapping/try', {
      POST: async (c) => {
        const connection = await connectionOf(jobs, c)
        const parsed = tryInput.safeParse(await readJson(c))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const { mapping, resourceType, resource, nativeId } = parsed.data
        if (mapping) {
          const adapter = await describeAdapter(connection.adapter)
          const errors = checkMapping(mapping, connection.definitions, adapter)
          if (errors.length > 0) throw invalidInput(errors)
        }
        const tried = mapping
          ? { ...connection, mapping: mapping as unknown as MappingOverride }
          : connection
        const sample = resource ? { resource } : { nativeId: nativeId ?? '' }
        const trial = await tryMapping(jobs, tried, resourceType, sample)
        if (trial) return c.json(trial)
        const message = 'the connection has no such resource type'
        throw invalidInput([{ path: 'resourceType', message }])
      },
    })
  }
}
