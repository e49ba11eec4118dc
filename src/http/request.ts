/** A SCIM request as operations need it, read from HTTP: query, preconditions and body. */
import { MAX_PAYLOAD, MAX_SEGMENTS } from '../access/limits.ts'
import type { After } from '../access/read-at-most.ts'
import { readBody } from '../access/read-body.ts'
import { ScimError } from '../scim/error.ts'
import { parseJson } from '../scim/json.ts'
import type { Json, JsonObject } from '../scim/schema.ts'
import { MEDIA_TYPE } from '../scim/urn.ts'

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

/** @throws {ScimError} 400, 404, 408, 413 or 415 about the body or the path */
export async function readRequest(
  request: Request,
  path: string,
  after: After,
): Promise<ScimRequest> {
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    segments: segmentsOf(path),
    query: queryOf(new URL(request.url).searchParams),
    ifMatch: request.headers.get('if-match') ?? undefined,
    ifNoneMatch: request.headers.get('if-none-match') ?? undefined,
    body: await readJson(request, after),
  }
}

/** POST to `/.search` only reads (RFC 7644 §3.4.3). */
export function isWrite({ method, segments }: ScimRequest): boolean {
  return method !== 'GET' && !(method === 'POST' && segments.at(-1) === '.search')
}

/** `/Users` and `/Users/` are one endpoint (design decision 1). */
export function segmentsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  if (parts.length > MAX_SEGMENTS)
    throw new ScimError(404, 'No endpoint has a path as long as this.')
  return parts.map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      throw new ScimError(400, 'The path is not valid percent-encoded UTF-8.')
    }
  })
}

/** What follows `/scim/{connection}/v2/`, still encoded; a connection may be called `v2` as well. */
export function belowBase(url: string): string {
  return new URL(url).pathname.split('/').slice(4).join('/')
}

/** The id of the resource that a path is of; undefined where it is of another kind, or no valid one. */
export function idIn(path: string): string | undefined {
  const [type, id, ...rest] = path.split('/').filter((part) => part !== '')
  if (type === undefined || id === undefined || rest.length > 0) return undefined
  // What is encoded is no id that we gave out.
  return id.includes('%') || id.toLowerCase() === '.search' ? undefined : id
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

async function readJson(request: Request, after: After): Promise<Json | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'DELETE') {
    await request.body?.cancel()
    return undefined
  }
  const refuse = (status: 408 | 413 | 415, detail: string) => new ScimError(status, detail)
  const bytes = await readBody(request, MAX_PAYLOAD, after, refuse)
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

/** @throws {ScimError} `invalidSyntax` where the request carries no JSON object */
export function requireObject(body: Json | undefined): JsonObject {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ScimError('invalidSyntax', 'The body must be a JSON object.')
  }
  return body
}
