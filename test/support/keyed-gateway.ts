/** A gateway with sealing keys of its own, on the D1 of all tests: what they have sealed is not its. */

import { Buffer } from 'node:buffer'
import type { WorkerSecret } from '../../src/access/worker-secret.ts'
import { adminApi } from './admin-api.ts'
import type { Scim } from './gateway.ts'
import { type Clock, openIsolate } from './isolate.ts'
import { DESK_KEY, openDesk } from './open-desk.ts'
import { match } from './world.ts'

export function randomKey(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')
}

export interface Keys {
  readonly current?: WorkerSecret
  readonly previous?: WorkerSecret
}

export type Line = Readonly<Record<string, string | number>>

export function openKeyed(
  { current = '', previous = '' }: Keys,
  fetch?: (input: string, init: RequestInit) => Promise<Response>,
  clock: Clock = { now: Date.now() },
) {
  const desk = openDesk({ seed: true })
  const log: Line[] = []
  const isolate = openIsolate(clock, fetch ?? desk.fetch, {
    env: { POSTERN_SEALING_KEY: current, POSTERN_SEALING_KEYS_PREVIOUS: previous },
    log: (line) => void log.push(line),
  })
  const admin = adminApi(isolate)
  return {
    isolate,
    admin,
    log,
    /** A connection to the example app, made by this gateway. */
    async connect(apiKey = DESK_KEY): Promise<Pick<Scim, 'name' | 'baseUrl' | 'token'>> {
      const name = `k-${crypto.randomUUID()}`
      const settings = { url: `http://${name}.test` }
      const secrets = { apiKey }
      const made = await admin('POST', '/connections', {
        name,
        adapter: 'example',
        settings,
        secrets,
      })
      if (made.status !== 201) throw new Error(JSON.stringify(made.body))
      return { name, baseUrl: made.body.scimBaseUrl, token: made.body.token }
    },
    find: (scim: Pick<Scim, 'baseUrl' | 'token'>, freshness = {}) =>
      isolate.scim(scim, 'GET', match('userName', 'nobody@x.example'), undefined, freshness),
  }
}
