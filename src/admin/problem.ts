/** Errors of the admin API (RFC 9457). Everything in them is ours: no foreign message, no value. */
import type * as z from 'zod'
import { issuesOf } from '../adapter/check-settings.ts'

export type ProblemStatus =
  | 400
  | 401
  | 403
  | 404
  | 405
  | 408
  | 409
  | 412
  | 413
  | 414
  | 415
  | 422
  | 429
  | 431
  | 500
  | 503

const TITLES: Readonly<Record<ProblemStatus, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** `path` leads to the member of the request, as in `extensions.0.schema.id`; '' is the whole. */
export interface InvalidMember {
  readonly path: string
  readonly message: string
}

/** Ends an admin request. `detail` says who must do what. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly status: ProblemStatus
  readonly errors: readonly InvalidMember[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: ProblemStatus,
    detail: string,
    info: { errors?: readonly InvalidMember[]; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.status = status
    this.errors = info.errors ?? []
    this.headers = info.headers ?? {}
  }

  toResponse(): Response {
    const body = {
      // RFC 9457 §4.2.1: the status says it all.
      type: 'about:blank',
      title: TITLES[this.status],
      status: this.status,
      detail: this.message,
      ...(this.errors.length > 0 && { errors: this.errors }),
    }
    return new Response(JSON.stringify(body), {
      status: this.status,
      headers: { ...this.headers, 'content-type': 'application/problem+json' },
    })
  }
}

/** 422: the request is well-formed, and its content is not valid. */
export function invalidInput(errors: readonly InvalidMember[]): Problem {
  return new Problem(422, 'The request is not valid: see errors', { errors })
}

/** `path` in writing: member names and positions, joined by dots. */
export function memberPath(path: readonly PropertyKey[]): string {
  return path.map(String).join('.')
}

/** What zod found, below `prefix`; an unknown key is reported at its own path. */
export function invalidMembers(error: z.ZodError, prefix: readonly PropertyKey[]): InvalidMember[] {
  return issuesOf(error).map(({ path, message }) => ({
    path: memberPath([...prefix, ...path]),
    message,
  }))
}
