/** What a connection has mapped: a route of the admin API behind its door. */
import { isDeepStrictEqual } from 'node:util'
import type { Hono } from 'hono'
import { Connections } from '../db/connections.ts'
import { MappingHistory } from '../db/mapping-history.ts'
import type { JsonObject } from '../scim/schema.ts'
import { route } from './api.ts'
import { noConnection } from './connections.ts'

export interface MappingRevisionView {
  readonly version: number
  /** `{}`: the adapter's own held. */
  readonly mapping: JsonObject
  /** ISO 8601; null: nobody knows any more. */
  readonly at: string | null
  /** Name of the administrator; null: nobody knows any more. */
  readonly by: string | null
  readonly isInForce: boolean
}

/** For `adminApi`'s `more`. */
export function mappingHistoryRoutes(db: D1Database): (api: Hono) => void {
  const connections = new Connections(db)
  const history = new MappingHistory(db)
  return (api) => {
    route(api, '/connections/:name/mapping/history', {
      GET: async (c) => {
        const row = await connections.named(c.req.param('name') ?? '')
        if (!row) throw noConnection()
        const revisions = await history.of(row.id)
        const items = revisions.map(
          ({ version, mapping, at, actor }, index): MappingRevisionView => ({
            ...{ version, mapping: mapping ?? {} },
            at: at === null ? null : new Date(at).toISOString(),
            by: actor === undefined ? null : (actor.label ?? actor.id),
            isInForce: index === 0 && isDeepStrictEqual(mapping, row.mapping),
          }),
        )
        return c.json({ items })
      },
    })
  }
}
