/** `GET /doctor` and `GET /connections/:name/doctor`: what is wrong, what it means, what to do. */
import type { Hono } from 'hono'
import { appliedMigrations } from '../db/check-ups.ts'
import { type DataDatabases, FIRST } from '../db/data-databases.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { route } from './api.ts'
import { checkConnectionHealth } from './doctor/connection.ts'
import { checkGateway, type GatewayDeps } from './doctor/gateway.ts'
import { connectionOf } from './query.ts'

export interface DoctorDeps extends GatewayDeps {
  readonly jobs: Jobs
  readonly baseUrl: (requestUrl: string) => string
  /** Writes what this isolate has heard and not written yet. */
  readonly flush: () => Promise<unknown>
}

/** Of the databases beside `DB`, by binding; null: one that does not answer, or has no list. */
async function applied(data: DataDatabases): Promise<Record<string, readonly string[] | null>> {
  const entries = await Promise.all(
    data
      .all()
      .filter(({ binding }) => binding !== FIRST)
      .map(async ({ binding, db }) => {
        const names = await appliedMigrations(db).catch(() => undefined)
        return [binding, names ?? null] as const
      }),
  )
  return Object.fromEntries(entries)
}

/** For `adminApi`'s `more`. */
export function doctorRoutes(deps: DoctorDeps): (api: Hono) => void {
  const { db, jobs, now, baseUrl, sealing, flush } = deps
  return (api) => {
    route(api, '/doctor', {
      GET: async (c) =>
        c.json({
          checks: await checkGateway(deps),
          // What should be applied is in the project's folder, and only the CLI sees both.
          migrations: (await appliedMigrations(db)) ?? null,
          databases: await applied(deps.data),
          baseUrl: baseUrl(c.req.url),
          now: new Date(now()).toISOString(),
        }),
    })
    route(api, '/connections/:name/doctor', {
      GET: async (c) => {
        const connection = await connectionOf(jobs, c)
        await flush()
        return c.json({
          connection: connection.name,
          checks: await checkConnectionHealth(jobs, { control: db, sealing }, connection),
        })
      },
    })
  }
}
