/** What a status of an app means, and whether the app may have changed. */
import { AdapterFailure, type FailureCode } from './failure.ts'
import type { HttpClientOptions } from './http.ts'
import { isThrottled, retryAfterSeconds } from './rate-headers.ts'

const CODE_BY_STATUS: Readonly<Record<number, FailureCode>> = {
  400: 'invalid',
  401: 'auth',
  402: 'limit',
  403: 'forbidden',
  408: 'timeout',
  409: 'conflict',
  422: 'invalid',
  429: 'rate',
  504: 'timeout',
}

/**
 * What a status means that the adapter did not expect. A redirect is `protocol`: it is most often
 * the way to a sign-in page, and what it did to a write nobody knows.
 *
 * @param nowMs milliseconds since the epoch
 */
export function failureOf(
  method: string,
  safe: boolean,
  status: number,
  headers: Headers,
  nowMs: number,
  limits: HttpClientOptions['limits'] = {},
): AdapterFailure {
  const byStatus = CODE_BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'protocol')
  const code = isThrottled(status, headers, limits) ? 'rate' : byStatus
  return new AdapterFailure(code, `the app answered ${status} to a ${method}`, {
    // 4xx is a refusal (RFC 9110 §15.5), 408 included: the request did not arrive whole.
    effect: safe || (status >= 400 && status < 500) ? 'none' : 'unknown',
    // 502 and 504 come from something in between: the app itself may still be at work.
    answered: status !== 502 && status !== 504,
    retryAfterSeconds: retryAfterSeconds(headers, nowMs, limits.resetHeader),
  })
}
