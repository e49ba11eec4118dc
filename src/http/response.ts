/** SCIM answers over HTTP: media type, validators, and errors (RFC 7644 §3.12). */
import { BEARER_CHALLENGE } from '../access/authenticate.ts'
import type { ScimError } from '../scim/error.ts'
import type { JsonObject } from '../scim/schema.ts'
import { MEDIA_TYPE } from '../scim/urn.ts'

export interface ScimResponse {
  readonly status: number
  /** Absent: no content. */
  readonly body?: JsonObject
  readonly headers?: Readonly<Record<string, string>>
}

/** Strict clients compare the media type as a whole, so it carries no parameter. */
export function toHttp({ status, body, headers }: ScimResponse, request: string): Response {
  return new Response(body ? JSON.stringify(body) : null, {
    status,
    headers: {
      ...(body && { 'content-type': MEDIA_TYPE }),
      'x-request-id': request,
      ...headers,
    },
  })
}

export function toErrorResponse(error: ScimError): ScimResponse {
  return {
    status: error.status,
    body: { ...error.toBody() },
    headers: {
      ...(error.status === 401 && { 'www-authenticate': BEARER_CHALLENGE }),
      ...(error.allow && { allow: error.allow.join(', ') }),
      ...(error.retryAfterSeconds !== undefined && {
        'retry-after': String(Math.max(1, Math.ceil(error.retryAfterSeconds))),
      }),
    },
  }
}
