/** Which databases the data of a new connection can be put in (docs/scaling.md): a route of the admin API. */
import type { Hono } from 'hono'
import { route } from './api.ts'
import type { PlacementDeps } from './placement.ts'

export interface DatabasesView {
  /** Names of the bindings; the first has the control tables as well. */
  readonly items: readonly { readonly database: string }[]
  /** What `NEW_CONNECTIONS_DB` names; null: the smallest is taken. */
  readonly newConnections: string | null
}

/** For `adminApi`'s `more`. */
export function databaseRoutes({ data, newConnectionsDatabase }: PlacementDeps) {
  return (api: Hono): void => {
    route(api, '/databases', {
      GET: (c) => {
        const view: DatabasesView = {
          items: data.all().map(({ binding }) => ({ database: binding })),
          newConnections: newConnectionsDatabase || null,
        }
        return c.json(view)
      },
    })
  }
}
