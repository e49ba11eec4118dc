/** How each call shows the credential. Secrets are placed here and nowhere else. */
import type { HttpRequest } from '../http.ts'
import { signed } from './assertion.ts'
import type { AuthSpec } from './auth-schema.ts'
import { type AuthContext, type Authorize, basic, issued, tokenOf } from './authorize.ts'
import { writeToken } from './csrf.ts'
import { digestOf } from './digest.ts'
import { logIn } from './login.ts'
import { accessToken } from './oauth.ts'
import type { Placed } from './request-schema.ts'
import type { Manifest } from './schema.ts'
import { withinBody } from './session.ts'
import { fillText, placeholdersIn } from './template.ts'

export function authorizer(manifest: Manifest, context: AuthContext): Authorize {
  const { auth, csrf, name, rules } = manifest
  const secrets = secretsOf(auth).map((secret) => [secret, context.secret(secret)])
  // Whoever changes a setting or a secret has another token.
  const key = (what: unknown) => digestOf([name, what, auth, context.settings, secrets])
  const sign = signer(auth, context, () => key('auth'))
  return csrf ? writeToken(csrf, rules, sign, () => key(['csrf', csrf]), context) : sign
}

/** Names of all secrets that `auth` places or signs with. */
export function secretsOf(auth: AuthSpec): readonly string[] {
  switch (auth.kind) {
    case 'none':
      return []
    case 'oauth2':
      return [auth.secret, auth.refresh].filter((name) => name !== undefined)
    case 'login': {
      const names = placeholdersIn(auth.steps).filter((name) => name.startsWith('secret.'))
      return [...new Set(names.map((name) => name.slice('secret.'.length)))]
    }
    default:
      return [auth.secret]
  }
}

/** Names of the parameters of a query that hold a credential. */
export function credentialsIn({ auth, csrf }: Pick<Manifest, 'auth' | 'csrf'>): readonly string[] {
  const placed = [...(auth.kind === 'login' ? auth.place : []), ...(csrf?.place ?? [])]
  return [
    ...(auth.kind === 'query' ? [auth.name] : []),
    ...placed.flatMap((one) => ('query' in one ? [one.query] : [])),
  ]
}

function signer(auth: AuthSpec, context: AuthContext, key: () => Promise<string>): Authorize {
  const { settings, secret, http, newId } = context
  const always = (change: (request: HttpRequest) => HttpRequest): Authorize => {
    return async (request) => ({ request: change(request), forget: () => false })
  }
  const header = (name: string, value: () => string) =>
    always((request) => ({ ...request, headers: { ...request.headers, [name]: value() } }))
  switch (auth.kind) {
    case 'none':
      return always((request) => request)
    case 'bearer':
      return header('authorization', () => `Bearer ${secret(auth.secret)}`)
    case 'basic':
      return header('authorization', () =>
        basic(fillText(auth.user, { config: settings }) ?? '', secret(auth.secret)),
      )
    case 'header':
      return header(auth.name, () => auth.prefix + secret(auth.secret))
    case 'query':
      return always((request) => {
        return { ...request, query: { ...request.query, [auth.name]: secret(auth.secret) } }
      })
    case 'body':
      return always((request) => withinBody(request, auth.at, secret(auth.secret)))
    case 'jwt':
      return issued(context, key, bearer(auth.header, auth.prefix), async () => {
        const token = await signed(
          auth,
          secret(auth.secret),
          {},
          { settings, newId, now: http.now() },
        )
        return tokenOf(token, auth.ttlSeconds)
      })
    case 'oauth2':
      return issued(context, key, bearer('authorization', 'Bearer '), (refused) =>
        accessToken(auth, context, refused),
      )
    case 'login':
      return issued(
        context,
        key,
        () => auth.place,
        () => logIn(auth, context),
      )
  }
}

const bearer = (header: string, prefix: string) => (): readonly Placed[] => [
  { header, value: `${prefix}{token}` },
]
