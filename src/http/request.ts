/** A SCIM request as operations need it, read from HTTP: query, preconditions and body. */
import { readAtMost } from '../access/read-at-most.ts'
import { ScimError } from '../scim/error.ts'
import { parseJson } from '../scim/json.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { MEDIA_TYPE } from '../scim/urn.ts'

/** Largest body in bytes, advertised as `maxPayloadSize`. */
export const MAX_PAYLOAD = 1_048_576

export interface ScimRequest {
  readonly method: string
  /** Path below the SCIM base, decoded, without empty segments: `['Users', '2819c223']`. */
  readonly segments: readonly string[]
  /** Query parameters by lower-case name; the first of a name counts. */
  readonly query: ReadonlyMap<string, string>
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
  /** Undefined where the request carries none. */
  readonly body: Json | undefined
}

/** @throws {ScimError} 400, 413 or 415 about the body or the path */
export async function readRequest(request: Request, path: string): Promise<ScimRequest> {
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    segments: segmentsOf(path),
    query: queryOf(new URL(request.url).searchParams),
    ifMatch: request.headers.get('if-match') ?? undefined,
    ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
    body: await readBody(request),
  }
}

/** `/Users` and `/Users/` are one endpoint (design decision 1). */
export function segmentsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      throw new ScimError(400, 'The path is not valid percent-encoded UTF-8.')
    }
  })
}

/** Names without regard to case: clients send `startindex`; unknown ones are ignored. */
export function queryOf(parameters: URLSearchParams): Map<string, string> {
  const query = new Map<string, string>()
  for (const [name, value] of parameters) {
    const folded = name.toLowerCase()
    if (!query.has(folded)) query.set(folded, value)
  }
  return query
}

async function readBody(request: Request): Promise<Json | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'DELETE') {
    await request.body?.cancel()
    return undefined
  }
  const bytes = await readBytes(request)
  if (bytes.length === 0) return undefined
  checkMediaType(request.headers.get('content-type'))
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch (error) {
    if (error instanceof ScimError) throw error
    throw new ScimError('invalidSyntax', 'The body is not valid UTF-8.')
  }
}

/** RFC 7644 §3.1: SCIM JSON, and plain JSON for clients that know no better. */
function checkMediaType(contentType: string | null): void {
  const type = contentType?.split(';')[0]?.trim().toLowerCase()
  if (!type || type === MEDIA_TYPE || type === 'application/json') return
  throw new ScimError(415, `Send the body as ${MEDIA_TYPE}.`)
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const bytes = await readAtMost(request.body, MAX_PAYLOAD)
  if (bytes) return bytes
  throw new ScimError(413, `The body is larger than ${MAX_PAYLOAD} bytes. Send less at once.`)
}

/** @throws {ScimError} `invalidSyntax` where the request carries no JSON object */
export function requireObject(body: Json | undefined): JsonObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ScimError('invalidSyntax', 'The body must be a JSON object.')
  }
  return body
}
