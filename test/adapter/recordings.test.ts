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
      response: z.strictObject({
        status: z.int(),
        headers: z.record(z.string(), z.string()).optional(),
        body: z.json().optional(),
        /** Instead of `body`, where it is no JSON. */
        text: z.string().optional(),
      }),
    }),
  ),
  outcome: z.union([
    z.strictObject({ result: z.json() }),
    z.strictObject({
      failure: z.strictObject({
        code: z.string(),
        effect: z.string(),
        attributes: z.array(z.string()).optional(),
        retryAfterSeconds: z.int().optional(),
      }),
    }),
  ]),
})
type Recording = z.output<typeof recordingSchema>

const files = import.meta.glob('../../adapters/*/recordings/*.json', {
  eager: true,
  import: 'default',
})
/** Beside them are those of the kit, which go by its checks, and which it plays itself. */
const isCall = (content: unknown) =>
  typeof content === 'object' && content !== null && 'call' in content
const recordings = Object.entries(files)
  .filter(([, content]) => isCall(content))
  .map(([file, content]) => ({
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
  const asked: unknown[] = []
  const http = createHttpClient({
    baseUrl: adapter.baseUrl(given),
    fetch: async (input, init) => {
      const next = left.shift()
      const url = new URL(input)
      asked.push({
        method: init.method,
        path: url.pathname + url.search,
        ...(init.body ? { body: JSON.parse(String(init.body), redacted(next?.request.body)) } : {}),
      })
      const { status, headers = {}, body, text } = next?.response ?? { status: 500 }
      const answer = body === undefined ? text : JSON.stringify(body)
      return new Response(answer ?? null, { status, headers })
    },
    now: () => 0,
    leftMs: () => 1_000,
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
    return { result: await method.apply(port, call.args) }
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    const { code, effect, attributes, retryAfterSeconds } = error
    return { failure: { code, effect, attributes, retryAfterSeconds } }
  } finally {
    // Here, for what a call throws is a failure of the app.
    expect(asked).toEqual(exchanges.map(({ request }) => request))
  }
}

/** A recorded "{password}" stands for whatever is generated in its place. */
function redacted(recorded: unknown) {
  const isRecorded = (key: string): boolean =>
    JSON.stringify(recorded ?? null).includes(`"${key}":"{password}"`)
  return (key: string, value: unknown): unknown => {
    if (typeof value !== 'string' || key === '' || !isRecorded(key)) return value
    expect(value.length).toBeGreaterThanOrEqual(12)
    return '{password}'
  }
}

test('there are recordings', () => expect(recordings.length).toBeGreaterThan(10))

describe.each(recordings)('$adapter: $title', (recording) => {
  test('ends as it was recorded', async () => {
    expect(recording.settings['url']).toContain(ORIGIN)
    const { adapter, ...rest } = recording
    const outcome = await replay(adapter, rest)
    if ('failure' in recording.outcome) expect(outcome).toMatchObject(recording.outcome)
    else expect(outcome).toEqual(recording.outcome)
  })
})
