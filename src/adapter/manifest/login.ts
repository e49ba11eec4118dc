/** Signing in by calls in order: a form, a token for the form before it, the cookies of a session. */
import { AdapterFailure } from '../failure.ts'
import { askOnce } from './ask.ts'
import type { AuthSpec } from './auth-schema.ts'
import { type AuthContext, type Issued, refused } from './authorize.ts'
import { fillRequest } from './fill-request.ts'
import { after, NO_SESSION, withCookies } from './session.ts'
import { placeholdersIn } from './template.ts'

type Login = Extract<AuthSpec, { kind: 'login' }>

/** @throws {AdapterFailure} `auth` where a step is refused, or lacks what is to be kept of it */
export async function logIn(auth: Login, context: AuthContext): Promise<Issued> {
  const { http, settings, secret, defaults } = context
  const names = placeholdersIn(auth.steps).filter((name) => name.startsWith('secret.'))
  const secrets = Object.fromEntries(
    names.map((name) => name.slice('secret.'.length)).map((name) => [name, secret(name)]),
  )
  let session = NO_SESSION
  for (const step of auth.steps) {
    const values = { ...session.kept, config: settings, secret: secrets }
    const filled = { ...fillRequest(defaults, step, values), safe: true }
    const { response, verdict } = await askOnce(
      http,
      withCookies(filled, session.cookies),
      step.rules,
    )
    if (verdict instanceof AdapterFailure) throw isNo(verdict) ? refused() : verdict
    if (typeof verdict === 'object' && 'fail' in verdict) {
      throw verdict.fail === 'auth' ? refused() : failed(verdict.fail, response)
    }
    const next = after(session, response, step.keep)
    // Apps that answer 200 with an error in it have said no.
    if (!next) throw refused()
    session = next
  }
  const { kept } = session
  const cookies = auth.cookies ? session.cookies : {}
  return { session: { kept, cookies }, ttlSeconds: auth.ttlSeconds }
}

/** A login has no other values to be wrong than the credentials. */
function isNo({ code }: AdapterFailure): boolean {
  return code === 'invalid' || code === 'forbidden' || code === 'auth'
}

function failed(
  code: AdapterFailure['code'],
  response: { failure(): AdapterFailure },
): AdapterFailure {
  const { retryAfterSeconds } = response.failure()
  return new AdapterFailure(code, `the app refused a login, by the manifest: ${code}`, {
    effect: 'none',
    answered: true,
    retryAfterSeconds,
  })
}
