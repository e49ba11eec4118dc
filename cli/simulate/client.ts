/** Entra's HTTP: headers, retries of what may pass, and what its library can deserialise. */
import * as z from 'zod'
import type { JsonObject } from './attribute-mapping.ts'
import { codeOf, EntryFailure } from './entry-failure.ts'

const REQUEST_TIMEOUT_MS = 60_000
const MAX_RETRIES = 5
/** Waiting for one entry: a service that asks for more patience gets none. */
const PATIENCE_MS = 60_000
/** So many entries in a row given up: the service is down, and the rest is tried once each. */
const MAX_LOST_IN_A_ROW = 3

export type Endpoint = 'Users' | 'Groups'
export type Resource = JsonObject & { readonly id: string }

const objectSchema = z.record(z.string(), z.unknown())
const dateTime = z.iso.datetime({ offset: true })

const metaSchema = z.looseObject({
  resourceType: z.string(),
  created: dateTime.optional(),
  lastModified: dateTime.optional(),
})

const manager = z.looseObject({ value: z.string() })

/** What Entra's library takes from a resource; anything else breaks the parsing of a whole page. */
const resourceSchema = z.looseObject({
  id: z.string().min(1),
  schemas: z.array(z.string()).min(1),
  meta: metaSchema,
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': z
    .looseObject({ manager: manager.optional() })
    .optional(),
})
const userSchema = resourceSchema.extend({ userName: z.string(), active: z.boolean() })
const groupSchema = resourceSchema.extend({ displayName: z.string() })
const SCHEMAS: Readonly<Record<Endpoint, z.ZodType<Resource>>> = {
  Users: userSchema,
  Groups: groupSchema,
}

const listSchema = z.looseObject({
  totalResults: z.int(),
  itemsPerPage: z.int().optional(),
  startIndex: z.int().optional(),
  Resources: z.array(z.unknown()).optional(),
})

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface ClientOptions {
  readonly scimBaseUrl: string
  readonly token: string
  readonly signal: AbortSignal
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<unknown>
  /** Before each wait, with the answer that asks for it. */
  readonly onWait: (milliseconds: number, why: string) => void
}

interface Answer {
  readonly status: number
  readonly body: JsonObject | undefined
  readonly contentType: string
  readonly retryAfterMs: number | undefined
  /** An earlier try of this request may have had its effect. */
  readonly wasInDoubt: boolean
}

export class ScimClient {
  readonly #options: ClientOptions
  #lostInARow = 0
  readonly requests: Record<Method, number> = { GET: 0, POST: 0, PATCH: 0, DELETE: 0 }
  retries = 0

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** Resources with this attribute value. An incomplete or odd list is a failure, never a miss. */
  async find(
    endpoint: Endpoint,
    attribute: string,
    value: string,
    patienceMs = PATIENCE_MS,
  ): Promise<Resource[]> {
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
    const query = new URLSearchParams({
      ...(endpoint === 'Groups' && { excludedAttributes: 'members' }),
      filter: `${attribute} eq "${escaped}"`,
    })
    const answer = await this.#call('GET', `/${endpoint}?${query}`, undefined, patienceMs)
    // A 404 here is no miss: Entra quarantines on it.
    const body = this.#expect(answer, 200, answer.status === 404)
    const { totalResults, Resources = [] } = conform(listSchema, body)
    if (totalResults !== Resources.length && Resources.length === 0) {
      throw incompatible(`totalResults is ${totalResults}, but Resources is empty`)
    }
    return Resources.map((one) => conform(SCHEMAS[endpoint], one))
  }

