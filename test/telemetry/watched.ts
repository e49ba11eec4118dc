/** A gateway that somebody watches: with a data set of Analytics Engine, or a collector of OpenTelemetry. */
import type { Env } from '../../src/env.ts'
import type { Line } from '../../src/log/events.ts'
import { connect } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'
import { DESK_KEY, openDesk } from '../support/open-desk.ts'

export const COLLECTOR = 'https://collector.example/otlp'

export interface Sent {
  readonly path: string
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any
}

export async function openWatched(
  env: Partial<Env>,
  collector: () => Promise<Response> = async () => Response.json({}),
) {
  const desk = openDesk({ seed: false })
  const clock = { now: Date.now() }
  const lines: Line[] = []
  const sent: Sent[] = []
  const later: Promise<unknown>[] = []
  const timers: (() => void)[] = []
  const fetch = async (input: string, init: RequestInit): Promise<Response> => {
    // Nothing takes no time: a span has a length.
    clock.now += 7
    if (!input.startsWith(COLLECTOR)) return desk.fetch(input, init)
    const headers = new Headers(init.headers)
    sent.push({ path: input.slice(COLLECTOR.length), headers, body: JSON.parse(String(init.body)) })
    return collector()
  }
  const isolate = openIsolate(clock, fetch, {
    env,
    log: (line) => lines.push(line as Line),
    waitUntil: (work) => later.push(work),
    after: (_, then) => {
      timers.push(then)
      return () => {}
    },
  })
  const settings = { url: `http://${crypto.randomUUID()}.test` }
  const scim = await connect({ adapter: 'example', settings, secrets: { apiKey: DESK_KEY } })
  return {
    ...{ clock, desk, lines, sent, isolate, scim },
    ask: (method: string, path: string, body?: unknown, headers = {}) =>
      isolate.scim(scim, method, path, body, headers),
    /** Two seconds pass, and what waits for them is done. */
    async pass() {
      for (const then of timers.splice(0)) then()
      await Promise.all(later.splice(0))
    },
  }
}
