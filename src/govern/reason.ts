/** Why a request was refused or failed, as a stable code that scripts and sentences go by. */
import { AdapterFailure } from '../adapter/failure.ts'
import type { ScimError } from '../scim/error.ts'

const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'not-let-in',
  403: 'not-allowed',
  404: 'not-found',
  405: 'method',
  408: 'slow-body',
  409: 'conflict',
  412: 'stale',
  413: 'too-large',
  414: 'too-large',
  415: 'media-type',
  429: 'rate',
  431: 'too-large',
  500: 'failed',
  501: 'not-supported',
  503: 'unavailable',
}

/** The error's own; else the app's failure behind it; else what RFC 7644 §3.12 calls it. */
export function reasonOf({ reason, cause, scimType, status }: ScimError): string {
  if (reason !== undefined) return reason
  if (cause instanceof AdapterFailure) return `app-${cause.code}`
  if (scimType !== undefined) return scimType.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
  return BY_STATUS[status] ?? 'invalid'
}
