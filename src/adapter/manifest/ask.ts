/** One call with its credential, and what its answer means. */
import { AdapterFailure } from '../failure.ts'
import type { HttpClient, HttpRequest, HttpResponse } from '../http.ts'
import type { Authorize, Write } from './authorize.ts'
import { judge } from './judge.ts'
import type { Rule, Verdict } from './request-schema.ts'

export interface Asked {
  readonly response: HttpResponse
  /** A failure where no rule holds and the status is none of success. */
  readonly verdict: Verdict | AdapterFailure
}

/**
 * Once more with another credential, where the app says that this one is good no longer and that it
 * did nothing: a token that has expired is no trouble of anybody's.
 */
export async function ask(
  http: HttpClient,
  authorize: Authorize,
  request: HttpRequest,
  write: Write | undefined,
  rules: readonly Rule[],
): Promise<Asked> {
  const first = await authorize(request, write)
  const asked = await askOnce(http, first.request, rules)
  if (!isRefused(asked) || !first.forget()) return asked
  const { request: second } = await authorize(request, write)
  return askOnce(http, second, rules)
}

export async function askOnce(
  http: HttpClient,
  request: HttpRequest,
  rules: readonly Rule[],
): Promise<Asked> {
  const response = await http.call({ ...request, expect: 'any' })
  try {
    return { response, verdict: judge(rules, response) }
  } catch (error) {
    if (!(error instanceof AdapterFailure)) throw error
    return { response, verdict: error }
  }
}

/** RFC 9110 §15.5.2: a 401 has had no effect, whatever a rule makes of it. */
function isRefused({ response, verdict }: Asked): boolean {
  if (response.status === 401) return true
  if (verdict instanceof AdapterFailure) return verdict.code === 'auth' && verdict.effect === 'none'
  if (typeof verdict === 'string' || !('fail' in verdict)) return false
  return verdict.fail === 'auth' && verdict.effect === 'none'
}
