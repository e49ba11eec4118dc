/** An isolate that cases are sent to, and what must hold of everything that it answers and logs. */
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { JsonObject } from '../../src/scim/schema.ts'
import { BULK_RESPONSE, ERROR, LIST_RESPONSE } from '../../src/scim/urn.ts'
import { connect } from '../support/gateway.ts'
import { openIsolate } from '../support/isolate.ts'

/** What a case may take, however the machine is loaded. */
export const LONGEST_MS = 20_000

/** In every request, and in no answer and no line of the log. */
export const PLANTED_PASSWORD = 'pl4nted-p4ssword-of-a-person'
export const PLANTED_FOREIGN = 'pl4nted-w0rds-of-the-app'
const PLANTED_PERSON = 'planted.person'
/** A userName that may be answered, and stands in no log. */
export const PERSON = `${PLANTED_PERSON}@fuzz.example`

export interface Sent {
  readonly method: string
  /** Below the SCIM base, or the whole where it begins with https. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Lab {
  readonly scim: { readonly name: string; readonly baseUrl: string; readonly token: string }
  readonly send: (sent: Sent) => Promise<Answered>
  /** As `send`, for an answer of SCIM: it is well-formed, and no 500. */
  readonly ask: (sent: Sent) => Promise<Answered>
  readonly tick: () => Promise<void>
}

type Fetch = (input: string, init: RequestInit) => Promise<Response>

const nobody: Fetch = async () => {
  throw new TypeError('there is no app here')
}

/** One for each target: an isolate that lives as long as production's do, and must not grow. */
const isolates = new Map<string, ReturnType<typeof openIsolate>>()
const clock = { now: Date.now() }
const apps = new Map<string, Fetch>()
const lines: string[] = []

function isolateOf(target: string): ReturnType<typeof openIsolate> {
  const open = isolates.get(target)
  if (open) return open
  const isolate = openIsolate(clock, (input, init) => (apps.get(target) ?? nobody)(input, init), {
    log: (line) => lines.push(JSON.stringify(line)),
  })
  isolates.set(target, isolate)
  return isolate
}

/** @param secrets that no answer and no log may hold, beside those of the lab */
export async function openLab(
  target: string,
  connection: JsonObject = {},
  { app, secrets = [] }: { app?: Fetch; secrets?: readonly string[] } = {},
): Promise<Lab> {
  const policy = { limits: { requestsPerSecond: 10_000 }, ...(connection['policy'] as object) }
  const scim = await connect({ ...connection, policy } as JsonObject)
  const isolate = isolateOf(target)
  if (app) apps.set(target, app)
  const hidden = [PLANTED_PASSWORD, PLANTED_FOREIGN, scim.token, ...secrets]
  hidden.push(env.POSTERN_ADMIN_TOKEN, env.POSTERN_SEALING_KEY)

  const send = async ({ method, path, headers, ...sent }: Sent): Promise<Answered> => {
    const body = passwordsAlone(sent.body)
    clock.now += 1_000
    lines.length = 0
    const isWhole = path.startsWith('https:')
    const request = new Request(isWhole ? path : scim.baseUrl + path, {
      method,
      headers: {
        ...(!isWhole && { authorization: `Bearer ${scim.token}` }),
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        // Strangers are throttled: each case comes from a place of its own.
        'cf-connecting-ip': `192.0.2.${clock.now}`,
        ...headers,
      },
      ...(body !== undefined && { body }),
    })
    const response = await isolate.fetch(request)
    const text = await response.text()
    const answered = { status: response.status, headers: response.headers, text }
    expectSafe(answered, hidden)
    return answered
  }
  return {
    scim,
    send,
    ask: async (sent) => {
      const answered = await send(sent)
      expectScim(sent.method, answered)
      return answered
    },
    tick: () => isolate.tick(),
  }
}

/** Mutation moves values about: what stands in another attribute is no secret, and is shown. */
function passwordsAlone(body: Sent['body']): Sent['body'] {
  if (typeof body !== 'string') return body
  const moved = body.replaceAll(PLANTED_PASSWORD, 'moved')
  return moved.replaceAll('"password":"moved"', `"password":"${PLANTED_PASSWORD}"`)
}

const STATUSES = [
  ...[200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 409, 412, 413, 414, 415, 429, 431],
  ...[501, 503],
]

/** Of every answer, whatever it is for. */
function expectSafe({ status, headers, text }: Answered, hidden: readonly string[]): void {
  const log = lines.join('\n')
  const said = `${status} ${text.slice(0, 600)}\n${log}`
  expect(status === 500, said).toBe(false)
  const type = headers.get('content-type')
  expect(type?.includes('html') ?? false, said).toBe(false)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  const out = `${text}\n${[...headers].join('\n')}`
  for (const secret of hidden) {
    expect(out.includes(secret), `an answer holds a secret: ${said}`).toBe(false)
    expect(log.includes(secret), `the log holds a secret: ${log}`).toBe(false)
  }
  expect(log.includes(PLANTED_PERSON), `the log names a person: ${log}`).toBe(false)
}

/** RFC 7644 §3.12 and §3.4.2, and nothing that no schema has. */
export function expectScim(method: string, { status, headers, text }: Answered): void {
  const said = `${status} ${text.slice(0, 600)}\n${lines.join('\n')}`
  expect(STATUSES, said).toContain(status)
  // 503 says who failed: the app, and never ourselves.
  expect(
    lines.some((line) => line.includes('scim.failed')),
    said,
  ).toBe(false)
  if (text === '') {
    expect(method === 'HEAD' || [204, 304].includes(status), said).toBe(true)
    return
  }
  expect(headers.get('content-type'), said).toBe('application/scim+json')
  const body = JSON.parse(text) as JsonObject
  expectBody(status, body, said)
}

function expectBody(status: number, body: JsonObject, said: string): void {
  const { schemas } = body
  expect(Array.isArray(schemas) && schemas.length > 0, said).toBe(true)
  // RFC 7643 §2.5: what is unassigned is absent. What stands in strings is the client's.
  expect(JSON.stringify(body).replace(/"(?:[^"\\]|\\.)*"/g, '""'), said).not.toContain('null')
  expect('__proto__' in {} && Object.hasOwn(body, '__proto__'), said).toBe(false)
  if (status >= 400) {
    expect(schemas, said).toEqual([ERROR])
    expect(body['status'], said).toBe(String(status))
    expect(typeof body['detail'], said).toBe('string')
    return
  }
  const named = schemas as string[]
  if (named.includes(LIST_RESPONSE)) {
    const resources = body['Resources'] as JsonObject[]
    expect(resources.length, said).toBe(body['itemsPerPage'])
    // RFC 9865 §2: paging by cursor may leave it out.
    const total = body['totalResults'] ?? resources.length
    expect(Number.isInteger(total), said).toBe(true)
  }
  if (!named.includes(BULK_RESPONSE)) return
  for (const one of body['Operations'] as JsonObject[]) {
    expect(Number(one['status']), said).not.toBe(500)
    if (Number(one['status']) >= 400) {
      expectBody(Number(one['status']), one['response'] as JsonObject, said)
    }
  }
}
