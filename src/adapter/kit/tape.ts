/** What an app answered once, check by check, and an app that is made of it. */
import * as z from 'zod'
import { again } from './faults.ts'
import type { Fetch } from './subject.ts'

/** The origin that stands for the app's own. */
export const TAPED_ORIGIN = 'https://app.example'

const body = z.union([z.strictObject({ json: z.json() }), z.strictObject({ text: z.string() })])

const exchangeSchema = z.strictObject({
  request: z.strictObject({
    method: z.string(),
    /** Below `TAPED_ORIGIN`, or whole where it is another origin. */
    url: z.string(),
    body: body.optional(),
  }),
  response: z.strictObject({
    status: z.int(),
    headers: z.record(z.string(), z.string()),
    body: body.optional(),
  }),
})
export type Exchange = z.output<typeof exchangeSchema>

/** One file: the exchanges of one check of one resource type, in the order in which they were. */
export const tapeSchema = z.strictObject({
  check: z.string(),
  exchanges: z.array(exchangeSchema),
})
export type Tape = z.output<typeof tapeSchema>

/** `run.json`: what a replay needs besides. */
export const runSchema = z.strictObject({
  adapter: z.string(),
  /** Of the adapter, as it was recorded. */
  version: z.string(),
  /** ISO 8601: the time that it is in a replay. */
  recordedAt: z.iso.datetime(),
  seed: z.string(),
  settings: z.json(),
  results: z.array(
    z.strictObject({ check: z.string(), outcome: z.string(), reason: z.string().optional() }),
  ),
})
export type Run = z.output<typeof runSchema>

/** Headers that adapters read; all others may hold what is nobody's business. */
const KEPT =
  /^(?:content-type|location|link|retry-after|etag|(?:x-)?rate-?limit.*|x-.*(?:total|page|count).*)$/i
/** Members that hold secrets, in requests and answers alike. */
const SECRET =
  /(?:pass(?:word|wd|phrase)?|secret|token|api_?-?key|credential|private_?key|hash|salt|session_?id)s?$/i
export const REDACTED = 'redacted'

const COOKIES = 'set-cookie'

/** Of cookies the names: a session is a secret, and a replay has one of the same name. */
function keptOf(headers: Headers): Record<string, string> {
  const names = headers.getSetCookie().map((line) => line.split('=', 1)[0]?.trim() ?? '')
  return {
    ...Object.fromEntries([...headers].filter(([name]) => KEPT.test(name))),
    ...(names.length > 0 && { [COOKIES]: names.map((name) => `${name}=${REDACTED}`).join(', ') }),
  }
}

function bodyOf(text: string): Exchange['request']['body'] {
  if (text === '') return undefined
  try {
    return { json: JSON.parse(text) }
  } catch {
    return { text }
  }
}

function textOf(kept: Exchange['request']['body']): string | null {
  if (kept === undefined) return null
  return 'json' in kept ? JSON.stringify(kept.json) : kept.text
}

/** Secret members of what is sent: an adapter that invents a password invents another one next time. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const isSecret = SECRET.test(name) && typeof inner === 'string'
      return [name, isSecret ? REDACTED : withoutSecrets(inner)]
    }),
  )
}

/** As of JSON; what repeats a secret under another name (`retype`) is one too. */
function formWithoutSecrets(text: string): string {
  const members = [...new URLSearchParams(text)]
  const secrets = new Set(members.flatMap(([name, value]) => (SECRET.test(name) ? [value] : [])))
  const kept = members.map(([name, value]) => [name, secrets.has(value) ? REDACTED : value])
  return new URLSearchParams(kept).toString()
}

function isForm(headers: RequestInit['headers']): boolean {
  const type = new Headers(headers ?? {}).get('content-type') ?? ''
  return type.startsWith('application/x-www-form-urlencoded')
}

function requestOf(origin: string, input: string, init: RequestInit): Exchange['request'] {
  const url = input.startsWith(`${origin}/`) ? input.slice(origin.length) : input
  const text = typeof init.body === 'string' ? init.body : ''
  const sent = bodyOf(isForm(init.headers) ? formWithoutSecrets(text) : text)
  const kept = sent && 'json' in sent ? ({ json: withoutSecrets(sent.json) } as typeof sent) : sent
  return { method: init.method ?? 'GET', url, ...(kept && { body: kept }) }
}

export interface Recorder {
  readonly record: (fetch: Fetch) => Fetch
  readonly begin: (tape: string) => void
  /** Not redacted. */
  readonly tapes: () => ReadonlyMap<string, readonly Exchange[]>
}

/** @param origin of the app: it becomes `TAPED_ORIGIN` */
export function createRecorder(origin: string): Recorder {
  const tapes = new Map<string, Exchange[]>()
  let tape: Exchange[] = []
  return {
    begin(name) {
      tape = []
      tapes.set(name, tape)
    },
    tapes: () => tapes,
    record: (fetch) => async (input, init) => {
      const here = tape
      const response = await fetch(input, init)
      const text = await response.text()
      const answered = bodyOf(text)
      const { status } = response
      here.push({
        request: requestOf(origin, input, init),
        response: {
          status,
          headers: keptOf(response.headers),
          ...(answered && { body: answered }),
        },
      })
      return again(response, text)
    },
  }
}

export interface Player {
  readonly fetch: Fetch
  readonly begin: (tape: string) => void
  readonly end: () => string | undefined
}

/** Each request is answered by the first exchange of it that was not used before. */
export function createPlayer(tapes: ReadonlyMap<string, readonly Exchange[]>): Player {
  let left: Exchange[] = []
  let missing: string | undefined
  return {
    begin(name) {
      left = [...(tapes.get(name) ?? [])]
      missing = undefined
    },
    end: () =>
      missing && `the recordings hold no exchange of ${missing}; record anew: --live --record`,
    async fetch(input, init) {
      const request = requestOf(TAPED_ORIGIN, input, init)
      const key = JSON.stringify(request)
      const at = left.findIndex((one) => JSON.stringify(one.request) === key)
      const [found] = at < 0 ? [] : left.splice(at, 1)
      if (!found) {
        missing ??= `${request.method} ${request.url.split('?', 1)[0]}`
        throw new TypeError('there is no such exchange')
      }
      const { status, headers, body: answered } = found.response
      const { [COOKIES]: cookies, ...others } = headers
      const played = new Response([204, 205, 304].includes(status) ? null : textOf(answered), {
        status,
        headers: others,
      })
      for (const cookie of cookies?.split(', ') ?? []) played.headers.append(COOKIES, cookie)
      return played
    },
  }
}

/** @internal what `redact.ts` goes by */
export const isSecretName = (name: string): boolean => SECRET.test(name)
