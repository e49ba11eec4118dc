/** SCIM errors (RFC 7644 §3.12 with errata). */
import { ERROR } from './urn.ts'

/** RFC 7644 §3.12, table 9, with the status each detail error keyword belongs to. */
const STATUS_BY_SCIM_TYPE = {
  invalidFilter: 400,
  tooMany: 400,
  uniqueness: 409,
  mutability: 400,
  invalidSyntax: 400,
  invalidPath: 400,
  noTarget: 400,
  invalidValue: 400,
  invalidVers: 400,
  sensitive: 403,
  // RFC 9865 §2.3
  invalidCursor: 400,
  expiredCursor: 400,
  invalidCount: 400,
} as const

export type ScimType = keyof typeof STATUS_BY_SCIM_TYPE
export type ScimStatus =
  | 304
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
  | 429
  | 431
  | 500
  | 501
  | 503

export interface ScimErrorOptions extends ErrorOptions {
  /** Seconds until a retry makes sense; becomes the `Retry-After` header. */
  retryAfterSeconds?: number
  /** Methods for the `Allow` header of a 405. */
  allow?: readonly string[]
  /** Stable code of why, where neither `scimType` nor the status says it: for the audit. */
  reason?: string
}

/**
 * Ends the request with a SCIM Error response. `detail` is read by the client's administrator: it
 * says who must do what, and carries no secret and no foreign message.
 */
export class ScimError extends Error {
  override readonly name = 'ScimError'
  readonly status: ScimStatus
  readonly scimType: ScimType | undefined
  readonly retryAfterSeconds: number | undefined
  readonly allow: readonly string[] | undefined
  readonly reason: string | undefined

  constructor(statusOrType: ScimStatus | ScimType, detail: string, options?: ScimErrorOptions) {
    super(detail, options)
    this.scimType = typeof statusOrType === 'string' ? statusOrType : undefined
    this.status =
      typeof statusOrType === 'string' ? STATUS_BY_SCIM_TYPE[statusOrType] : statusOrType
    this.retryAfterSeconds = options?.retryAfterSeconds
    this.allow = options?.allow
    this.reason = options?.reason
  }

  /** The body of RFC 7644 §3.12: `status` is a string, `scimType` only where one applies. */
  toBody(): { schemas: [string]; status: string; scimType?: ScimType; detail: string } {
    return {
      schemas: [ERROR],
      status: String(this.status),
      ...(this.scimType && { scimType: this.scimType }),
      detail: this.message,
    }
  }
}
