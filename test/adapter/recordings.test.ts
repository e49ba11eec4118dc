/**
 * What real apps answered once, replayed: each file of `adapters/<name>/recordings` is one call of a
 * port, the exchanges that it came to, and its outcome. Credentials are not recorded, and hashes are
 * replaced.
 */
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { adapters } from '../../adapters/index.ts'
import { AdapterFailure } from '../../src/adapter/failure.ts'
import { createHttpClient } from '../../src/adapter/http.ts'
import { httpKit } from '../support/http-kit.ts'

const recordingSchema = z.strictObject({
  title: z.string(),
  /** Which app, and which version of it. */
  recorded: z.string(),
  settings: z.record(z.string(), z.string()),
  call: z.strictObject({ type: z.string(), method: z.string(), args: z.array(z.json()) }),
  exchanges: z.array(
    z.strictObject({
      request: z.strictObject({ method: z.string(), path: z.string(), body: z.json().optional() }),
      response: z.strictObject({ status: z.int(), body: z.json().optional() }),
    }),
  ),
  outcome: z.union([
    z.strictObject({ result: z.json() }),
    z.strictObject({ failure: z.strictObject({ code: z.string(), effect: z.string() }) }),
  ]),
})
type Recording = z.output<typeof recordingSchema>

const files = import.meta.glob('../../adapters/*/recordings/*.json', {
  eager: true,
  import: 'default',
})
const recordings = Object.entries(files).map(([file, content]) => ({
  adapter: /adapters\/([^/]+)\//.exec(file)?.[1] ?? '',
  ...recordingSchema.parse(content),
}))

const ORIGIN = 'https://app.example'

/** The outcome of the call, each exchange being the one that was recorded. */
async function replay(name: string, { settings, call, exchanges }: Recording): Promise<unknown> {
  const adapter = adapters.get(name)
  if (!adapter) throw new Error(`no adapter ${name}`)
  const given = adapter.settings.parse(settings)
  const left = [...exchanges]
  const http = createHttpClient({
    baseUrl: adapter.baseUrl(given),
    fetch: async (input, init) => {
      const next = left.shift()
      const url = new URL(input)
      const asked = {
        method: init.method,
        path: url.pathname + url.search,
        ...(init.body ? { body: JSON.parse(String(init.body)) } : {}),
      }
      expect(asked).toEqual(next?.request)
      const { status, body } = next?.response ?? { status: 500 }
      return new Response(body === undefined ? null : JSON.stringify(body), { status })
    },
    now: () => 0,
    timeoutMs: 1_000,
    maxBytes: 1_000_000,
    allowInsecure: false,
    otherUrls: adapter.otherUrls?.(given) ?? [],
  })
  const port = adapter.connect(httpKit({ http, settings: given, secret: () => 'secret' }))[
    call.type
  ]
  const method: unknown = (port as object as Record<string, unknown>)[call.method]
  if (typeof method !== 'function') throw new Error(`no method ${call.method} of ${call.type}`)
  try {
    const result: unknown = await method.apply(port, call.args)
    expect(left).toEqual([])
    return { result }
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    return { failure: { code: error.code, effect: error.effect } }
  }
}

test('there are recordings', () => expect(recordings.length).toBeGreaterThan(10))

describe.each(recordings)('$adapter: $title', (recording) => {
  test('as recorded', async () => {
    expect(recording.settings['url']).toContain(ORIGIN)
    const { adapter, ...rest } = recording
    expect(await replay(adapter, rest)).toEqual(recording.outcome)
  })
})
