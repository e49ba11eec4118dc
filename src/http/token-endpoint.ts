/** The token endpoint of a connection over HTTP (RFC 6749 §3.2). */

import type { Door } from '../access/door.ts'
import { MAX_TOKEN_PAYLOAD } from '../access/limits.ts'
import { grantToken, type OAuthDeps, OAuthError } from '../access/oauth.ts'
import type { After } from '../access/read-at-most.ts'
import { readBody } from '../access/read-body.ts'

/** Ends the request otherwise than RFC 6749 knows: by what HTTP itself says. */
class Unread extends Error {
  readonly status: 408 | 413 | 415

  constructor(status: 408 | 413 | 415, detail: string) {
    super(detail)
    this.status = status
  }
}

/** @throws what is no error of the request */
export async function answerTokenRequest(
  deps: OAuthDeps,
  door: Door,
  name: string,
  request: Request,
  requestId: string,
  after: After,
): Promise<Response> {
  try {
    if (request.method !== 'POST') {
      await request.body?.cancel()
      return respond(405, { error: 'invalid_request' }, requestId, { allow: 'POST' })
    }
    const visit = door.visit(request)
    if (visit.waitMs > 0) {
      const detail = 'too many requests with wrong credentials came from this address'
      throw new OAuthError('temporarily_unavailable', detail, visit.waitMs)
    }
    try {
      const parameters = await readForm(request, after)
      const authorization = request.headers.get('authorization') ?? undefined
      const granted = await grantToken(deps, name, { authorization, parameters })
      visit.pass()
      return respond(200, granted, requestId)
    } catch (error) {
      if (!(error instanceof OAuthError && error.code === 'invalid_client')) visit.pass()
      throw error
    }
  } catch (error) {
    if (error instanceof Unread) {
      const body = { error: 'invalid_request', error_description: error.message }
      return respond(error.status, body, requestId)
    }
    if (!(error instanceof OAuthError)) throw error
    const body = { error: error.code, error_description: error.message }
    switch (error.code) {
      case 'invalid_client':
        // RFC 6749 §5.2, and RFC 9110 §15.5.2: every 401 carries a challenge.
        return respond(401, body, requestId, { 'www-authenticate': 'Basic realm="postern"' })
      case 'temporarily_unavailable': {
        const { waitMs } = error
        if (waitMs === undefined) return respond(503, body, requestId, { 'retry-after': '10' })
        const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)))
        return respond(429, body, requestId, { 'retry-after': seconds })
      }
      case 'invalid_request':
      case 'invalid_scope':
      case 'unsupported_grant_type':
        return respond(400, body, requestId)
    }
  }
}

/** A request that is refused by its head (`refuseHead`). */
export function refuseTokenRequest(status: number, detail: string, requestId: string): Response {
  return respond(status, { error: 'invalid_request', error_description: detail }, requestId)
}

async function readForm(request: Request, after: After): Promise<Map<string, string>> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    await request.body?.cancel()
    const detail = 'the body must be application/x-www-form-urlencoded'
    throw new OAuthError('invalid_request', detail)
  }
  const refuse = (status: 408 | 413 | 415, detail: string) => new Unread(status, detail)
  const bytes = await readBody(request, MAX_TOKEN_PAYLOAD, after, refuse)
  const text = new TextDecoder().decode(bytes)
  const parameters = new Map<string, string>()
  for (const [key, value] of new URLSearchParams(text)) {
    // RFC 6749 §3.2: none may come twice, and one without a value counts as left out.
    if (parameters.has(key)) {
      throw new OAuthError('invalid_request', 'a parameter is given more than once')
    }
    if (value !== '') parameters.set(key, value)
  }
  return parameters
}

function respond(
  status: number,
  body: object,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      // RFC 6749 §5.1 asks for both.
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'x-request-id': requestId,
      ...headers,
    },
  })
}
