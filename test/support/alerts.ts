/** A gateway whose notices a test receives. */
import { env } from 'cloudflare:workers'
import type { After } from '../../src/access/read-at-most.ts'
import type { Env } from '../../src/env.ts'
import { adminApi } from './admin-api.ts'
import type { Answer } from './gateway.ts'
import { type Cut, type Isolate, openIsolate } from './isolate.ts'
import { openWorld, type World, type WorldOptions } from './world.ts'

export interface Received {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Answering {
  /** What a host answers, by its name; 204 otherwise. `never`: nothing. */
  readonly statuses: Map<string, number | 'never' | 'lost'>
}

export interface AlertWorld extends World, Answering {
  readonly received: Received[]
  readonly isolate: (
    cut?: Cut,
    more?: { readonly env?: Partial<Env>; readonly after?: After },
  ) => Isolate
  /** What a run of the cron does for this connection's alerts alone. */
  readonly cron: (isolate?: Isolate) => Promise<void>
  readonly channel: (name: string, body: unknown) => Promise<Answer>
  /** Types and kinds of what has come, in order. */
  readonly told: () => string[]
}

export async function openAlertWorld(options: WorldOptions = {}): Promise<AlertWorld> {
  const world = await openWorld({ faults: { uniqueness: 'off' }, ...options })
  const received: Received[] = []
  const statuses: AlertWorld['statuses'] = new Map()
  const fetch = async (input: string, init: RequestInit): Promise<Response> => {
    const { hostname } = new URL(input)
    if (!hostname.endsWith('.hook.test')) return world.desk.fetch(input, init)
    const status = statuses.get(hostname) ?? 204
    if (status === 'never') return new Promise(() => {})
    if (status === 'lost') throw new TypeError('lost')
    const headers = Object.fromEntries(new Headers(init.headers))
    received.push({ url: input, headers, body: String(init.body) })
    return new Response(null, { status })
  }
  const isolate: AlertWorld['isolate'] = (cut, more = {}) =>
    openIsolate(world.clock, fetch, {
      ...{ cut, adapters: world.adapters, databases: world.databases },
      ...(more.env && { env: more.env }),
      ...(more.after && { after: more.after }),
    })
  const shared = isolate()
  const cron: AlertWorld['cron'] = async (by = isolate()) => {
    const others = 'connection NOT IN (SELECT id FROM connection WHERE name = ?)'
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE alert_delivery SET state = 'dropped' WHERE state = 'due' AND ${others}`,
      ).bind(world.scim.name),
      env.DB.prepare('UPDATE connection SET alert_at = 9000000000000000 WHERE name <> ?').bind(
        world.scim.name,
      ),
      env.DB.prepare('UPDATE connection SET alert_at = 0 WHERE name = ?').bind(world.scim.name),
    ])
    await by.alerts()
  }
  const call = adminApi(shared, `/connections/${world.scim.name}`)
  return {
    ...world,
    ...{ received, statuses, isolate, cron },
    admin: call,
    channel: (name, body) => call('PUT', `/alerts/channels/${name}`, body),
    told: () =>
      received.map(({ body }) => {
        const { type, data } = JSON.parse(body)
        return `${type} ${data?.kind}`
      }),
  }
}

/** Rows of a table that belong to this connection. */
export async function rowsOf(table: string, name: string) {
  const { results } = await env.DB.prepare(
    `SELECT * FROM ${table} WHERE connection IN (SELECT id FROM connection WHERE name = ?)`,
  )
    .bind(name)
    .all<Record<string, string | number | null>>()
  return results
}