  /** Undefined: 404. */
  async get(endpoint: Endpoint, id: string): Promise<Resource | undefined> {
    const query = endpoint === 'Groups' ? '?excludedAttributes=members' : ''
    const answer = await this.#call('GET', `/${endpoint}/${encodeURIComponent(id)}${query}`)
    if (answer.status === 404) return undefined
    return conform(SCHEMAS[endpoint], this.#expect(answer, 200))
  }

  /** Undefined: 409, after an earlier try of the same request that may have had its effect. */
  async create(endpoint: Endpoint, resource: JsonObject): Promise<Resource | undefined> {
    const answer = await this.#call('POST', `/${endpoint}`, resource)
    if (answer.status === 409 && answer.wasInDoubt) return undefined
    return conform(SCHEMAS[endpoint], this.#expect(answer, 201))
  }

  /** The resource as it is by now, where the answer shows it. */
  async patch(endpoint: Endpoint, id: string, body: JsonObject): Promise<Resource | undefined> {
    const answer = await this.#call('PATCH', `/${endpoint}/${encodeURIComponent(id)}`, body)
    if (answer.status === 204) return undefined
    return conform(SCHEMAS[endpoint], this.#expect(answer, 200))
  }

  async delete(endpoint: Endpoint, id: string): Promise<void> {
    const answer = await this.#call('DELETE', `/${endpoint}/${encodeURIComponent(id)}`)
    // A first try whose answer was lost has deleted it already.
    if (answer.status === 404 && answer.wasInDoubt) return
    if (answer.status !== 204) this.#expect(answer, 204)
  }

  #expect(answer: Answer, status: number, isFatal = false): JsonObject {
    if (answer.status !== status) {
      const detail = answer.body?.['detail']
      throw new EntryFailure(
        isFatal ? 'EncounteredQuarantineException' : codeOf(answer.status),
        answer.status,
        typeof detail === 'string' ? detail : `${answer.status} instead of ${status}`,
      )
    }
    if (!answer.contentType.startsWith('application/scim+json')) {
      throw incompatible(`Content-Type is "${answer.contentType}", not application/scim+json`)
    }
    return answer.body ?? {}
  }

  /** Tries again what may pass: 503 and 429 after the time that they name, and lost connections. */
  async #call(
    method: Method,
    path: string,
    body?: JsonObject,
    patienceMs = PATIENCE_MS,
  ): Promise<Answer> {
    let wasInDoubt = false
    let waitedMs = 0
    for (let attempt = 0; ; attempt++) {
      this.requests[method] += 1
      const answer = await this.#send(method, path, body)
      const passing = answer instanceof EntryFailure || [429, 502, 503, 504].includes(answer.status)
      if (!passing) {
        this.#lostInARow = 0
        return { ...answer, wasInDoubt }
      }
      const asked = answer instanceof EntryFailure ? undefined : answer.retryAfterMs
      const waitMs = asked ?? 250 * 2 ** attempt
      const mayWait = this.#lostInARow < MAX_LOST_IN_A_ROW && waitedMs + waitMs <= patienceMs
      if (attempt >= MAX_RETRIES || !mayWait) {
        this.#lostInARow += 1
        if (answer instanceof EntryFailure) throw answer
        return { ...answer, wasInDoubt }
      }
      wasInDoubt ||= answer instanceof EntryFailure || answer.status !== 429
      this.retries += 1
      this.#options.onWait(waitMs, whyOf(answer))
      await this.#options.wait(waitMs, this.#options.signal)
      waitedMs += waitMs
    }
  }

  async #send(
    method: Method,
    path: string,
    body: JsonObject | undefined,
  ): Promise<Omit<Answer, 'wasInDoubt'> | EntryFailure> {
    const { scimBaseUrl, token, signal } = this.#options
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    try {
      const response = await fetch(`${scimBaseUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/scim+json',
          // Never on GET and DELETE.
          ...(body && { 'content-type': 'application/scim+json; charset=utf-8' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      })
      const text = await response.text()
      return {
        status: response.status,
        contentType: response.headers.get('content-type') ?? '',
        retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
        body: parseObject(text),
      }
    } catch (error) {
      signal.throwIfAborted()
      if (timeout.aborted) {
        return new EntryFailure('Timeout', undefined, `no answer in ${REQUEST_TIMEOUT_MS / 1000} s`)
      }
      const { cause, message } = error as Error
      const reason = cause instanceof Error && cause.message ? cause.message : message
      return new EntryFailure('Timeout', undefined, `the connection was lost: ${reason}`)
    }
  }
}

function whyOf(answer: EntryFailure | { status: number; body: JsonObject | undefined }): string {
  if (answer instanceof EntryFailure) return answer.message
  const detail = answer.body?.['detail']
  return typeof detail === 'string' ? `${answer.status} ${detail}` : String(answer.status)
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3). */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

/** Undefined where the text is no JSON object: its status says enough. */
function parseObject(text: string): JsonObject | undefined {
  if (text === '') return undefined
  try {
    return objectSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function conform<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw incompatible(`the answer's ${issue?.path.join('.') || 'body'}: ${issue?.message}`)
}

function incompatible(detail: string): EntryFailure {
  return new EntryFailure('ServiceIncompatible', 200, detail)
}
