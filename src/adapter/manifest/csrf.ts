/** Tokens that an app wants with each write, so that no other page can make one. */
import { AdapterFailure } from '../failure.ts'
import { ask } from './ask.ts'
import type { CsrfSpec } from './auth-schema.ts'
import { type AuthContext, type Authorize, type Issued, issued } from './authorize.ts'
import { fillRequest } from './fill-request.ts'
import type { Rule } from './request-schema.ts'
import { after, NO_SESSION } from './session.ts'

/** What `sign` does, and for a write the token beside it. */
export function writeToken(
  csrf: CsrfSpec,
  rules: readonly Rule[],
  sign: Authorize,
  key: () => Promise<string>,
  context: AuthContext,
): Authorize {
  const { http, settings, defaults } = context
  const issue = async (): Promise<Issued> => {
    const request = { ...fillRequest(defaults, csrf, { config: settings }), safe: true }
    const { response, verdict } = await ask(http, sign, request, undefined, [
      ...csrf.rules,
      ...rules,
    ])
    if (verdict instanceof AdapterFailure) throw verdict
    const session = verdict === 'ok' ? after(NO_SESSION, response, csrf.keep) : undefined
    if (!session) {
      const message = 'the app gave no token for a write'
      throw new AdapterFailure('auth', message, { effect: 'none', answered: true })
    }
    return { session, ttlSeconds: csrf.per === 'write' ? 0 : csrf.ttlSeconds }
  }
  const place = issued(context, key, (write) => write?.csrf ?? csrf.place, issue)
  return async (request, write) => {
    if (!write) return sign(request, undefined)
    // First the token: if the session has expired, asking for it begins another one.
    const token = await place(request, write)
    const session = await sign(token.request, write)
    const forget = () => [token.forget(), session.forget()].includes(true)
    return { request: session.request, forget }
  }
}
