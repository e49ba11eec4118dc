/**
 * Sends spans and metrics to a collector by OTLP over HTTP, as JSON. Best effort: no answer waits for it,
 * what is not taken is not sent again, and how much that was is in the log.
 */

import type { Sample } from '../govern/metrics.ts'
import type { Log } from '../log/events.ts'
import { otlpMetrics } from './otlp-metrics.ts'
import type { Span } from './spans.ts'

/** Spans that are sent together, some 100 KB; and that wait in one isolate at the most. */
const SPANS = 200
const MOST_SPANS = 2_000
const AGE_MS = 2_000
/** A timer that has not ended by then was cut off with its request. */
const TIMER_LOST_MS = 10_000
const TIMEOUT_MS = 5_000
/** Samples that are sent together. */
const SAMPLES = 5_000
const RESOURCE = { attributes: [{ key: 'service.name', value: { stringValue: 'postern' } }] }
const SCOPE = { name: 'postern' }

export interface ExporterDeps {
  /** Without a slash at the end: `/v1/traces` and `/v1/metrics` are put behind it. */
  readonly endpoint: string
  /** As in OTEL_EXPORTER_OTLP_HEADERS: `name=value,name=value`, values percent-encoded. */
  readonly headers: () => Promise<string>
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Calls back when so many milliseconds are over; what it returns calls it off. */
  readonly after: (ms: number, then: () => void) => () => void
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly log: Log
}

/** One for each isolate. */
export class Exporter {
  readonly #deps: ExporterDeps
  #spans: Span[] = []
  #dropped = 0
  #timerSince: number | undefined

  constructor(deps: ExporterDeps) {
    this.#deps = deps
  }

  /** To be sent with others. */
  add(spans: readonly Span[]): void {
    const isRoom = this.#spans.length + spans.length <= MOST_SPANS
    if (isRoom) this.#spans.push(...spans)
    else this.#dropped += spans.length
    const { now, after, waitUntil } = this.#deps
    const isFull = this.#spans.length >= SPANS
    const since = this.#timerSince
    if (!isFull && since !== undefined && now() - since < TIMER_LOST_MS) return
    this.#timerSince = now()
    const due = isFull ? Promise.resolve() : new Promise<void>((then) => void after(AGE_MS, then))
    waitUntil(due.then(() => this.flush()))
  }

  /** Sends the spans that wait, and fails nobody. */
  async flush(): Promise<void> {
    this.#timerSince = undefined
    const dropped = this.#dropped
    this.#dropped = 0
    if (dropped > 0) this.#lost('traces', dropped, 0)
    while (this.#spans.length > 0) {
      const spans = this.#spans.splice(0, SPANS)
      const body = {
        resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ scope: SCOPE, spans }] }],
      }
      await this.#send('traces', body, spans.length)
    }
  }

  async metrics(samples: readonly Sample[]): Promise<void> {
    for (let at = 0; at < samples.length; at += SAMPLES) {
      const some = samples.slice(at, at + SAMPLES)
      const metrics = otlpMetrics(some, this.#deps.now())
      const scopeMetrics = [{ scope: SCOPE, metrics }]
      await this.#send(
        'metrics',
        { resourceMetrics: [{ resource: RESOURCE, scopeMetrics }] },
        some.length,
      )
    }
  }

  async #send(signal: 'traces' | 'metrics', body: object, items: number): Promise<void> {
    const { endpoint, fetch, after } = this.#deps
    const controller = new AbortController()
    let cancel: () => void = () => {}
    const late = new Promise<number>((resolve) => {
      cancel = after(TIMEOUT_MS, () => {
        resolve(0)
        controller.abort()
      })
    })
    const exchange = async (): Promise<number> => {
      const headers = { ...(await this.#headers()), 'content-type': 'application/json' }
      const { status, body: said } = await fetch(`${endpoint}/v1/${signal}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        // A header may be a credential, and is for this host alone.
        redirect: 'manual',
        signal: controller.signal,
      })
      said?.cancel().catch(() => {})
      return status
    }
    // Foreign words name addresses: that there was no answer is all that is told.
    const status = await Promise.race([exchange(), late]).catch(() => 0)
    cancel()
    if (status < 200 || status > 299) this.#lost(signal, items, status)
  }

  async #headers(): Promise<Record<string, string>> {
    const pairs = (await this.#deps.headers()).split(',').filter((pair) => pair.includes('='))
    return Object.fromEntries(
      pairs.map((pair) => {
        const end = pair.indexOf('=')
        return [pair.slice(0, end).trim(), decodeURIComponent(pair.slice(end + 1).trim())]
      }),
    )
  }

  #lost(signal: 'traces' | 'metrics', items: number, status: number): void {
    this.#deps.log({ event: 'otlp.lost', signal, items, status })
  }
}
