/** A manifest before it is published: what that would do, and whether the app answers to it. */
import type { Hono } from 'hono'
import * as z from 'zod'
import { toConnection } from '../access/connection.ts'
import type { Sealing } from '../access/seal.ts'
import { compileAny } from '../adapter/manifest/kinds.ts'
import { Connections } from '../db/connections.ts'
import { type AppTrial, type TrialDeps, tryApp } from '../jobs/try-app.ts'
import type { Json } from '../scim/schema.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import { checkManifest, type ManifestCheck, type ManifestDeps } from './change-manifest.ts'
import { invalidInput, invalidMembers } from './problem.ts'

export interface TryManifestDeps extends ManifestDeps {
  readonly trials: TrialDeps
  readonly sealing: Sealing
}

export type ManifestTrial = ManifestCheck & {
  /** Of the connection that was named: its app, asked by this manifest. */
  readonly app?: AppTrial
}

const tryInput = z.strictObject({
  manifest: z.json(),
  /** One that uses the manifest. */
  connection: z.string().min(1).max(200).optional(),
})

/** For `adminApi`'s `more`. */
export function tryManifestRoutes(deps: TryManifestDeps): (api: Hono) => void {
  const connections = new Connections(deps.db)
  return (api) => {
    route(api, '/manifests/:name/try', {
      POST: async (c) => {
        const name = c.req.param('name') ?? ''
        const parsed = tryInput.safeParse(await readJson(c))
        if (!parsed.success) throw invalidInput(invalidMembers(parsed.error, []))
        const { connection } = parsed.data
        const { check, manifest } = await checkManifest(name, parsed.data.manifest as Json, deps)
        if (connection === undefined) return c.json(check)
        const row = await connections.named(connection)
        if (row?.adapter !== name) {
          const message = 'is no connection that uses this manifest'
          throw invalidInput([{ path: 'connection', message }])
        }
        const app = await tryApp(deps.trials, {
          connection: toConnection(row, deps.sealing),
          adapter: compileAny(manifest),
          isStored: check.isSame,
        })
        const trial: ManifestTrial = { ...check, app }
        return c.json(trial)
      },
    })
  }
}
