/** The token endpoint of a connection over HTTP (RFC 6749 §3.2). */

import { grantToken, type OAuthDeps, OAuthError } from '../access/oauth.ts'
import { readAtMost } from '../access/read-at-most.ts'

/** A client assertion is some KB. */
const MAX_BODY = 65_536

/** @throws what is no error of the request */
export async function answerTokenRequest(
  deps: OAuthDeps,
  name: string,
  request: Request,
  requestId: string,
): Promise<Response> {
  try {
    if (request.method !== 'POST') {
      await request.body?.cancel()
      return respond(405, { error: 'invalid_request' }, requestId, { allow: 'POST' })
    }
    const parameters = await readForm(request)
    const authorization = request.headers.get('authorization') ?? undefined
    return respond(200, await grantToken(deps, name, { authorization, parameters }), requestId)
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const body = { error: error.code, error_description: error.message }
    switch (error.code) {
      case 'invalid_client':
        // RFC 6749 §5.2, and RFC 9110 §15.5.2: every 401 carries a challenge.
        return respond(401, body, requestId, { 'www-authenticate': 'Basic realm="postern"' })
      case 'temporarily_unavailable':
        return respond(503, body, requestId, { 'retry-after': '10' })
      case 'invalid_request':
      case 'invalid_scope':
      case 'unsupported_grant_type':
        return respond(400, body, requestId)
    }
  }
}

async function readForm(request: Request): Promise<Map<string, string>> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    await request.body?.cancel()
    const detail = 'the body must be application/x-www-form-urlencoded'
    throw new OAuthError('invalid_request', detail)
  }
  const bytes = await readAtMost(request.body, MAX_BODY)
  if (!bytes) throw new OAuthError('invalid_request', 'the body is too large')
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
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
      ...headers,
    },
  })
}
