/** How each call shows the credential. Secrets are placed here and nowhere else. */
import * as z from 'zod'
import { AdapterFailure } from '../failure.ts'
import type { HttpClient, HttpRequest } from '../http.ts'
import { fillBase } from './base.ts'
import { getAt, putAt } from './pointer.ts'
import type { AuthSpec, Manifest } from './schema.ts'
import { fillText } from './template.ts'
import type { TokenCache } from './token-cache.ts'

export interface Authorize {
  (request: HttpRequest): Promise<HttpRequest>
  /** Forgets a token that the app has refused. False where there was none to forget. */
  forget(): Promise<boolean>
}

export interface AuthContext {
  readonly http: HttpClient
  readonly settings: Readonly<Record<string, string>>
  readonly secret: (name: string) => string
  readonly tokens: TokenCache
}

export function authorizer({ auth, name }: Manifest, context: AuthContext): Authorize {
  const known = async () => tokenKey(name, auth, context)
  const call = (request: HttpRequest) => authorized(auth, known, request, context)
  return Object.assign(call, {
    forget: async () => isToken(auth) && context.tokens.delete(await known()),
  })
}

type TokenAuth = Extract<AuthSpec, { kind: 'oauth2' | 'login' }>
const isToken = (auth: AuthSpec): auth is TokenAuth =>
  auth.kind === 'oauth2' || auth.kind === 'login'

async function authorized(
  auth: AuthSpec,
  key: () => Promise<string>,
  request: HttpRequest,
  context: AuthContext,
): Promise<HttpRequest> {
  const { settings, secret } = context
  const withHeader = (name: string, value: string): HttpRequest => ({
    ...request,
    headers: { ...request.headers, [name]: value },
  })
  switch (auth.kind) {
    case 'none':
      return request
    case 'bearer':
      return withHeader('authorization', `Bearer ${secret(auth.secret)}`)
    case 'basic': {
      const user = fillText(auth.user, { config: settings }) ?? ''
      return withHeader('authorization', basic(user, secret(auth.secret)))
    }
    case 'header':
      return withHeader(auth.name, auth.prefix + secret(auth.secret))
    case 'query':
      return { ...request, query: { ...request.query, [auth.name]: secret(auth.secret) } }
    case 'body': {
      const part = request.xml === undefined ? 'json' : 'xml'
      if (typeof request[part] !== 'object' || request[part] === null) return request
      const body = structuredClone(request[part]) as Record<string, unknown>
      putAt(body, auth.at, secret(auth.secret))
      return { ...request, [part]: body }
    }
    case 'oauth2':
      return withHeader('authorization', `Bearer ${await token(auth, await key(), context)}`)
    case 'login':
      return withHeader(auth.header, auth.prefix + (await token(auth, await key(), context)))
  }
}

/** RFC 7617 §2.1: UTF-8. */
function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`)
  return `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`
}

/** Of the settings and the secret: whoever changes one of them has another token. */
async function tokenKey(
  manifest: string,
  auth: AuthSpec,
  { settings, secret }: AuthContext,
): Promise<string> {
  if (auth.kind === 'none') return ''
  const text = JSON.stringify([manifest, auth, settings, secret(auth.secret)])
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function token(auth: TokenAuth, key: string, context: AuthContext): Promise<string> {
  const { tokens, http } = context
  const found = tokens.get(key, http.now())
  if (found !== undefined) return found
  const issued = auth.kind === 'oauth2' ? await grant(auth, context) : await logIn(auth, context)
  tokens.set(key, issued.token, http.now() + issued.ttlSeconds * 1_000)
  return issued.token
}

interface Issued {
  readonly token: string
  readonly ttlSeconds: number
}

const grantSchema = z.object({
  access_token: z.string().min(1),
  // RFC 6749 §5.1 makes it a number; not every server has read that.
  expires_in: z.coerce.number().positive().optional(),
})
/** A token is not used in its last seconds: it would expire on the way. */
const MARGIN_SECONDS = 30

export function tokenUrl(auth: AuthSpec, settings: Readonly<Record<string, string>>) {
  return auth.kind === 'oauth2' ? fillBase(auth.tokenUrl, settings) : undefined
}

async function grant(
  auth: Extract<AuthSpec, { kind: 'oauth2' }>,
  { http, settings, secret }: AuthContext,
): Promise<Issued> {
  const url = new URL(tokenUrl(auth, settings) ?? '')
  const clientId = fillText(auth.clientId, { config: settings }) ?? ''
  const plain = secret(auth.secret)
  const encode = (text: string) => encodeURIComponent(text)
  const response = await http.at(url.origin).call({
    method: 'POST',
    path: url.pathname,
    safe: true,
    form: {
      grant_type: 'client_credentials',
      ...(auth.scope !== undefined && { scope: auth.scope }),
      ...(auth.place === 'body' && { client_id: clientId, client_secret: plain }),
    },
    headers:
      // RFC 6749 §2.3.1: both are form-encoded before they are joined.
      auth.place === 'basic' ? { authorization: basic(encode(clientId), encode(plain)) } : {},
    expect: [400],
  })
  // RFC 6749 §5.2: a refused client is 400 as often as 401.
  if (response.status === 400) throw refused()
  const { access_token, expires_in } = response.parse(grantSchema)
  const stated = expires_in === undefined ? auth.ttlSeconds : expires_in
  return { token: access_token, ttlSeconds: Math.max(0, stated - MARGIN_SECONDS) }
}

async function logIn(
  auth: Extract<AuthSpec, { kind: 'login' }>,
  { http, settings, secret }: AuthContext,
): Promise<Issued> {
  const json: Record<string, unknown> = {}
  putAt(json, auth.userAt, fillText(auth.user, { config: settings }))
  putAt(json, auth.secretAt, secret(auth.secret))
  const response = await http.call({ method: 'POST', path: auth.path, safe: true, json })
  const found = getAt(response.json, auth.token)
  // Apps that answer 200 with an error in it have said no.
  if (typeof found !== 'string' || found === '') throw refused()
  return { token: found, ttlSeconds: auth.ttlSeconds }
}

function refused(): AdapterFailure {
  return new AdapterFailure('auth', 'the app gave no token for these credentials', {
    effect: 'none',
    answered: true,
  })
}
