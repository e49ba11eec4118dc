/** Manifests, adapters that are data, as routes of the admin API. */
import type { Context, Hono } from 'hono'
import type { AnyManifest } from '../adapter/manifest/kinds.ts'
import { type ManifestRow, Manifests } from '../db/manifests.ts'
import type { Json } from '../scim/schema.ts'
import { route } from './api.ts'
import { readJson } from './body.ts'
import {
  type ManifestDeps,
  noManifest,
  putManifest,
  removeManifest,
  rollBack,
} from './change-manifest.ts'
import { PAGE_SIZE, textAfter, toPage } from './cursor.ts'
import { preconditionOf, tagOf } from './precondition.ts'
import { Problem } from './problem.ts'

/** For `adminApi`'s `more`. */
export function manifestRoutes(deps: ManifestDeps): (api: Hono) => void {
  const manifests = new Manifests(deps.db)
  return (api) => {
    route(api, '/manifests', {
      GET: async (c) => {
        const after = textAfter(c.req.query('cursor'))
        const rows = await manifests.list({ after, limit: PAGE_SIZE + 1 })
        return c.json(toPage(rows, summary, ({ name }) => [name]))
      },
    })

    route(api, '/manifests/:name', {
      GET: async (c) => {
        const row = await manifests.named(nameIn(c))
        if (!row) throw noManifest()
        const revision = c.req.query('revision')
        if (revision !== undefined) {
          const document = await manifests.document(row.name, Number(revision))
          if (document === undefined) throw new Problem(404, 'This revision is not kept')
          return c.json({ manifest: document })
        }
        c.header('etag', tagOf(row.change))
        const versions = await manifests.revisions(row.name)
        return c.json({
          ...summary(row),
          manifest: row.document,
          versions: versions.map(({ createdAt, ...rest }) => ({
            ...rest,
            createdAt: iso(createdAt),
          })),
          connections: await manifests.usedBy(row.name),
        })
      },
      PUT: async (c) => {
        const { row, isNew } = await putManifest(
          nameIn(c),
          await readJson(c),
          deps,
          preconditionOf(c),
        )
        return c.json(summary(row), isNew ? 201 : 200)
      },
      DELETE: async (c) => {
        await removeManifest(nameIn(c), manifests)
        return c.body(null, 204)
      },
    })

    route(api, '/manifests/:name/rollback', {
      POST: async (c) => c.json(summary(await rollBack(nameIn(c), await readJson(c), deps))),
    })
  }
}

function nameIn(c: Context): string {
  return c.req.param('name') ?? ''
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Times are ISO 8601. */
export interface ManifestSummary {
  readonly name: string
  readonly version: string
  readonly revision: number
  readonly status?: string
  readonly createdAt: string
  readonly updatedAt: string
}

export interface ManifestView extends ManifestSummary {
  readonly manifest: Json
  readonly versions: readonly {
    readonly revision: number
    readonly version: string
    readonly createdAt: string
  }[]
  /** Names of those that use it. */
  readonly connections: readonly string[]
}

function summary({
  name,
  version,
  revision,
  document,
  createdAt,
  updatedAt,
}: ManifestRow): ManifestSummary {
  const { status } = document as Pick<AnyManifest, 'status'>
  return {
    name,
    version,
    revision,
    ...(status && { status }),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
  }
}
